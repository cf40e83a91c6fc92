"""Whether a block keeps its promises: all that is derived from its matrix agrees with it."""

from __future__ import annotations

from importlib.util import find_spec
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.derive import derive
from dsl.exact_number import PARAMETER
from dsl.formats import render
from dsl.genome import PRIMITIVE
from dsl.grammars.factor.decode import decode
from dsl.primitives import PRIMITIVES, Primitive
from dsl.primitives.base import NO_PARAMETER
from dsl.program import Instruction, Program
from dsl.targets import make_target
from evosynth.conformance.steps import expect, expect_same, run_steps
from evosynth.engine.spec import gene_space
from evosynth.engine.turn import evaluator_for
from evosynth.engine.variation import random_genomes

# In general position; real ones for angles.
PARAMETERS = (0.37, -1.3, 0.81, 0.37 + 0.91j, -1.3 + 0.4j)
GENOMES, LONGEST = 24, 4
Matrix = npt.NDArray[np.complex128]


def check_block(block: Primitive, *, compiled: bool = False) -> tuple[str, ...]:
    """Checks a block primitive.

    Args:
        block: The block; for `compiled` it has to be registered.
        compiled: Also what takes long to compile: the kernel, the Numba and PyTorch forms.

    Returns:
        What was checked.

    Raises:
        EnvironmentMismatchError: Something is wrong; the message says what.
    """
    steps = {
        "name": lambda: expect(block.name.isidentifier(), f"expected a name, got '{block.name}'"),
        "matrix": lambda: _check_matrix(block),
        "inverse": lambda: _check_inverse(block),
        "lowering": lambda: _check_lowering(block),
        "transposed lowering": lambda: _check_lowering(block, is_transposed=True),
        "count": lambda: _check_count(block),
        "SymPy form": lambda: _check_form(block, "sympy"),
        "NumPy form": lambda: _check_form(block, "numpy"),
    }
    if compiled:
        steps |= {
            "Numba form": lambda: _check_form(block, "numba"),
            "kernel": lambda: _check_kernel(block),
        }
        if find_spec("torch"):  # an extra
            steps["PyTorch form"] = lambda: _check_form(block, "torch")
    return run_steps(f"primitive '{block.name}'", steps)


def _parameters(block: Primitive) -> tuple[complex, ...]:
    if not block.parameters:
        return (NO_PARAMETER,)
    return tuple(p for p in PARAMETERS if not (block.is_angle and p.imag))


def matrix_of(block: Primitive, parameter: complex) -> Matrix:
    """Returns a block's matrix: (points, points) complex128."""
    return np.array(block.rows(parameter), np.complex128)


def _check_matrix(block: Primitive) -> None:
    for parameter in _parameters(block):
        matrix = matrix_of(block, parameter)
        shape = (block.points, block.points)
        expect(matrix.shape == shape, f"expected {shape} entries, got {matrix.shape}")
        expect(np.isfinite(matrix).all(), f"entries are not finite at {parameter:g}")
        again = matrix_of(block, parameter)
        expect(np.array_equal(matrix, again), "it is another one when asked for again")
        smallest = np.linalg.svd(matrix, compute_uv=False)[-1]
        expect(smallest > 1e-9, f"it is singular at {parameter:g}")


def _check_inverse(block: Primitive) -> None:
    derived = derive(block)
    for parameter in _parameters(block):
        entries = derived.inverse.subs(PARAMETER, parameter).evalf().tolist()
        product = np.array(entries, complex) @ matrix_of(block, parameter)
        expect_same(product, np.eye(block.points), "its product with the matrix")


def _check_lowering(block: Primitive, *, is_transposed: bool = False) -> None:
    derived = derive(block)
    for parameter in _parameters(block):
        matrix = matrix_of(block, parameter)
        lowering = derived.transposed if is_transposed else derived.lowering
        expected = matrix.T if is_transposed else matrix
        expect_same(lowering.matrix(parameter), expected, "what it computes")


def program_of(block: Primitive, parameter: complex) -> Program:
    """Returns a program that does nothing but apply the block."""
    values = tuple(range(block.points))
    constants = (parameter,) if block.parameters else ()
    instruction = Instruction(block.name, values, constants)
    outputs = tuple(block.points + k for k in values)
    return Program("factor", "complex", block.points, (instruction,), outputs, "applied")


def _check_count(block: Primitive) -> None:
    for parameter in _parameters(block):
        program = program_of(block, parameter)
        expect_same(program.matrix(), matrix_of(block, parameter), "the code that is counted")
        expect(program.count.operations >= 0, "it is negative")


def _check_form(block: Primitive, form: str) -> None:
    """Runs what a format writes of the block beside its matrix, on random data."""
    rng = np.random.default_rng(7)
    parameter = _parameters(block)[0]
    data = rng.normal(size=(5, block.points)) + 1j * rng.normal(size=(5, block.points))
    program = program_of(block, parameter)
    module = ModuleType("applied_form")
    exec(compile(render(program, form), f"<{form} form>", "exec"), module.__dict__)
    found = _called(module, form, program, data)
    expect_same(found, data @ matrix_of(block, parameter).T, "what it computes")


def _called(module: ModuleType, form: str, program: Program, data: Matrix) -> Any:
    if form == "sympy":
        names = [(getattr(module, f"x{k}"), getattr(module, f"y{k}")) for k in range(data.shape[1])]
        rows = [
            {x: value for (x, _), value in zip(names, row, strict=True)} for row in data.tolist()
        ]
        return [[complex(y.subs(row)) for _, y in names] for row in rows]
    if form != "torch":
        return getattr(module, program.name)(data)
    torch = module.torch
    layer = next(v for v in vars(module).values() if _is_layer(v, torch))()
    return layer(torch.from_numpy(data)).detach().numpy()


def _is_layer(value: Any, torch: Any) -> bool:
    return isinstance(value, type) and issubclass(value, torch.nn.Module)


def _check_kernel(block: Primitive) -> None:
    """Compares the compiled decoder with the definition on random genomes with the block."""
    position = PRIMITIVES.index(block.name)
    for name, n in (("dft", 6), ("dct2", 8)):
        rng = np.random.default_rng(11)
        target = make_target(name, n)
        space = gene_space(target.matrix.shape)
        genomes = random_genomes(GENOMES, LONGEST, LONGEST, space, rng)
        is_used = np.arange(LONGEST) < genomes.lengths[:, None]
        is_ours = is_used & (rng.random(is_used.shape) < 0.8)
        genomes.genes[is_ours, PRIMITIVE] = position
        scores = evaluator_for(target.matrix, target.domain).evaluate(genomes)
        for k, found in enumerate(scores.operations.tolist()):
            known = decode(genomes[k], target.matrix, is_complex=target.domain == "complex")
            expected = known.operations
            expect(found == expected, f"{found} operations, {expected} by the definition")
