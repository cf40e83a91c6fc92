"""The rivals of a comparison that was made before, read from its folder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsl.errors import DataError
from evosynth.runs.files import refuse_link
from evosynth.runs.untrusted_json import read_json

FILE = "comparison.json"
MOST_RIVALS = 100
OURS = "evosynth"


@dataclass(frozen=True, slots=True)
class Rival:
    """What a contestant reached, the median of its seeds.

    Attributes:
        name: Of the contestant.
        told: What it knew beforehand.
        error: In range; nan if there is none.
        operations: Of its best model; nan if they cannot be counted.
        seconds: That it took.
        seeds: How many.
    """

    name: str
    told: str
    error: float
    operations: float
    seconds: float
    seeds: int

    @property
    def label(self) -> str:
        """Name and what it was told."""
        return f"{self.name} (told: {self.told})" if self.told else self.name


def read_rivals(folder: Path, digest: str) -> tuple[Rival, ...]:
    """Returns the rivals of a comparison, without evosynth's own row.

    Args:
        folder: Of the comparison.
        digest: Of the target that it has to be of.

    Raises:
        DataError: It is none, damaged, or of another target.
        StorageError: It cannot be read.
    """
    path = folder / FILE
    refuse_link(path)
    if not path.is_file():
        raise DataError(
            f"'{folder}' holds no comparison ({FILE})",
            "give the folder that `evosynth compare` prints",
        )
    data = read_json(path)
    if not isinstance(data, dict) or not isinstance(data.get("rows"), list):
        raise DataError(f"'{path}' is no comparison: expected an object with rows")
    if data.get("digest") != digest:
        raise DataError(
            f"the comparison '{folder}' is of another target than the run",
            "compare the run's own target: evosynth compare --run RUN",
        )
    rows = data["rows"][:MOST_RIVALS]
    return tuple(_rival(row, path) for row in rows if _name(row, path) != OURS)


def _rival(row: Any, path: Path) -> Rival:
    seeds = row.get("seeds")
    return Rival(
        _name(row, path),
        str(row.get("told", ""))[:200],
        _figure(row.get("error")),
        _figure(row.get("operations")),
        _figure(row.get("seconds")),
        len(seeds) if isinstance(seeds, list) else 1,
    )


def _name(row: Any, path: Path) -> str:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str):
        raise DataError(f"'{path}' is no comparison: expected a name in every row")
    return str(row["name"])[:80]


def _figure(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < 1e300 else math.nan
