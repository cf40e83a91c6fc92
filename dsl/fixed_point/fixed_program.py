"""Programs of whole numbers alone: sums of products, each rounded by a shift."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dsl.errors import DataError, UsageError
from dsl.fixed_point.words import Words
from dsl.program import Program

if TYPE_CHECKING:
    from dsl.fixed_point.measurement import Measurement
    from dsl.fixed_point.proof import Proof


class Term(NamedTuple):
    """One product of a sum.

    Attributes:
        value: The number of an earlier value.
        multiplier: By what it is multiplied.
        constant: The positive constant of the source that it stands for, up to a power of
            two and a sign.
    """

    value: int
    multiplier: int
    constant: complex = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """A value: the sum of the terms, divided by 2^shift, to the nearest, halves upwards.

    Attributes:
        terms: Products of earlier values; none for zero.
        shift: By how many bits the sum is shifted to the right.
        fraction_bits: The value v stands for v / 2^fraction_bits.
    """

    terms: tuple[Term, ...]
    shift: int
    fraction_bits: int


@dataclass(frozen=True)
class FixedProgram:
    """A program of whole numbers.

    Values are numbered: first the inputs, then the results of the steps in order. Complex
    numbers are two components, the real part first. Output k times 2^-output_bits[k] is
    what the source computes, up to rounding.

    Attributes:
        source: What it approximates.
        words: Sizes of the numbers.
        steps: In order.
        outputs: Numbers of the values that are returned.

    Raises:
        ValueError: A step or an output names a value that does not exist yet, or a shift is
            out of range.
    """

    source: Program
    words: Words
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]

    def __post_init__(self) -> None:
        for position, step in enumerate(self.steps, self.inputs):
            if not all(0 <= term.value < position for term in step.terms):
                raise ValueError(f"value {position} reads a value that does not exist yet")
            if not 0 <= step.shift < self.words.wide_length:
                raise ValueError(f"value {position} is shifted by {step.shift} bits")
        if not all(0 <= value < self.inputs + len(self.steps) for value in self.outputs):
            raise ValueError("an output names a value that does not exist")

    @property
    def inputs(self) -> int:
        """Number of inputs; of complex ones both components."""
        return self.source.code.inputs

    @property
    def output_bits(self) -> tuple[int, ...]:
        """Bits after the binary point of each output, negative where it was divided."""
        bits = [0] * self.inputs + [step.fraction_bits for step in self.steps]
        return tuple(bits[value] for value in self.outputs)

    @cached_property
    def proof(self) -> Proof:
        """The `Proof` that nothing overflows, and how large errors are at most."""
        from dsl.fixed_point.proof import prove_no_overflow

        return prove_no_overflow(self)

    @property
    def error_bound(self) -> float:
        """The largest error of an output that is possible, in units of its last place."""
        bound = max(self.proof.last_places(self))
        return float(bound) if float(bound) >= bound else math.nextafter(float(bound), math.inf)

    def execute(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Runs the program, bit for bit as the C code does.

        Args:
            x: (..., inputs) whole numbers.

        Returns:
            (..., outputs) int64.

        Raises:
            UsageError: The numbers are of another shape, not whole, or too large.
        """
        values = self.values(self._checked(x))
        return np.stack([values[k] for k in self.outputs], axis=-1)

    __call__ = execute

    def values(self, x: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Returns all values: inputs + steps arrays of shape (...), of the type of x."""
        values = [x[..., k] for k in range(self.inputs)]
        for step in self.steps:
            total = np.zeros_like(values[0])
            for term in step.terms:
                total = total + values[term.value] * term.multiplier
            half = (1 << step.shift) >> 1
            values.append((total + half) >> step.shift)
        return values

    def _checked(self, x: npt.ArrayLike) -> npt.NDArray[np.int64]:
        data, largest = np.asarray(x), self.words.largest_input
        if data.shape[-1:] != (self.inputs,) or not np.issubdtype(data.dtype, np.integer):
            raise UsageError(
                f"expected whole numbers of shape (..., {self.inputs}), "
                f"got {data.dtype} of shape {data.shape}"
            )
        if data.size and not -largest <= int(data.min()) <= int(data.max()) <= largest:
            raise DataError(f"expected inputs from {-largest} to {largest}, got larger ones")
        return data.astype(np.int64)

    def measure(self, count: int = 10_000, rng: np.random.Generator | None = None) -> Measurement:
        """Returns the `Measurement` of errors over random inputs and over worst cases.

        Args:
            count: How many random inputs.
            rng: Where they come from; by default a generator with seed 0.
        """
        from dsl.fixed_point.measurement import measure

        return measure(self, count, rng or np.random.default_rng(0))

    def __str__(self) -> str:
        from dsl.fixed_point.listing import listing

        return listing(self)
