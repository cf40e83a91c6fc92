"""Which checks a member of a seam has to pass."""

from __future__ import annotations

from typing import Any

from dsl.costs import Cost
from dsl.formats.base import Format
from dsl.primitives import Primitive
from dsl.samples.base import SampledFamily
from dsl.scalars import Scalar
from dsl.targets import TargetFamily
from dsl.vectors import VectorPrimitive
from evosynth.conformance.baselines import check_baseline
from evosynth.conformance.blocks import check_block
from evosynth.conformance.costs import check_cost
from evosynth.conformance.formats import check_format
from evosynth.conformance.objectives import check_objective
from evosynth.conformance.scalars import check_scalar
from evosynth.conformance.strategies import check_strategy
from evosynth.conformance.targets import check_target
from evosynth.conformance.vectors import check_vector
from evosynth.strategies import Strategy
from fitness.objectives import Objective
from gradient_baselines.base import Baseline

AnyPrimitive = Primitive | Scalar | VectorPrimitive


def check_primitive(primitive: AnyPrimitive, *, compiled: bool = False) -> tuple[str, ...]:
    """Checks a primitive of any grammar.

    Args:
        primitive: What `es.primitive` returned.
        compiled: Also the forms that take long to compile, such as Numba's and PyTorch's.

    Returns:
        What was checked.

    Raises:
        EnvironmentMismatchError: Something is wrong; the message says what.
    """
    if isinstance(primitive, Primitive):
        return check_block(primitive, compiled=compiled)
    if isinstance(primitive, Scalar):
        return check_scalar(primitive, compiled=compiled)
    return check_vector(primitive, compiled=compiled)


def check_member(member: Any, *, compiled: bool = False) -> tuple[str, ...]:
    """Checks a member of any seam; one of a seam without checks passes.

    Returns:
        What was checked.

    Raises:
        EnvironmentMismatchError: Something is wrong; the message says what.
    """
    if isinstance(member, Primitive | Scalar | VectorPrimitive):
        return check_primitive(member, compiled=compiled)
    checks: dict[Any, Any] = {
        TargetFamily: check_target,
        SampledFamily: check_target,
        Format: check_format,
        Strategy: check_strategy,
        Objective: check_objective,
        Cost: check_cost,
        Baseline: check_baseline,
    }
    check = next((check for kind, check in checks.items() if isinstance(member, kind)), None)
    found: tuple[str, ...] = check(member) if check else ()
    return found
