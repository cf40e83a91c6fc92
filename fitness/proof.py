"""Proof that a program computes its target: its code replayed in exact numbers.

Replayed are the program as written, the simplified code and the real code that is counted
and exported, each on every unit vector. In a cyclotomic field equality is decided; where
constants or entries lie in none, enclosures of 50 digits and more bound the difference.

Where a target admits factors of its outputs, each is the quotient of one entry found and
wanted: it must be real and positive, and all other entries must agree with it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, TypeAlias

import flint
import numpy as np
import numpy.typing as npt

from dsl.accuracy import EXACT, NO_FACTOR, largest_row
from dsl.cyclotomic import (
    BITS,
    ONE,
    ZERO,
    Cyclotomic,
    I,
    TooLargeError,
    common_order,
    modulus,
)
from dsl.exact_number import ball, is_exact, number_in
from dsl.program import Program
from dsl.straightline import Code
from dsl.targets.base import Target
from dsl.targets.exact_matrix import ExactMatrix
from dsl.targets.scaling import UP_TO, Scaling

# What is left of 77 digits after thousands of operations on numbers of moderate size.
FIFTY_DIGITS = 1e-50
# The factor of an output: one entry found, over the same entry wanted, which is not zero.
Factor: TypeAlias = tuple[Cyclotomic, Cyclotomic]
Vector: TypeAlias = list[Cyclotomic]
# Operations times inputs, and the same times the degree of the field.
MOST_STEPS = 1 << 24
MOST_WORK = 1 << 29


@dataclass(frozen=True, slots=True)
class Proof:
    """How exactly a program computes its target.

    Attributes:
        field: "Q" or "Q(zeta_N)" where equality was proved, "" otherwise.
        error: Largest relative error of an output in at least 50 digits, constants as
            written; 0 if proved, infinite if the program was too large to replay.
        obstacle: What stood against a proof; "" if proved.
        is_given_in_floats: The target's entries are doubles, not exact numbers.
        is_refuted: Equality was decided, and it does not hold.
        scaling: Up to which factors of the outputs the program was compared.
    """

    field: str
    error: float
    obstacle: str
    is_given_in_floats: bool = False
    is_refuted: bool = False
    scaling: Scaling = "exact"

    @property
    def verdict(self) -> str:
        """What a program file may claim; "" if the program is not exact."""
        up_to = f" {UP_TO[self.scaling]}".rstrip()
        if self.field:
            return f"proved in {self.field}{up_to}"
        if self.is_given_in_floats and self.error <= EXACT:
            return f"verified in 50 digits{up_to}, target given in floats"
        is_close = self.error <= FIFTY_DIGITS and not self.is_refuted
        return f"verified in 50 digits{up_to}" if is_close else ""

    @property
    def summary(self) -> str:
        """One line for people."""
        if self.field:
            return self.verdict
        measured = f"relative error {self.error:.1e} in 50 digits"
        if not math.isfinite(self.error):
            return f"not proved: {self.obstacle}"
        return f"{self.verdict or 'not proved'}: {self.obstacle}; {measured}"


def prove(program: Program, target: Target) -> Proof:
    """Proves that a program computes its target, or says how far it is from it.

    Up to the factors of the outputs that the target admits.

    Raises:
        ValueError: The program is made of formulas.
    """
    if not program.is_linear:
        raise ValueError(f"expected a program for a matrix, got formulas: '{program.name}'")
    return replace(_prove(program, target), scaling=target.scaling)


def _prove(program: Program, target: Target) -> Proof:
    codes = [program.lower(), program.plain_code, program.code]
    is_given_in_floats = target.exact is None
    steps = max(len(code.operations) * code.inputs for code in codes)
    if steps > MOST_STEPS:
        return Proof("", math.inf, "too large to replay", is_given_in_floats)
    error = max(_error(code, target) for code in codes)
    obstacle = _obstacle(codes, target)
    if target.exact is None or obstacle or error > FIFTY_DIGITS:
        return Proof("", error, obstacle or "it computes another matrix", is_given_in_floats)
    try:
        order = _order(codes, target.exact)
    except TooLargeError as problem:
        return Proof("", error, f"it needs {problem}")
    if steps * modulus(order).degree() > MOST_WORK:
        return Proof("", error, f"too large to replay in a field of order {order}")
    if all(_is_equal(code, target.exact, order, target.scaling) for code in codes):
        return Proof(f"Q(zeta_{order})" if order > 2 else "Q", 0.0, "")
    return Proof("", error, "it computes another matrix", is_refuted=True)


def _obstacle(codes: list[Code], target: Target) -> str:
    """Returns why a program cannot be replayed in a cyclotomic field; "" if it can."""
    if target.exact is None:
        return "a matrix of floats is not exact"
    for constant in (c for code in codes for c in _constants(code)):
        if not is_exact(constant):
            return f"the constant {_brief(constant)} is a decimal"
        if not isinstance(number_in(constant), Cyclotomic):
            return f"the constant {_brief(constant)} lies in no cyclotomic field that is tried"
    return ""


def _brief(constant: complex) -> str:
    return f"{complex(constant):.6g}" if constant.imag else f"{constant.real:.6g}"


def _constants(code: Code) -> list[complex]:
    return [operation.constant for operation in code.operations if operation.kind == "scale"]


def _order(codes: list[Code], matrix: ExactMatrix) -> int:
    """Returns the order of a field that holds every number of the replay."""
    numbers = [number_in(constant) for code in codes for constant in _constants(code)]
    numbers += [part.reduced() for value in matrix.values for part in value.parts()]
    is_complex = any(code.domain == "complex" for code in codes)
    return reduce(common_order, (n.order for n in numbers if n), 4 if is_complex else 1)


def _is_equal(code: Code, matrix: ExactMatrix, order: int, scaling: Scaling) -> bool:
    constants = [number_in(c).lifted(order) for c in _constants(code)]
    units = [unit.lifted(order) if order % 4 == 0 else unit for unit in (ONE, I, -ONE, -I)]
    values = [value.reduced().lifted(order) for value in matrix.values]
    wanted = _columns(code, [value.parts() for value in values], values, matrix.places)
    one = ONE.lifted(order)
    groups = _groups(code, len(matrix.places), scaling)
    factors: dict[int, Factor] = {}
    for k, expected in enumerate(wanted):
        inputs = [one if j == k else None for j in range(code.inputs)]
        column = _replay(code, constants, units, inputs)
        found = [x or ZERO for x in column]
        if scaling != "exact":
            is_same = _agrees(factors, groups, found, expected)
        else:
            is_same = all(x == y for x, y in zip(found, expected, strict=True))
        if not is_same:
            return False
    return True


def _groups(code: Code, rows: int, scaling: Scaling) -> list[int]:
    """Returns which factor every output of code has: parts of complex outputs have one."""
    outputs = len(code.outputs)
    return [0 if scaling == "common" else k * rows // outputs for k in range(outputs)]


def _agrees(factors: dict[int, Factor], groups: list[int], found: Vector, wanted: Vector) -> bool:
    """Compares a column up to factors, and adds those that it is the first to tell."""
    for group, x, y in zip(groups, found, wanted, strict=True):
        if y and group not in factors:
            if not _is_positive(x * y.conjugate()):
                return False
            factors[group] = x, y
        if group in factors:
            entry, other = factors[group]
            if x * other != entry * y:
                return False
        elif x:
            return False
    return True


def _is_positive(number: Cyclotomic) -> bool:
    """Tells whether a number is real and positive."""
    if not number or number.conjugate() != number:
        return False
    with flint.ctx.workprec(BITS):
        return bool(number.ball().real > 0)


def _error(code: Code, target: Target) -> float:
    """Returns the largest relative error of an output, rounded upwards."""
    with flint.ctx.workprec(BITS):
        constants = [ball(number_in(constant)) for constant in _constants(code)]
        units = [flint.acb(unit) for unit in (1, 1j, -1, -1j)]
        values, places = _balls(target)
        parts = [(value.real, value.imag) for value in values]
        columns = list(_columns(code, parts, values, places))
        wanted = flint.acb_mat([list(row) for row in zip(*columns, strict=True)])
        # Rows of coefficients are added all at once, at the speed of compiled code.
        nothing = flint.acb_mat(1, code.inputs)
        inputs = [_unit_row(code.inputs, k) for k in range(code.inputs)]
        rows = _replay(code, constants, units, inputs)
        found = flint.acb_mat([(nothing if row is None else row).entries() for row in rows])
        if target.scaling != "exact":
            groups = _groups(code, len(target.matrix), target.scaling)
            divisors = _balls_of_factors(groups, found, wanted)
            if divisors is None:
                return NO_FACTOR
            pairs = zip(found.table(), divisors, strict=True)
            found = flint.acb_mat([[x / divisor for x in row] for row, divisor in pairs])
        differences = [float(x.abs_upper()) for x in (found - wanted).entries()]
    sizes = np.array(differences).reshape(len(rows), code.inputs)
    if len(sizes) != len(target.matrix):  # real and imaginary parts of complex outputs
        real, imaginary = (np.hypot(sizes[0::2, k::2], sizes[1::2, k::2]) for k in (0, 1))
        sizes = np.maximum(real, imaginary)
    return largest_row(sizes, target.matrix)


def _balls_of_factors(
    groups: list[int], found: flint.acb_mat, wanted: flint.acb_mat
) -> list[flint.arb] | None:
    """Returns the factors of the rows; None if one is not positive.

    Each is read where the wanted entry is largest; rows of zeros have the factor 1.
    """
    sizes = np.array([[float(x.abs_upper()) for x in row] for row in wanted.table()])
    factors: dict[int, flint.arb] = {}
    for group in dict.fromkeys(groups):
        rows = np.flatnonzero(np.array(groups) == group)
        row, column = divmod(int(np.argmax(sizes[rows])), sizes.shape[1])
        place = int(rows[row]), column
        factor = (found[place] / wanted[place]).real if sizes[place] else flint.arb(1)
        if not factor > 0:  # of enclosures: certainly, or it is refused
            return None
        factors[group] = factor
    return [factors[group] for group in groups]


def _unit_row(size: int, k: int) -> flint.acb_mat:
    row = flint.acb_mat(1, size)
    row[0, k] = 1
    return row


def _balls(target: Target) -> tuple[list[flint.acb], npt.NDArray[np.intp]]:
    """Returns the target's distinct entries as enclosures, and where they are."""
    if target.exact is not None:
        return [value.ball() for value in target.exact.values], target.exact.places
    distinct, places = np.unique(target.matrix, return_inverse=True)
    return [flint.acb(complex(v)) for v in distinct], places.reshape(target.matrix.shape)


