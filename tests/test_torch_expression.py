"""The batched evaluator of the `expression` grammar."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from registering import registered
from test_expression_evaluator import INVALID, population, random_tapes, samples, value

from dsl.errors import EnvironmentMismatchError, UsageError
from dsl.genome import Genes
from dsl.grammars.expression import genome as genes_of
from dsl.grammars.expression.genome import Tapes, back, gene
from dsl.scalars import SCALARS, sp
from dsl.scalars.base import Scalar
from dsl.scalars.derived import derive_scalar
from fitness.evaluators import expression_kernel
from fitness.evaluators.expression_evaluator import ExpressionEvaluator, Fits
from fitness.evaluators.expression_evaluators import NAMES, expression_evaluator
from fitness.evaluators.expression_reference import ExpressionReference
from fitness.torch_expression import evaluator as module
from fitness.torch_expression import least_squares, triton_kernel
from fitness.torch_expression import schedule as schedules
from fitness.torch_expression.evaluator import BatchedExpressionEvaluator
from fitness.torch_expression.functions import function_of
from fitness.torch_expression.launches import Launches, Memory
from fitness.torch_expression.schedule import schedule

CPU = torch.device("cpu")


def assert_same(found: Fits, expected: Fits, *, rtol: float = 1e-6, atol: float = 1e-8) -> None:
    """Weights are compared where columns do not nearly depend on each other."""
    is_valid = np.isfinite(expected.errors)
    assert np.array_equal(np.isfinite(found.errors), is_valid)
    assert np.allclose(found.errors[is_valid], expected.errors[is_valid], rtol=rtol, atol=atol)
    assert not found.weights[~is_valid].any()
    near = np.isclose(found.weights, expected.weights, rtol=1e-5, atol=1e-7).all(axis=1)
    assert not len(near) or near.mean() > 0.97


def repeated(tapes: Tapes, times: int) -> Tapes:
    """Returns a population many times over."""
    return module._taken(tapes, np.tile(np.arange(len(tapes.lengths)), times))


# Agreement


@pytest.mark.parametrize(
    ("rows", "inputs", "size"),
    [(1, 3, 200), (2, 1, 200), (63, 3, 500), (64, 2, 1), (65, 5, 0), (700, 8, 200), (3001, 2, 60)],
)
@pytest.mark.parametrize("tame", [False, True])
def test_populations_score_as_by_the_other_evaluators(
    rows: int, inputs: int, size: int, tame: bool
) -> None:
    x, y = samples(rows, inputs)
    genomes = random_tapes(rows, size, inputs=inputs, tame=tame)
    found = BatchedExpressionEvaluator(x, y, device="cpu")
    fits, squares = found.evaluate(genomes), found.mean_squares(genomes)
    assert fits.weights.shape == (size, 13)
    for other in (ExpressionReference(x, y), ExpressionEvaluator(x, y)):
        assert_same(fits, other.evaluate(genomes))
        expected = other.mean_squares(genomes)
        assert np.array_equal(np.isfinite(squares), np.isfinite(expected))
        near = np.isclose(squares, expected, rtol=1e-9, atol=0)
        # floor, step and mod make a jump of a last digit; such genomes are rare.
        assert not size or near.mean() > 0.99


@pytest.mark.parametrize("capacity", [1, 30])
def test_formulas_of_any_number_of_terms(capacity: int) -> None:
    x, y = samples(400, 4)
    genomes = random_tapes(2, 300, capacity, inputs=4, tame=True)
    is_term = np.arange(capacity) < genomes.lengths[:, None]
    genomes = replace(genomes, is_term=is_term, is_live=is_term)
    assert genomes.is_term.sum(axis=1).max() == capacity
    found = BatchedExpressionEvaluator(x, y, device="cpu").evaluate(genomes)
    assert_same(found, ExpressionReference(x, y).evaluate(genomes))


def test_values_are_those_of_the_definition() -> None:
    x, y = samples(261)
    genomes = random_tapes(1)
    batched, reference = BatchedExpressionEvaluator(x, y), ExpressionReference(x, y)
    batched.evaluate(genomes)  # which leaves other numbers in the memory
    for position in range(len(genomes.lengths)):
        values, expected = batched.values(genomes, position), reference.values(genomes, position)
        assert values.shape == expected.shape
        is_valid = np.isfinite(expected)
        assert np.array_equal(np.isfinite(values), is_valid)
        near = np.isclose(values[is_valid], expected[is_valid], rtol=1e-7, atol=1e-9)
        assert near.mean() > 0.99 if near.size else True


@pytest.mark.parametrize("name", [name for name in INVALID if name != "1e200"])
def test_invalid_values_are_those_of_the_definition(name: str) -> None:
    x, y = samples(5)
    genomes = population([INVALID[name]], 3)
    found = BatchedExpressionEvaluator(x, y).values(genomes, 0)
    expected = ExpressionReference(x, y).values(genomes, 0)
    assert np.array_equal(np.isfinite(found), np.isfinite(expected))


def test_values_at_other_samples() -> None:
    genomes = population([[value("add", 0, 1), value("multiply", back(1), c0=2.0, use=True)]], 2)
    evaluator = BatchedExpressionEvaluator(*samples(5, 2))
    values = evaluator.values(genomes, 0, [[1.0, 2.0], [3.0, 4.0]])
    assert values.tolist() == [[3.0, 7.0], [6.0, 14.0]]


def test_mean_squares_ask_for_the_last_value_alone() -> None:
    row = [*INVALID["1/(1/0)"], gene(genes_of.reference(), 0, use=True)]
    x, y = samples(20)
    genomes = population([row], 3)
    evaluator = BatchedExpressionEvaluator(x, y)
    assert evaluator.evaluate(genomes).errors.tolist() == [np.inf]
    assert evaluator.mean_squares(genomes)[0] == pytest.approx(np.mean((x[:, 0] - y) ** 2))


def test_intermediate_values_may_be_huge() -> None:
    """Their sums and squares are not finite, but nobody asks for these."""
    row = [value("multiply", 0, c0=1e303), value("divide", back(1), c0=1e303, use=True)]
    x, y = samples(300)
    genomes = population([row], 3)
    found = BatchedExpressionEvaluator(x + 1e5, y).evaluate(genomes)
    assert_same(found, ExpressionReference(x + 1e5, y).evaluate(genomes))
    assert np.isfinite(found.errors).all()


def test_limits_are_those_of_the_compiled_kernel() -> None:
    for name in ("DEPENDENT", "FLAT", "CLOSE"):
        assert getattr(least_squares, name) == getattr(expression_kernel, name)


def test_tapes_for_other_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match="expected tapes for 2 inputs, got 3"):
        BatchedExpressionEvaluator(*samples(5, 2)).evaluate(random_tapes(0))


@pytest.mark.parametrize(("field", "slot"), [("left", 15), ("left", -1), ("right", -2)])
def test_operands_that_do_not_exist_are_refused(field: str, slot: int) -> None:
    genomes = random_tapes(0)
    getattr(genomes, field)[7, 11] = slot
    with pytest.raises(ValueError, match="expected operands"):
        BatchedExpressionEvaluator(*samples(5)).evaluate(genomes)


# Parts, tiles, memory and threads


@pytest.mark.parametrize(("tile", "numbers"), [(1, 1 << 20), (17, 1), (100, 5000), (999, 1 << 20)])
def test_parts_and_tiles_of_any_size(
    monkeypatch: pytest.MonkeyPatch, tile: int, numbers: int
) -> None:
    x, y = samples(101)
    genomes = random_tapes(4)
    expected = BatchedExpressionEvaluator(x, y).evaluate(genomes)
    monkeypatch.setattr(module, "TILE", tile)
    monkeypatch.setattr(module, "CPU_NUMBERS", numbers)
    assert_same(BatchedExpressionEvaluator(x, y).evaluate(genomes), expected)


def test_the_number_of_calls_does_not_depend_on_the_population() -> None:
    genomes = random_tapes(7, size=50)
    counts = []
    for times in (1, 20):
        plan = schedule(repeated(genomes, times), merge=False)
        launches = Launches(plan, 3, 8, Memory(CPU))
        launches.run(torch.ones(3, 8, dtype=torch.float64))
        counts.append(len(list(launches._calls())))
    assert counts[0] == counts[1] <= 4 * 12 * 2 * len(SCALARS)


def test_equal_values_are_made_once() -> None:
    genomes = random_tapes(7, size=50)
    once = schedule(genomes, merge=True)
    assert schedule(repeated(genomes, 9), merge=True).rows == once.rows
    assert once.rows < schedule(genomes, merge=False).rows
    x, y = samples(2 * module.MERGED_FROM)
    evaluator = BatchedExpressionEvaluator(x, y)
    merged = evaluator.evaluate(repeated(genomes, 2)).errors
    assert np.array_equal(merged[:50], merged[50:])


@pytest.mark.parametrize(
    "others",
    [
        value("add", 0, 2, use=True),
        value("add", 2, 1, use=True),
        value("multiply", 0, 1, use=True),
        value("add", 0, c0=3.0, use=True),
    ],
)
def test_hashes_that_are_equal_by_chance_merge_nothing(
    monkeypatch: pytest.MonkeyPatch, others: Genes
) -> None:
    genomes = population([[value("add", 0, 1, use=True)], [others]], 3)
    monkeypatch.setattr(
        schedules, "_hashes", lambda genes: np.zeros(genes.targets.shape, np.uint64)
    )
    plan, expected = schedule(genomes, merge=True), schedule(genomes, merge=False)
    assert np.array_equal(plan.row_of, expected.row_of)
    assert plan.steps == expected.steps


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_threads_give_the_same_bits(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CPU_NUMBERS", 1 << 15)
    x, y = samples(300)
    genomes = random_tapes(11, size=700)
    alone = BatchedExpressionEvaluator(x, y).evaluate(genomes)
    shared = BatchedExpressionEvaluator(x, y, threads).evaluate(genomes)
    assert np.array_equal(alone.errors, shared.errors)
    assert np.array_equal(alone.weights, shared.weights)


@pytest.mark.parametrize("threads", [1, 2])
def test_torch_keeps_its_threads(threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        BatchedExpressionEvaluator(*samples(30), threads).evaluate(random_tapes(1))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


class NoMemory:
    """Launches of at most so many formulas."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.sizes: list[int] = []

    def __call__(self, plan: Any, *others: Any, **named: Any) -> Launches:
        self.sizes.append(plan.row_of.shape[1])
        if self.sizes[-1] > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return Launches(plan, *others, **named)


