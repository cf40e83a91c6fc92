"""Rows of the matrices of transforms in doubles, from their definitions, at any size.

Exact matrices take long to build for thousands of points. Here an entry is a function of an
angle that is reduced in whole numbers, so that it is right to the last bit or two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.grammars.recursive.families import matrix_in
from dsl.targets import TARGETS
from dsl.vectors.fields import DOUBLES

Rows = npt.NDArray[Any]
Indices = npt.NDArray[np.int64]

# Up to the first size exact matrices are built at once, up to the second in a second or two.
BUILT_AT_ONCE, BUILT = 64, 256


@dataclass(frozen=True, slots=True)
class Entries:
    """The entries of a transform: `c m^power part(exp(2 pi i (s j + o) (t k + q) / (p m)))`.

    Here m is n, or n + 1 for transforms with a point beyond their ends.

    Attributes:
        part: Of the root of unity.
        row: (s, o), of the index j of the row.
        column: (t, q), of the index k of the column.
        period: p.
        factor: c.
        power: Of m.
        beyond: m - n.
        ends: "row" or "column" where the one at `end` has the weight, "" where none has.
        end: 0 or -1.
        weight: Of all entries there.
    """

    part: Callable[[Rows], Rows]
    row: tuple[int, int] = (1, 0)
    column: tuple[int, int] = (1, 0)
    period: int = 1
    factor: float = 1.0
    power: float = 0.0
    beyond: int = 0
    ends: str = ""
    end: int = 0
    weight: float = 1.0

    def rows(self, n: int, chosen: Indices) -> Rows:
        """Returns some rows: (chosen, n)."""
        (s, o), (t, q) = self.row, self.column
        span = n + self.beyond
        period = self.period * span
        places = np.outer(s * chosen + o, t * np.arange(n) + q) % period
        table = self.factor * span**self.power * self.part(DOUBLES.roots(np.arange(period), period))
        found = table[places]
        if self.ends == "row":
            found[chosen == self.end % n] *= self.weight
        elif self.ends == "column":
            found[:, self.end] *= self.weight
        return found


def rows_of(name: str, n: int, chosen: Indices) -> Rows | None:
    """Returns some rows of a transform's matrix: (chosen, n) doubles.

    Args:
        name: A registered family of matrices.
        n: The size.
        chosen: (rows,) int64 indices.

    Returns:
        None if the matrix takes long to build and no formula for its entries is known here.
    """
    if n > BUILT_AT_ONCE and name in ENTRIES:
        return ENTRIES[name].rows(n, chosen)
    if n > BUILT_AT_ONCE and name in QUICKLY_BUILT:
        return np.asarray(TARGETS.get(name).build(n))[chosen]
    return np.asarray(matrix_in(name, n, DOUBLES)[chosen]) if n <= BUILT else None


def _cas(roots: Rows) -> Rows:
    return np.asarray(roots.real + roots.imag)


def _cosine(roots: Rows) -> Rows:
    return np.asarray(roots.real)


def _sine(roots: Rows) -> Rows:
    return np.asarray(roots.imag)


def _trigonometric() -> dict[str, Entries]:
    """Returns the cosine and sine transforms of types II to IV, conventions as in SciPy."""
    found = {}
    odd = 2, 1
    for name, part, whole, end in (("dct", _cosine, (2, 0), 0), ("dst", _sine, (2, 2), -1)):
        for kind, row, column, ends in (
            ("2", whole, odd, "row"),
            ("3", odd, whole, "column"),
            ("4", odd, odd, ""),
        ):
            plain = Entries(part, row, column, period=8, factor=2.0)
            # Without norm="ortho" only type III has a weight, of what it adds once.
            own = replace(plain, ends=ends, end=end, weight=0.5) if kind == "3" else plain
            found[f"{name}{kind}"] = own
            found[f"{name}{kind}_ortho"] = replace(
                plain, factor=2**0.5, power=-0.5, ends=ends, end=end, weight=0.5**0.5
            )
    return found


_DST1 = Entries(_sine, (1, 1), (1, 1), period=2, factor=2.0, beyond=1)
# Families whose matrix of any size is there at once: of whole numbers.
QUICKLY_BUILT = ("haar", "wht", "wht_sequency")
ENTRIES: dict[str, Entries] = {
    "dft": Entries(np.conj),
    "idft": Entries(np.asarray, power=-1.0),
    "dht": Entries(_cas),
    "dst1": _DST1,
    "dst1_ortho": replace(_DST1, factor=2**0.5, power=-0.5),
    **_trigonometric(),
}
