"""Functions of bits as tables of all their rows: exclusive or, and a cell of the Game of Life."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Table:
    """A function of bits, by all its rows.

    Attributes:
        name: What people call it.
        inputs: A name for every column of x.
        x: (rows, inputs) float64.
        y: (rows,) float64, 0 or 1.
    """

    name: str
    inputs: tuple[str, ...]
    x: Numbers
    y: Numbers

    def share_right(self, values: Numbers) -> float:
        """Returns on how many rows values, (rows,), are right when rounded at 1/2, as a share."""
        return float(np.mean((values > 0.5) == (self.y > 0.5)))


def exclusive_or() -> Table:
    """Returns the rows of x0 xor x1."""
    x = _all_bits(2)
    return Table("xor", ("x0", "x1"), x, (x[:, 0] != x[:, 1]).astype(float))


def life_cell() -> Table:
    """Returns the next state of a cell of Conway's Game of Life for all states of 3 x 3 cells.

    Column 0 is the cell itself, the others are its neighbours.
    """
    x = _all_bits(9)
    return Table("life, nine cells", tuple(f"x{k}" for k in range(9)), x, _alive(x))


def counted_life_cell() -> Table:
    """Returns the same rows with the count of living neighbours instead of the neighbours."""
    cells = _all_bits(9)
    x = np.column_stack([cells[:, 0], cells[:, 1:].sum(axis=1)])
    return Table("life, neighbours counted", ("cell", "count"), x, _alive(cells))


def _all_bits(count: int) -> Numbers:
    return np.array(list(itertools.product((0.0, 1.0), repeat=count)))


def _alive(cells: Numbers) -> Numbers:
    """Returns 1 where a cell is born by three neighbours or kept by two or three."""
    count = cells[:, 1:].sum(axis=1)
    return ((count == 3) | ((count == 2) & (cells[:, 0] == 1))).astype(float)


def two_unit_logits(table: Table) -> Numbers:
    """Returns the logits of a network with two rectifiers, made by hand: (rows,).

    Exclusive or is right where the sum of the bits is 1, Life where the cell and twice its
    neighbours sum to 5, 6 or 7: a distance, which two rectifiers compute, below a limit.
    """
    neighbours = table.x[:, 1:].sum(axis=1)
    is_life = table.name.startswith("life")
    total = table.x[:, 0] + (2 if is_life else 1) * neighbours
    middle, limit = (6.0, 1.5) if is_life else (1.0, 0.5)
    return np.asarray(limit - np.maximum(total - middle, 0) - np.maximum(middle - total, 0))
