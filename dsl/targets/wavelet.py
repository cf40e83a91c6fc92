"""One level of a periodic discrete wavelet transform with orthogonal filters."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

CONVENTION = 'approximation, then detail, equal to pywt.dwt of "{}" with mode="periodization"'


def wavelet_places(n: int, length: int) -> npt.NDArray[np.intp]:
    """Returns which value every entry is: (n, n).

    Value k below `length` is coefficient k of the scaling filter, value `length` + k the
    same negated, and the last one, 2 * `length`, is zero.
    """
    places = np.full((n, n), 2 * length, dtype=np.intp)
    for position in range(n // 2):
        for tap in range(length):
            column = (2 * position + length // 2 - tap) % n
            places[position, column] = length - 1 - tap
            places[n // 2 + position, column] = tap + length * (tap % 2 == 0)
    return places
