"""Rewrites: random changes of size-generic rules, most of which keep what a rule computes."""

from dsl.rewrites.base import REWRITES, Rewrite, Setting
from dsl.rewrites.change_step import CHANGE_STEP
from dsl.rewrites.delete import DELETE
from dsl.rewrites.distribute import DISTRIBUTE
from dsl.rewrites.equal_sum import EQUAL_SUM
from dsl.rewrites.equal_value import EQUAL_VALUE
from dsl.rewrites.factor_out import FACTOR_OUT
from dsl.rewrites.inline import INLINE
from dsl.rewrites.insert import INSERT
from dsl.rewrites.merge import MERGE
from dsl.rewrites.push import PUSH
from dsl.rewrites.regroup import REGROUP
from dsl.rewrites.split import SPLIT

__all__ = [
    "CHANGE_STEP",
    "DELETE",
    "DISTRIBUTE",
    "EQUAL_SUM",
    "EQUAL_VALUE",
    "FACTOR_OUT",
    "INLINE",
    "INSERT",
    "MERGE",
    "PUSH",
    "REGROUP",
    "REWRITES",
    "SPLIT",
    "Rewrite",
    "Setting",
]
