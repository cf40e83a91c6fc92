"""The compiled evaluator of the `expression` grammar: formulas scored on samples."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.grammars.expression.genome import Tapes
from dsl.scalars import SCALARS
from fitness.compiled_calls import interruptible
from fitness.generated_kernels import expression_kernel_for

# Rows that are worked off at a time: few enough for the values of a genome to stay in the
# first cache, enough to make the choice of a primitive cheap.
BLOCK = 256
# Blocks have a multiple of this length: whole vectors, several at a time.
VECTORS = 32
# A call of compiled code takes this many genomes: it cannot be interrupted.
CHUNK = 256


@dataclass(frozen=True, slots=True)
class Fits:
    """How well formulas describe samples.

    Attributes:
        errors: (population,) float64 root mean square of the residual over the standard
            deviation of y; inf where a value that the formula needs is not finite, or so
            large that its square is not.
        weights: (population, capacity + 1) float64 the intercept and the weight of each
            gene's value; 0 where it is no term, or depends linearly on earlier terms.
    """

    errors: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]


def checked_samples(
    x: npt.ArrayLike, y: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Returns samples (rows, inputs) and values (rows,) as float64.

    Raises:
        ValueError: Their shapes do not fit, or a number, or the sum of the squares of y, is
            not finite.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if x.ndim != 2 or y.shape != x.shape[:1] or not x.size:
        raise ValueError(f"expected (rows, inputs) and (rows,), got {x.shape} and {y.shape}")
    with np.errstate(over="ignore"):
        is_finite = np.isfinite(x).all() and np.isfinite(y @ y)
    if not is_finite:
        raise ValueError("expected finite samples, and values of y whose squares are")
    return x, y


def standardised(y: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float, float]:
    """Returns (y - mean) / scale, mean and scale; a constant gives zeros and the scale 1."""
    mean = float(y.mean())
    centred = y - mean
    scale = float(np.sqrt(np.mean(centred**2)))
    if np.ptp(y) == 0 or scale == 0:
        return np.zeros_like(y), float(y[0]), 1.0
    return centred / scale, mean, scale


class ExpressionEvaluator:
    """Scores genomes of the `expression` grammar with compiled code.

    Weights are solved from sums of products, and corrected once by the residual where that is
    small. What is exact has an error of about 1e-13; more where terms nearly depend on each
    other, below 1e-9 by experience.

    Args:
        x: (rows, inputs) samples.
        y: (rows,) what the formula should give.
        threads: How many threads share a population; the results do not depend on it.
    """

    def __init__(self, x: npt.ArrayLike, y: npt.ArrayLike, threads: int = 1) -> None:
        self._kernel: Callable[..., None] = expression_kernel_for(tuple(SCALARS)).evaluate
        samples, values = checked_samples(x, y)
        self._x = _padded(samples)
        self._y = values
        self._standard, self._mean, self._scale = standardised(values)
        self._threads = threads

    def evaluate(self, tapes: Tapes) -> Fits:
        """Fits the weights of every genome to y."""
        errors, weights = self._results(tapes, is_fitted=True)
        weights *= self._scale
        weights[np.isfinite(errors), 0] += self._mean
        return Fits(errors, weights)

    def mean_squares(self, tapes: Tapes) -> npt.NDArray[np.float64]:
        """Returns the mean squared difference of each genome's last live value and y.

        Nothing is fitted. Inf where that value is not finite, or no gene is live.
        """
        errors, _ = self._results(tapes, is_fitted=False)
        return errors**2

    def values(
        self, tapes: Tapes, position: int, x: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.float64]:
        """Returns the values of one genome's genes: (capacity, rows); nan where not live.

        Args:
            tapes: A population.
            position: Which genome.
            x: (rows, inputs) samples, by default those of the evaluator.
        """
        rows = len(self._y) if x is None else len(np.asarray(x))
        columns = self._x if x is None else _padded(np.asarray(x, np.float64))
        capacity = tapes.primitives.shape[1]
        values = np.full((capacity + 1, columns.shape[1]), np.nan)
        span = np.array([position, position + 1])
        errors, weights = _empty(tapes)
        y = np.zeros(rows)
        self._run(_arguments(tapes), span, False, columns, y, values, errors, weights)
        return values[:-1, :rows]

    def _results(
        self, tapes: Tapes, *, is_fitted: bool
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        if tapes.inputs != len(self._x):
            raise ValueError(f"expected tapes for {len(self._x)} inputs, got {tapes.inputs}")
        errors, weights = _empty(tapes)
        population, capacity = tapes.primitives.shape
        arguments = _arguments(tapes)
        y = self._standard if is_fitted else self._y
        parts = max(min(self._threads, population), -(-population // CHUNK))
        edges = np.linspace(0, population, parts + 1).astype(np.int64)

        def run(part: int) -> None:
            values = np.empty((capacity + 1, min(BLOCK, self._x.shape[1])))
            span = edges[part : part + 2].copy()
            self._run(arguments, span, is_fitted, self._x, y, values, errors, weights)

        if self._threads < 2:
            for part in range(parts):
                run(part)
        else:
            list(_pool(self._threads).map(run, range(parts)))
        return errors, weights

    def _run(
        self,
        arguments: tuple[npt.NDArray[Any], ...],
        span: npt.NDArray[np.int64],
        is_fitted: bool,
        x: npt.NDArray[np.float64],
        y: npt.NDArray[np.float64],
        values: npt.NDArray[np.float64],
        errors: npt.NDArray[np.float64],
        weights: npt.NDArray[np.float64],
    ) -> None:
        capacity = len(values) - 1
        with interruptible():
            self._kernel(
                *arguments,
                span,
                np.array([is_fitted]),
                x,
                y,
                values,
                np.zeros((capacity + 1, capacity + 1)),
                np.zeros((6, capacity + 1)),
                np.zeros((2, capacity), np.int64),
                errors,
                weights,
            )


def _arguments(tapes: Tapes) -> tuple[npt.NDArray[Any], ...]:
    """Returns arrays of the one kind that the kernel is compiled for.

    Raises:
        ValueError: An operand does not exist; the kernel would read any memory.
    """
    slots = tapes.inputs + np.arange(tapes.primitives.shape[1])
    for operands, least in ((tapes.left, 0), (tapes.right, -1)):
        if not (np.all(operands >= least) and np.all(operands < slots)):
            raise ValueError("expected operands among the inputs and earlier values")
    return (
        np.require(tapes.primitives, np.int16, ["C", "W"]),
        np.require(tapes.left, np.int16, ["C", "W"]),
        np.require(tapes.right, np.int16, ["C", "W"]),
        np.require(tapes.constants, np.float64, ["C", "W"]),
        np.require(tapes.is_term, np.bool_, ["C", "W"]),
        np.require(tapes.is_live, np.bool_, ["C", "W"]),
    )


def _empty(tapes: Tapes) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    population, capacity = tapes.primitives.shape
    return np.zeros(population), np.zeros((population, capacity + 1))


def _padded(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns samples as (inputs, padded rows): the last one repeated up to whole vectors."""
    extra = -len(x) % VECTORS
    return np.ascontiguousarray(np.concatenate([x, np.repeat(x[-1:], extra, axis=0)]).T)


@lru_cache(maxsize=2)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)
