"""Everything that follows from a primitive's matrix, derived with SymPy.

The columns (a, b) of a remainder K become (a, b) B^-1 when the block B is moved out of
K. From that: which parameters make an entry zero (or, for a block that can make none
zero, one), how a pair of entries with a zero fills in, and how to compute B x
and B^T x with additions and multiplications by constants.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import sympy

from dsl.errors import EnvironmentMismatchError
from dsl.exact_number import PARAMETER, Exact, number_of
from dsl.primitives.base import Primitive
from dsl.straightline import UNITS, Ref

ENTRIES = sympy.symbols("a b")


class Step(NamedTuple):
    """One operation of a lowering: `left + right`, or `constant(p) * left`."""

    kind: Literal["add", "scale"]
    left: Ref
    right: Ref
    constant: sympy.Expr


@dataclass(frozen=True, slots=True)
class Lowering:
    """How to compute a block: steps on values 0 .. points - 1, then the results.

    Attributes:
        steps: Operations; the k-th defines value points + k.
        results: Where the block's results are.
        numeric: Parameter -> the constants of the scale steps, in order, as doubles.
    """

    steps: tuple[Step, ...]
    results: tuple[Ref, ...]
    numeric: Callable[[complex], tuple[complex, ...]]

    def constants(self, parameter: complex) -> tuple[complex, ...]:
        """Returns the constants of the scale steps, in order; exact if the parameter is."""
        if not isinstance(parameter, Exact):
            return self.numeric(parameter)
        expressions = (step.constant for step in self.steps if step.kind == "scale")
        return tuple(Exact(number_of(e, parameter.number)) for e in expressions)

    def matrix(self, parameter: complex) -> npt.NDArray[np.complex128]:
        """Returns the matrix that the steps compute: (points, points) complex128."""
        values = list(np.eye(len(self.results), dtype=complex))
        factors = iter(self.constants(parameter))

        def read(ref: Ref) -> npt.NDArray[np.complex128]:
            return values[ref.value] * UNITS[ref.unit]

        for step in self.steps:
            if step.kind == "add":
                values.append(read(step.left) + read(step.right))
            else:
                values.append(read(step.left) * next(factors))
        return np.stack([read(ref) for ref in self.results])


@dataclass(frozen=True, slots=True)
class Derivation:
    """What the system knows of a primitive beside its name.

    Attributes:
        matrix: (points, points) SymPy matrix in the parameter `p`.
        inverse: Its inverse.
        candidates: Parameters, as expressions in a remainder row's entries a and b, that
            make one entry of the transformed row zero (or one).
        makes_zeros: The candidates zero an entry; otherwise they make it one.
        turns: A candidate stands for itself times all powers of i (4), times 1 and -1
            (2), or for itself alone (1): the block does the same with any of them.
        filled: Non-zeros that a row (a, 0), and a row (0, b), have afterwards.
        lowering: How to compute B x.
        transposed: How to compute B^T x.
    """

    matrix: sympy.Matrix
    inverse: sympy.Matrix
    candidates: tuple[sympy.Expr, ...]
    makes_zeros: bool
    turns: int
    filled: tuple[int, ...]
    lowering: Lowering
    transposed: Lowering

    @property
    def is_ordered(self) -> bool:
        """Whether the block on (b, a) may gain what it does not on (a, b)."""
        return len(set(self.filled)) > 1


@lru_cache(maxsize=256)
def derive(primitive: Primitive) -> Derivation:
    """Derives everything from the primitive's matrix, and checks it on numbers.

    Raises:
        EnvironmentMismatchError: The matrix is not square, singular, of more than two
            points, gives no candidate for its parameter, or is beyond what can be derived.
    """
    try:
        derivation = _derive(primitive)
        _check(primitive, derivation)
    except EnvironmentMismatchError as error:
        raise EnvironmentMismatchError(
            f"primitive '{primitive.name}': {error}", error.hint
        ) from error
    except Exception as error:  # a stranger's function, and SymPy on whatever it returns
        reason = f"{type(error).__name__}: {error}".split("\n")[0][:100]
        raise EnvironmentMismatchError(
            f"primitive '{primitive.name}': its matrix cannot be used: {reason}"
        ) from error
    return derivation


def _derive(primitive: Primitive) -> Derivation:
    rows = [list(row) for row in primitive.matrix(PARAMETER)]
    if not 1 <= len(rows) <= len(ENTRIES) or any(len(row) != len(rows) for row in rows):
        shape = f"{len(rows)} x {len(rows[0]) if rows else 0}"
        raise EnvironmentMismatchError(f"expected a square matrix of 1 or 2 points, got {shape}")
    matrix = sympy.Matrix(rows).applyfunc(lambda e: sympy.nsimplify(e, rational=True))
    if sympy.simplify(matrix.det()) == 0:
        raise EnvironmentMismatchError("its matrix is singular")
    inverse = matrix.inv().applyfunc(sympy.simplify)
    row = sympy.Matrix([ENTRIES[: matrix.rows]]) * inverse
    zeros = _solutions(primitive, row, 0)
    candidates = zeros or _solutions(primitive, row, 1)
    if not candidates:
        raise EnvironmentMismatchError(
            "no entry of the transformed columns can be solved for the parameter",
            "the matrix must depend on its parameter",
        )
    turns = 1 if zeros else 4
    if len(zeros) == 2 and sympy.simplify(zeros[0] + zeros[1]) == 0:
        candidates, turns = zeros[1:], 2
    return Derivation(
        matrix,
        inverse,
        tuple(candidates),
        bool(zeros),
        turns,
        tuple(sum(entry != 0 for entry in inverse.row(k)) for k in range(matrix.rows)),
        _lower(matrix),
        _lower(matrix.T),
    )


# Parameters and entries in general position, at which derived formulas are tried.
SAMPLES = ((0.7, 0.3, -0.8), (1.9, -1.1, 0.6))


def _check(primitive: Primitive, derivation: Derivation) -> None:
    """Checks on numbers that candidates do what they promise and lowerings compute B."""
    goal = 0 if derivation.makes_zeros else 1
    for parameter, *entries in SAMPLES:
        matrix = np.array(primitive.matrix(parameter), complex)
        for lowering, expected in (
            (derivation.lowering, matrix),
            (derivation.transposed, matrix.T),
        ):
            if not np.allclose(lowering.matrix(parameter), expected):
                raise EnvironmentMismatchError("its lowering computes another matrix")
        values = dict(zip(ENTRIES, entries, strict=True))
        for candidate in derivation.candidates:
            solved = complex(candidate.subs(values))
            turns = [solved * 1j ** (4 * k // derivation.turns) for k in range(derivation.turns)]
            for turned in turns:
                block = np.array(primitive.matrix(turned), complex)
                row = np.array(entries[: len(block)]) @ np.linalg.inv(block)
                # A turned candidate gives a zero, or one times a free factor.
                distance = abs(np.abs(row) - goal).min()
                if distance > 1e-9 or not np.isfinite(row).all():
                    raise EnvironmentMismatchError("a candidate parameter does not solve it")


def _solutions(primitive: Primitive, row: sympy.Matrix, goal: int) -> list[sympy.Expr]:
    """Solves each entry of the transformed row for `goal`."""
    found: list[sympy.Expr] = []
    for entry in row:
        if primitive.is_angle:
            # Homogeneous in (cos, sin): divide by cos and solve for the tangent.
            tangent = sympy.Symbol("tangent")
            ratio = sympy.simplify(entry / sympy.cos(PARAMETER)).rewrite(sympy.tan)
            ratio = sympy.simplify(ratio).subs(sympy.tan(PARAMETER), tangent)
            roots = [sympy.atan(root) for root in sympy.solve(ratio - goal, tangent)]
        else:
            roots = sympy.solve(entry - goal, PARAMETER)
        found.extend(root for root in roots if root not in found)
    return found


def _lower(matrix: sympy.Matrix) -> Lowering:
    """Finds the operations for matrix * x: factored, common subexpressions shared."""
    inputs = sympy.symbols(f"x0:{matrix.cols}")
    atoms = sorted(
        {f for entry in matrix for f in entry.atoms(sympy.Function)}, key=sympy.default_sort_key
    )
    opaque = {atom: sympy.Symbol(f"constant{k}") for k, atom in enumerate(atoms)}
    products = [sympy.factor(entry.subs(opaque)) for entry in matrix * sympy.Matrix(inputs)]
    shared, outputs = sympy.cse(products, symbols=sympy.numbered_symbols("shared"))
    writer = _StepWriter(inputs, {symbol: atom for atom, symbol in opaque.items()})
    for symbol, expression in shared:
        writer.define(symbol, expression)
    results = tuple(writer.reference(expression) for expression in outputs)
    expressions = [step.constant for step in writer.steps if step.kind == "scale"]
    numeric = sympy.lambdify(PARAMETER, tuple(expressions), "cmath")
    return Lowering(tuple(writer.steps), results, numeric)


class _StepWriter:
    """Turns SymPy expressions that are linear in the data into steps."""

    def __init__(self, inputs: Sequence[sympy.Symbol], atoms: dict[Any, Any]) -> None:
        self.steps: list[Step] = []
        self._known = {symbol: Ref(k) for k, symbol in enumerate(inputs)}
        self._points = len(inputs)
        self._atoms = atoms

    def define(self, symbol: sympy.Symbol, expression: sympy.Expr) -> None:
        self._known[symbol] = self.reference(expression)

    def reference(self, expression: sympy.Expr) -> Ref:
        """Returns where the expression's value is, adding the steps that make it."""
        if expression in self._known:
            return self._known[expression]
        if expression.is_Add:
            terms = sorted(expression.args, key=self._position)
            first, *rest = (self.reference(term) for term in terms)
            for term in rest:
                first = self._emit(Step("add", first, term, sympy.Integer(1)))
            return first
        data = [f for f in sympy.Mul.make_args(expression) if f.free_symbols & set(self._known)]
        constant = sympy.cancel(expression / data[0])
        unit = 0
        if constant.could_extract_minus_sign():
            constant, unit = -constant, 2
        reference = self.reference(data[0])
        if constant != 1:
            step = Step("scale", reference, Ref(-1), constant.subs(self._atoms))
            reference = self._emit(step)
        return reference.times(unit)

    def _position(self, term: sympy.Expr) -> int:
        """Orders the terms of a sum by their data, as people would write them."""
        return min(self._known[s].value for s in term.free_symbols if s in self._known)

    def _emit(self, step: Step) -> Ref:
        for position, earlier in enumerate(self.steps):
            if earlier == step:
                return Ref(self._points + position)
        self.steps.append(step)
        return Ref(self._points + len(self.steps) - 1)
