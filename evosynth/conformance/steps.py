"""Checks one after another, each with a name by which a failure is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dsl.errors import EnvironmentMismatchError

Steps = Mapping[str, Callable[[], object]]
MOST_WORDS = 300


class CheckError(Exception):
    """What a check found; it reaches authors in an EnvironmentMismatchError."""


def run_steps(who: str, steps: Steps) -> tuple[str, ...]:
    """Runs checks in order.

    Args:
        who: Is checked, such as "primitive 'three_point'".
        steps: What is checked -> a function that raises anything if it is wrong.

    Returns:
        What was checked.

    Raises:
        EnvironmentMismatchError: The first failure; the message names who and what.
    """
    for what, step in steps.items():
        try:
            step()
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:
            raise EnvironmentMismatchError(
                f"{who}: {what}: {_told(error, who)}", getattr(error, "hint", "")
            ) from error
    return tuple(steps)


def _told(error: BaseException, who: str) -> str:
    text = str(error)
    if not isinstance(error, CheckError | EnvironmentMismatchError):
        text = f"{type(error).__name__}: {text}"
    return next(iter(text.splitlines()), "")[:MOST_WORDS].removeprefix(f"{who}: ")


def expect(condition: object, problem: str) -> None:
    """Raises a `CheckError` with a problem unless a condition holds."""
    if not condition:
        raise CheckError(problem)


def expect_same(found: Any, expected: Any, what: str, tolerance: float = 1e-9) -> None:
    """Raises a `CheckError` unless two arrays have one shape and equal entries, up to rounding."""
    one, other = np.asarray(found, complex), np.asarray(expected, complex)
    expect(one.shape == other.shape, f"{what} has shape {one.shape}, expected {other.shape}")
    expect(np.isfinite(one).all(), f"{what} has entries that are not finite")
    size = max(1.0, float(np.abs(other).max(initial=0)))
    difference = float(np.abs(one - other).max(initial=0)) / size
    expect(difference <= tolerance, f"{what} differs by {difference:.1e}")


def expect_text(name: str, summary: str) -> None:
    """Raises a `CheckError` unless a member has a usable name and a summary of one line."""
    usable = name and name.isprintable() and len(name) <= 40 and not set(name) & set(" /\\'\"<>,")
    expect(usable, f"expected a short name, got {name[:50]!r}")
    expect("\n" not in summary and len(summary) <= 200, "expected a summary of one line")
