"""Numbers that nobody should trust: each is refused at one gate, by a message that names it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from recursive_rules import ALGORITHMS

import evosynth as es
from dsl.algorithm_formats import json_format
from dsl.errors import EnvironmentMismatchError, UsageError
from dsl.genome import Genomes, pack
from dsl.grammars.expression.genome import tapes
from dsl.targets import TARGETS, TargetFamily, make_target
from evosynth.cli.main import cli
from evosynth.engine.expression.space import FormulaSpace
from evosynth.engine.population import score
from evosynth.engine.spec import Population, Spec, gene_space, no_population
from evosynth.engine.task import Task
from evosynth.strategies import STRATEGIES, Strategy
from fitness.evaluators import EVALUATORS, EvaluatorKind, Scores
from fitness.evaluators.expression_evaluator import ExpressionEvaluator
from fitness.evaluators.numba_evaluator import NumbaEvaluator
from fitness.gate import WORST, gate
from fitness.objectives import OBJECTIVES, Objective

TARGET = make_target("dft", 4)
GENOMES = pack([[], [[0, 0, 0, 0, 1, 0]], [[1, 0, 0, 0, 0, 0]]], 8)


def assert_named(call: Callable[[], object], *parts: str) -> None:
    """Fails unless a call is refused in one line that has these parts."""
    with pytest.raises(EnvironmentMismatchError) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert caught.value.exit_code == 78


# N1: evaluators


def good_scores() -> Scores:
    return Scores(np.array([9, 8, 7]), np.array([0.0, 0.5, 1.0]), np.zeros(3, np.int64))


class Stranger:
    """An evaluator that returns what it is told to."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def evaluate(self, genomes: Genomes, known: Any = None) -> Any:
        return self.answer

    def decode(self, genome: Any, known: Any = None) -> Any:
        raise AssertionError("not asked for here")


def stranger(answer: Any) -> Any:
    kind = EvaluatorKind("stranger", lambda target, threads, device: Stranger(answer), "for tests")
    return kind.make(TARGET, 1)


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (None, "expected Scores, got NoneType"),
        ((1, 2, 3), "expected Scores, got tuple"),
        (replace(good_scores(), errors=np.zeros(2)), "errors of"),
        (replace(good_scores(), errors=np.zeros((3, 1))), "got (3, 1) float64"),
        (replace(good_scores(), errors=np.zeros(3, np.float32)), "got (3,) float32"),
        (replace(good_scores(), errors=np.zeros(3, complex)), "complex128"),
        (replace(good_scores(), errors=[0.0, 0.0, 0.0]), "got list"),
        (replace(good_scores(), errors=np.array([None] * 3)), "object"),
        (replace(good_scores(), operations=np.zeros(3)), "operations of"),
        (replace(good_scores(), operations=np.zeros(4, np.int64)), "(4,) int64"),
        (replace(good_scores(), prefixes=np.zeros(3, bool)), "prefixes of"),
    ],
)
def test_evaluators_that_break_their_contract_are_named(answer: Any, part: str) -> None:
    assert_named(lambda: stranger(answer).evaluate(GENOMES), "evaluator 'stranger'", part)


def test_an_evaluator_that_keeps_its_contract_passes() -> None:
    assert stranger(good_scores()).evaluate(GENOMES).operations.tolist() == [9, 8, 7]
    for kind in EVALUATORS:
        assert len(kind.make(TARGET, 1).evaluate(GENOMES).errors) == len(GENOMES)


SPEC_FIELDS = {"strategy": "evolve", "seed": 0, "islands": 1, "population": 3, "capacity": 8}


def make_task(evaluate: Callable[[Genomes], Scores]) -> Task:
    spec = Spec(**SPEC_FIELDS, turn=6, restart=100, migration=1)  # type: ignore[arg-type]
    return Task(spec, gene_space(TARGET.matrix.shape), evaluate, np.random.default_rng(0))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -1.0, 1e308])
