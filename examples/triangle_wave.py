"""A wave with straight sides: one function of formulas."""

from sympy import Abs, Rational, floor

import evosynth as es


@es.primitive
def triangle(x):
    """A wave of period 1 between 0 and 1, with straight sides."""
    return 2 * Abs(x - floor(x + Rational(1, 2)))
