"""How a search ended: what every kind of result says of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Ending:
    """How a search ended.

    Attributes:
        seed: With which the same run can be repeated.
        evaluations: Genomes evaluated.
        started: Value of the monotonic clock at the start.
        stopped_by: "goal", "evaluations", "time", "patience" or "interrupt".
        folder: Where the run is stored, if it is.
        logbook: DEAP's logbook, one record per epoch and island.
    """

    seed: int
    evaluations: int
    started: float
    stopped_by: str
    folder: Path | None
    logbook: Any

    def seconds(self) -> float:
        """Returns the wall-clock time since the start."""
        return time.monotonic() - self.started