def test_what_does_not_fit_in_memory_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = samples(50)
    genomes = random_tapes(3, size=100)
    expected = BatchedExpressionEvaluator(x, y).evaluate(genomes)
    limited = NoMemory(30)
    monkeypatch.setattr(module, "Launches", limited)
    assert_same(BatchedExpressionEvaluator(x, y).evaluate(genomes), expected)
    assert limited.sizes[:4] == [100, 50, 25, 25]


def test_one_formula_that_does_not_fit_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Launches", NoMemory(0))
    with pytest.raises(EnvironmentMismatchError, match="for one genome, got: CUDA out"):
        BatchedExpressionEvaluator(*samples(50)).evaluate(random_tapes(3, size=5))


def test_other_errors_are_not_taken_for_a_lack_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> Launches:
        raise RuntimeError("something else")

    monkeypatch.setattr(module, "Launches", fail)
    with pytest.raises(RuntimeError, match="something else"):
        BatchedExpressionEvaluator(*samples(50)).evaluate(random_tapes(3, size=5))


# Functions

KINDS = np.array([-np.inf, -2.5, -1.0, -0.0, 0.0, 0.7, 1.0, 3.0, 1e300, np.inf, np.nan])
OTHERS = [
    Scalar("double", lambda x: 2 * x, 1, "A number first."),
    Scalar("inverse", lambda x: 1 / x, 1, "A number first, and no product."),
    Scalar("same", lambda x: x, 1, "No operation."),
    Scalar("turned", lambda x, y: -(x * y), 2, "A sign."),
    Scalar("power", lambda x: x**3, 1, "Products."),
    Scalar("clipped", lambda x: sp.Min(sp.Max(x, -1), 2), 1, "Numbers as operands."),
    Scalar("later", lambda x: sp.Heaviside(x - 1, 0), 1, "A jump of a difference."),
    Scalar("mixed", lambda x, y: sp.sin(x * y + 1) + sp.Abs(y) / sp.pi, 2, "A mixture."),
    Scalar("third", lambda x, y: (x + y) / 3, 2, "A fraction."),
]


