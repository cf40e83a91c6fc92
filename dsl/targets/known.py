"""The lowest operation counts known to us, for comparison."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Known:
    """A published or measured count.

    Attributes:
        operations: Real additions plus multiplications, by the rule of `dsl.cost`.
        source: Who found it.
    """

    operations: int
    source: str


def best_known(name: str, n: int) -> Known | None:
    """Returns the lowest known count of a transform of size n on its own kind of data."""
    return known_counts(name).get(n)


def known_counts(name: str) -> dict[int, Known]:
    """Returns the lowest known counts of a transform by size; empty if none is known."""
    entries = _counts().get(name, {})
    return {int(n): Known(e["best"], e["source"]) for n, e in entries.items()}


@cache
def _counts() -> dict[str, dict[str, Any]]:
    text = Path(__file__).with_name("known_counts.json").read_text(encoding="utf-8")
    counts: dict[str, dict[str, Any]] = json.loads(text)["counts"]
    return counts
