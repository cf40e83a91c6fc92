"""Whether a rival keeps its promises."""

from __future__ import annotations

import math

from dsl.samples import make_sampled_target
from dsl.targets import make_target
from evosynth.conformance.steps import expect, expect_text, run_steps
from gradient_baselines.base import AnyTarget, Baseline, Budget, Fit

STEPS = 3


def check_baseline(baseline: Baseline) -> tuple[str, ...]:
    """Checks a rival on a small target of its kind.

    Returns:
        What was checked.

    Raises:
        EnvironmentMismatchError: Something is wrong; the message says what.
    """
    steps = {
        "name": lambda: expect_text(baseline.name, baseline.summary),
        "kind": lambda: expect(
            baseline.kind in ("transform", "function"), f"unknown kind {baseline.kind!r}"
        ),
        "fit": lambda: _check_fit(baseline),
    }
    return run_steps(f"baseline '{baseline.name}'", steps)


def _check_fit(baseline: Baseline) -> None:
    target: AnyTarget = make_target("dft", 4)
    if baseline.kind == "function":
        target = make_sampled_target("sine", seed=0, samples=64)
    if baseline.why_not(target):
        return
    one, again = (baseline.fit(target, 0, Budget(steps=STEPS)) for _ in range(2))
    expect(isinstance(one, Fit), f"expected a Fit, got {type(one).__name__}")
    expect(one.models, "it trained no model")
    for model in one.models:
        expect(model.error >= 0 or math.isinf(model.error), f"an error of {model.error}")
        expect(model.operations >= 0, f"{model.operations} operations")
    expect(one.models == again.models, "a budget of steps and a seed do not give the same models")
