"""Scales of inputs and outputs: what models see is about 1 in size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dsl.samples import Samples
from dsl.samples.sampled_target import Numbers

# A spread below this fraction of the largest value is rounding: the column is constant.
NOTHING = 1e-15


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """Shifts and sizes, such that x = shift + size (what a model sees), and so for y.

    Attributes:
        x_shift: (inputs,) float64.
        x_size: (inputs,) float64, positive.
        y_shift: (outputs,) float64.
        y_size: (outputs,) float64, positive.
    """

    x_shift: Numbers
    x_size: Numbers
    y_shift: Numbers
    y_size: Numbers

    def inputs(self, x: Numbers) -> Tensor:
        """Returns what models see of inputs: (rows, inputs)."""
        return torch.from_numpy((x - self.x_shift) / self.x_size)

    def outputs(self, y: Numbers) -> Tensor:
        """Returns what models are to give: (rows, outputs)."""
        return torch.from_numpy((y - self.y_shift) / self.y_size)

    def folded_in(self, weights: Numbers, bias: Numbers) -> list[Numbers]:
        """Returns the affine map of inputs as given: (inputs, n) and (1, n)."""
        return [weights / self.x_size[:, None], bias - (self.x_shift / self.x_size) @ weights]

    def folded_out(self, weights: Numbers, bias: Numbers) -> list[Numbers]:
        """Returns the affine map to outputs as given: (n, outputs) and (1, outputs)."""
        return [weights * self.y_size, bias * self.y_size + self.y_shift]

    def folded(self, arrays: Sequence[Numbers], affine: int) -> list[Numbers]:
        """Returns weights and biases, of which the first so many are such, for values as given."""
        first = [*self.folded_in(*arrays[:2]), *arrays[2:]]
        return [
            *first[: affine - 2],
            *self.folded_out(*first[affine - 2 : affine]),
            *arrays[affine:],
        ]


def standard(samples: Samples) -> Scales:
    """Returns the scales by which every column has mean 0 and deviation 1."""
    x, y = samples.x, samples.y
    return Scales(x.mean(axis=0), _sizes(x), y.mean(axis=0), _sizes(y))


def unit_interval(samples: Samples) -> Scales:
    """Returns the scales by which inputs lie in [-1, 1] and outputs have deviation 1."""
    x, y = samples.x, samples.y
    low, high = x.min(axis=0), x.max(axis=0)
    half = (high - low) / 2
    return Scales((low + high) / 2, np.where(half > 0, half, 1.0), y.mean(axis=0), _sizes(y))


def size_only(samples: Samples) -> Scales:
    """Returns the scales by which inputs have a mean square of 1; nothing is shifted."""
    inputs, outputs = samples.x.shape[1], samples.y.shape[1]
    sizes = np.sqrt(np.mean(samples.x**2, axis=0))
    sizes = np.where(sizes > 0, sizes, 1.0)
    return Scales(np.zeros(inputs), sizes, np.zeros(outputs), np.ones(outputs))


def _sizes(columns: Numbers) -> Numbers:
    spread = columns.std(axis=0)
    return np.where(spread > NOTHING * np.abs(columns).max(axis=0), spread, 1.0)
