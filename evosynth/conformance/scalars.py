"""Whether a function of formulas keeps its promises: every form computes its expression."""

from __future__ import annotations

from importlib.util import find_spec
from types import ModuleType

import numpy as np
import numpy.typing as npt

from dsl.formats import render
from dsl.program import Instruction, Program
from dsl.scalars import SCALARS, Scalar
from dsl.scalars.derived import derive_scalar
from evosynth.conformance.steps import CheckError, expect, expect_same, run_steps

COUNT = 64


def check_scalar(scalar: Scalar, *, compiled: bool = False) -> tuple[str, ...]:
    """Checks a scalar primitive, which has to be registered.

    Args:
        scalar: The primitive.
        compiled: Also what takes long to compile: the Numba and PyTorch forms.

    Returns:
        What was checked.

    Raises:
        EnvironmentMismatchError: Something is wrong; the message says what.
    """
    steps = {
        "name": lambda: expect(scalar.name.isidentifier(), f"expected a name, got '{scalar.name}'"),
        "expression": lambda: _check_expression(scalar),
        "count": lambda: expect(
            derive_scalar(scalar.name).operations >= 0, "no operations are known"
        ),
        "derivative": lambda: _check_derivative(scalar),
        "NumPy form": lambda: _check_form(scalar, "numpy"),
        "SymPy form": lambda: render(program_of(scalar), "sympy"),
        "C form": lambda: render(program_of(scalar), "c"),
    }
    if compiled:
        steps |= {
            "Numba form": lambda: _check_form(scalar, "numba"),
        }
        if find_spec("torch"):  # an extra
            steps["PyTorch form"] = lambda: _check_form(scalar, "torch")
    return run_steps(f"primitive '{scalar.name}'", steps)


def _operands(scalar: Scalar) -> npt.NDArray[np.float64]:
    """Returns operands: (arity, count) float64."""
    return np.random.default_rng(5).uniform(-3, 3, (scalar.arity, COUNT))


def _values(scalar: Scalar) -> npt.NDArray[np.float64]:
    with np.errstate(all="ignore"):
        found = np.asarray(derive_scalar(scalar.name).numpy(*_operands(scalar)), float)
    return np.broadcast_to(found, (COUNT,))


def _check_expression(scalar: Scalar) -> None:
    expect(SCALARS.get(scalar.name) is scalar, "it is not registered")
    derived = derive_scalar(scalar.name)
    found, operands = _values(scalar), _operands(scalar)
    expect(np.isfinite(found).any(), "it is nowhere a finite number between -3 and 3")
    for k in np.flatnonzero(np.isfinite(found))[:8].tolist():
        values = dict(zip(derived.symbols, operands[:, k].tolist(), strict=True))
        expected = complex(derived.expression.subs(values).evalf())
        expect_same(found[k], expected, f"its value at {operands[:, k].tolist()}")


def _check_derivative(scalar: Scalar) -> None:
    """Compares derivatives with differences, but for a few places: there may be jumps."""
    derived, operands, step = derive_scalar(scalar.name), _operands(scalar), 1e-6
    for k, slope in enumerate(derived.gradient):
        shift = np.zeros_like(operands)
        shift[k] = step
        with np.errstate(all="ignore"):
            found = np.broadcast_to(np.asarray(slope(*operands), float), (COUNT,))
            above, below = derived.numpy(*(operands + shift)), derived.numpy(*(operands - shift))
            expected = np.broadcast_to((above - below) / (2 * step), (COUNT,))
        known = np.isfinite(found) & np.isfinite(expected)
        wrong = np.abs(found - expected)[known] > 1e-4 * (1 + np.abs(expected[known]))
        if known.any() and wrong.mean() > 0.2:
            raise CheckError(f"by operand {k} it is not that of the expression")


def program_of(scalar: Scalar) -> Program:
    """Returns a program that does nothing but apply the primitive."""
    operands = tuple(range(scalar.arity))
    instruction = Instruction(scalar.name, operands, ())
    return Program("expression", "real", scalar.arity, (instruction,), (scalar.arity,), "applied")


def _check_form(scalar: Scalar, form: str) -> None:
    program, operands = program_of(scalar), _operands(scalar)
    module = ModuleType("applied_form")
    exec(compile(render(program, form), f"<{form} form>", "exec"), module.__dict__)
    expected = _values(scalar)
    with np.errstate(all="ignore"):
        if form == "torch":
            torch = module.torch
            kinds = (v for v in vars(module).values() if isinstance(v, type))
            layer = next(kind for kind in kinds if issubclass(kind, torch.nn.Module))()
            found = layer(torch.from_numpy(operands.T.copy())).detach().numpy()
        else:
            found = getattr(module, program.name)(operands.T.copy())
    known = np.isfinite(expected)
    expect_same(np.asarray(found).reshape(-1)[known], expected[known], "what it computes")
