"""The constants of a decoding as exact numbers: its steps repeated in exact arithmetic.

A decoder solves constants from the remainder in doubles. Repeating its steps on the exact
matrix gives the same constants as quotients in the target's cyclotomic field; or, where
a rotation leaves the field, to sixty digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import flint
import numpy as np
import numpy.typing as npt
import sympy

from dsl.constants import recognise
from dsl.cyclotomic import BITS, ONE, Cyclotomic, I
from dsl.derive import ENTRIES, derive
from dsl.exact_number import DIGITS, PARAMETER, Exact, ball, expression_of, function_of, number_of
from dsl.grammars.factor.decode import Decoding
from dsl.grammars.factor.remainder import is_same
from dsl.grammars.factor.steps import BlockStep, SumStep
from dsl.primitives import Primitive
from dsl.program import Program
from dsl.straightline import UNITS
from dsl.targets.exact_matrix import ExactMatrix

# Entries below this are zero: they are of moderate size and known to 77 digits.
VANISHING = 1e-40
# Steps times rows of the matrix.
MOST_WORK = 1 << 14
FUNCTIONS = ("cos", "sin", "tan")

Line = npt.NDArray[Any]  # of numbers, None where they are zero


class _OutsideError(ArithmeticError):
    """A number that the arithmetic does not hold."""


class _Arithmetic(Protocol):
    """Numbers with +, -, * and /, and what else a replay needs."""

    units: Sequence[Any]
    functions: dict[str, Callable[[Any], Any]]

    def number(self, value: Cyclotomic) -> Any:
        """Returns an entry of the target; None for zero."""

    def angle(self, step: BlockStep, solve: Callable[[], Any]) -> Any:
        """Returns an angle, the solved one if the arithmetic can solve for it."""

    def constant(self, number: sympy.Expr) -> Any:
        """Returns a number of a block's matrix."""

    def tidied(self, number: Any) -> Any:
        """Returns a number; None for zero."""

    def exact(self, number: Any) -> Exact:
        """Returns a number as a constant."""


class _Field:
    """The cyclotomic fields; cosines of angles must lie in them."""

    units: Sequence[Any] = (ONE, I, -ONE, -I)

    def __init__(self) -> None:
        self.functions = {name: _inside(getattr(sympy, name)) for name in FUNCTIONS}
        self.functions["atan"] = lambda number: sympy.atan(expression_of(number.reduced()))

    def number(self, value: Cyclotomic) -> Any:
        return value or None

    def angle(self, step: BlockStep, solve: Callable[[], Any]) -> Any:
        turns = recognise(step.parameter.real / np.pi, 1)
        return solve() if turns is None or not turns.is_Rational else turns * sympy.pi

    def constant(self, number: sympy.Expr) -> Any:
        constant = number_of(number)
        if not isinstance(constant, Cyclotomic):
            raise _OutsideError
        return constant

    def tidied(self, number: Any) -> Any:
        return number or None

    def exact(self, number: Any) -> Exact:
        return Exact(number)


def _inside(function: Any) -> Callable[[Any], Any]:
    def evaluate(argument: Any) -> Any:
        number = function_of(function, argument)
        if not isinstance(number, Cyclotomic):
            raise _OutsideError
        return number

    return evaluate


class _Balls:
    """Enclosures at the working precision."""

    def __init__(self) -> None:
        self.units: Sequence[Any] = tuple(flint.acb(unit) for unit in UNITS)
        self.functions = {name: getattr(flint.acb, name) for name in (*FUNCTIONS, "atan", "sqrt")}

    def number(self, value: Cyclotomic) -> Any:
        return value.ball() if value else None

    def angle(self, step: BlockStep, solve: Callable[[], Any]) -> Any:
        return flint.acb(solve().real)

    def constant(self, number: sympy.Expr) -> Any:
        return ball(number_of(number))

    def tidied(self, number: Any) -> Any:
        return None if float(number.abs_upper()) < VANISHING else number

    def exact(self, number: Any) -> Exact:
        parts = (part.str(DIGITS, radius=False) for part in (number.real, number.imag))
        real, imaginary = (sympy.Float(part, DIGITS) for part in parts)
        return Exact(real + sympy.I * imaginary if abs(imaginary) > VANISHING else real)


def exact_program(program: Program, decoding: Decoding, matrix: ExactMatrix | None) -> Program:
    """Returns a decoding's program with its constants as exact numbers, where they are known.

    Args:
        program: Of the decoding.
        decoding: Of the matrix.
        matrix: The target; None where it is given in floats.
    """
    exact = program.with_exact_constants()
    if exact.is_exact or matrix is None:
        return exact
    return program.with_exact_constants(exact_constants(decoding, matrix))


def exact_constants(decoding: Decoding, matrix: ExactMatrix) -> list[Exact]:
    """Returns the parameters of the steps and the entries of the remainder.

    Args:
        decoding: Of the matrix.
        matrix: The target.

    Returns:
        The numbers in no order; none if the steps cannot be repeated.
    """
    if len(decoding.steps) * max(matrix.places.shape) > MOST_WORK:
        return []
    with flint.ctx.workprec(BITS):
        for arithmetic in (_Field(), _Balls()):
            try:
                return _repeat(decoding, matrix, arithmetic)
            except (ArithmeticError, NameError, TypeError):  # of a stranger's primitive, too
                continue
    return []


