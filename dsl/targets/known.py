"""The lowest operation counts known to us, for comparison."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dsl.targets.scaling import SCALINGS, Scaling


@dataclass(frozen=True, slots=True)
class Known:
    """A published or measured count.

    Attributes:
        operations: Real additions plus multiplications, by the rule of `dsl.cost`.
        source: Who found it.
    """

    operations: int
    source: str


def best_known(name: str, n: int, scaling: Scaling = "exact") -> Known | None:
    """Returns the lowest known count of a transform of size n on its own kind of data.

    What is exact is also so up to scaling: of counts as low, the strictest is returned.
    """
    admitted = SCALINGS[: SCALINGS.index(scaling) + 1]
    found = (known_counts(name, each).get(n) for each in admitted)
    return min((known for known in found if known), key=lambda k: k.operations, default=None)


def known_counts(name: str, scaling: Scaling = "exact") -> dict[int, Known]:
    """Returns the lowest counts known for just that scaling, by size; empty if none is."""
    entries = _counts().get(name, {}).items()
    if scaling != "exact":
        entries = {n: e.get("scaling", {}).get(scaling, {}) for n, e in entries}.items()
    return {int(n): Known(e["best"], e["source"]) for n, e in entries if "best" in e}


def fftw_count(name: str, n: int) -> int | None:
    """Returns the operations of FFTW's code for a transform of size n, if they are known."""
    count: int | None = _counts().get(name, {}).get(str(n), {}).get("fftw")
    return count


@cache
def _counts() -> dict[str, dict[str, Any]]:
    text = Path(__file__).with_name("known_counts.json").read_text(encoding="utf-8")
    counts: dict[str, dict[str, Any]] = json.loads(text)["counts"]
    return counts