def test_scores_that_are_no_numbers_are_the_worst_and_win_nothing(bad: float) -> None:
    """Before DEAP or anything else compares them."""
    answer = replace(good_scores(), errors=np.array([bad, 0.5, 1.0]))
    population = score(GENOMES, make_task(stranger(answer).evaluate))
    assert population.errors.tolist() == [WORST, 0.5, 1.0]
    ranks = population.ranks()
    assert np.isfinite(ranks).all()
    assert ranks.argmax() == 0
    assert gate(np.array([bad]))[0] == WORST


def test_a_whole_search_of_nan_finds_nothing_and_ends() -> None:
    def evaluate(genomes: Genomes) -> Scores:
        count = len(genomes)
        return Scores(
            np.zeros(count, np.int64), np.full(count, math.nan), np.zeros(count, np.int64)
        )

    for strategy in STRATEGIES:
        found = strategy.advance(no_population(8), make_task(evaluate))
        assert (found.errors == WORST).all()


# N1: objectives


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ([1.0, 2.0, 3.0], "got list"),
        (np.zeros(2), "got (2,) float64"),
        (np.zeros(3, np.float32), "float32"),
        (np.zeros(3, complex), "complex128"),
        (1.0, "got float"),
    ],
)
def test_objectives_that_break_their_contract_are_named(values: Any, part: str) -> None:
    objective = Objective("depth", lambda scores: values, lambda program, target: 0.0, "for tests")
    assert_named(lambda: objective.of_scores(good_scores()), "objective 'depth'", part)


def test_objectives_are_finite_without_their_doing() -> None:
    values = np.array([math.nan, -math.inf, 2.0])
    objective = Objective("depth", lambda scores: values, lambda program, target: 0.0, "for tests")
    assert objective.of_scores(good_scores()).tolist() == [WORST, WORST, 2.0]
    for built_in in OBJECTIVES:
        assert np.isfinite(built_in.of_scores(good_scores())).all()


# N1: strategies


def population_of(**changes: Any) -> Population:
    population = Population(GENOMES, np.array([0.0, 0.5, 1.0]), np.array([9.0, 8.0, 7.0]))
    return replace(population, **changes)


def far_genes() -> Genomes:
    genes = GENOMES.genes.copy()
    genes[1, 0, 0] = 30_000  # no such primitive: compiled code would read beyond its tables
    return Genomes(genes, GENOMES.lengths)


@pytest.mark.parametrize(
    ("found", "part"),
    [
        (None, "expected a Population, got NoneType"),
        (population_of(errors=np.array([0.0, math.nan, 1.0])), "errors from 0 to"),
        (population_of(errors=np.array([0.0, math.inf, 1.0])), "errors from 0 to"),
        (population_of(operations=np.array([0.0, -math.inf, 1.0])), "operations from 0 to"),
        (population_of(operations=np.array([9, 8, 7])), "int64"),
        (population_of(errors=np.zeros(2)), "got (2,) float64"),
        (population_of(errors=np.zeros((3, 1))), "got (3, 1)"),
        (population_of(genomes=far_genes()), "gene is outside"),
        (population_of(genomes=Genomes(GENOMES.genes * 1.0, GENOMES.lengths)), "gene is outside"),  # type: ignore[arg-type]
    ],
)
def test_strategies_that_break_their_contract_are_named(found: Any, part: str) -> None:
    strategy = Strategy("mine", lambda population, task: found, "for tests")
    task = make_task(lambda genomes: good_scores())
    assert_named(lambda: strategy.advance(no_population(8), task), "strategy 'mine'", part)


def test_a_strategy_that_keeps_its_contract_passes() -> None:
    strategy = Strategy("mine", lambda population, task: population_of(), "for tests")
    assert strategy.advance(no_population(8), make_task(lambda genomes: good_scores())).stale == 0


# N1: targets


def with_entry(value: Any) -> Any:
    matrix = np.eye(4, dtype=type(value))
    matrix[2, 3] = value
    return matrix


