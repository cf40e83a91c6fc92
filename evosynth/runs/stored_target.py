"""The target of a run as plain data in its folder, from which the run can go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dsl.errors import DataError
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.samples import SampledTarget, Samples, rebuild_sampled_target
from dsl.targets import Target
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.engine.plain_data import from_plain, to_plain
from evosynth.runs.algorithm_document import read_recursive_target, recursive_target_data
from evosynth.runs.approximation_data import approximation_data, read_approximation
from evosynth.runs.document import read_target, target_data

AnyTarget = Target | ApproximateTarget | SampledTarget | RecursiveTarget


@dataclass(frozen=True, slots=True)
class ArraySamples:
    """Samples that were given as arrays, and cannot be read or drawn again."""

    name: str
    title: str
    convention: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    train: Samples
    validation: Samples | None
    test: Samples | None
    noise: float
    is_exact: bool


def stored_target(target: AnyTarget) -> dict[str, Any]:
    """Returns a target as plain data: a name and parameters where these decide it."""
    if isinstance(target, RecursiveTarget):
        return {"kind": "algorithm", "target": recursive_target_data(target)}
    if isinstance(target, ApproximateTarget):
        held = target_data(target.target) | {"approximation": approximation_data(target)}
        return {"kind": "approximate", "target": held}
    if isinstance(target, Target):
        return {"kind": "matrix", "target": target_data(target)}
    if target.source:
        return {"kind": "samples", "target": target.source, "digest": target.digest}
    names = ArraySamples.__dataclass_fields__
    arrays = ArraySamples(**{name: getattr(target, name) for name in names})
    return {"kind": "arrays", "target": to_plain(arrays, ArraySamples), "digest": target.digest}


def read_stored_target(data: Any) -> AnyTarget:
    """Returns the target that plain data describe.

    Raises:
        DataError: They describe none, or a file of samples has changed since.
        StorageError: A file of samples cannot be read.
    """
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind == "algorithm":
        return read_recursive_target(data)
    if kind == "matrix":
        return read_target(data)
    if kind == "approximate":
        exact = read_target(data)
        return read_approximation(data["target"].get("approximation"), exact)
    if kind not in ("samples", "arrays"):
        raise DataError("expected the target of a run")
    target = _samples(data)
    if target.digest != data.get("digest"):
        raise DataError(
            f"the samples of '{target.name}' are not those that the run began with",
            "a data file has changed, or the machine computes other last digits",
        )
    return target


def _samples(data: dict[str, Any]) -> SampledTarget:
    if data["kind"] == "samples":
        if not isinstance(data.get("target"), dict):
            raise DataError("expected the source of samples")
        return rebuild_sampled_target(data["target"])
    arrays = from_plain(data.get("target"), ArraySamples)
    names = ArraySamples.__dataclass_fields__
    try:
        return SampledTarget(**{name: getattr(arrays, name) for name in names})
    except ValueError as error:
        raise DataError(f"not valid samples: {error}"[:200]) from error
