"""The table of a comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

from dsl.cost import dense_count
from dsl.display import plural
from dsl.samples import SampledTarget
from dsl.targets import Target
from evosynth.comparison.trials import Outcome
from gradient_baselines.base import AnyTarget, Model, best_of

# Names of the figures of a model, and the heads of their columns.
FIGURES = {
    "error": "error in range",
    "error_outside": "error outside",
    "parameters": "parameters",
    "non_zeros": "non-zeros",
    "operations": "operations",
}
SECONDS = "seconds"
DIGITS = {"error": ".1e", "error_outside": ".1e", SECONDS: ".1f"}


@dataclass(frozen=True, slots=True)
class Row:
    """What a contestant reached, with one seed or several.

    Attributes:
        name: The contestant.
        told: What it knew beforehand.
        outcomes: One for every seed.
        is_given: Its result was there already, from another budget.
    """

    name: str
    told: str
    outcomes: tuple[Outcome, ...]
    is_given: bool = False

    @property
    def best(self) -> list[Model]:
        """The best model of every seed, as it was chosen in range."""
        return [outcome.fit.best for outcome in self.outcomes]

    def figures(self, name: str) -> list[float]:
        """Returns a figure of the best model of every seed."""
        if name == SECONDS:
            return [outcome.fit.seconds for outcome in self.outcomes]
        return [getattr(model, name) for model in self.best]

    def to_dict(self) -> dict[str, Any]:
        """Returns the row as plain data: medians with ranges, and every seed's figures."""
        data: dict[str, Any] = {"name": self.name, "told": self.told}
        for name in (*FIGURES, SECONDS):
            values = self.figures(name)
            data[name] = _finite(median(values))
            data[f"{name}_range"] = [_finite(min(values)), _finite(max(values))]
        return data | {"seeds": [_seed_data(outcome) for outcome in self.outcomes]}


def _seed_data(outcome: Outcome) -> dict[str, Any]:
    fit = outcome.fit
    return {
        "seed": outcome.trial.seed,
        "run": outcome.run,
        "seconds": _finite(fit.seconds),
        "best": _model_data(fit.best),
        "front": [_model_data(model) for model in fit.front],
    }


def _model_data(model: Model) -> dict[str, Any]:
    return {"setting": model.setting} | {name: _finite(getattr(model, name)) for name in FIGURES}


def _finite(number: float) -> float | None:
    """JSON has no infinity."""
    return number if math.isfinite(number) else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What evosynth and its rivals reached with the same target, time and measures.

    Attributes:
        target: What had to be computed.
        budget: Seconds that each had for each seed.
        rows: Of evosynth, then of the rivals.
        left_out: Rivals that cannot fit the target, with the reason.
        folder: Where finished trials, table and picture are.
        notices: What went wrong without harm.
    """

    target: AnyTarget
    budget: float
    rows: tuple[Row, ...]
    left_out: dict[str, str]
    folder: Path
    notices: tuple[str, ...] = ()

    @property
    def dense(self) -> int | None:
        """Operations of the matrix product, nothing shared; None for functions."""
        if not isinstance(self.target, Target):
            return None
        return dense_count(self.target.matrix, self.target.domain == "complex").operations

    def with_notice(self, notice: str) -> Comparison:
        """Returns the same comparison with one notice more."""
        return replace(self, notices=(*self.notices, notice))

    def to_dict(self) -> dict[str, Any]:
        """Returns the comparison as plain data, as `evosynth compare --json` prints it."""
        known = None if isinstance(self.target, SampledTarget) else self.target.best_known
        return {
            "target": self.target.title,
            "digest": self.target.digest,
            "budget": self.budget,
            "dense_operations": self.dense,
            "best_known": known.operations if known else None,
            "rows": [row.to_dict() for row in self.rows],
            "left_out": self.left_out,
            "folder": str(self.folder),
        }

    def __str__(self) -> str:
        lines = _aligned([HEAD, *(_cells(row) for row in self.rows)])
        return "\n".join([self._title(), "", *lines, "", *self._notes()])

    def _repr_html_(self) -> str:
        """Returns the table as notebooks show it."""
        head = "".join(f"<th>{escape(cell)}</th>" for cell in HEAD)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(row)) + "</tr>"
            for row in self.rows
        )
        return f"<p>{escape(self._title())}</p><table><tr>{head}</tr>{body}</table>"

    def _title(self) -> str:
        seeds = max(len(row.outcomes) for row in self.rows)
        several = ", median (least to most)" if seeds > 1 else ""
        given = f"; {self.rows[0].name}: the program of the run" if self.rows[0].is_given else ""
        return (
            f"{self.target.title}, {self.target.domain} data; up to {self.budget:g} s for each, "
            f"{plural(seeds, 'seed')}{several}{given}"
        )

    def _notes(self) -> list[str]:
        lines = [_measures(self.target)]
        if isinstance(self.target, Target):
            known = self.target.best_known
            best = f", best known {known.operations:,} ({known.source})" if known else ""
            lines.append(f"matrix product {self.dense:,} operations{best}")
        lines += [f"{row.name} was told {row.told}" for row in self.rows if row.told]
        return lines + [f"left out {name}: {reason}" for name, reason in self.left_out.items()]


HEAD_NAMES = (*FIGURES, SECONDS)
HEAD = ("", *FIGURES.values(), SECONDS, "setting")


def _measures(target: AnyTarget) -> str:
    """Says what the errors are."""
    if isinstance(target, Target):
        return "errors: largest relative error of an output; outside: of vectors ten times as long"
    inside = "training" if target.validation is None else "validation"
    outside = "" if target.test is None else ", outside on test rows"
    return (
        "errors: root mean square over the standard deviation of y; "
        f"in range on {inside} rows{outside}"
    )


def _cells(row: Row) -> tuple[str, ...]:
    """Returns a row as text; the setting is that of the best seed."""
    figures = (_cell(row.figures(name), DIGITS.get(name, ",.0f")) for name in HEAD_NAMES)
    return (row.name, *figures, best_of(row.best).setting)


def _cell(values: Sequence[float], digits: str) -> str:
    """Returns a figure as text; of several seeds the median with the range."""
    middle, low, high = median(values), min(values), max(values)
    if math.isnan(middle):
        return "-"
    text = format(middle, digits)
    return text if low == high else f"{text} ({low:{digits}}..{high:{digits}})"


def _aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Returns rows as lines: figures to the right, names and settings to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = ["<", *(">" for _ in HEAD_NAMES), "<"]
    return [
        "  ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
