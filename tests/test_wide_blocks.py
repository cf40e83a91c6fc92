"""Blocks of three and four points, without a parameter, and written as products."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import sympy
from random_programs import TARGET_SAMPLES, gene, target_name
from registering import registered

from dsl.derive import derive
from dsl.errors import EnvironmentMismatchError, UsageError
from dsl.exact_number import Exact
from dsl.genome import PRIMITIVE, Genomes, pack
from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import Decoding, decode
from dsl.grammars.factor.equivalence import find_equivalence
from dsl.grammars.factor.exact_decode import exact_program
from dsl.grammars.factor.steps import BlockStep, Step, is_usable
from dsl.grammars.factor.voting import candidates
from dsl.patterns import PATTERNS
from dsl.primitives import PRIMITIVES, Primitive, declared
from dsl.primitives.base import Factors, Rows, cos, sin
from dsl.program import Instruction, Program
from dsl.scalars import SCALARS, Scalar
from dsl.targets import Target, make_target
from evosynth.engine.spec import gene_space
from evosynth.engine.variation import random_genomes
from fitness import generated_kernels
from fitness.evaluators import EVALUATORS, expression_kernel, factor_kernel
from fitness.evaluators.numba_evaluator import NumbaEvaluator
from fitness.generated_kernels import expression_kernel_for, factor_kernel_for
from fitness.proof import prove

# One worker alone compiles their kernels.
pytestmark = pytest.mark.xdist_group("wide blocks")
ROOT = sympy.sqrt(3) / 2


def dft3() -> Factors:
    """The Fourier transform of three points, with 6 additions and 2 products."""
    return (
        [[1, 0, 0], [1, 1, 1], [1, 1, -1]],
        [[1, 0, 0], [0, -sympy.Rational(3, 2), 0], [0, 0, -sympy.I * ROOT]],
        [[1, 1, 0], [0, 1, 0], [0, 0, 1]],
        [[1, 0, 0], [0, 1, 1], [0, 1, -1]],
    )


def plain_dft3() -> Rows:
    """The same, as one matrix."""
    w = sympy.exp(-2 * sympy.pi * sympy.I / 3)
    return [[1, 1, 1], [1, w, w**2], [1, w**2, w]]


def hadamard4() -> Rows:
    """Signs of four points."""
    return [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]


def weighted3(c: Any) -> Rows:
    """A block of three points that depends on their order."""
    return [[1, c, 1], [1, 0, -1], [c, -2, c]]


def circulant3(c: Any) -> Rows:
    """A block without inverse at 1 and -1/2."""
    return [[1, c, c], [c, 1, c], [c, c, 1]]


def planar3(c: Any) -> Rows:
    """A butterfly that leaves a third value alone."""
    return [[1, c, 0], [1, -c, 0], [0, 0, 1]]


def fixed() -> Rows:
    """Sum and difference."""
    return [[1, 1], [1, -1]]


def givens(t: Any) -> Factors:
    """A rotation with three products."""
    return (
        [[1, 0, 1], [1, 1, 0]],
        [[cos(t), 0, 0], [0, -cos(t) - sin(t), 0], [0, 0, sin(t) - cos(t)]],
        [[1, 1], [1, 0], [0, 1]],
    )


def lifted(t: Any) -> Factors:
    """A rotation as three lifting steps."""
    step = [[1, (1 - cos(t)) / sin(t)], [0, 1]]
    return step, [[1, 0], [-sin(t), 1]], step


def angles() -> Rows:
    """A matrix of cosines that are no square roots of fractions."""
    a, b, c = (cos(k * sympy.pi / 8) for k in (1, 2, 3))
    return [[1, 1, 1, 1], [a, c, -c, -a], [b, -b, -b, b], [c, -a, a, -c]]


DFT3, PLAIN_DFT3, HADAMARD4, FIXED = map(declared, (dft3, plain_dft3, hadamard4, fixed))
WEIGHTED3, CIRCULANT3, PLANAR3, ANGLES = map(declared, (weighted3, circulant3, planar3, angles))
GIVENS, LIFTED = declared(givens, angle=True), declared(lifted, angle=True)
# One kernel for all tests: it takes half a minute to compile.
SET = (DFT3, HADAMARD4, WEIGHTED3, CIRCULANT3, PLANAR3, FIXED)
ALL = (*SET, PLAIN_DFT3, GIVENS, LIFTED, ANGLES)
EACH = pytest.mark.parametrize("block", ALL, ids=lambda block: block.name)


@pytest.fixture
def blocks() -> Iterator[None]:
    with registered(PRIMITIVES, *SET):
        yield


def kinds(block: Primitive) -> tuple[int, int]:
    """Returns the additions and products of a block."""
    names = [step.kind for step in derive(block).lowering.steps]
    return names.count("add"), names.count("scale")


# Declarations


def test_a_declaration_tells_points_and_parameters() -> None:
    found = {block.name: (block.points, block.parameters) for block in ALL}
    assert found["dft3"] == found["plain_dft3"] == (3, 0)
    assert (found["hadamard4"], found["fixed"]) == ((4, 0), (2, 0))
    assert found["weighted3"] == (3, 1)
    assert found["givens"] == found["lifted"] == (2, 1)
    assert declared(fixed, name="other").name == "other"
    assert DFT3.summary.startswith("The Fourier transform")


@pytest.mark.parametrize(
    ("function", "angle"), [(lambda a, b: [[a, b], [b, a]], False), (lambda: [[1]], True)]
)
def test_other_numbers_of_parameters_are_refused(function: Any, angle: bool) -> None:
    with pytest.raises(UsageError, match="expected"):
        declared(function, angle=angle, name="mine")


def test_rows_are_plain_numbers() -> None:
    w = np.exp(-2j * np.pi / 3)
    wanted = [[1, 1, 1], [1, w, w**2], [1, w**2, w**4]]
    for block in (DFT3, PLAIN_DFT3):
        assert np.allclose(np.array(block.rows(1.0)), wanted, rtol=0, atol=1e-15)
    assert all(isinstance(x, int | float | complex) for row in DFT3.rows(1.0) for x in row)
    assert np.allclose(GIVENS.rows(0.3), LIFTED.rows(0.3), rtol=0, atol=1e-15)


@EACH
def test_lowerings_compute_the_matrix_and_its_transpose(block: Primitive) -> None:
    derived = derive(block)
    for parameter in (0.3, -0.8, 1.1):
        matrix = np.array(block.rows(parameter), complex)
        assert np.abs(derived.lowering.matrix(parameter) - matrix).max() <= 1e-14
        assert np.abs(derived.transposed.matrix(parameter) - matrix.T).max() <= 1e-14
        inverse = sympy.lambdify("p", derived.inverse.tolist(), "cmath")(parameter)
        assert np.abs(np.array(inverse) @ matrix - np.eye(block.points)).max() <= 1e-13


# (additions, products), as by hand
COSTS = [(DFT3, (6, 2)), (HADAMARD4, (8, 0)), (FIXED, (2, 0)), (GIVENS, (3, 3)), (LIFTED, (3, 3))]


@pytest.mark.parametrize(("block", "cost"), COSTS, ids=lambda value: getattr(value, "name", ""))
def test_products_are_computed_factor_by_factor(block: Primitive, cost: tuple[int, int]) -> None:
    assert kinds(block) == cost


def test_what_is_derived_of_blocks_without_parameter() -> None:
    derived = derive(DFT3)
    assert derived.candidates == ()
    assert derived.makes_zeros
    assert derived.needs_complex
    assert not any(derive(block).needs_complex for block in ALL if "dft" not in block.name)
    assert not derive(declared(lambda: [[2]], name="twice")).makes_zeros


def test_orders_that_do_the_same_are_tried_once() -> None:
    assert len(derive(HADAMARD4).orders) == len(derive(DFT3).orders) == 1
    assert derive(WEIGHTED3).orders == ((0, 1, 2), (0, 2, 1), (1, 0, 2))


UNSOUND = [
    (lambda: [[1, 1], [1, 1]], "singular"),
    (lambda c: [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "no entry"),
    (lambda: np.eye(5).tolist(), "1 to 4 points"),
    (lambda: ([[1, 0, 0], [0, 1, 0]], [[1, 0], [0, 1]]), "2 x 3 times 2 x 2"),
    (lambda: [[sympy.Symbol("q")]], "mine"),
]


@pytest.mark.parametrize(("function", "reason"), UNSOUND, ids=map(str, range(len(UNSOUND))))
def test_unsound_blocks_are_refused_by_name(function: Any, reason: str) -> None:
    with pytest.raises(EnvironmentMismatchError, match="'mine'") as caught:
        derive(declared(function, name="mine"))
    assert reason in str(caught.value)


def test_functions_that_kernels_lack_are_refused(blocks: None) -> None:
    block = declared(lambda c: [[1, sympy.log(c)], [0, 1]] if c != 0.5 else fixed(), name="mine")
    with pytest.raises(EnvironmentMismatchError):
        factor_kernel_for((*PRIMITIVES, block))


# Places


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda pattern: pattern.name)
@pytest.mark.parametrize("width", [1, 3, 4, 9, 16])
@pytest.mark.parametrize("points", [1, 2, 3, 4])
def test_places_lie_inside(pattern: Any, width: int, points: int) -> None:
    orders = (tuple(range(points)), tuple(range(points))[::-1])[: 1 + (points > 1)]
    for i in range(width):
        for j in range(width):
            places = pattern.tuples(width, orders, i, j)
            assert len(set(places)) == len(places)
            for place in places:
                assert len(set(place)) == len(place) == points
                assert 0 <= min(place) <= max(place) < width


WIDE = [
    ("pair", 8, 3, 6, 1, [(6, 1, 4)]),
    ("pair", 8, 3, 1, 5, []),
    ("pair", 8, 4, 1, 3, [(1, 3, 5, 7)]),
    ("stride", 9, 3, 2, 0, [(0, 3, 6), (1, 4, 7), (2, 5, 8)]),
    ("stride", 8, 4, 0, 0, [(0, 1, 2, 3), (4, 5, 6, 7)]),
    ("matching", 4, 3, 0, 0, [(0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)]),
    ("mirror", 8, 3, 7, 0, []),
]


@pytest.mark.parametrize(("name", "width", "points", "i", "j", "places"), WIDE)
def test_wide_places(name: str, width: int, points: int, i: int, j: int, places: Any) -> None:
    assert PATTERNS.get(name).tuples(width, (tuple(range(points)),), i, j) == places


def test_stages_try_orders_and_single_places_do_not() -> None:
    orders = ((0, 1, 2), (1, 0, 2))
    assert PATTERNS.get("stride").tuples(3, orders, 0, 0) == [(0, 1, 2), (1, 0, 2)]
    assert PATTERNS.get("pair").tuples(3, orders, 0, 1) == [(0, 1, 2)]


def test_many_values_are_matched_in_progressions() -> None:
    places = PATTERNS.get("matching").tuples(15, ((0, 1, 2),), 0, 0)
    assert {(0, 5, 10), (0, 1, 2)} <= {tuple(sorted(place)) for place in places}
    assert len({frozenset(place) for place in places}) == len(places) < 15 * 14 / 2


# The meaning of genes


def decoded(target: Target, *genes: Any) -> Decoding:
    return decode(np.array(genes), target.matrix, is_complex=target.domain == "complex")


def test_three_points_at_a_distance_finish_nine(blocks: None) -> None:
    """Three transforms of three points, turned, and three more are a transform of nine."""
    target = make_target("dft", 9)
    scales = [gene("scale", "matching", choice=2 + 3), gene("scale", "matching", choice=2 + 6)]
    decoding = decoded(target, gene("dft3", "stride", i=2), *scales, gene("dft3", "matching"))
    assert [step.primitive.name for step in decoding.steps].count("dft3") == 3
    assert decoding.operations < decoded(target, gene("scale", "pair")).operations
    program = build_program(decoding, "complex")
    assert np.abs(program.execute(np.eye(9)).T - target.matrix).max() <= 1e-12


def test_a_block_without_parameter_writes_no_constant(blocks: None) -> None:
    target = make_target("dft", 3)
    decoding = decoded(target, gene("dft3", "stride", j=1))
    program = build_program(decoding, "complex")
    assert program.instructions[0] == Instruction("dft3", (0, 1, 2))
    assert program.count.operations == decoding.operations == 16
    assert exact_program(program, decoding, target.exact).is_exact
    assert prove(exact_program(program, decoding, target.exact), target).field == "Q(zeta_12)"


def test_a_parameter_needs_the_entries_that_it_is_made_of() -> None:
    assert 3 in candidates(np.array([[2.0, 6.0, 0.0]]), PLANAR3)
    assert np.isnan(candidates(np.array([[2.0, 0.0, 1.0]]), PLANAR3)).all()
    assert np.isnan(candidates(np.array([[1.0, 2.0, 0.0]]), WEIGHTED3)).all()


def test_parameters_without_inverse_are_not_used(blocks: None) -> None:
    assert not is_usable(CIRCULANT3, 1.0, is_real=True)
    assert not is_usable(CIRCULANT3, -0.5, is_real=True)
    assert is_usable(CIRCULANT3, 2.0, is_real=True)
    target = Target("mine", 3, np.ones((3, 3)), "real")
    assert decoded(target, gene("circulant3", "pair", 0, 0, 1, choice=1)).steps == ()


def test_real_data_take_real_parameters_alone() -> None:
    root = declared(lambda c: [[1, c, 0], [0, 1, 0], [0, 0, sympy.sqrt(c)]], name="root")
    assert is_usable(root, 2.0, is_real=True)
    assert not is_usable(root, -2.0, is_real=True)
    assert is_usable(root, -2.0, is_real=False)


def test_the_output_side_takes_the_transpose(blocks: None) -> None:
    target = Target("mine", 3, np.array(WEIGHTED3.rows(2.0)), "real")
    decoding = decoded(target, gene("weighted3", "pair", 1, 0, 1, choice=2))
    program = build_program(decoding, "real")
    assert np.abs(program.execute(np.eye(3)).T - target.matrix).max() <= 1e-12


def test_complex_blocks_leave_real_data_alone(blocks: None) -> None:
    target = make_target("wht", 8)
    genes = [gene("dft3", "pair", 0, 1, 2), gene("dft3", "matching")]
    assert decoded(target, *genes).steps == ()
    assert NumbaEvaluator(target).decode(np.array(genes, np.int16)).steps == ()
    with pytest.raises(ValueError, match="complex numbers of its own"):
        Program("factor", "real", 3, (Instruction("dft3", (0, 1, 2)),), (3, 4, 5))


def test_instructions_take_their_number_of_constants(blocks: None) -> None:
    with pytest.raises(ValueError, match="no constant"):
        Program("factor", "complex", 3, (Instruction("dft3", (0, 1, 2), (1.0,)),), (3, 4, 5))
    with pytest.raises(ValueError, match="1 constant"):
        Program("factor", "complex", 3, (Instruction("weighted3", (0, 1, 2)),), (3, 4, 5))


def test_conjugates_are_not_taken_for_equal_beside_complex_blocks() -> None:
    """A program with such a block cannot be conjugated by conjugating its constants."""
    known = np.random.default_rng(1).normal(size=(3, 3, 2)) @ [1, 1j]
    found = find_equivalence(known.conj(), known)
    assert found is not None
    assert found.is_conjugated
    with registered(PRIMITIVES, DFT3):
        assert find_equivalence(known.conj(), known) is None


def test_lowered_constants_are_exact() -> None:
    for block in (DFT3, ANGLES):
        assert all(isinstance(c, Exact) for c in derive(block).lowering.constants(1.0))
    assert derive(GIVENS).lowering.constants(0.3) == derive(GIVENS).lowering.numeric(0.3)


def test_nested_roots_are_said_to_lie_in_no_field() -> None:
    nested = declared(lambda: [[sympy.sqrt(2 + sympy.sqrt(2)), 0], [1, 1]], name="nested")
    with registered(PRIMITIVES, nested):
        program = Program("factor", "real", 2, (Instruction("nested", (0, 1)),), (2, 3))
        proof = prove(program, Target("mine", 2, program.matrix(), "real"))
    assert not proof.field


# The compiled kernel


def samples(target: Target, count: int = 16) -> Genomes:
    """Returns random genomes, most of whose genes are of the blocks of this file."""
    rng = np.random.default_rng(target.n)
    genomes = random_genomes(count, 8, 8, gene_space(target.matrix.shape), rng)
    genes = genomes.genes
    own = rng.integers(len(PRIMITIVES) - len(SET), len(PRIMITIVES), genes.shape[:2])
    genes[..., PRIMITIVE] = np.where(rng.random(own.shape) < 0.6, own, genes[..., PRIMITIVE])
    return genomes


def places(steps: tuple[Step, ...]) -> list[Any]:
    return [
        (step.primitive.name, step.place) if isinstance(step, BlockStep) else step.members
        for step in steps
    ]


@pytest.mark.parametrize("target", TARGET_SAMPLES, ids=target_name)
def test_scores_and_decodings_are_those_of_the_definition(blocks: None, target: Target) -> None:
    genomes, evaluator = samples(target), NumbaEvaluator(target)
    scores = evaluator.evaluate(genomes)
    batched = EVALUATORS.get("torch").make(target, 1, "cpu").evaluate(genomes)
    assert np.array_equal(batched.operations, scores.operations)
    assert np.array_equal(batched.prefixes, scores.prefixes)
    is_complex = target.domain == "complex"
    for k in range(len(genomes)):
        expected = decode(genomes[k], target.matrix, is_complex=is_complex)
        found = evaluator.decode(genomes[k])
        assert (scores.operations[k], scores.prefixes[k]) == (expected.operations, expected.prefix)
        assert places(found.steps) == places(expected.steps)
        assert np.allclose(found.remainder, expected.remainder, rtol=0, atol=1e-9)
        program = build_program(found, target.domain)
        assert program.count.operations <= expected.operations
    assert scores.errors.max() <= 1e-12


def test_all_blocks_are_used(blocks: None) -> None:
    used: set[str] = set()
    for target in TARGET_SAMPLES:
        evaluator = NumbaEvaluator(target)
        for k in range(len(samples(target))):
            steps = evaluator.decode(samples(target)[k]).steps
            used |= {step.primitive.name for step in steps if isinstance(step, BlockStep)}
    assert used >= {block.name for block in SET}


def test_threads_and_reuse_do_not_change_a_bit(blocks: None) -> None:
    target = TARGET_SAMPLES[0]
    expected = NumbaEvaluator(target, reuse=False).evaluate(samples(target, 32))
    scores = NumbaEvaluator(target, 3).evaluate(samples(target, 32))
    assert scores.operations.tobytes() == expected.operations.tobytes()
    assert scores.errors.tobytes() == expected.errors.tobytes()


# Kernels for other members


def test_the_built_in_set_has_the_built_in_kernel() -> None:
    assert factor_kernel_for(tuple(PRIMITIVES)) is factor_kernel
    assert expression_kernel_for(tuple(SCALARS)) is expression_kernel


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of its own, and no kernels in memory."""
    monkeypatch.setenv("EVOSYNTH_CACHE_DIR", str(tmp_path / "cache"))
    before = set(sys.modules)
    factor_kernel_for.cache_clear()
    yield tmp_path / "cache"
    for name in set(sys.modules) - before:
        if name.startswith("fitness.evaluators.factor_kernel_"):
            del sys.modules[name]
    factor_kernel_for.cache_clear()


