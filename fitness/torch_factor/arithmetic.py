"""Real and complex numbers as planes of doubles, and how the decoder compares them.

Complex tensors would read better, but their division, absolute value and comparisons take
five to twenty times as long as the same on two planes; so do choices by a mask (`where`) next
to products with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import hardshrink

from dsl.cost import SAME


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """An array of numbers.

    Attributes:
        re: Their real parts: float64.
        im: Their imaginary parts, of the same shape; None for real numbers.
    """

    re: Tensor
    im: Tensor | None = None

    @classmethod
    def of(cls, values: npt.NDArray[Any], device: torch.device) -> Numbers:
        """Takes an array of NumPy, real or complex."""
        parts = (values.real, values.imag) if np.iscomplexobj(values) else (values,)
        return cls(*(torch.tensor(np.array(part, np.float64), device=device) for part in parts))

    @property
    def parts(self) -> tuple[Tensor, ...]:
        """The planes: one or two."""
        return (self.re,) if self.im is None else (self.re, self.im)

    @property
    def shape(self) -> torch.Size:
        """The shape of the array."""
        return self.re.shape

    def map(self, function: Callable[[Tensor], Tensor]) -> Numbers:
        """Returns the numbers with the same done to each plane: moved, picked or stacked."""
        return Numbers(*(function(part) for part in self.parts))

    def __getitem__(self, index: Any) -> Numbers:
        return self.map(lambda part: part[index])

    def at(self, index: Tensor) -> Numbers:
        """Returns the numbers at positions, (count,) int64, of the first axis."""
        return self.map(lambda part: part.index_select(0, index))

    def squares(self) -> Tensor:
        """Returns the squares of the absolute values."""
        square = self.re * self.re
        return square if self.im is None else square.addcmul_(self.im, self.im)

    def present(self) -> Tensor:
        """Tells which are not zero."""
        return self.re != 0 if self.im is None else (self.re != 0) | (self.im != 0)

    def cleared(self, threshold: float) -> Numbers:
        """Returns the numbers with parts below the threshold made zero."""
        below = math.nextafter(threshold, 0.0)
        return self.map(lambda part: hardshrink(part, below))

    def like(self, value: Any) -> Numbers:
        """Returns a number, or numbers of another kind, as numbers of this kind.

        What is not real is nan among real numbers.
        """
        if not isinstance(value, Numbers):
            value = complex(value)
            real, imaginary = (torch.full_like(self.re, x) for x in (value.real, value.imag))
            value = Numbers(real, imaginary)
        if self.im is not None:
            return value if value.im is not None else Numbers(value.re, torch.zeros_like(value.re))
        if value.im is None:
            return value
        return Numbers(value.re.masked_fill(~(value.im.abs() <= SAME), math.nan))

    def __neg__(self) -> Numbers:
        return self.map(torch.neg)

    def __add__(self, other: Any) -> Numbers:
        if not isinstance(other, Numbers):
            value = complex(other)
            if self.im is None and value.imag:
                return Numbers(self.re + value.real, torch.full_like(self.re, value.imag))
            return Numbers(
                self.re + value.real, *(() if self.im is None else (self.im + value.imag,))
            )
        if self.im is None and other.im is not None:
            return other + self
        if self.im is not None and other.im is None:
            return Numbers(self.re + other.re, self.im + 0 * other.re)
        return Numbers(*(p + q for p, q in zip(self.parts, other.parts, strict=True)))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Numbers:
        return self + -other

    def __rsub__(self, other: Any) -> Numbers:
        return -self + other

    def __mul__(self, other: Any) -> Numbers:
        if not isinstance(other, Numbers):
            value = complex(other)
            if not value.imag:
                return self.map(lambda part: part * value.real)
            other = Numbers(
                torch.full_like(self.re, value.real), torch.full_like(self.re, value.imag)
            )
        if self.im is None:
            return other.map(lambda part: self.re * part)
        if other.im is None:
            return self.map(lambda part: part * other.re)
        return Numbers(
            (self.re * other.re).addcmul_(self.im, other.im, value=-1),
            (self.re * other.im).addcmul_(self.im, other.re),
        )

    __rmul__ = __mul__

    def inverted(self) -> Numbers:
        """Returns 1 / x."""
        if self.im is None:
            return Numbers(self.re.reciprocal())
        scale = self.squares().reciprocal_()
        return Numbers(self.re * scale, self.im * scale.neg_())

    def __truediv__(self, other: Any) -> Numbers:
        if not isinstance(other, Numbers):
            return self * (1 / other)
        if other.im is None:
            return self.map(lambda part: part / other.re)
        if self.im is None:
            return self * other.inverted()
        scale = other.squares().reciprocal_()
        return Numbers(
            (self.re * other.re).addcmul_(self.im, other.im).mul_(scale),
            (self.im * other.re).addcmul_(self.re, other.im, value=-1).mul_(scale),
        )

    def __rtruediv__(self, other: Any) -> Numbers:
        return self.inverted() * other

    def __pow__(self, exponent: Any) -> Numbers:
        if isinstance(exponent, int) and abs(exponent) <= 8:
            result = self
            for _ in range(abs(exponent) - 1):
                result = result * self
            return result if exponent > 0 else result.inverted()
        return self._by_torch(lambda values: values**exponent)

    def _by_torch(self, function: Callable[[Tensor], Tensor]) -> Numbers:
        """Returns a function of torch on complex tensors; of real ones it may be complex."""
        if self.im is None:
            result = function(self.re)
            if not bool(torch.isnan(result).any()):
                return Numbers(result)
        imaginary = torch.zeros_like(self.re) if self.im is None else self.im
        result = function(torch.complex(self.re, imaginary))
        return Numbers(result.real.contiguous(), result.imag.contiguous())


def atan(tangent: Any) -> Any:
    """Returns the angle of real tangents, i for others: angles are real."""
    if not isinstance(tangent, Numbers):
        return math.atan(tangent)
    if tangent.im is None:
        return Numbers(torch.atan(tangent.re))
    return Numbers(torch.atan(tangent.re), (tangent.im.abs() > SAME).to(torch.float64))


def _either(name: str) -> Callable[[Any], Any]:
    """Returns a function of numbers, of Python or of `Numbers`."""

    def apply(value: Any) -> Any:
        if isinstance(value, Numbers):
            return value._by_torch(getattr(torch, name))
        found = np.emath.sqrt(value) if name == "sqrt" else getattr(np, name)(value)
        return complex(found) if np.iscomplexobj(found) else float(found)

    return apply


# What formulas may call, by the name that SymPy prints.
FUNCTIONS: dict[str, Any] = {
    name: _either(name) for name in ("sqrt", "cos", "sin", "tan", "exp", "log")
} | {"atan": atan, "I": 1j, "pi": math.pi, "E": math.e}


def is_same(p: Numbers, q: Numbers) -> Tensor:
    """Tells, element by element, whether numbers are equal up to rounding, relative to p.

    nan is the same as nothing.
    """
    distance = p.re - q.re
    square = distance.mul_(distance)
    if p.im is not None and q.im is not None:
        distance = p.im - q.im
        square.addcmul_(distance, distance)
    return square <= p.squares().mul_(SAME * SAME)


def first_true(mask: Tensor) -> Tensor:
    """Returns where the first true element of every line is: (lines, 1) int64; some is true."""
    length = mask.shape[1]
    # Bytes, if they suffice, take a tenth of the time of `argmax`.
    dtype = torch.uint8 if length < 256 else torch.int16
    weights = torch.arange(length, 0, -1, dtype=dtype, device=mask.device)
    return length - (mask * weights).amax(dim=1, keepdim=True).long()


def upright(values: Numbers, turns: int) -> Numbers:
    """Returns one representative of each value times the `turns`-th roots of one.

    Args:
        values: Numbers whose rounding errors near the axes are cleared.
        turns: 4 (angle in [0, 90) degrees), 2 ([0, 180)) or 1 (left as they are).
    """
    re, im = values.re, values.im
    if turns == 1:
        return values
    if im is None:
        return Numbers(re.abs())
    if turns == 2:
        sign = torch.copysign(re.new_ones(1), im + (im == 0) * re)
        return Numbers(re * sign, sign.mul_(im))
    across, up = re.abs(), im.abs()
    # The angle lies in the second or fourth quadrant, or on the imaginary axis.
    change = (((re < 0) != (im < 0)) & (im != 0)) | (re == 0)
    shift = (up - across) * change
    return Numbers(across + shift, up - shift)
