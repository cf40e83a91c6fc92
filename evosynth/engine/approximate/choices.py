"""What the constant of one edge of a signal-flow graph may become.

It is dropped, or becomes 1, or is rounded: to so many bits, which makes it a dyadic
rational, or to a sum of few signed powers of two. Where the cost knows no word length,
rounding saves nothing, and it stays as it is instead.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.cost import SAME
from dsl.costs import Cost
from dsl.number_forms import forms, round_bits

# Roundings to so few bits also go the other way, up for down.
FEW_BITS = 3
# Forms of each part of a complex constant.
MOST_PARTS = 6
DROPPED = 0


@dataclass(frozen=True, slots=True)
class Choices:
    """Tables of what each constant may become: (edges, most choices of any edge).

    Attributes:
        values: float64 or complex128; choice 0 drops the edge.
        prices: float64, of the product alone.
        keys: int64; products of one value by constants of the same key are one product.
        sizes: (edges,) int64, how many choices each edge has.
        nearest: (edges,) int64, the choice nearest to the constant.
        unit: (edges,) int64, the choice of size 1.
        single: (edges,) int64, the nearest choice that is free or one power of two.
    """

    values: npt.NDArray[Any]
    prices: npt.NDArray[np.float64]
    keys: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    nearest: npt.NDArray[np.int64]
    unit: npt.NDArray[np.int64]
    single: npt.NDArray[np.int64]


def choices_of(constants: Sequence[complex], cost: Cost, *, is_complex: bool) -> Choices:
    """Returns the choices of all edges of a graph.

    Args:
        constants: Of the edges.
        cost: By which products are priced.
        is_complex: The data are complex.
    """
    rows = [_priced(complex(constant), cost, is_complex) for constant in constants]
    shape = len(rows), max((len(row) for row, _ in rows), default=1)
    values = np.zeros(shape, np.complex128 if is_complex else np.float64)
    prices = np.zeros(shape)
    for edge, (row, priced) in enumerate(rows):
        values[edge, : len(row)] = row if is_complex else [value.real for value in row]
        prices[edge, : len(row)] = priced
    exact = np.array(constants, np.complex128)[:, None]
    sizes = np.array([len(row) for row, _ in rows], np.int64)
    is_there = np.arange(shape[1]) < sizes[:, None]
    is_single = is_there & (prices == 0) & (values != 0)
    is_single |= is_there & (np.arange(shape[1]) == 1)
    distance = np.where(is_there, np.abs(values - exact), np.inf)
    return Choices(
        values,
        prices,
        _keys(values),
        sizes,
        np.argmin(distance, axis=1),
        np.where(is_there & (np.abs(np.abs(values) - 1) <= SAME), 0, 1).argmin(axis=1),
        np.argmin(np.where(is_single, distance, np.inf), axis=1),
    )


@lru_cache(maxsize=1 << 12)
def _priced(
    constant: complex, cost: Cost, is_complex: bool
) -> tuple[tuple[complex, ...], tuple[float, ...]]:
    """Returns what one constant may become, and what products by it cost."""
    row = _choices(constant, cost, is_complex)
    prices = (cost.price(c, is_complex=is_complex) if c else 0.0 for c in row)
    return tuple(row), tuple(prices)


def _choices(constant: complex, cost: Cost, is_complex: bool) -> list[complex]:
    """Returns what one constant may become: 0, a unit, then the nearer ones last."""
    unit = _unit(constant, is_complex)
    if abs(abs(constant) - 1) <= SAME and abs(constant - unit) <= SAME:
        return [0, unit]
    if is_complex:
        parts = [_part(part, cost)[:MOST_PARTS] for part in (constant.real, constant.imag)]
        found: Iterable[complex] = (complex(a, b) for a, b in itertools.product(*parts))
    else:
        found = map(complex, _part(constant.real, cost))
    return list(_distinct(itertools.chain((0, unit), found)))


def _unit(constant: complex, is_complex: bool) -> complex:
    units = (1, -1, 1j, -1j) if is_complex else (1, -1)
    return complex(min(units, key=lambda unit: abs(unit - constant)))


def _part(c: float, cost: Cost) -> list[float]:
    """Returns forms of a real number, the most precise first."""
    if abs(c) <= SAME:
        return [0.0]
    unit = math.copysign(1.0, c)
    if cost.word_length is None:
        return [c, unit, 0.0]
    sums = [form.value.real for form in reversed(forms(c, cost.word_length))]
    rounded = (value for b in range(FEW_BITS + 1) for value in _both_ways(c, b))
    return [*sums, unit, *rounded]


def _both_ways(c: float, bits: int) -> Iterator[float]:
    """Yields a number rounded down and up to so many bits after the point."""
    step = math.ldexp(1.0, -bits)
    down = math.floor(c / step) * step
    yield from (round_bits(c, bits).real, down, down + step)


def _distinct(values: Iterable[complex]) -> Iterator[complex]:
    seen: list[complex] = []
    for value in values:
        if all(abs(value - other) > SAME * abs(value) for other in seen):
            seen.append(value)
            yield value


def _keys(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Numbers the values such that those that differ by a free factor have one number."""
    size = np.abs(values.real) + np.abs(values.imag)
    # Powers of i exchange the parts and their signs; conjugates are told apart.
    turned = np.stack([values * unit for unit in (1, -1, 1j, -1j)], axis=-1)
    first = (turned.real > 0) & (turned.imag >= 0)
    chosen = np.take_along_axis(turned, first.argmax(axis=-1)[..., None], axis=-1)[..., 0]
    rounded = np.where(size > 0, np.round(chosen / SAME) * SAME, 0)
    return np.unique(rounded, return_inverse=True)[1].reshape(values.shape).astype(np.int64)