def _columns(
    code: Code, parts: list[tuple[Any, Any]], values: list[Any], places: npt.NDArray[np.intp]
) -> Iterator[list[Any]]:
    """Yields the columns that code must compute; real code of complex data has two for one."""
    for column in places.T:
        if code.inputs == places.shape[1]:
            yield [values[place] for place in column]
        else:
            chosen = [parts[place] for place in column]
            yield [part for re, im in chosen for part in (re, im)]
            yield [part for re, im in chosen for part in (-im, re)]


def _replay(code: Code, constants: list[Any], units: list[Any], inputs: Sequence[Any]) -> list[Any]:
    """Runs code on numbers, or rows of numbers, of any kind; None is zero."""
    factors = iter(constants)
    values = [*inputs, *[None] * (len(code.operations) + 1)]  # the last is zero
    unread = Counter(ref.value for operation in code.operations for ref in operation.operands)
    unread.update(ref.value for ref in code.outputs)

    def read(value: int, unit: int) -> Any:
        number = values[value]
        unread[value] -= 1
        if not unread[value]:
            values[value] = None  # rows of large programs would fill the memory
        return number if number is None or unit == 0 else number * units[unit]

    for position, operation in enumerate(code.operations, code.inputs):
        left = read(*operation.left)
        if operation.kind == "scale":
            factor = next(factors)
            values[position] = None if left is None else left * factor
        else:
            right = read(*operation.right)
            both = left is not None and right is not None
            values[position] = left + right if both else left if right is None else right
    return [read(*ref) for ref in code.outputs]
