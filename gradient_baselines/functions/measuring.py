"""Errors of many models on many rows, in blocks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from dsl.accuracy import deviation
from dsl.samples import Samples
from dsl.samples.sampled_target import Numbers
from gradient_baselines.functions.scales import Scales

# Parameters of all models, what they see (rows, inputs) -> (models, rows, outputs).
Values = Callable[[Sequence[Tensor], Tensor], Tensor]

# Rows that are computed at once: what lies between the layers stays in the cache.
BLOCK = 512


def errors(
    values: Values, parameters: Sequence[Tensor], samples: Samples, scales: Scales
) -> list[float]:
    """Returns the error of each model: the largest deviation of an output."""
    squares = torch.zeros(len(parameters[0]), samples.y.shape[1], dtype=torch.float64)
    with torch.no_grad():
        for start in range(0, len(samples), BLOCK):
            part = slice(start, start + BLOCK)
            computed = values(parameters, scales.inputs(samples.x[part]))
            wanted = scales.outputs(samples.y[part])
            squares += ((computed - wanted) ** 2).sum(dim=1)
    mean_squares = squares.numpy() / len(samples) * scales.y_size**2
    return [deviation(each, samples.y) for each in mean_squares]


def thinned(samples: Samples, most: int) -> Samples:
    """Returns evenly chosen rows, at most so many."""
    step = -(-len(samples) // most)
    return samples if step == 1 else Samples(samples.x[::step], samples.y[::step])


def finite(arrays: Sequence[Tensor]) -> bool:
    """Tells whether all numbers of a model are."""
    return all(bool(torch.isfinite(array).all()) for array in arrays)


def predictions(
    values: Values, parameters: Sequence[Tensor], x: Numbers, scales: Scales
) -> Numbers:
    """Returns what a single model says: (rows, inputs) -> (rows, outputs)."""
    parts = []
    with torch.no_grad():
        for start in range(0, len(x), BLOCK):
            computed = values(parameters, scales.inputs(x[start : start + BLOCK]))[0]
            parts.append(computed.numpy() * scales.y_size + scales.y_shift)
    return np.concatenate(parts)
