"""Which numbers a program computes on its way, modulo a prime.

The values of a program are linear forms of its inputs. Two random inputs stand for all: two
forms are equal, but once in `PRIME` times, if their values for one input are, and equal up
to a factor if the quotients of their values for both inputs are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsl.cyclotomic import Cyclotomic
from dsl.exact_number import Exact
from dsl.program import Program
from dsl.straightline import UNITS, ZERO_VALUE, Code, Ref
from dsl.vectors.fields import PRIME, RESIDUES

Residues = npt.NDArray[np.int64]
# Random inputs.
INPUTS = 2


@dataclass(frozen=True, slots=True, eq=False)
class HeldValues:
    """What programs of one size compute, for two random inputs.

    Attributes:
        n: The size.
        inputs: (2, n) residues.
        values: Sorted residues of all values for the first input, times the units.
        quotients: Sorted quotients of all values for both inputs.
        unknown: Values that depend on constants that are not exact.
    """

    n: int
    inputs: Residues
    values: Residues
    quotients: Residues
    unknown: int

    def has(self, numbers: Residues, *, up_to_factors: bool) -> npt.NDArray[np.bool_]:
        """Tells which numbers are among the values: (2, ...) residues -> (...) bool."""
        if up_to_factors:
            return _is_in(quotients(numbers), self.quotients)
        return _is_in(numbers[0], self.values)


def _is_in(numbers: Residues, known: Residues) -> npt.NDArray[np.bool_]:
    places = np.searchsorted(known, numbers)
    return np.asarray(known[np.minimum(places, len(known) - 1)] == numbers)


def quotients(numbers: Residues) -> Residues:
    """Returns the quotients of the values for both inputs: (2, ...) -> (...); of zeros, 0."""
    return numbers[0] * _inverse(numbers[1]) % PRIME


def _inverse(numbers: Residues) -> Residues:
    """Returns reciprocals, by powers: those of many numbers at once."""
    result, power, exponent = np.ones_like(numbers), numbers % PRIME, PRIME - 2
    while exponent:
        if exponent & 1:
            result = result * power % PRIME
        power = power * power % PRIME
        exponent >>= 1
    return result


def units_of(is_complex: bool) -> tuple[int, ...]:
    """Returns the powers of i by which multiplication is free."""
    return (0, 1, 2, 3) if is_complex else (0, 2)


def held_values(n: int, programs: Sequence[Program]) -> HeldValues:
    """Returns what programs of n points compute, as written and simplified."""
    rng = np.random.default_rng(n)
    inputs = rng.integers(1, PRIME, (INPUTS, n))
    found = [inputs]
    unknown = 0
    for program in programs:
        known = program.with_exact_constants()
        for code in (known.lower(), known.plain_code):
            values, is_known = _run(code, inputs)
            found.append(values[:, is_known])
            unknown = max(unknown, int((~is_known).sum()))
    together = np.concatenate([np.zeros((INPUTS, 1), np.int64), *found], axis=1)
    units = units_of(programs[0].domain == "complex")
    turned = [RESIDUES.turned(together[0], unit) for unit in units]
    values = np.unique(np.concatenate(turned))
    return HeldValues(n, inputs, values, np.unique(quotients(together)), unknown)


def _run(code: Code, inputs: Residues) -> tuple[Residues, npt.NDArray[np.bool_]]:
    """Returns all values of code, (2, values) residues, and which of them are known."""
    total = code.inputs + len(code.operations)
    values = np.zeros((INPUTS, total), np.int64)
    is_known = np.zeros(total, bool)
    values[:, : code.inputs], is_known[: code.inputs] = inputs, True

    def read(ref: Ref) -> tuple[Residues, bool]:
        if ref.value == ZERO_VALUE:
            return np.zeros(INPUTS, np.int64), True
        turned = RESIDUES.turned(values[:, ref.value], ref.unit)
        return turned, bool(is_known[ref.value])

    for place, operation in enumerate(code.operations, code.inputs):
        number, known = read(operation.left)
        if operation.kind == "add":
            other, also = read(operation.right)
            values[:, place], is_known[place] = (number + other) % PRIME, known and also
            continue
        constant = _residue(operation.constant)
        if constant is not None:
            values[:, place], is_known[place] = number * constant % PRIME, known
    return values, is_known


def _residue(constant: complex) -> int | None:
    """Returns the residue of a constant; None if it is no exact number, or has none."""
    if constant in UNITS:
        return int(RESIDUES.number(complex(constant)))
    if not isinstance(constant, Exact) or not isinstance(constant.number, Cyclotomic):
        return None
    try:
        return RESIDUES.image(constant.number)
    except ValueError:  # no roots of unity of that order
        return None
