"""Whether a cost keeps its promises."""

from __future__ import annotations

import math

from dsl.costs import Cost, Tally
from evosynth.conformance.formats import sample_programs
from evosynth.conformance.steps import expect, expect_text, run_steps

CONSTANTS = (0.5, 0.7, -1.3, 3.0)


def check_cost(cost: Cost) -> tuple[str, ...]:
    """Checks a cost.

    Returns:
        What was checked.

    Raises:
        EnvironmentMismatchError: Something is wrong; the message says what.
    """
    steps = {
        "name": lambda: expect_text(cost.name, cost.summary),
        "code": lambda: _check_code(cost),
        "constants": lambda: _check_constants(cost),
    }
    return run_steps(f"cost '{cost.name}'", steps)


def _check_code(cost: Cost) -> None:
    for kind, program in sample_programs().items():
        tally = cost.of_code(program.code)
        expect(isinstance(tally, Tally), f"expected a Tally, got {type(tally).__name__}")
        is_usable = math.isfinite(tally.cost) and tally.cost >= 0
        expect(is_usable, f"a {kind} program costs {tally.cost}")
        expect(cost.of_code(program.code) == tally, "it differs from call to call")


def _check_constants(cost: Cost) -> None:
    for constant in CONSTANTS:
        price = cost.price(constant)
        expect(math.isfinite(price) and price >= 0, f"{constant} costs {price}")
        expect(cost.price(-constant) == price, f"{constant} and {-constant} differ: signs are free")