def _repeat(decoding: Decoding, matrix: ExactMatrix, arithmetic: _Arithmetic) -> list[Exact]:
    values = [arithmetic.number(value) for value in matrix.values]
    remainder = np.array([*values, None], dtype=object)[matrix.places]
    numbers = []
    for step in decoding.steps:
        if isinstance(step, SumStep):
            remainder = _grown(remainder, step.is_output_side)
        view = remainder.T if step.is_output_side else remainder
        if isinstance(step, SumStep):
            numbers.extend(_move_sum(view, step, arithmetic))
        else:
            numbers.append(_move_block(view, step, arithmetic))
    entries = {id(entry): entry for entry in remainder.ravel() if entry is not None}
    return [arithmetic.exact(number) for number in (*numbers, *entries.values())]


def _grown(remainder: Line, is_output_side: bool) -> Line:
    """Returns a remainder with a row or column of zeros more."""
    rows, columns = remainder.shape
    grown = np.full((rows + is_output_side, columns + (not is_output_side)), None, dtype=object)
    grown[:rows, :columns] = remainder
    return grown


def _move_block(view: npt.NDArray[Any], step: BlockStep, arithmetic: _Arithmetic) -> Any:
    """Moves a block out of the remainder; returns its parameter."""
    columns = list(step.place)
    parameter = _parameter(view[:, columns], step, arithmetic)
    inverse = _inverse(step.primitive, parameter, arithmetic)
    for row in view:
        row[columns] = _moved(row[columns], inverse, arithmetic)
    return parameter


def _move_sum(view: npt.NDArray[Any], step: SumStep, arithmetic: _Arithmetic) -> list[Any]:
    """Moves a sum out of the remainder; returns its factors."""
    factors = [_factor(view, step, k, arithmetic) for k in range(len(step.members))]
    for row, source in zip(view, step.sources, strict=True):
        if source < 0:
            continue
        weight = row[step.members[source]] / factors[source]
        for column, factor in zip(step.members, factors, strict=True):
            taken = weight * factor
            entry = row[column]
            row[column] = arithmetic.tidied(-taken if entry is None else entry - taken)
        row[step.value] = weight
    return factors


def _factor(view: npt.NDArray[Any], step: SumStep, k: int, arithmetic: _Arithmetic) -> Any:
    """Returns the exact factor of a member: a unit, or a quotient of two entries of a row."""
    for unit, exact in zip(UNITS, arithmetic.units, strict=True):
        if is_same(step.factors[k], unit):
            return exact
    for row in view[:, [step.members[0], step.members[k]]]:
        if all(entry is not None for entry in row):
            quotient = row[1] / row[0]
            if is_same(step.factors[k], complex(quotient)):
                return quotient
    raise _OutsideError


def _parameter(entries: npt.NDArray[Any], step: BlockStep, arithmetic: _Arithmetic) -> Any:
    """Returns the exact parameter that a step has in doubles."""

    def solve() -> Any:
        for row in entries:
            known = dict(zip(ENTRIES, row, strict=False))
            for formula in derive(block).candidates:
                needed = known if block.is_pairwise else formula.free_symbols
                if any(known[entry] is None for entry in needed):
                    continue
                candidate = _value(formula, known, arithmetic)
                for unit in (1,) if block.is_angle else arithmetic.units:
                    if is_same(step.parameter, complex(candidate * unit)):
                        return candidate * unit
        raise _OutsideError

    block = step.primitive
    if not block.parameters:
        return arithmetic.units[0]
    if block.is_angle:
        return arithmetic.angle(step, solve)
    for unit, exact in zip(UNITS, arithmetic.units, strict=True):
        if is_same(step.parameter, unit):
            return exact
    return solve()


def _inverse(block: Primitive, parameter: Any, arithmetic: _Arithmetic) -> list[list[Any]]:
    """Returns the block's inverse at a parameter."""
    known = {PARAMETER: parameter}
    return [
        [_value(entry, known, arithmetic) for entry in row]
        for row in derive(block).inverse.tolist()
    ]


def _value(expression: sympy.Expr, known: dict[Any, Any], arithmetic: _Arithmetic) -> Any:
    """Returns the value of a derived expression; whole numbers stay integers."""
    if expression in known:
        return known[expression]
    if expression.is_Integer:
        return int(expression)
    if expression.is_number:
        return arithmetic.constant(expression)
    values = [_value(argument, known, arithmetic) for argument in expression.args]
    if expression.is_Add:
        return sum(values[1:], start=values[0])
    if expression.is_Mul:
        return math.prod(values[1:], start=values[0])
    if expression.is_Pow:
        return _power(values[0], expression.exp, arithmetic)
    function = arithmetic.functions.get(expression.func.__name__)
    if function is None:
        raise _OutsideError
    return function(values[0])


def _power(base: Any, exponent: sympy.Expr, arithmetic: _Arithmetic) -> Any:
    if not exponent.is_Integer:
        root = arithmetic.functions.get("sqrt")
        if root is None or not (2 * exponent).is_Integer:
            raise _OutsideError
        base, exponent = root(base), 2 * exponent
    power = math.prod([base] * (abs(int(exponent)) - 1), start=base)
    return power if exponent > 0 else 1 / power


def _moved(row: Line, inverse: Sequence[Sequence[Any]], arithmetic: _Arithmetic) -> Line:
    """Returns a row times the inverse."""
    moved = np.full(len(row), None, dtype=object)
    for column in range(len(row)):
        terms = [
            entry * inverse[k][column]
            for k, entry in enumerate(row)
            if entry is not None and not _is_zero(inverse[k][column])
        ]
        if terms:
            moved[column] = arithmetic.tidied(sum(terms[1:], start=terms[0]))
    return moved


def _is_zero(number: Any) -> bool:
    return isinstance(number, int) and number == 0
