"""Genomes of variable length: one integer array for a whole population."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsl.errors import DataError

Genes = npt.NDArray[np.int16]

FIELDS = ("primitive", "pattern", "side", "i", "j", "choice")
PRIMITIVE, PATTERN, SIDE, FIRST, SECOND, CHOICE = range(len(FIELDS))

# Sides: columns of the remainder (towards the input), rows (towards the output).
INPUT_SIDE, OUTPUT_SIDE = 0, 1

# Choices: where a block's parameter comes from. FROM_ROW + r is a reference to row r of
# the remainder (to column r on the output side): the parameter is solved from that row.
VOTE, ONE, FROM_ROW = 0, 1, 2

# Sums that a genome may make on a narrow side.
FEW_SUMS = 4

# How often a random gene takes its parameter from a vote, is one, or refers to a row.
CHOICE_ODDS = (0.6, 0.1, 0.3)


def most_sums(width: int) -> int:
    """Returns how many sums a genome may make on a side of so many values of the target."""
    return max(FEW_SUMS, width // 2)


@dataclass(frozen=True, slots=True)
class Genomes:
    """A population of genomes.

    Attributes:
        genes: (population, capacity, fields) int16; rows beyond a genome's length are zero.
            Which fields there are is the grammar's to say; here are those of `factor`.
        lengths: (population,) int16 number of genes of each genome.

    Raises:
        ValueError: Shapes or lengths do not fit each other.
    """

    genes: Genes
    lengths: npt.NDArray[np.int16]

    def __post_init__(self) -> None:
        if self.genes.ndim != 3:
            raise ValueError(
                f"expected (population, capacity, fields) genes, got {self.genes.shape}"
            )
        if self.lengths.shape != self.genes.shape[:1]:
            raise ValueError(
                f"expected {self.genes.shape[0]} lengths, got shape {self.lengths.shape}"
            )
        if len(self) and not 0 <= self.lengths.min() <= self.lengths.max() <= self.capacity:
            raise ValueError(f"lengths must lie in 0 .. {self.capacity}")

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, position: int) -> Genes:
        """Returns one genome: a (length, fields) view."""
        return self.genes[position, : self.lengths[position]]

    @property
    def capacity(self) -> int:
        """The largest number of genes that a genome of this population may have."""
        return self.genes.shape[1]

    def take(self, positions: npt.NDArray[np.intp] | Sequence[int]) -> Genomes:
        """Returns a copy of the genomes at these positions."""
        return Genomes(self.genes[positions], self.lengths[positions])

    def joined(self, other: Genomes) -> Genomes:
        """Returns both populations as one; their capacities must be equal."""
        return Genomes(
            np.concatenate([self.genes, other.genes]),
            np.concatenate([self.lengths, other.lengths]),
        )


def pack(genomes: Iterable[npt.ArrayLike], capacity: int) -> Genomes:
    """Packs single genomes, each (length, 6), into a population.

    Raises:
        DataError: A genome has another shape, is too long, or holds a number outside
            the range of int16.
    """
    rows = []
    for genome in genomes:
        row = np.asarray(genome, dtype=np.int64).reshape(-1, len(FIELDS))
        if len(row) > capacity:
            raise DataError(f"expected at most {capacity} genes, got {len(row)}")
        if row.size and not 0 <= row.min() <= row.max() <= np.iinfo(np.int16).max:
            raise DataError("expected gene fields from 0 to 32767")
        rows.append(row)
    genes = np.zeros((len(rows), capacity, len(FIELDS)), np.int16)
    for position, row in enumerate(rows):
        genes[position, : len(row)] = row
    return Genomes(genes, np.array([len(row) for row in rows], np.int16))


@dataclass(frozen=True, slots=True)
class GeneSpace:
    """The genes that make sense for one remainder.

    Attributes:
        rows: Rows of the remainder.
        columns: Columns of the remainder.
        primitives: How often a random gene has each primitive, relative to the others.
        patterns: How often it has each pattern.
    """

    rows: int
    columns: int
    primitives: tuple[float, ...]
    patterns: tuple[float, ...]

    @property
    def bounds(self) -> npt.NDArray[np.int64]:
        """The exclusive upper bound of each field: (6,) int64.

        i, j and row references are taken modulo the width of the side when decoded, so
        that any genome within these bounds is valid.
        """
        width = max(self.rows, self.columns)
        return np.array(
            [len(self.primitives), len(self.patterns), 2, width, width, FROM_ROW + width],
            np.int64,
        )

    def draw(self, count: int, rng: np.random.Generator) -> Genes:
        """Draws genes: (count, 6) int16."""
        shares = rng.random((count, len(FIELDS) + 1))
        genes = (shares[:, :-1] * self.bounds).astype(np.int16)
        for field, odds in ((PRIMITIVE, self.primitives), (PATTERN, self.patterns)):
            genes[:, field] = _drawn(odds, shares[:, field])
        row = genes[:, CHOICE] % max(self.rows, self.columns) + FROM_ROW
        source = _drawn(CHOICE_ODDS, shares[:, -1])  # VOTE, ONE or FROM_ROW
        genes[:, CHOICE] = np.where(source < FROM_ROW, source, row)
        return genes

    def tweaked(self, shares: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Returns which fields change together: one of each gene, by a share of 1 for each.

        Args:
            shares: (count,) from 0 to 1.

        Returns:
            (count, 6).
        """
        return np.arange(len(FIELDS)) == (shares * len(FIELDS)).astype(np.int64)[:, None]

    def is_valid(self, genes: npt.NDArray[np.integer]) -> bool:
        """Says whether every gene, (..., 6), lies within the bounds."""
        rows = np.atleast_2d(genes)
        # First the largest of each place: ten times as fast as to compare them all.
        return bool(rows.min(initial=0) >= 0 and np.all(rows.max(axis=0, initial=0) < self.bounds))


def _drawn(odds: tuple[float, ...], shares: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Returns which of the odds shares from 0 to 1 fall on."""
    return _limits(odds).searchsorted(shares, side="right")


@lru_cache(maxsize=256)
def _limits(odds: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """Returns up to where shares fall on each of the odds but the last."""
    return np.asarray(np.cumsum(odds)[:-1] / np.sum(odds))
