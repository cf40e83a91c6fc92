"""Fits of formulas that have about as many terms, side by side, tile by tile of samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from dsl.grammars.expression.genome import Tapes
from fitness.torch_expression.least_squares import decompose


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Formulas whose terms are padded to the same number, with zeros.

    Attributes:
        genomes: (n,) which formulas.
        rows: (n, terms) where their values are.
        columns: (n, terms) columns of their weights; capacity + 1 for padding.
    """

    genomes: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]


def terms_of(tapes: Tapes, row_of: npt.NDArray[np.int64], zeros: int) -> Iterator[Terms]:
    """Yields the terms of a population, in a few groups.

    Args:
        tapes: The population.
        row_of: (capacity, population) row of each gene's value.
        zeros: A row of zeros.
    """
    capacity = tapes.primitives.shape[1]
    genomes, slots = np.nonzero(tapes.is_term)
    counts = np.bincount(genomes, minlength=len(tapes.is_term))
    ranks = np.arange(len(genomes)) - np.repeat(np.cumsum(counts) - counts, counts)
    padded = _padded_counts(counts)
    for size in np.unique(padded).tolist():
        is_here = padded == size
        places = np.cumsum(is_here) - 1
        count = int(is_here.sum())
        rows = np.full((count, size), zeros)
        columns = np.full((count, size), capacity + 1)
        chosen = is_here[genomes]
        where = places[genomes[chosen]], ranks[chosen]
        rows[where] = row_of[slots[chosen], genomes[chosen]]
        columns[where] = slots[chosen] + 1
        yield Terms(np.flatnonzero(is_here), rows, columns)


def _padded_counts(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Returns numbers of terms rounded up to 1, 2, 3, 4, 6, 8, 12, 16, 24 and so on."""
    powers = 2 ** np.arange(1, 16)
    sizes = np.sort(np.concatenate([[1, 2], powers[1:], 3 * powers[:-1] // 2]))
    return sizes[np.searchsorted(sizes, counts)]


class Fitting:
    """Weights of the terms of some formulas, found in passes over all samples.

    First `add` all tiles, then `solve`. To correct what that found, for all tiles again:
    `add_residual`, then `correct`, `add_residual` and `settle`.

    Attributes:
        terms: Of these formulas.
        weights: (n, terms) float64.
        squares: (n,) float64 sum of squares of the residual; not finite where a value is
            not, or where its square is not.

    Args:
        terms: Of these formulas.
        y: (rows,) float64 what is fitted.
    """

    def __init__(self, terms: Terms, y: torch.Tensor) -> None:
        self.terms = terms
        n, size = terms.rows.shape
        self._rows = torch.from_numpy(terms.rows.ravel()).to(y.device)
        self._samples = len(y)
        self._y_mean = y.mean()
        self._y_square = torch.sum((y - self._y_mean) ** 2)
        self._shifts: torch.Tensor | None = None
        self._sums, self._with_y = y.new_zeros(n * size), y.new_zeros(n * size)
        self._products = y.new_zeros(n, size, size)
        self.squares = y.new_zeros(n)

    def add(self, values: torch.Tensor, y: torch.Tensor, scratch: torch.Tensor) -> None:
        """Adds what a tile of samples contributes to the sums.

        Args:
            values: (schedule's rows, samples) float64.
            y: (at most as many,) float64; samples beyond are of no account.
            scratch: Memory for the values of all terms.
        """
        columns = self._columns(values, scratch)[:, : len(y)]
        if self._shifts is None:
            self._shifts = columns.mean(1)  # numbers near zero lose fewer digits in products
        columns -= self._shifts[:, None]
        self._sums += columns.sum(1)
        self._with_y.addmv_(columns, y)
        if self._products.shape[1] == 1:
            self._products += columns.square_().sum(1)[:, None, None]
        else:
            together = columns.view(*self.terms.rows.shape, -1)
            self._products.baddbmm_(together, together.mT)

    def solve(self) -> None:
        """Finds the weights from the sums."""
        assert self._shifts is not None
        shape = self.terms.rows.shape
        is_finite = self._products.diagonal(dim1=1, dim2=2).sum(1) < torch.inf
        sums = self._sums.view(shape)
        self._triangles = decompose(self._products, sums, self._shifts.view(shape), self._samples)
        self._means = self._shifts + self._sums / self._samples
        covariances = (self._with_y - self._sums * self._y_mean).view(shape)
        self.weights, explained = self._triangles.solve(covariances)
        left = (self._y_square - explained).clamp_(min=0.0)
        self.squares = torch.where(is_finite, left, torch.inf)
        self._start()

    def add_residual(self, values: torch.Tensor, y: torch.Tensor, scratch: torch.Tensor) -> None:
        """Adds what a tile of samples contributes to sums of the residual; as `add`."""
        columns = self._columns(values, scratch)[:, : len(y)]
        columns -= self._means[:, None]
        together = columns.view(*self.terms.rows.shape, -1)
        residual = (y - self._y_mean).expand(len(together), 1, -1)
        residual = residual.baddbmm(self.weights[:, None], together, alpha=-1)
        self._covariances += (together @ residual.mT)[..., 0]
        self._total += residual.square_().sum((1, 2))

    def correct(self) -> None:
        """Corrects the weights by what the residual has in common with the terms."""
        assert self._triangles is not None
        self.squares = torch.where(self.squares < torch.inf, self._total, torch.inf)
        self._corrections, _ = self._triangles.solve(self._covariances)
        self.weights += self._corrections
        self._start()

    def settle(self) -> None:
        """Takes corrections back that made the residual larger.

        Of columns that nearly depend on each other neither sums of products nor corrections
        can be believed.
        """
        is_better = self._total <= self.squares
        self.weights -= torch.where(is_better[:, None], 0.0, self._corrections)
        self.squares = torch.where(is_better, self._total, self.squares)

    def intercepts(self) -> torch.Tensor:
        """Returns the intercepts: (n,) float64."""
        # What has no weight may have any mean.
        shares = torch.where(
            self.weights == 0, 0.0, self.weights * self._means.view_as(self.weights)
        )
        return self._y_mean - shares.sum(1)

    def _start(self) -> None:
        """Starts a pass over the residual."""
        self._total = torch.zeros_like(self.squares)
        self._covariances = torch.zeros_like(self.weights)

    def _columns(self, values: torch.Tensor, scratch: torch.Tensor) -> torch.Tensor:
        """Returns the terms' values: (n terms, samples), in scratch memory."""
        columns = scratch[: len(self._rows) * values.shape[1]].view(len(self._rows), -1)
        return torch.index_select(values, 0, self._rows, out=columns)
