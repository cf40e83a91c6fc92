"""From values to places on an axis, and the values that are labelled."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Steps between labels, times a power of ten.
STEPS = (1, 2, 5, 10)
# Axes whose values have a larger quotient than this are logarithmic.
WIDE = 20.0
MOST_LABELS = 6
# So few powers of ten, and twice and five times them, leave a logarithmic axis without labels.
FEW = 2


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis.

    Attributes:
        low: Value at its beginning.
        high: Value at its end, above `low`.
        is_logarithmic: Equal quotients take equal room; values are above 0 then.
    """

    low: float
    high: float
    is_logarithmic: bool = False

    @classmethod
    def of(
        cls, values: Sequence[float], *, is_logarithmic: bool | None = None, from_zero: bool = False
    ) -> Scale:
        """Returns a scale with room for some finite values.

        Args:
            values: At least one.
            is_logarithmic: By default if all are above 0 and differ by a large factor.
            from_zero: A linear scale begins at 0 at the latest.
        """
        low, high = min(values), max(values)
        if is_logarithmic is None:
            is_logarithmic = low > 0 and high > WIDE * low
        if is_logarithmic:
            return cls(low / 1.15, high * 1.15, True)
        room = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
        bottom = 0.0 if from_zero and low >= 0 else low - room
        return cls(bottom, high + room)

    def share(self, value: float) -> float:
        """Returns how far along the axis a value is: 0 at its beginning, 1 at its end."""
        if self.is_logarithmic:
            low, high = math.log(self.low), math.log(self.high)
            return (math.log(max(value, self.low)) - low) / (high - low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self, *, are_whole: bool = False) -> list[float]:
        """Returns the values that are labelled, few and round; whole ones of counts."""
        found = self._powers() if self.is_logarithmic else self._multiples()
        return [value for value in found if value == round(value)] if are_whole else found

    def _multiples(self) -> list[float]:
        rough = (self.high - self.low) / MOST_LABELS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(s * power for s in STEPS if s * power >= rough * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [k * step for k in range(first, last + 1)]

    def _powers(self) -> list[float]:
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        wholes = [10.0**k for k in range(first, last + 1)]
        if last - first > 3:
            found = self._inside(wholes)
            return found[:: -(-len(found) // MOST_LABELS)]
        found = self._inside([step * power for power in wholes for step in (1, 2, 5)])
        multiples = self._multiples()
        are_told_apart = len(set(map(label, multiples))) == len(multiples)
        return multiples if len(found) <= FEW and are_told_apart else found

    def _inside(self, values: list[float]) -> list[float]:
        return [value for value in values if self.low <= value <= self.high]


def label(value: float) -> str:
    """Returns a number as axes show it: 1,200, 0.25, 1e-9."""
    size = abs(value)
    if size and (size >= 1e7 or size < 1e-3):
        return f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    return f"{value:,.6g}" if size < 1e5 else f"{value:,.0f}"