def tensor(array: npt.NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.float64))


@pytest.mark.parametrize("member", [*SCALARS, *OTHERS], ids=lambda member: member.name)
def test_functions_are_those_of_numpy(member: Scalar) -> None:
    """For all kinds of operands, apart from infinite ones, about which nothing is said."""
    finite = KINDS[~np.isinf(KINDS)]
    grid = [tensor(a.ravel()) for a in np.meshgrid(*[finite] * member.arity)]
    out = torch.full_like(grid[0], 5.0)
    function_of(member)(*grid, out)
    with registered(SCALARS, replace(member, name="tested")), np.errstate(all="ignore"):
        expected = derive_scalar("tested").numpy(*(a.numpy() for a in grid))
    assert np.array_equal(np.isfinite(out.numpy()), np.isfinite(expected))
    is_valid = np.isfinite(expected)
    assert np.allclose(out.numpy()[is_valid], expected[is_valid], rtol=1e-15, atol=1e-15)


@pytest.mark.parametrize("member", OTHERS, ids=lambda member: member.name)
def test_a_new_primitive_works(member: Scalar) -> None:
    x, y = samples(80, 2)
    with registered(SCALARS, member):
        rows = [[value(member.name, *[0, 1][: member.arity], c0=1.5, use=True)]]
        rows.append([value(member.name, 1, c0=0.5, use=True)])
        genomes = population(rows, 2)
        found = BatchedExpressionEvaluator(x, y).evaluate(genomes)
        assert_same(found, ExpressionReference(x, y).evaluate(genomes))