OTHERS = declared(lambda: [[1, 1], [1, -3]], name="others")


def made() -> Any:
    """Returns the kernel with one block more, as a new process has it."""
    factor_kernel_for.cache_clear()
    for name in [name for name in sys.modules if name.startswith("fitness.evaluators.factor_ke")]:
        if name != factor_kernel.__name__ and "cache" in str(sys.modules[name].__file__):
            del sys.modules[name]
    return factor_kernel_for((*PRIMITIVES, OTHERS))


def test_a_kernel_lies_in_the_cache_and_is_named_by_its_text(folder: Path) -> None:
    kernel = made()
    assert (*PRIMITIVES.names(), "others") == kernel.BLOCKS
    (path,) = folder.glob("*.py")
    assert (Path(kernel.__file__), path.stem) == (path, kernel.__name__.rsplit(".", 1)[1])
    assert factor_kernel_for((*PRIMITIVES, OTHERS)) is kernel


@pytest.mark.parametrize("content", [b"", b"raise SystemExit(3)\n", b"\xff"])
def test_a_damaged_kernel_is_written_again_and_never_run(folder: Path, content: bytes) -> None:
    path = Path(made().__file__)
    sound = path.read_bytes()
    path.write_bytes(content)
    assert made().BLOCKS[-1] == "others"
    assert path.read_bytes() == sound
    assert [other for other in folder.iterdir() if other.suffix == ".tmp"] == []


