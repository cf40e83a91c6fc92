"""The loss of a sine of the wrong frequency, its slope, and who gets down to the right one.

The loss is the mean square of sin(w x) - sin(t x) over x uniform in [-r, r], in closed
form: with s(d) = sin(d r) / (d r), it is 1 - (s(2 w) + s(2 t)) / 2 - s(w - t) + s(w + t).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def expected_loss(frequency: npt.ArrayLike, target: float, half_width: float) -> Any:
    """Returns the loss at frequencies, of infinitely many samples."""
    w = np.asarray(frequency, float)

    def mean(d: Any) -> Any:
        return np.sinc(d * half_width / np.pi)

    return 1 - (mean(2 * w) + mean(2 * target)) / 2 - mean(w - target) + mean(w + target)


def expected_gradient(frequency: npt.ArrayLike, target: float, half_width: float) -> Any:
    """Returns the derivative of the loss by the frequency."""
    w = np.asarray(frequency, float)

    def slope(d: Any) -> Any:
        phase = d * half_width
        is_small = np.abs(phase) < 1e-3  # where the difference below cancels
        safe = np.where(is_small, 1.0, phase)
        exact = half_width * (np.cos(safe) - np.sin(safe) / safe) / safe
        return np.where(is_small, -half_width * phase / 3, exact)

    return -slope(2 * w) - slope(w - target) + slope(w + target)


def sampled_loss(frequency: npt.ArrayLike, target: float, x: Numbers) -> Numbers:
    """Returns the loss at frequencies, (n,), of given samples, (rows,)."""
    wrong = np.sin(np.outer(np.asarray(frequency, float), x)) - np.sin(target * x)
    return np.mean(wrong**2, axis=1)


def basin(target: float, half_width: float) -> tuple[float, float]:
    """Returns the interval of frequencies from which it goes downhill to the target."""
    return _edge(target, half_width, -1.0), _edge(target, half_width, 1.0)


def _edge(target: float, half_width: float, side: float) -> float:
    """Returns where, going away from the target, the loss stops rising: by bisection."""

    def is_rising(distance: float) -> bool:
        gradient = expected_gradient(target + side * distance, target, half_width)
        return bool(side * gradient > 0)

    low, step = 0.0, 0.01 / half_width
    while is_rising(low + step):
        low += step
    high = low + step
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if is_rising(middle) else (low, middle)
    return target + side * low


def descended(starts: Numbers, target: float, half_width: float, steps: int = 120) -> Numbers:
    """Returns where gradient descent gets to from starts: (n,) each.

    It is given all there is to wish for: the exact gradient, without noise, and a rate that
    is half the inverse of the curvature at the target.
    """
    frequencies, rate = np.array(starts), 1.5 / half_width**2
    for _ in range(steps):
        frequencies -= rate * expected_gradient(frequencies, target, half_width)
    return frequencies
