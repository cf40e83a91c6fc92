"""Which numbers a program computes on its way, modulo a prime.

The values of a program are linear forms of its inputs. One random input stands for all: two
forms are equal, but once in `PRIME` times, if their values for it are.
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


@dataclass(frozen=True, slots=True, eq=False)
class HeldValues:
    """What programs of one size compute, for one random input.

    Attributes:
        n: The size.
        inputs: (n,) residues.
        values: Sorted residues of all values, times the units.
        unknown: Values that depend on constants that are not exact.
    """

    n: int
    inputs: Residues
    values: Residues
    unknown: int

    def has(self, numbers: Residues) -> npt.NDArray[np.bool_]:
        """Tells which numbers are among the values: (...) residues -> (...) bool."""
        places = np.searchsorted(self.values, numbers)
        return np.asarray(self.values[np.minimum(places, len(self.values) - 1)] == numbers)


def units_of(is_complex: bool) -> tuple[int, ...]:
    """Returns the powers of i by which multiplication is free."""
    return (0, 1, 2, 3) if is_complex else (0, 2)


def held_values(n: int, programs: Sequence[Program]) -> HeldValues:
    """Returns what programs of n points compute, as written and simplified."""
    rng = np.random.default_rng(n)
    inputs = rng.integers(1, PRIME, n)
    found = [inputs]
    unknown = 0
    for program in programs:
        known = program.with_exact_constants()
        for code in (known.lower(), known.plain_code):
            values, is_known = _run(code, inputs)
            found.append(values[is_known])
            unknown = max(unknown, int((~is_known).sum()))
    together = np.concatenate([np.zeros(1, np.int64), *found])
    units = units_of(programs[0].domain == "complex")
    turned = [RESIDUES.turned(together, unit) for unit in units]
    return HeldValues(n, inputs, np.unique(np.concatenate(turned)), unknown)


def _run(code: Code, inputs: Residues) -> tuple[Residues, npt.NDArray[np.bool_]]:
    """Returns all values of code, (values,) residues, and which of them are known."""
    total = code.inputs + len(code.operations)
    values = np.zeros(total, np.int64)
    is_known = np.zeros(total, bool)
    values[: code.inputs], is_known[: code.inputs] = inputs, True

    def read(ref: Ref) -> tuple[int, bool]:
        if ref.value == ZERO_VALUE:
            return 0, True
        turned = RESIDUES.turned(values[ref.value], ref.unit)
        return int(turned), bool(is_known[ref.value])

    for place, operation in enumerate(code.operations, code.inputs):
        number, known = read(operation.left)
        if operation.kind == "add":
            other, also = read(operation.right)
            values[place], is_known[place] = (number + other) % PRIME, known and also
            continue
        constant = _residue(operation.constant)
        if constant is not None:
            values[place], is_known[place] = number * constant % PRIME, known
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
