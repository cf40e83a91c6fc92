"""Costs of programs: one file each."""

from dsl.costs.base import COSTS, Cost, Tally, make_cost
from dsl.costs.flops import FLOPS
from dsl.costs.fma import FMA
from dsl.costs.multiplications import MULTIPLICATIONS
from dsl.costs.shift_add import SHIFT_ADD

__all__ = [
    "COSTS",
    "FLOPS",
    "FMA",
    "MULTIPLICATIONS",
    "SHIFT_ADD",
    "Cost",
    "Tally",
    "make_cost",
]