# The choice of an evaluator


@pytest.mark.parametrize("name", NAMES)
def test_evaluators_have_names(name: str) -> None:
    x, y = samples(20)
    genomes = random_tapes(1, 20)
    found = expression_evaluator(name, x, y, 2, "cpu")
    assert name in type(found).__module__ or name == "numba"
    assert_same(found.evaluate(genomes), ExpressionReference(x, y).evaluate(genomes))


def test_there_are_no_other_names() -> None:
    with pytest.raises(UsageError, match="unknown evaluator 'jax'"):
        expression_evaluator("jax", *samples(5), 1)
    with pytest.raises(UsageError, match="unknown device 'tpu'"):
        expression_evaluator("torch", *samples(5), 1, "tpu")


def in_another_process(script: str, **environment: str) -> str:
    """Runs a script; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)],
        env=os.environ | environment,
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_torch_is_imported_only_by_who_asks_for_it() -> None:
    script = """
        import sys
        from fitness.evaluators.expression_evaluators import expression_evaluator
        expression_evaluator("numba", [[1.0], [2.0]], [1.0, 2.0], 1)
        print("torch" in sys.modules)
    """
    assert in_another_process(script) == "False"


# Triton

needs_triton = pytest.mark.skipif(find_spec("triton") is None, reason="Triton is not installed")
needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


def test_the_text_of_the_kernel_knows_every_primitive() -> None:
    text = triton_kernel.source([*SCALARS, *OTHERS])
    compile(text, "kernel", "exec")
    for member in (*SCALARS, *OTHERS):
        assert f":  # {member.name}\n" in text


@needs_triton
def test_the_kernel_agrees_with_the_definition() -> None:
    """On the CPU, by Triton's interpreter."""
    script = """
        import numpy as np
        from registering import registered
        from test_expression_evaluator import INVALID, population, random_tapes, samples
        from test_torch_expression import OTHERS, assert_same
        from dsl.scalars import SCALARS
        from fitness.evaluators.expression_reference import ExpressionReference
        from fitness.torch_expression import triton_launches
        from fitness.torch_expression.evaluator import BatchedExpressionEvaluator

        class Interpreted(BatchedExpressionEvaluator):
            def _launches(self, tapes, width):
                return triton_launches.TritonLaunches(tapes, width, self._memory)

        triton_launches.BLOCK, triton_launches.PROGRAMS = 32, 7
        invalid = population(list(INVALID.values()), 3)
        for rows in (1, 40, 101):
            for genomes in (random_tapes(rows, 40), random_tapes(rows, 40, tame=True), invalid):
                x, y = samples(rows)
                found, expected = Interpreted(x, y), ExpressionReference(x, y)
                assert_same(found.evaluate(genomes), expected.evaluate(genomes))
                squares = found.mean_squares(genomes), expected.mean_squares(genomes)
                assert np.allclose(*squares, rtol=1e-9)
        with registered(SCALARS, *OTHERS):
            x, y = samples(20)
            genomes = random_tapes(5, 60)
            found = Interpreted(x, y).evaluate(genomes)
            assert_same(found, ExpressionReference(x, y).evaluate(genomes))
    """
    in_another_process(script, TRITON_INTERPRET="1")


