"""Whether a family of targets keeps its promises."""

from __future__ import annotations

import numpy as np

from dsl.samples import make_sampled_target
from dsl.samples.base import SampledFamily
from dsl.targets import TargetFamily, make_target
from dsl.targets.base import is_at_least_two
from evosynth.conformance.steps import CheckError, expect, expect_text, run_steps

LARGEST = 16


def check_target(family: TargetFamily | SampledFamily) -> tuple[str, ...]:
    """Checks a family of targets, which has to be registered.

    Returns:
        What was checked.

    Raises:
        EnvironmentMismatchError: Something is wrong; the message says what.
    """
    who = f"target '{family.name}'"
    head = {"name": lambda: expect_text(family.name, family.summary)}
    if isinstance(family, SampledFamily):
        return run_steps(who, head | {"samples": lambda: _check_samples(family)})
    steps = head | {
        "sizes": lambda: _sizes(family),
        "title": lambda: family.title.format(n=4),
        "matrices": lambda: _check_matrices(family),
    }
    return run_steps(who, steps)


def _sizes(family: TargetFamily) -> list[int]:
    found = [n for n in range(LARGEST + 1) if is_at_least_two(n) and family.is_size(n)]
    expect(found, f"it has no size up to {LARGEST}")
    return found[:3] + found[-1:]


def _check_matrices(family: TargetFamily) -> None:
    for n in _sizes(family):
        one, again = make_target(family.name, n), make_target(family.name, n)
        expect(one.digest == again.digest, f"the matrix of size {n} differs from call to call")
        expect(np.any(one.matrix), f"the matrix of size {n} is zero")


def _check_samples(family: SampledFamily) -> None:
    one, again, other = (make_sampled_target(family.name, seed=seed) for seed in (1, 1, 2))
    expect(one.digest == again.digest, "samples of one seed differ from call to call")
    if not np.isfinite(one.train.y).all():
        raise CheckError("samples are not finite")
    expect(other.digest, "it has no samples of another seed")
