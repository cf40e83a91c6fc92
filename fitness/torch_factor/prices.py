"""What operations cost, for arrays of constants: the rule is that of `dsl.cost`."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dsl.cost import (
    AXIS,
    DIAGONAL,
    DIAGONAL_UNIT,
    GENERAL,
    ONE_COMPONENT,
    SAME,
    UNIT,
)
from dsl.grammars.factor.remainder import prices_for
from fitness.torch_factor.arithmetic import Numbers


@dataclass(frozen=True, slots=True)
class Prices:
    """Operations of additions and of multiplications.

    Attributes:
        addition: Of one addition of data values.
        multiplication: By the class of the constant.
    """

    addition: int
    multiplication: tuple[int, ...]

    @classmethod
    def for_data(cls, is_complex: bool) -> Prices:
        """Returns the prices for complex or real data."""
        prices = prices_for(is_complex)
        return cls(prices.addition, tuple(prices.multiplication.tolist()))

    def of(self, constants: Numbers) -> Tensor:
        """Returns the operations of products with constants that are not zero: int8.

        Bytes are added and compared ten times as fast as whole numbers of other kinds.
        """
        price = self.multiplication
        if constants.im is None:
            is_unit = (constants.re.abs() - 1.0).abs_() <= SAME
            return price[AXIS] + (price[UNIT] - price[AXIS]) * is_unit.view(torch.int8)
        across, up = constants.re.abs(), constants.im.abs()
        large, small = torch.maximum(across, up), torch.minimum(across, up)
        margin = large * SAME
        on_axis = small <= margin
        on_diagonal = (large - small <= margin).logical_and_(~on_axis)
        is_unit = (large - 1.0).abs_() <= SAME
        has_unit = ((small - 1.0).abs_() <= SAME).logical_or_(is_unit)
        has_unit.logical_and_(~(on_axis | on_diagonal))
        total = torch.full_like(on_axis, price[GENERAL], dtype=torch.int8)
        for where, change in (
            (has_unit, price[ONE_COMPONENT] - price[GENERAL]),
            (on_diagonal, price[DIAGONAL] - price[GENERAL]),
            (on_diagonal & is_unit, price[DIAGONAL_UNIT] - price[DIAGONAL]),
            (on_axis, price[AXIS] - price[GENERAL]),
            (on_axis & is_unit, price[UNIT] - price[AXIS]),
        ):
            total.add_(where.view(torch.int8), alpha=change)
        return total

    def of_entries(self, entries: Numbers) -> Tensor:
        """Returns the operations of entries of the remainder on their own: int8."""
        return (self.of(entries) + self.addition) * entries.present().view(torch.int8)

    def of_products(self, entries: Numbers) -> Tensor:
        """Returns the operations of products with entries of the remainder: int8, 0 for zeros."""
        return self.of(entries) * entries.present().view(torch.int8)
