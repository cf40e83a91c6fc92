"""How many bits inputs, values and constants have."""

from __future__ import annotations

from dataclasses import dataclass

from dsl.errors import UsageError
from dsl.registry import brief

LENGTHS = (8, 16, 32)


@dataclass(frozen=True, slots=True)
class Words:
    """The sizes of all whole numbers of a fixed-point program, signs included.

    Attributes:
        length: Bits of a value.
        input_bits: Bits of an input.
        constant_bits: Bits of a multiplier.

    Raises:
        UsageError: There are no such words.
    """

    length: int
    input_bits: int
    constant_bits: int

    def __post_init__(self) -> None:
        if not _is_within(self.length, LENGTHS[0], LENGTHS[-1]) or self.length not in LENGTHS:
            raise UsageError(f"expected a word length of 8, 16 or 32, got {brief(self.length)}")
        if not _is_within(self.input_bits, 2, self.length):
            fitting = [length for length in LENGTHS if _is_within(self.input_bits, 2, length)]
            raise UsageError(
                f"expected inputs of 2 to {self.length} bits, got {brief(self.input_bits)}",
                f"a word length of {fitting[0]} would do" if fitting else "",
            )
        most = self.wide_length - self.length
        if not _is_within(self.constant_bits, 2, most):
            raise UsageError(
                f"expected constants of 2 to {most} bits, got {brief(self.constant_bits)}"
            )

    @property
    def wide_length(self) -> int:
        """Bits of products and of sums before they are rounded."""
        return max(2 * self.length, 32)

    @property
    def largest(self) -> int:
        """The largest value; the smallest is its negative."""
        return largest_of(self.length)

    @property
    def largest_wide(self) -> int:
        """The largest product or sum."""
        return largest_of(self.wide_length)

    @property
    def largest_input(self) -> int:
        """The largest input; the smallest is its negative."""
        return largest_of(self.input_bits)

    @property
    def largest_constant(self) -> int:
        """The largest multiplier that is no power of two."""
        return largest_of(self.constant_bits)


def largest_of(bits: int) -> int:
    """Returns the largest number of so many bits, one of them the sign."""
    return (1 << (bits - 1)) - 1


def _is_within(number: object, least: int, most: int) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and least <= number <= most
