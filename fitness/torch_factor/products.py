"""The operations of a matrix's products, each constant of a line multiplied once."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from fitness.torch_factor.arithmetic import Numbers, is_same, upright
from fitness.torch_factor.prices import Prices

# Numbers are sorted along a direction in which two constants of a transform hardly ever lie:
# its tangent is the root of cos x = x, which no square roots and cosines of fractions make.
DIRECTION = 0.7390851332151607


def line_costs(values: Numbers, costs: Tensor) -> Tensor:
    """Returns the operations of the products of lines.

    Args:
        values: (lines, entries).
        costs: (lines, entries) int8 operations of each product on its own; 0 for a zero.

    Returns:
        (lines,) int64.
    """
    total = costs.sum(dim=1)
    number = (costs > 0).sum(dim=1)
    which = torch.nonzero(number > 1).flatten()
    if not len(which):
        return total
    most = int(number[which].max())
    costs = costs.index_select(0, which)
    some = upright(values.at(which), 4)
    key = some.re if some.im is None else torch.add(some.re, some.im, alpha=DIRECTION)
    order = key.masked_fill(costs == 0, math.inf).argsort(dim=1)[:, :most]
    some, costs = some.map(lambda part: part.gather(1, order)), costs.gather(1, order)
    again = is_same(some[:, :-1], some[:, 1:]).view(torch.int8)
    total[which] -= (costs[:, 1:] * again).sum(dim=1)
    return total


def product_costs(entries: Numbers, prices: Prices) -> tuple[Tensor, Tensor]:
    """Returns the operations of the products of every line of matrices, both ways.

    Args:
        entries: (matrices, m, n).
        prices: Of operations.

    Returns:
        (matrices, m) where constants are shared along the second axis, and (matrices, n): int64.
    """
    costs = prices.of_products(entries)
    first = line_costs(entries.map(lambda part: part.flatten(0, 1)), costs.flatten(0, 1))
    turned = entries.map(lambda part: part.transpose(1, 2).flatten(0, 1))
    second = line_costs(turned, costs.transpose(1, 2).flatten(0, 1))
    return first.view(costs.shape[0], -1), second.view(costs.shape[0], -1)
