"""The benchmarks of algorithms for every size: what counts, that they resume, and one without."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recursive_rules import ALGORITHMS, DCT2, RADIX2, WHT, RuleWriter, written

from benchmarks import __main__ as benchmarks
from benchmarks import recursive as goals
from benchmarks import recursive_ablation as ablation
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.rule import Rule, Step
from evosynth.engine.driver import Snapshot
from evosynth.engine.recursive import finding
from evosynth.engine.recursive.cheapening import CheapeningOptions
from evosynth.engine.recursive.finding import FindingOptions, Subject
from fitness.evaluators.recursive_kernel import evaluate, scratch
from fitness.evaluators.recursive_unaided_kernel import evaluate_unaided

# Rules in steps that a search can choose


def _split_radix(w: RuleWriter) -> int:
    """Takes odds of odds in place of every fourth element."""
    odds = w.take(0, 2, 1)
    even, first, third = (
        w.call("dft", k) for k in (w.take(0, 2, 0), w.take(odds, 2, 0), w.take(odds, 2, 1))
    )
    first, third = w.twiddle(first, -1), w.twiddle(third, -3)
    turned = w.step("times_minus_i", w.subtract(first, third))
    tail = w.concatenate(w.add(first, third), turned)
    return w.concatenate(w.add(even, tail), w.subtract(even, tail))


def _radix3(w: RuleWriter) -> int:
    """Multiplies by roots of unity in place of their parts."""
    zeroth, first, second = (w.call("dft", w.take(0, 3, offset)) for offset in range(3))
    first, second = w.twiddle(first, -1), w.twiddle(second, -2)
    thirds = [w.add(w.add(zeroth, first), second)]
    for one, two in (("-1/3", "-2/3"), ("-2/3", "-1/3")):
        total = w.add(zeroth, w.twiddle(first, 0, 0, one))
        thirds.append(w.add(total, w.twiddle(second, 0, 0, two)))
    return w.concatenate(*thirds)


SPLIT_RADIX, RADIX3 = written(_split_radix), written(_radix3)


# Without an oracle


def genome_of(rule: Rule, subject: Subject) -> tuple[np.ndarray, int]:
    """Returns a rule as a genome."""
    island = finding.start_island(subject, FindingOptions())
    genome = np.zeros_like(island.genomes[0])
    known = [(each.name, each.parameters, each.family) for each in subject.operations]
    for row, step in zip(genome, rule.steps, strict=False):
        row[0] = known.index((step.name, step.parameters, step.family))
        row[1 : 1 + len(step.operands)] = step.operands
    return genome, len(rule.steps)


def scored(rule: Rule, subject: Subject, *, has_oracle: bool) -> tuple[float, int, int]:
    """Returns fitness, steps and result of a rule."""
    options = FindingOptions(has_oracle=has_oracle)
    genome, length = genome_of(rule, subject)
    sizes = finding._sizes(subject, options)
    memory = [scratch(len(genome), 1, n) for n in sizes]
    tables = [finding._tables(subject, n) for n in sizes]
    if has_oracle:
        return evaluate(genome, length, *tables, *memory, 2, True)
    ladder = finding._ladder(subject, options)
    return evaluate_unaided(genome, length, *tables, ladder, *memory, 2, True)


def changed(rule: Rule, name: str, parameters: tuple[int, ...]) -> Rule:
    """Returns a rule with other parameters in its last step of that name."""
    steps = list(rule.steps)
    position = max(k for k, step in enumerate(steps) if step.name == name)
    steps[position] = Step(name, steps[position].operands, parameters)
    return Rule(tuple(steps), rule.output, rule.inputs)


@pytest.mark.parametrize("has_oracle", [True, False])
@pytest.mark.parametrize(
    ("rule", "subject"),
    [
        (RADIX2, Subject("dft", 2)),
        (SPLIT_RADIX, Subject("dft", 2)),
        (RADIX3, Subject("dft", 3)),
        (WHT, Subject("wht", 2)),
        (DCT2, Subject("dct2", 2, ("dct4",))),
    ],
    ids=["radix2", "split_radix", "radix3", "wht", "dct2"],
)
def test_a_right_genome_is_complete_without_an_oracle(
    rule: Rule, subject: Subject, has_oracle: bool
) -> None:
    fitness, steps, result = scored(rule, subject, has_oracle=has_oracle)
    assert fitness == 0
    assert (steps, result) == (len(rule.steps), rule.output)


@pytest.mark.parametrize("has_oracle", [True, False])
@pytest.mark.parametrize(
    "rule",
    [
        changed(RADIX2, "twiddle", (1, 0, 0)),
        changed(SPLIT_RADIX, "twiddle", (-1, 0, 0)),
        Rule(RADIX2.steps[:-1], 0),
        Rule((Step("reverse", (0,)),), 1),
    ],
    ids=["turned", "split", "unfinished", "reverse"],
)
def test_a_wrong_genome_is_not(rule: Rule, has_oracle: bool) -> None:
    fitness, *_ = scored(rule, Subject("dft", 2), has_oracle=has_oracle)
    assert fitness > 0


def test_calls_are_answered_by_the_genome_itself() -> None:
    """Twiddles the wrong way round make the inverse transform, if its parts are inverse too."""
    subject, options = Subject("dft", 2), FindingOptions(has_oracle=False)
    sizes, ladder = finding._sizes(subject, options), finding._ladder(subject, options)
    small, large = (finding._tables(subject, n) for n in sizes)
    memory = [scratch(20, 1, n) for n in sizes]
    genome, length = genome_of(changed(RADIX2, "twiddle", (1, 0, 0)), subject)
    *_, result = evaluate_unaided(genome, length, small, large, ladder, *memory, 2, True)
    assert result == RADIX2.output
    inverse = np.roll(small.target[:, ::-1], 1, axis=1)
    np.testing.assert_array_equal(memory[0].values[result], inverse)


def test_the_best_value_is_the_result() -> None:
    """It answers the calls, whatever steps come after it."""
    rule = Rule((*RADIX2.steps, Step("reverse", (RADIX2.output,))), RADIX2.output + 1)
    fitness, steps, result = scored(rule, Subject("dft", 2), has_oracle=False)
    assert (fitness, steps, result) == (0.0, len(rule.steps), RADIX2.output)


def test_a_search_without_an_oracle_is_another_one() -> None:
    subject, found = Subject("wht", 2), []
    for has_oracle in (True, False, False):
        options = FindingOptions(has_oracle=has_oracle, population=100)
        island = finding.start_island(subject, options)
        rng = np.random.default_rng(1)
        island, made, _ = finding.advance(island, subject, options, 1_000, rng)
        found.append((made, island.best, island.genomes.tolist()))
    assert found[0][1] < found[1][1]
    assert found[1] == found[2]


def test_products_of_polynomials_need_no_ladder() -> None:
    subject = Subject("polymul", 2, ("dft", "idft"), ("dft", "idft"))
    assert finding._ladder(subject, FindingOptions(has_oracle=False)) is None


# What counts


def test_split_radix_is_what_it_is() -> None:
    assert [goals.split_radix(n) for n in (2, 16, 32, 64)] == [4, 168, 456, 1160]
    assert goals.is_as_cheap_as_split_radix(ALGORITHMS["split_radix"])
    assert not goals.is_as_cheap_as_split_radix(ALGORITHMS["radix2"])
    assert goals.is_as_cheap_as_split_radix(ALGORITHMS["radix2"], (2, 4, 8))


def test_sizes_that_are_expected() -> None:
    assert goals.expected_sizes((2,), 20) == (2, 4, 8, 16)
    assert goals.expected_sizes((2, 3), 12) == (2, 3, 4, 6, 8, 9, 12)
    assert goals.does_sizes(ALGORITHMS["mixed"], (2, 3), 24)
    assert not goals.does_sizes(ALGORITHMS["radix2"], (2, 3), 24)


def test_wrong_algorithms_do_not_count() -> None:
    wrong = Algorithm("dft", {"dft": (changed(RADIX2, "twiddle", (1, 0, 0)),)})
    assert goals.is_right(ALGORITHMS["radix2"])
    assert not goals.is_right(wrong)
    watch = goals.Watch(goals.Case("dft", 0, 30, 60))
    watch.found = (2.0, 100, wrong)
    line = goals._judged(watch, goals.RecursiveTarget("dft"))
    assert line["found"] is None
    assert line["error"].startswith("what was found is wrong: n = 4")


def snapshot(algorithm: Algorithm | None, evaluations: int, seconds: float) -> Snapshot:
    return Snapshot({}, algorithm, None, None, evaluations, seconds, False, algorithm is not None)


def test_a_search_is_watched_until_it_is_as_cheap_as_split_radix() -> None:
    watch = goals.Watch(goals.Case("dft", 0, 30, 60))
    watch(snapshot(None, 10, 1.0))
    watch(snapshot(ALGORITHMS["radix2"], 20, 2.0))
    watch(snapshot(None, 30, 40.0))
    with pytest.raises(goals._Reached):
        watch(snapshot(ALGORITHMS["split_radix"], 40, 41.0))
    line = goals._judged(watch, goals.RecursiveTarget("dft"))
    assert (line["found"], line["found_evaluations"], line["operations"]) == (2.0, 20, 496)
    assert (line["split"], line["split_evaluations"], line["is_quasilinear"]) == (39.0, 40, True)
    assert line["growth"] == "5 n lg n - 10 n + 16"


@pytest.mark.parametrize(
    ("task", "first", "seconds"), [("dft", None, 30.1), ("dft", 2.0, 62.1), ("wht", 2.0, 2.0)]
)
def test_a_search_ends_when_its_time_is_over(
    task: str, first: float | None, seconds: float
) -> None:
    (case,) = goals.cases_of(task, 1)
    watch = goals.Watch(case)
    algorithm = ALGORITHMS["wht" if task == "wht" else "radix2"]
    if first is not None and first < seconds:
        watch(snapshot(algorithm, 20, first))
    with pytest.raises(goals._Reached):
        watch(snapshot(algorithm if first == seconds else None, 30, seconds))
    line = goals._judged(watch, goals.RecursiveTarget(goals.TASKS[task].family))
    assert (line["found"], line["split"]) == (first, None)


def test_a_mixed_radix_algorithm_needs_both() -> None:
    watch = goals.Watch(goals.Case("dft-2,3", 0, 60, 0))
    watch(snapshot(ALGORITHMS["radix2"], 20, 2.0))
    with pytest.raises(goals._Reached):
        watch(snapshot(ALGORITHMS["mixed"], 30, 3.0))
    assert watch.found is not None
    assert watch.found[1] == 30


@pytest.mark.parametrize(
    "variant", [name for name, each in ablation.VARIANTS.items() if each.part == ablation.FINDING]
)
def test_variants_are_searches(variant: str) -> None:
    line = ablation.search_once(ablation.Case(variant, 0, 50))
    assert (line["variant"], line["evaluations"]) == (variant, None)


def test_cheapening_is_measured_in_children() -> None:
    rng = np.random.default_rng(4)
    children = ablation.evaluations_to_cheapen(CheapeningOptions(), 120, rng)
    assert children is not None
    assert 0 < children <= 120
    without = CheapeningOptions(without=frozenset({"inline"}))
    assert ablation.evaluations_to_cheapen(without, 30, np.random.default_rng(4)) is None


def test_blind_changes_are_what_is_not_kept() -> None:
    assert {"inline", "distribute", "push"} < ablation.KEPT
    assert not ablation.KEPT & {"insert", "delete", "change_step"}


# Resumption and tables


def line_of(case: goals.Case, **more: Any) -> dict[str, Any]:
    found = {"found": 2.0, "found_evaluations": 1000, "split": None, "error": ""}
    found |= {"operations": 496, "growth": "5 n lg n", "is_quasilinear": True}
    key = dict(zip(goals.KEY, case.key, strict=True))
    return key | found | {"threads": 2, "load": [1.0, 3.0]} | more


def test_runs_are_made_once(tmp_path: Path) -> None:
    made = []

    def run(case: goals.Case) -> dict[str, Any]:
        made.append(case)
        return line_of(case, error="it did not end" if case.seed == 0 else "")

    path, cases = tmp_path / "new" / "results.jsonl", goals.cases_of("dft", 3)
    assert len(goals.complete(cases[:2], path, run)) == 2
    assert len(goals.complete(cases, path, run)) == 3
    assert made == cases
    goals.complete(cases, path, run, again=True)
    assert made == [*cases, cases[0]]


def test_tables_of_goals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(case: goals.Case) -> dict[str, Any]:
        if case.task == "haar":
            return line_of(case, found=None)
        split = {"split": 3.0 + case.seed, "split_evaluations": 9000}
        return line_of(case, **(split if case.seed < 2 else {}))

    path = tmp_path / "results.jsonl"
    goals.main(["--targets", "dft", "haar", "--seeds", "3", "--results", str(path)], run)
    text = capsys.readouterr().out
    assert "6 of 6 runs are left, at most 8 minutes" in text
    assert (
        "| dft | 3/3 in 30 s | 2.0 | 2.0 | 1,000 | 1,000 | 496 at n = 32 | 5 n lg n (3) | 3/3 |"
        in text
    )
    assert "| haar | 0/3 in 60 s | - |" in text
    assert "| dft | 2/3 in 60 s more | 3.5 | 4.0 | 9,000 | 9,000 |" in text
    assert "load of the machine before and after runs 1.0 to 3.0, median 2.0" in text
    rows = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert rows == [10] * 4 + [7] * 3


def test_table_of_the_ablation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = []

    def run(case: ablation.Case) -> dict[str, Any]:
        made.append(case)
        evaluations = 100 + case.seed if case.variant == "all" else None
        key = dict(zip(ablation.KEY, case.key, strict=True))
        return key | {"evaluations": evaluations, "seconds": 1.0}

    path = tmp_path / "results.jsonl"
    given = ["--variants", "all", "no inlining", "--seeds", "3", "--results", str(path)]
    ablation.main(given, run)
    ablation.main(given, run)
    assert {(case.variant, case.budget) for case in made} == {
        ("all", 500_000),
        ("no inlining", 3000),
    }
    assert len(made) == 6
    text = capsys.readouterr().out
    assert "| finding | all | 3/3 | 101 | 102 | 1.0 |" in text
    assert "| cheapening | no inlining | 0/3 | - | - | 1.0 |" in text
    assert len(path.read_text().splitlines()) == 6
    assert json.loads(path.read_text().splitlines()[0])["evaluations"] == 100


@pytest.mark.parametrize(
    ("main", "arguments"),
    [
        (goals.main, ["--targets", "dftt"]),
        (goals.main, ["--seeds", "0"]),
        (ablation.main, ["--variants", "nothing"]),
        (ablation.main, ["--seeds", "0"]),
        (ablation.main, ["--workers", "0"]),
    ],
)
def test_benchmarks_refuse(
    main: Any, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments, pytest.fail)
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "option"), [("recursive", "--again"), ("recursive-ablation", "--children")]
)
def test_benchmarks_know_the_tables(
    name: str, option: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", name, "--help"])
    with pytest.raises(SystemExit):
        benchmarks.main()
    assert option in capsys.readouterr().out
