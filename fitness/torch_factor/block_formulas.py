"""A primitive as functions of arrays of numbers, all derived from its declaration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from dsl.cost import SAME
from dsl.derive import ENTRIES, Lowering, derive
from dsl.exact_number import PARAMETER
from dsl.formula_functions import formula_function
from dsl.grammars.factor.steps import LARGEST_INVERSE
from dsl.grammars.factor.voting import LARGEST, NOISE, SMALLEST
from dsl.primitives import Primitive
from fitness.torch_factor.arithmetic import FUNCTIONS, Numbers, upright
from fitness.torch_factor.prices import Prices

# An entry of a block: one for each place, or the same for all.
Factor: TypeAlias = Numbers | complex


@dataclass(frozen=True, slots=True)
class Proposals:
    """What rows of the remainder propose as the parameter of blocks at places.

    Attributes:
        values: (places, rows * candidates), a row's candidates beside each other.
        usable: Which of them can be used, of that shape.
    """

    values: Numbers
    usable: Tensor


class BlockFormulas:
    """What the decoder needs to know of one primitive.

    Args:
        block: The primitive.
        prices: Of operations, on the device.

    Attributes:
        block: The primitive.
        derived: What follows from its declaration.
    """

    def __init__(self, block: Primitive, prices: Prices) -> None:
        self.block = block
        self.derived = derived = derive(block)
        self._prices = prices
        entries = ENTRIES[: block.points]
        self._candidates = [
            formula_function(entries, formula, FUNCTIONS) for formula in derived.candidates
        ]
        self._read = [
            [k for k in range(block.points) if block.is_pairwise or entries[k] in c.free_symbols]
            for c in derived.candidates
        ]
        self._forward = formula_function((PARAMETER,), tuple(derived.matrix), FUNCTIONS)
        self._inverse = formula_function((PARAMETER,), tuple(derived.inverse), FUNCTIONS)
        self._lowerings = (derived.lowering, derived.transposed)
        self._constants = [
            formula_function((PARAMETER,), _constants(each), FUNCTIONS) for each in self._lowerings
        ]

    def proposals(self, entries: Sequence[Numbers], present: Sequence[Tensor]) -> Proposals:
        """Returns what rows propose.

        Args:
            entries: For each point of the block, (places, rows) entries of the remainder.
            present: Which of them are not zero.
        """
        first = entries[0]
        found = [self._usable(first.like(f(*entries))) for f in self._candidates]
        for (_, usable), read in zip(found, self._read, strict=True):
            for k in read:
                usable &= present[k]
        if len(found) == 1:
            return Proposals(*found[0])
        planes = zip(*(values.parts for values, _ in found), strict=True)
        stacked = [torch.stack(plane, dim=-1).flatten(1) for plane in planes]
        usable = torch.stack([each for _, each in found], dim=-1).flatten(1)
        return Proposals(Numbers(*stacked), usable)

    def inverse(self, parameter: Numbers) -> list[Factor]:
        """Returns the entries of the inverse, row by row, at parameters (places,)."""
        return self._entries(self._inverse, parameter)

    def forward(self, parameter: Numbers) -> list[Factor]:
        """Returns the entries of the matrix, row by row, at parameters (places,)."""
        return self._entries(self._forward, parameter)

    def _entries(self, formulas: Any, parameter: Numbers) -> list[Factor]:
        """Returns entries as simple as they are: the same for all, real, or of the field."""
        found = []
        for entry in formulas(self._of_field(parameter)):
            is_simple = not isinstance(entry, Numbers) and (
                not entry.imag or parameter.im is not None
            )
            is_real = isinstance(entry, Numbers) and entry.im is None
            found.append(entry if is_simple or is_real else parameter.like(entry))
        return found

    def cost(self, parameter: Numbers, is_output_side: Tensor) -> Tensor:
        """Returns the operations of blocks at parameters: (places,) int64."""
        by_side = [self._cost(side, parameter) for side in (0, 1)]
        return torch.where(is_output_side, by_side[1], by_side[0])

    def least_cost(self) -> int:
        """Returns the operations that the block takes at any parameter, on either side."""
        return self._prices.addition * min(map(_additions, self._lowerings))

    def is_sound(self, parameter: Numbers) -> Tensor:
        """Tells at which parameters a block can be moved out: invertible, and of the field."""
        if self.derived.is_regular:
            return torch.ones_like(parameter.re, dtype=torch.bool)
        forward = [parameter.like(entry) for entry in self.forward(parameter)]
        inverse = [parameter.like(entry) for entry in self.inverse(parameter)]
        sound = torch.stack([torch.isfinite(entry.squares()) for entry in forward])
        limit = LARGEST_INVERSE * LARGEST_INVERSE
        small = torch.stack([entry.squares() <= limit for entry in inverse])
        return sound.all(dim=0) & small.all(dim=0)

    def _of_field(self, parameter: Numbers) -> Numbers:
        """Returns parameters as formulas take them: angles are real."""
        return Numbers(parameter.re) if self.block.is_angle else parameter

    def _usable(self, values: Numbers) -> tuple[Numbers, Tensor]:
        """Returns candidates, tidied, and which can be used."""
        turns, angle = self.derived.turns, None
        if values.im is None:
            square = values.re * values.re
        else:
            re, im = values.re, values.im
            if self.block.is_angle:
                angle = im.abs() <= SAME
                values = Numbers(re, torch.zeros_like(im))
            elif turns > 1:  # where it matters on which side of an axis a number lies
                across, up = re.abs(), im.abs()
                size = (across + up).mul_(NOISE)
                values = Numbers(re * across.ge_(size), im * up.ge_(size))
            square = values.squares()
        usable = (square >= SMALLEST * SMALLEST) & (square <= LARGEST * LARGEST)
        if angle is not None:
            usable &= angle
        return upright(values, turns), usable

    def _cost(self, side: int, parameter: Numbers) -> Tensor:
        constants = self._constants[side](self._of_field(parameter))
        additions = self._prices.addition * _additions(self._lowerings[side])
        total = torch.full_like(parameter.re, additions, dtype=torch.int64)
        for constant in constants:
            total += self._prices.of(parameter.like(constant))
        return total


def _additions(lowering: Lowering) -> int:
    return sum(step.kind == "add" for step in lowering.steps)


def _constants(lowering: Lowering) -> tuple[Any, ...]:
    return tuple(step.constant for step in lowering.steps if step.kind == "scale")
