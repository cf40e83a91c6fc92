"""Patterns: one file each, in the order in which genes number them."""

from dsl.patterns.base import PATTERNS, Pattern, Place, pattern
from dsl.patterns.conjugate import conjugate
from dsl.patterns.everywhere import everywhere
from dsl.patterns.matching import matching
from dsl.patterns.mirror import mirror
from dsl.patterns.pair import pair
from dsl.patterns.stride import stride

__all__ = [
    "PATTERNS",
    "Pattern",
    "Place",
    "conjugate",
    "everywhere",
    "matching",
    "mirror",
    "pair",
    "pattern",
    "stride",
]
