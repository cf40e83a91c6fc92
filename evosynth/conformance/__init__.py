"""Checks of what plug-ins declare, for their authors' own tests.

    from evosynth.conformance import check_primitive

    def test_my_block():
        check_primitive(my_block, compiled=True)

Every check returns what it looked at, and raises an error that says what is wrong.
"""

from evosynth.conformance.baselines import check_baseline
from evosynth.conformance.checking import check_member, check_primitive
from evosynth.conformance.costs import check_cost
from evosynth.conformance.formats import check_format
from evosynth.conformance.objectives import check_objective
from evosynth.conformance.strategies import check_strategy
from evosynth.conformance.targets import check_target
from evosynth.plugins.seams import restoring

__all__ = [
    "check_baseline",
    "check_cost",
    "check_format",
    "check_member",
    "check_objective",
    "check_primitive",
    "check_strategy",
    "check_target",
    "restoring",
]
