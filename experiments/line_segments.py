"""The straight pieces of a network of rectifiers with one input, from its weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def kinks(
    weights: Sequence[Numbers],
    biases: Sequence[Numbers],
    interval: tuple[float, float],
    slope: float = 0.0,
) -> Numbers:
    """Returns where the output of a network changes its slope, in order.

    A layer's units are straight between the kinks of the layers before it, so where one
    changes its sign follows from its values at these.

    Args:
        weights: (inputs, outputs) of every layer; the first has one input.
        biases: (outputs,) of every layer.
        interval: In which to look.
        slope: Of the rectifier below zero.
    """
    places = np.array(interval, float)
    for depth in range(1, len(weights)):
        values = _layer(weights[:depth], biases[:depth], places, slope)
        places = np.union1d(places, _crossings(places, values))
    heights = _layer(weights, biases, places, slope)[:, 0]
    return _bends(places, heights)


def _layer(
    weights: Sequence[Numbers], biases: Sequence[Numbers], places: Numbers, slope: float
) -> Numbers:
    """Returns what units of the last of some layers get at places: (places, units)."""
    values = places[:, None] @ weights[0] + biases[0]
    for weight, bias in zip(weights[1:], biases[1:], strict=True):
        values = np.where(values > 0, values, slope * values) @ weight + bias
    return values


def _crossings(places: Numbers, values: Numbers) -> Numbers:
    """Returns where straight pieces between values, (places, units), cross zero."""
    before, after = values[:-1], values[1:]
    piece, unit = np.nonzero(before * after < 0)
    share = before[piece, unit] / (before[piece, unit] - after[piece, unit])
    return places[piece] + share * (places[piece + 1] - places[piece])


def _bends(places: Numbers, heights: Numbers) -> Any:
    """Returns the inner places at which the slope changes by more than rounding."""
    wide = np.diff(places) > 1e-12 * np.ptp(places)
    kept = np.concatenate([[True], wide])
    places, heights = places[kept], heights[kept]
    slopes = np.diff(heights) / np.diff(places)
    changes = np.abs(np.diff(slopes))
    return places[1:-1][changes > 1e-9 * np.abs(slopes).max(initial=0.0)]
