"""The seams that plug-ins can add to, and what of them came from where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dsl.algorithm_formats import ALGORITHM_FORMATS
from dsl.costs import COSTS, Cost
from dsl.formats import FORMATS
from dsl.formats.base import Format
from dsl.patterns import PATTERNS, Pattern
from dsl.primitives import PRIMITIVES, Primitive
from dsl.registry import Registry
from dsl.samples.base import SAMPLED, SampledFamily
from dsl.scalars import SCALARS, Scalar
from dsl.targets import TARGETS, TargetFamily
from dsl.vectors import VECTORS, VectorPrimitive
from evosynth.plugins.base import DECLARED, PLUGINS
from evosynth.strategies import STRATEGIES, Strategy
from fitness.objectives import OBJECTIVES, Objective
from gradient_baselines.base import BASELINES, Baseline

# What messages call a kind of member -> its registry and the type of its members.
SEAMS: dict[str, tuple[Registry[Any], type]] = {
    "block": (PRIMITIVES, Primitive),
    "scalar": (SCALARS, Scalar),
    "vector": (VECTORS, VectorPrimitive),
    "pattern": (PATTERNS, Pattern),
    "target": (TARGETS, TargetFamily),
    "sampled target": (SAMPLED, SampledFamily),
    "format": (FORMATS, Format),
    "cost": (COSTS, Cost),
    "objective": (OBJECTIVES, Objective),
    "strategy": (STRATEGIES, Strategy),
    "baseline": (BASELINES, Baseline),
}
OTHERS: tuple[Registry[Any], ...] = (ALGORITHM_FORMATS, PLUGINS, DECLARED)


def kind_of(member: object) -> str | None:
    """Returns the kind of a member, "block" for example; None if it is of no seam."""
    return next((kind for kind, (_, type_) in SEAMS.items() if isinstance(member, type_)), None)


def members() -> list[tuple[str, str]]:
    """Returns kind and name of all members, but for our own rivals: PyTorch loads these late."""
    return [
        (kind, each.name)
        for kind, (registry, _) in SEAMS.items()
        for each in registry
        if not _is_own(each)
    ]


@contextmanager
def restoring(*, on_failure_only: bool = False) -> Iterator[None]:
    """Takes out, at the end of the block, what was registered in it."""
    registries = [*(registry for registry, _ in SEAMS.values()), *OTHERS]
    before = [set(registry.names()) for registry in registries]
    has_failed = True
    try:
        yield
        has_failed = False
    finally:
        if has_failed or not on_failure_only:
            for registry, names in zip(registries, before, strict=True):
                for name in registry.names():
                    if name not in names and not _is_own(registry.get(name)):
                        registry.remove(name)


def _is_own(member: Any) -> bool:
    """Tells whether a rival is one of ours, imported in the meantime."""
    home = getattr(getattr(member, "fit", None), "__module__", "")
    return str(home).startswith("gradient_baselines.")
