"""Roots of unity whose symmetric values agree to the last bit."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def roots_of_unity(n: int) -> npt.NDArray[np.complex128]:
    """Returns the powers of w = exp(-2 pi i / n).

    Every angle is reduced in whole numbers to the first octant before a cosine is taken.
    Symmetric roots hence have bitwise equal components up to sign, which is what lets a
    search find that constants are equal.

    Returns:
        (n,) complex128, power k at index k.
    """
    return np.array([_power(k, n) for k in range(n)], np.complex128) + 0.0  # no -0.0


def _power(k: int, n: int) -> complex:
    quadrant, rest = divmod(4 * k, n)
    if 2 * rest > n:
        sine, cosine = _first_octant(n - rest, n)
    else:
        cosine, sine = _first_octant(rest, n)
    return (
        complex(cosine, -sine),
        complex(-sine, -cosine),
        complex(-cosine, sine),
        complex(sine, cosine),
    )[quadrant]


def _first_octant(rest: int, n: int) -> tuple[float, float]:
    """Returns cosine and sine of rest / n right angles, at most half of one."""
    if 2 * rest == n:
        return math.sqrt(0.5), math.sqrt(0.5)
    angle = math.pi * rest / (2 * n)
    # 0, 1/2 and 1 are the only rational values (Niven); the library misses 1/2 by a bit.
    return math.cos(angle), 0.5 if 3 * rest == n else math.sin(angle)
