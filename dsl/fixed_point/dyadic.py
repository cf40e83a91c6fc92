"""Linear forms with coefficients k / 2^e, without rounding."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt


class Form(NamedTuple):
    """A linear form of the inputs.

    Attributes:
        numerators: (inputs,) object, Python's whole numbers.
        exponent: They are divided by 2^exponent.
    """

    numerators: npt.NDArray[Any]
    exponent: int

    @property
    def size(self) -> Fraction:
        """The sum of the coefficients' magnitudes: how far it goes for inputs up to 1."""
        return halved(int(np.abs(self.numerators).sum()), self.exponent)

    def times(self, factor: int, exponent: int = 0) -> Form:
        """Returns the form times factor / 2^exponent."""
        return Form(self.numerators * factor, self.exponent + exponent)


def unit(inputs: int, k: int) -> Form:
    """Returns the form that is input k."""
    numerators = np.zeros(inputs, object)
    numerators[k] = 1
    return Form(numerators, 0)


def total(forms: Iterable[Form], inputs: int) -> Form:
    """Returns the sum of forms; that of none is zero."""
    result = Form(np.zeros(inputs, object), 0)
    for form in forms:
        exponent = max(form.exponent, result.exponent)
        result = Form(
            result.numerators * (1 << (exponent - result.exponent))
            + form.numerators * (1 << (exponent - form.exponent)),
            exponent,
        )
    return result


def halved(number: int | Fraction, times: int) -> Fraction:
    """Returns number / 2^times, for any sign of `times`."""
    return Fraction(number) / (1 << times) if times >= 0 else Fraction(number) * (1 << -times)