@needs_triton
@pytest.mark.parametrize("capability", [80, 90])
def test_the_kernel_compiles_for_gpus(capability: int) -> None:
    script = f"""
        import triton
        from triton.backends.compiler import GPUTarget
        from triton.compiler import ASTSource
        from dsl.scalars import SCALARS
        from fitness.torch_expression.triton_kernel import kernel

        numbers = ("constants", "x", "kept", "values", "is_invalid")
        names = ("starts", "primitives", "left", "right", "outputs")
        sizes = ("items", "blocks", "samples", "stride", "inputs", "depth")
        types = dict.fromkeys(names, "*i32") | dict.fromkeys(numbers, "*fp64")
        types |= dict.fromkeys(sizes, "i32") | {{"SIZE": "constexpr"}}
        source = ASTSource(kernel(tuple(SCALARS)), types, {{"SIZE": 256}})
        made = triton.compile(source, target=GPUTarget("cuda", {capability}, 32))
        print(len(made.asm["cubin"]), "bar.sync" in made.asm["ptx"])
    """
    size, has_barrier = in_another_process(script).split()
    assert int(size) > 10_000
    assert has_barrier == "True"


@needs_gpu
@pytest.mark.parametrize("has_triton", [False, True])
def test_a_gpu_agrees_with_the_definition(
    monkeypatch: pytest.MonkeyPatch, has_triton: bool
) -> None:
    if has_triton and not find_spec("triton"):
        pytest.skip("Triton is not installed")
    if not has_triton:
        monkeypatch.setattr(module, "is_usable", lambda device: False)
    for rows in (1, 300, 5000):
        x, y = samples(rows)
        for genomes in (random_tapes(rows), population(list(INVALID.values()), 3)):
            found = BatchedExpressionEvaluator(x, y, device="cuda").evaluate(genomes)
            assert_same(found, ExpressionReference(x, y).evaluate(genomes))


def test_everything_is_made_on_the_device_of_the_evaluator() -> None:
    """What were made on another device by default could not be mixed with the rest."""
    x, y = samples(700)
    tapes = random_tapes(5, tame=True)
    with torch.device("meta"):
        evaluator = BatchedExpressionEvaluator(x, y, device="cpu")
        fits, squares = evaluator.evaluate(tapes), evaluator.mean_squares(tapes)
    expected = ExpressionEvaluator(x, y)
    assert np.allclose(fits.errors, expected.evaluate(tapes).errors, rtol=1e-6, atol=1e-8)
    assert np.allclose(squares, expected.mean_squares(tapes), rtol=1e-6)


def test_constants_need_no_operands() -> None:
    """The operand of a constant is not looked at, also where it could not be computed."""
    x, y = samples(40)
    infinite = value("exp", 0, use=True, c0=0.0, c1=1e4)
    hidden = value("step", back(1), use=True)
    number = gene(genes_of.constant(), back(1), 0, use=True, c0=2.0)
    tapes = population([[infinite, hidden, number]], 3)
    assert np.isfinite(ExpressionEvaluator(x, y).mean_squares(tapes)).all()
    assert np.allclose(
        BatchedExpressionEvaluator(x, y).mean_squares(tapes),
        ExpressionEvaluator(x, y).mean_squares(tapes),
    )
