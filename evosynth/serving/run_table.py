"""The table of runs: one line for each, which says so if it cannot be made."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from evosynth.folder_report import printable
from evosynth.reports.markup import element
from evosynth.serving.addresses import run_address
from evosynth.serving.run_row import INTERRUPT, RunRow

HEAD = (
    "run",
    "target",
    "state",
    "operations",
    "best known",
    "product",
    "error",
    "evaluations",
    "changed",
)
NUMBERS = {"operations", "best known", "product", "error", "evaluations"}
AGES = ((86_400, "day"), (3_600, "h"), (60, "min"))


@dataclass(frozen=True, slots=True)
class Listed:
    """A run folder as it stands.

    Attributes:
        name: Of the folder.
        row: What its files tell.
        is_running: A process works on it.
        is_left: A process that was killed has left its lock.
        changed: When one of its files was changed last, in seconds since 1970.
    """

    name: str
    row: RunRow
    is_running: bool
    is_left: bool
    changed: float

    @property
    def state(self) -> str:
        """What people say of it."""
        if self.row.problem:
            return self.row.problem
        if self.is_running:
            return "searching"
        if self.row.ended_by == INTERRUPT:
            return "interrupted"
        if self.row.ended_by:
            return f"ended: {self.row.ended_by}"
        return "killed" if self.is_left else "not ended"


def age_text(seconds: float) -> str:
    """Returns how long ago something was, in one number."""
    for unit, name in AGES:
        if seconds >= unit:
            count = int(seconds // unit)
            return f"{count} {name}{'s' * (name == 'day' and count > 1)} ago"
    return "just now"


def table_of(lines: Iterable[Markup]) -> Markup:
    """Returns the table with these lines."""
    head = element("tr", *(element("th", name, scope="col", class_=_kind(name)) for name in HEAD))
    body = Markup("").join(lines)
    table = element("table", element("thead", head), element("tbody", body), class_="runs")
    return element("div", table, class_="scroll", tabindex=0)


def line_of(run: Listed, age: str) -> Markup:
    """Returns the line of a run whose files changed as long ago as `age` says."""
    row = run.row
    at = f" at n = {row.size}" if row.size is not None else ""
    link = element("a", printable(run.name), href=run_address(run.name))
    state = element("span", run.state, class_="problem" if row.problem else None)
    kind = element("span", row.kind, class_="muted") if row.kind else ""
    cells = (
        element("span", row.title) + kind,
        state,
        "" if row.operations is None else f"{row.operations:,}{at}",
        "" if row.best_known is None else f"{row.best_known:,}",
        "" if row.dense is None else f"{row.dense:,}",
        "" if row.error is None else f"{row.error:.1e}" if row.error else "0",
        "" if row.evaluations is None else f"{row.evaluations:,}",
        element("time", age, title=_date_text(run.changed)),
    )
    named = (
        element("td", cell, class_=_kind(name), data_label=name)
        for name, cell in zip(HEAD[1:], cells, strict=True)
    )
    return element("tr", element("th", link, scope="row"), *named)


def _date_text(seconds: float) -> str | None:
    """Returns a date of the calendar; None of a time that it does not reach to."""
    try:
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
    except (OverflowError, ValueError, OSError):
        return None


def _kind(column: str) -> str | None:
    return "number" if column in NUMBERS else None
