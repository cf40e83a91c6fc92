"""Random genomes, programs and straight-line code that several test files draw from."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from dsl.genome import Genomes
from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import Decoding, decode
from dsl.patterns import PATTERNS
from dsl.primitives import PRIMITIVES
from dsl.program import Instruction, Program
from dsl.scalars import SCALARS
from dsl.straightline import ZERO_VALUE, Code, Domain, Operation, Ref
from dsl.targets import Target, make_target
from evosynth.engine.spec import gene_space
from evosynth.engine.variation import mutate, random_genomes
from fitness.evaluators.numba_evaluator import NumbaEvaluator

CAPACITY = 10


def gene(
    primitive: str, pattern: str, side: int = 0, i: int = 0, j: int = 0, choice: int = 0
) -> Any:
    """Returns one gene, its primitive and pattern by name."""
    return [PRIMITIVES.index(primitive), PATTERNS.index(pattern), side, i, j, choice]


def sum_gene(side: int = 0, i: int = 0, j: int = 0, choice: int = 0, variant: int = 0) -> Any:
    """Returns a gene that makes a shared sum; its variant lies where others have a pattern."""
    return [len(PRIMITIVES), variant, side, i, j, choice]


def sums_gene(pattern: str, side: int = 0, i: int = 0, j: int = 0) -> Any:
    """Returns a gene that makes a sum at every place of a pattern, differences for odd j."""
    return [len(PRIMITIVES) + 1, PATTERNS.index(pattern), side, i, j, 0]


DFT16_GENES = np.array(
    [
        gene("butterfly", "matching"),
        gene("butterfly", "matching"),
        gene("scale", "matching", choice=2 + 1),
        gene("scale", "matching", choice=2 + 3),
        gene("butterfly", "matching"),
        gene("butterfly", "matching"),
    ]
)
DFT8_GENES = DFT16_GENES[[0, 0, 2, 0]]


def decoded_program(target: Target, genes: npt.NDArray[Any], name: str = "program") -> Program:
    """Returns the program of a genome."""
    return build_program(NumbaEvaluator(target).decode(genes), target.domain, name)


# Targets


def _targets() -> tuple[Target, ...]:
    rng = np.random.default_rng(57)
    wide = rng.integers(-3, 4, (5, 7)).astype(np.float64)
    tall = rng.integers(-3, 4, (7, 4)) + 1j * rng.integers(-3, 4, (7, 4))
    dft8 = make_target("dft", 8).matrix
    units = 1j ** rng.integers(0, 4, (2, 8))
    permuted = (dft8 * units[0])[rng.permutation(8)][:, rng.permutation(8)] * units[1][:, None]
    return (
        make_target("dft", 5),
        make_target("dft", 6),
        make_target("dft", 8),
        make_target("dft", 8, "real"),
        make_target("wht", 8),
        make_target("wht", 8, "complex"),
        make_target("dct2", 8),
        Target("permuted-dft", 8, permuted, "complex"),
        Target("wide", 7, wide, "real"),
        Target("tall", 4, tall.real.copy(), "real"),
        Target("wide", 7, wide + 1j * wide[::-1], "complex"),
        Target("tall", 4, tall, "complex"),
        Target("tall-real-matrix", 4, tall.real.copy(), "complex"),
        make_target("toeplitz", 8, kernel=rng.standard_normal(15).tolist()),
        make_target("circulant", 8, kernel=rng.standard_normal(8).tolist()),
        Target("rank-one", 4, np.outer([1.0, 2.0, 0.0], [1.0, -1.0, 2.0, 3.0]), "real"),
    )


TARGET_SAMPLES = _targets()


def target_name(target: Target) -> str:
    """Returns an identifier for test reports."""
    return f"{target.name}-{target.n}-{target.domain}"


@lru_cache(maxsize=64)
def sample_genomes(position: int, count: int = 16) -> Genomes:
    """Returns random genomes for a sample target, half of them bred to be cheap.

    Few random genes pay, so that only bred genomes use many of their genes.
    """
    target = TARGET_SAMPLES[position]
    space, rng = gene_space(target.matrix.shape), np.random.default_rng(position)
    evaluator = NumbaEvaluator(target)
    raw = random_genomes(count, CAPACITY, CAPACITY, space, rng)
    bred = random_genomes(8 * count, CAPACITY, CAPACITY, space, rng)
    for _ in range(8):
        mutants = mutate(bred, space, rng)
        better = evaluator.evaluate(mutants).operations <= evaluator.evaluate(bred).operations
        bred = Genomes(
            np.where(better[:, None, None], mutants.genes, bred.genes),
            np.where(better, mutants.lengths, bred.lengths),
        )
    return raw.joined(bred.take(rng.choice(len(bred), count, replace=False)))


@lru_cache(maxsize=64)
def reference_decodings(position: int) -> tuple[Decoding, ...]:
    """Decodes the sample genomes of a sample target by the definition."""
    target, genomes = TARGET_SAMPLES[position], sample_genomes(position)
    is_complex = target.domain == "complex"
    return tuple(
        decode(genomes[k], target.matrix, is_complex=is_complex) for k in range(len(genomes))
    )


@lru_cache(maxsize=64)
def sample_programs(position: int, count: int = 6) -> tuple[Program, ...]:
    """Returns programs of bred genomes for a sample target."""
    target, genomes = TARGET_SAMPLES[position], sample_genomes(position)
    last = range(len(genomes) - count, len(genomes))
    return tuple(decoded_program(target, genomes[k]) for k in last)


# Straight-line code

ROOT = math.sqrt(0.5)
REAL_CONSTANTS = (1.0, -1.0, 2.0, -2.0, 0.5, 0.6, -0.6, ROOT, 1 / 3, 3.0, 0.0)
COMPLEX_CONSTANTS = (
    *(1j, -1j, 2j, 0.6j, 1 + 1j, 1 - 1j, -1 + 1j, 2 + 2j, 0.5 - 0.5j),
    *(1 + 0.3j, 0.3 - 1j, 0.3 + 0.7j, 0.1 - 0.7j, ROOT - 1j * ROOT),
)
domains = st.sampled_from(["real", "complex"])


def constants(domain: Domain) -> st.SearchStrategy[complex]:
    """Returns constants of every class of prices."""
    known = REAL_CONSTANTS + (COMPLEX_CONSTANTS if domain == "complex" else ())
    return st.sampled_from([complex(c) for c in known])


@st.composite
def codes(draw: st.DrawFn, most: int = 12) -> Code:
    """Draws code with shared and unused values, zeros, duplicates and cancellations."""
    domain: Domain = draw(domains)
    inputs = draw(st.integers(1, 4))
    units = st.sampled_from([0, 2] if domain == "real" else [0, 1, 2, 3])

    def ref(defined: int) -> Ref:
        return Ref(draw(st.integers(ZERO_VALUE, defined - 1)), draw(units))

    operations: list[Operation] = []
    for position in range(draw(st.integers(0, most))):
        left = ref(inputs + position)
        if draw(st.booleans()):
            operations.append(Operation("add", left, ref(inputs + position)))
        else:
            operations.append(Operation("scale", left, constant=draw(constants(domain))))
    defined = inputs + len(operations)
    outputs = tuple(ref(defined) for _ in range(draw(st.integers(1, 4))))
    return Code(domain, inputs, tuple(operations), outputs)


def size_of(code: Code) -> float:
    """Returns the largest coefficient of any value: what rounding errors are relative to."""
    return max(1.0, float(np.abs(code.linear_forms()).max()))


def assert_same_matrix(code: Code, other: Code) -> None:
    """Fails unless both compute the same matrix."""
    assert (code.domain, code.inputs) == (other.domain, other.inputs)
    assert np.abs(code.matrix() - other.matrix()).max() <= 1e-12 * size_of(code)


# Formulas

# What each primitive does to numbers, written anew: errors of Python are invalid values.
FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "add": operator.add,
    "cos": math.cos,
    "divide": operator.truediv,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "max": max,
    "min": min,
    "mod": lambda x, y: x - y * math.floor(x / y),
    "multiply": operator.mul,
    "negate": operator.neg,
    "sin": math.sin,
    "sqrt": math.sqrt,
    "step": lambda x: x > 0,
    "subtract": operator.sub,
}
FORMULA_CONSTANTS = (0.0, 1.0, -1.0, 2.0, 31.0, 1 / 3, -2.5, math.pi / 2, 0.1234567890123, 1e-3)


@st.composite
def formulas(draw: st.DrawFn, most: int = 12) -> Program:
    """Draws programs of the expression grammar, invalid for many inputs."""
    inputs = draw(st.integers(1, 3))
    defined, instructions = inputs, []
    for _ in range(draw(st.integers(0, most))):
        name = draw(st.sampled_from(["constant", *FUNCTIONS]))
        if name == "constant":
            constant = draw(st.sampled_from(FORMULA_CONSTANTS))
            instructions.append(Instruction(name, (), (constant,)))
        else:
            # Recent values are drawn more often, so that formulas are deep.
            first = draw(st.sampled_from([0, max(0, defined - 4)]))
            values = st.integers(first, defined - 1)
            operands = tuple(draw(values) for _ in range(SCALARS.get(name).arity))
            instructions.append(Instruction(name, operands))
        defined += 1
    last = st.integers(max(0, defined - 3), defined - 1)
    outputs = draw(st.lists(last, min_size=1, max_size=3))
    return Program("expression", "real", inputs, tuple(instructions), tuple(outputs), "drawn")


def formula_values(
    program: Program, row: list[float], rng: np.random.Generator | None = None
) -> list[float]:
    """Returns the outputs for a row of inputs, number by number in Python.

    Args:
        program: Of the expression grammar.
        row: One number per input.
        rng: Changes the last digits of every result, to find out what they matter.
    """
    values = list(row)
    for instruction in program.instructions:
        if instruction.name == "constant":
            values.append(instruction.constants[0].real)
            continue
        operands = [values[k] for k in instruction.operands]
        try:
            result = float(FUNCTIONS[instruction.name](*operands))
        except (ArithmeticError, ValueError):
            result = math.nan
        if not all(map(math.isfinite, [result, *operands])):
            result = math.nan
        values.append(result * (1 + 1e-15 * rng.uniform(-1, 1) if rng else 1))
    return [values[k] for k in program.outputs]


def formula_samples(program: Program, count: int = 40) -> tuple[Any, Any]:
    """Returns inputs, and what the program makes of them where rounding matters little.

    Returns:
        (rows, inputs) and (rows, outputs); nan is invalid. The rows are those whose
        outputs agree to 13 digits, whatever the last digits of values are.
    """
    rng = np.random.default_rng(0)
    x = rng.normal(0, 2, (count, program.inputs))
    x[:6] = np.array([0.0, 1.0, -1.0, 2.0, 1e200, -1e-200])[:, None]
    y = np.array([formula_values(program, row) for row in x.tolist()])
    noisy = np.array([[formula_values(program, r, rng) for r in x.tolist()] for _ in range(8)])
    is_stable = (np.isnan(noisy) == np.isnan(y)).all(axis=0)
    with np.errstate(all="ignore"):
        is_stable &= ~(np.abs(noisy - y) > 1e-13 * np.abs(y)).any(axis=0)
    rows = is_stable.all(axis=1)
    return x[rows], y[rows]


# Programs

UNRECOGNISED = (0.1234567890123, -17.10191817, 3.3e-7 + 0.4141516171j, 1e-9, 2.5e11)


@st.composite
def programs(draw: st.DrawFn, odd_constants: bool = False) -> Program:
    """Draws programs of arbitrary instructions, not only such that a genome could mean."""
    domain: Domain = draw(domains)
    inputs = draw(st.integers(1, 5))
    pool = constants(domain)
    if odd_constants:
        odd = [complex(c) for c in UNRECOGNISED if domain == "complex" or not complex(c).imag]
        pool |= st.sampled_from(odd)
    defined, stage = inputs, 0
    instructions: list[Instruction] = []
    for _ in range(draw(st.integers(0, 8))):
        stage += draw(st.integers(0, 1))
        block = draw(st.sampled_from([None, *PRIMITIVES]))
        count = draw(st.integers(0, 3)) if block is None else block.points
        operands = tuple(draw(st.integers(0, defined - 1)) for _ in range(count))
        if block is None:
            signs = st.sampled_from([1, -1] if domain == "real" else [1, 1j, -1, -1j])
            parameters = tuple(complex(draw(signs)) for _ in operands)
        elif block.is_angle:
            parameters = (complex(draw(st.sampled_from([0.3, math.pi / 8, -2.0, math.pi / 4]))),)
        else:
            parameters = (draw(pool),)
        suffix = draw(st.sampled_from(["", ".T"])) if block else ""
        name = f"{block.name}{suffix}" if block else "sum"
        instructions.append(Instruction(name, operands, parameters, stage))
        defined += block.points if block else 1
    outputs = draw(st.lists(st.integers(0, defined - 1), min_size=1, max_size=4))
    return Program("factor", domain, inputs, tuple(instructions), tuple(outputs), "drawn")
