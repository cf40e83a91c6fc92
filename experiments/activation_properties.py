"""What activation functions are like, measured from their values and derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from experiments.base import Row
from gradient_baselines.activations import Activation

Array = npt.NDArray[np.float64]

# Where a function is bounded if it is: far beyond, and how much it grows there.
FAR, LONG = 1e5, 1e3
GROWN = 1e-3
# Near 0 all functions have their bends; the step by which jumps of derivatives are told.
NEAR, STEP = 8.0, 1e-3
# Derivatives of up to this order are looked at.
ORDERS = 3
JUMP = 1e-6
FLAT, STILL = 1e-6, 1e-6
# A curve crosses the line nearest to it twice, waves do so more often.
CROSSINGS_OF_A_CURVE = 2


def shape_of(activation: Activation, parameter: float = 1.0) -> Callable[[Tensor], Tensor]:
    """Returns an activation as a function of x alone, its parameter at a value."""
    own = [torch.tensor(parameter, dtype=torch.float64)] if activation.parameter else []
    return lambda x: activation.function(x, *own)


@dataclass(frozen=True, slots=True)
class Tail:
    """Values far away: a line and what is left.

    Attributes:
        slope: Of the line nearest to the values.
        waves: How far they are from it at most.
        crossings: How often they cross it.
    """

    slope: float
    waves: float
    crossings: int

    def told(self, length: float, *, flat: float = FLAT, still: float = STILL) -> str:
        """Returns what it looks like, for people.

        Args:
            length: Of the places; waves turn the line by a part of their height over it.
            flat: A smaller slope is none.
            still: Waves of a smaller height are none.
        """
        line = "line" if abs(self.slope) > flat + 2 * self.waves / length else ""
        is_wavy = self.waves > still + still * abs(self.slope)
        rest = ("waves" if self.crossings > CROSSINGS_OF_A_CURVE else "curve") if is_wavy else ""
        return " with ".join(part for part in (line, rest) if part) or "constant"


def measured(activation: Activation) -> Row:
    """Returns range, tails and jumps of derivatives of an activation function."""
    function = shape_of(activation)
    left, right = (_tail(function, side) for side in (-1, 1))
    return {
        "activation": activation.name,
        "formula": activation.formula,
        "operations": activation.operations,
        "least": _extreme(function, min),
        "greatest": _extreme(function, max),
        "slope_left": left.slope,
        "slope_right": right.slope,
        "waves_left": left.waves,
        "waves_right": right.waves,
        "left": left.told(LONG),
        "right": right.told(LONG),
        **_jumps(function),
    }


def values(function: Callable[[Tensor], Tensor], x: Array) -> Array:
    """Returns the values of a function of tensors: (n,) -> (n,)."""
    with torch.no_grad():
        return function(torch.from_numpy(x)).numpy()


def _extreme(function: Callable[[Tensor], Tensor], choose: Callable[..., float]) -> str:
    """Returns the least or the greatest value as text: from near 0 to far away."""
    near = values(function, np.linspace(-60, 60, 1_200_001))
    far = values(function, np.linspace(-FAR, FAR, 200_001))
    nearest, farthest = float(choose(near)), float(choose(far))
    if abs(farthest - nearest) > GROWN * FAR:
        return "-inf" if farthest < 0 else "inf"
    return f"{choose(nearest, farthest):.3g}"


def _tail(function: Callable[[Tensor], Tensor], side: int) -> Tail:
    x = side * (FAR + np.linspace(0, LONG, 100_001))
    return tail(x, values(function, x))


def tail(x: Array, y: Array) -> Tail:
    """Returns what values (n,) at places (n,) far away are like."""
    centred = x - x.mean()
    slope = float(centred @ (y - y.mean()) / (centred @ centred))
    rest = y - y.mean() - slope * centred
    crossings = int(np.count_nonzero(np.diff(np.sign(rest))))
    return Tail(slope, float(np.abs(rest).max()), crossings)


def _jumps(function: Callable[[Tensor], Tensor]) -> dict[str, float | str]:
    """Returns the largest jump of each derivative, and how often it can be derived smoothly.

    Differences of neighbours shrink with their distance where there is no jump: with half
    the distance twice, less with the whole distance once, leaves jumps alone.
    """
    wide, narrow = (_largest_differences(function, step) for step in (STEP, STEP / 2))
    jumps = [float(max(0.0, 2 * b - a)) for a, b in zip(wide, narrow, strict=True)]
    rough = [k + 1 for k, jump in enumerate(jumps) if jump > JUMP + 0.01 * narrow[k]]
    smooth = f"derivative {rough[0]} jumps" if rough else f"{ORDERS} derivatives without a jump"
    return {f"jump_{k + 1}": jump for k, jump in enumerate(jumps)} | {"smoothness": smooth}


def _largest_differences(function: Callable[[Tensor], Tensor], step: float) -> list[float]:
    x = torch.arange(-NEAR, NEAR, step, dtype=torch.float64, requires_grad=True)
    y = function(x)
    found = []
    for _ in range(ORDERS):
        if y.requires_grad:
            (y,) = torch.autograd.grad(y.sum(), x, create_graph=True, materialize_grads=True)
        else:  # a derivative that is constant has none
            y = torch.zeros_like(x)
        found.append(float(y.detach().diff().abs().max()))
    return found
