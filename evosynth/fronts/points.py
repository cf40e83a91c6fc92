"""Programs of a front, as files hold them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dsl.costs import FLOPS, Cost, Tally
from dsl.errors import DataError
from dsl.formats import json_format
from dsl.program import Program
from dsl.registry import brief

LONGEST_NAME = 1_000


@dataclass(frozen=True)
class FrontPoint:
    """A program of a front, with what is claimed of it.

    Attributes:
        program: The program.
        error: Largest relative error of an output.
        operations: Real operations of its code.
        cost: By the run's cost.
        loss: By the run's objective.
        counted_by: The run's cost.
        output: Of a formula, the name of the output that it is for.
    """

    program: Program
    error: float
    operations: int
    cost: float
    loss: float
    counted_by: Cost = FLOPS
    output: str | None = None

    @cached_property
    def tally(self) -> Tally:
        """What is counted in the program's code; recomputed, not claimed."""
        return self.counted_by.of_code(self.program.code)


def points_of(entries: Iterable[Any], cost: Cost = FLOPS) -> tuple[FrontPoint, ...]:
    """Returns the programs of plain data as they are written to `front.json`, cheapest first.

    Raises:
        DataError: An entry is not valid.
    """
    points = [_point(entry, cost) for entry in entries]
    return tuple(sorted(points, key=lambda point: (point.cost, point.loss)))


def _point(entry: Any, cost: Cost) -> FrontPoint:
    if not isinstance(entry, Mapping) or "program" not in entry:
        raise DataError("expected a program of the front", "is it the front of a matrix's run?")
    error, operations = _number(entry, "error"), _whole(entry, "operations")
    return FrontPoint(
        json_format.from_data(entry["program"]),
        error,
        operations,
        _number(entry, "cost", operations),
        _number(entry, "loss", error),
        cost,
        _name(entry, "output") if "output" in entry else None,
    )


def _whole(entry: Mapping[str, Any], name: str) -> int:
    """Returns a whole number of at least 0."""
    value = entry.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise DataError(f"expected a whole number for {name}, got {brief(value)}")
    return value


def _name(entry: Mapping[str, Any], name: str) -> str:
    """Returns a text that is not too long."""
    value = entry[name]
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        raise DataError(f"expected text for {name}, got {brief(value)}")
    return value


def _number(entry: Mapping[str, Any], name: str, default: float | None = None) -> float:
    """Returns a finite number of at least 0."""
    value = entry.get(name, default)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= 1e300:
        raise DataError(f"expected a number of at least 0 for {name}, got {brief(value)}")
    return float(value)
