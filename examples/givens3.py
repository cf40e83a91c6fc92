"""A rotation in three multiplications and three additions: none is shared with another."""

from sympy import cos, sin

import evosynth as es


@es.primitive(angle=True)
def givens3(t):
    """Rotates a pair by an angle in three multiplications."""
    ends = [[1, 0, 1], [0, 1, -1]]
    scaled = [[cos(t) - sin(t), 0, 0], [0, cos(t) + sin(t), 0], [0, 0, sin(t)]]
    return ends, scaled, [[1, 0], [0, 1], [1, 1]]
