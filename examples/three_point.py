"""The 3-point DFT as one block, computed in three steps."""

from sympy import I, Rational, sqrt

import evosynth as es


@es.primitive
def three_point():
    """The DFT of three values, in 16 real operations."""
    pairs = [[1, 0, 0], [0, 1, 1], [0, 1, -1]]
    scaled = [[1, 1, 0], [1, -Rational(1, 2), 0], [0, 0, -I * sqrt(3) / 2]]
    return pairs, scaled, pairs