@pytest.mark.parametrize(
    ("built", "part"),
    [
        (with_entry(math.nan), "finite entries, got nan at (2, 3)"),
        (with_entry(math.inf), "got inf at (2, 3)"),
        (with_entry(complex(0, math.nan)), "at (2, 3)"),
        (np.eye(4, dtype=np.float32), "got float32"),
        (np.eye(4, dtype=object), "got object"),
        (np.eye(4, dtype=np.int64), "got int64"),
        (np.eye(5), "expected (m, 4) entries, got (5, 5)"),
        (np.ones(4), "got (4,)"),
        (np.ones((0, 4)), "got (0, 4)"),
        (np.ones((4, 4, 1)), "got (4, 4, 1)"),
        (np.zeros((4, 4)), "every entry is zero"),
        (np.eye(4) * 1e200, "largest entry"),
        ([[1.0, 0.0]], "expected a matrix, got list"),
        (None, "expected a matrix, got NoneType"),
    ],
)
def test_families_that_build_no_matrix_are_named(
    built: Any, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = replace(TARGETS.get("wht"), name="mine", build=lambda n: built)
    monkeypatch.setitem(TARGETS._members, "mine", family)
    assert_named(lambda: make_target("mine", 4), "'mine' of size 4", part)


def test_a_family_that_builds_floats_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    family: TargetFamily = replace(TARGETS.get("wht"), name="mine", build=lambda n: 2 * np.eye(n))
    monkeypatch.setitem(TARGETS._members, "mine", family)
    assert make_target("mine", 4).matrix[0, 0] == 2


# N4: sizes


@pytest.mark.parametrize(
    "n",
    [16.0, "16", "16.0", Decimal(16), Fraction(16), np.float64(16), [16], True, math.nan, 1e400],
    ids=repr,
)
def test_sizes_of_other_types_are_refused(n: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="whole number"):
        es.run("dft", n=n, evaluations=100, out=tmp_path / "runs")
    assert list(tmp_path.iterdir()) == []


def test_whole_numbers_of_numpy_are_sizes() -> None:
    assert make_target("dft", np.int64(8)).n == 8


def refuse_to_allocate(*arguments: object, **named: object) -> None:
    raise AssertionError("allocated before the estimate")


@pytest.mark.parametrize("n", [2**20, 2**30, 10**9])
def test_memory_is_estimated_before_anything_is_built(
    n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = replace(TARGETS.get("dft"), name="mine", build=refuse_to_allocate)
    monkeypatch.setitem(TARGETS._members, "mine", family)
    with pytest.raises(UsageError, match="GiB to search, the limit is"):
        make_target("mine", n)


@pytest.fixture
def algorithm(tmp_path: Path) -> Path:
    path = tmp_path / "algorithm.json"
    path.write_text(json_format.write(ALGORITHMS["radix2"]))
    return path


@pytest.mark.parametrize("n", ["0", "-4", "12", "1048576", "1000000000", "1" + "0" * 40, "16.0"])
@pytest.mark.parametrize("command", ["show", "export"])
def test_sizes_of_algorithms(n: str, command: str, algorithm: Path) -> None:
    to = ["--to", "c"] if command == "export" else []
    done = CliRunner().invoke(cli, [command, str(algorithm), "--n", n, *to])
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_as_many_threads_as_one_may_write() -> None:
    """They are no more than there are genomes, and change no bit."""
    few, many = (NumbaEvaluator(TARGET, threads).evaluate(GENOMES) for threads in (1, 10**12))
    assert np.array_equal(few.errors, many.errors)
    assert np.array_equal(few.operations, many.operations)


def test_as_many_threads_for_formulas() -> None:
    space = FormulaSpace(1)
    rng = np.random.default_rng(0)
    drawn = Genomes(space.draw(4 * 5, rng).reshape(5, 4, -1), np.full(5, 4, np.int16))
    x = np.linspace(0.1, 1, 9)[:, None]
    tape = tapes(drawn, 1)
    few, many = (
        ExpressionEvaluator(x, 2 * x[:, 0], threads).evaluate(tape) for threads in (1, 10**12)
    )
    assert np.array_equal(few.errors, many.errors)
