"""A rotation in three lifting steps: each adds a multiple of one value to the other."""

from sympy import cos, sin

import evosynth as es


@es.primitive(angle=True)
def lifting(t):
    """Rotates a pair by an angle in three steps that can be undone exactly."""
    half = (cos(t) - 1) / sin(t)
    low = [[1, -half], [0, 1]]
    return low, [[1, 0], [-sin(t), 1]], low