def test_a_folder_that_cannot_be_made_is_replaced(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EVOSYNTH_CACHE_DIR", str(tmp_path / "file" / "below"))
    generated_kernels._temporary_folder.cache_clear()
    path = Path(made().__file__)
    assert path.parent.name.startswith("evosynth-kernels-")
    assert path.is_file()


def test_the_folder_is_that_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("EVOSYNTH_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert generated_kernels.cache_folder() == tmp_path / "evosynth" / "kernels"
    monkeypatch.setenv("EVOSYNTH_CACHE_DIR", str(tmp_path / "mine"))
    assert generated_kernels.cache_folder() == tmp_path / "mine"


def test_a_block_in_place_of_a_built_in_one_is_not_mixed_up(folder: Path) -> None:
    own = declared(lambda c: [[1, 2 * c], [0, 1]], name="shear")
    kernel = factor_kernel_for((*(b for b in PRIMITIVES if b.name != "shear"), own))
    assert kernel is not factor_kernel
    out: npt.NDArray[np.float64] = np.zeros(8)
    assert kernel.forward.py_func(3, 1.5, out) == 4
    assert out[1] == 3


def test_formulas_have_kernels_for_their_members(folder: Path) -> None:
    triangle = Scalar("triangle", lambda x: 2 * sympy.Abs(x - sympy.floor(x)), 1, "a wave")
    with registered(SCALARS, triangle):
        kernel = expression_kernel_for(tuple(SCALARS))
        assert kernel.SCALARS[-1] == "triangle"
        out = np.zeros(2)
        last = len(SCALARS) - 1
        kernel.apply.py_func(last, 2, out, np.array([0.25, 1.5]), out, False, 1.0, 0.0)
    assert out.tolist() == [0.5, 1.0]


def test_registries_say_that_they_changed() -> None:
    before = PRIMITIVES.edition
    with registered(PRIMITIVES, DFT3):
        assert PRIMITIVES.edition > before
        inside = PRIMITIVES.edition
        assert "dft3" in PRIMITIVES
    assert "dft3" not in PRIMITIVES
    assert PRIMITIVES.edition > inside
    with pytest.raises(UsageError, match="unknown primitive"):
        PRIMITIVES.remove("dft3")


def test_a_population_of_one_empty_genome(blocks: None) -> None:
    target = make_target("dft", 5)
    assert (
        NumbaEvaluator(target).evaluate(pack([[]], 1)).operations[0]
        == decode(np.zeros((0, 6), int), target.matrix, is_complex=True).operations
    )
