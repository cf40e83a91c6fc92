"""How the search went: the best so far, the islands, restarts and migrations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from markupsafe import Markup

from dsl.cost import dense_count
from dsl.display import plural
from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.drawing.plots import NARROW, WIDE, Plot, Points
from evosynth.reports.drawing.scales import Scale
from evosynth.reports.figures import Table, figure
from evosynth.reports.markup import element
from evosynth.reports.story import Story
from evosynth.runs.folder import CONFIGURATION, LOG

# More migrations than this are said and not drawn.
MOST_MIGRATIONS = 60
# Errors below it are rounding.
LEAST = 1e-17
BEST_LOOK, MEDIAN_LOOK, RESTART_LOOK, MIGRATION_LOOK = "s1", "s2", "s4", "s7"
# Axes of counts whose largest is so many times the least are logarithmic.
STEEP = 5.0
NOTHING_YET = "No epoch has ended yet."
Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Course:
    """How a search went, as points of evaluations made and a figure.

    Attributes:
        best: The best so far, whenever it changed.
        least: After each epoch, the best that is in the population of the best island.
        most: Likewise of the worst island.
        median: The median member of all populations, the mean of the islands.
        restarts: Evaluations when an island was seen to have started anew, and which.
        migrations: Evaluations when islands exchanged what they had found.
        end: Evaluations of the last epoch.
    """

    best: Points
    least: Points
    most: Points
    median: Points
    restarts: Sequence[tuple[int, int]]
    migrations: Sequence[int]
    end: int


def write(story: Story) -> Markup | None:
    """Returns operations against evaluations; of formulas their error as well."""
    if not story.records:
        return element("p", NOTHING_YET)
    pictures = [_operations(story)]
    if story.kind == "formula":
        pictures.insert(0, _errors(story))
    shown = [picture for picture in pictures if picture is not None]
    return element("div", *shown) if shown else element("p", _still_seeking(story))


def course_of(records: Sequence[Record], spec: Record, start: int | None) -> Course:
    """Returns the course of a search.

    Args:
        records: Lines of its log, in order.
        spec: What decided its bits: its epochs between migrations.
        start: Operations of what it began with, if these are known.
    """
    best: list[tuple[float, float]] = [] if start is None else [(0, start)]
    for evaluations, operations in improvements(records):
        if not best or operations < best[-1][1]:
            best.append((evaluations, operations))
    if best:
        best.append((records[-1]["evaluations"], best[-1][1]))
    epochs = [list(group) for _, group in groupby(records, key=lambda record: record.get("epoch"))]
    least, most, median = [], [], []
    for group in epochs:
        bests = [found["min"] for found in _populations(group)]
        medians = [found["median"] for found in _populations(group)]
        if bests:
            at = group[-1]["evaluations"]
            least.append((at, min(bests)))
            most.append((at, max(bests)))
            median.append((at, sum(medians) / len(medians)))
    period = spec.get("migration", 1)
    islands = spec.get("islands", 1)
    migrations = [
        group[-1]["evaluations"]
        for group in epochs[:-1]
        if islands > 1 and (group[0].get("epoch", 0) + 1) % period == 0
    ]
    restarts = list(restarts_of(records))
    return Course(best, least, most, median, restarts, migrations, records[-1]["evaluations"])


def improvements(records: Sequence[Record]) -> Iterator[tuple[int, int]]:
    """Yields evaluations and operations whenever an island knew something better.

    Within an epoch where the log says so (`improvements`), and at its end.
    """
    for record in records:
        for pair in record.get("improvements") or ():
            if isinstance(pair, list) and len(pair) == 2 and all(type(v) is int for v in pair):
                yield pair[0], pair[1]
        if type(record.get("best")) is int:
            yield record["evaluations"], record["best"]


def restarts_of(records: Sequence[Record]) -> Iterator[tuple[int, int]]:
    """Yields evaluations and island where an island has started anew.

    That is where it was stale for less time than an epoch before, and its population has
    become no better: an improvement is the only other reason.
    """
    before: dict[int, Record] = {}
    for record in records:
        island = record.get("island")
        if type(island) is not int or type(record.get("stale")) is not int:
            continue
        last = before.get(island)
        if last is not None and record["stale"] < last["stale"] and not _is_better(record, last):
            yield record["evaluations"], island
        before[island] = record


def _is_better(record: Record, last: Record) -> bool:
    pairs = list(zip(_populations([record]), _populations([last]), strict=False))
    if pairs:
        return any(now["min"] < then["min"] for now, then in pairs)
    now, then = (tuple(r.get(name) or 0 for name in ("error", "best")) for r in (record, last))
    return now < then


def _populations(group: Sequence[Record]) -> list[dict[str, float]]:
    """Returns statistics of operations, of those islands whose record has them."""
    found = (record.get("operations") for record in group)
    return [
        each
        for each in found
        if isinstance(each, dict)
        and all(isinstance(each.get(name), int | float) for name in ("min", "median"))
    ]


def _operations(story: Story) -> Markup | None:
    course = course_of(story.records, story.spec, _start(story))
    if len(course.best) < 2:
        return None
    known = getattr(story.target, "best_known", None)
    pictures = [_plot(course, known.operations if known else None, w) for w in (WIDE, NARROW)]
    rows = [(f"{x:,.0f}", f"{y:,.0f}", "best so far") for x, y in course.best]
    rows += [(f"{x:,}", "", f"island {island} started anew") for x, island in course.restarts]
    rows.sort(key=lambda row: int(row[0].replace(",", "")))
    return figure(pictures, _caption(story, course), Table(("evaluations", "operations", ""), rows))


def _start(story: Story) -> int | None:
    """Returns the operations of the empty genome, which a search of exact programs begins with."""
    target = story.matrix_target
    if target is None or story.kind != "matrix":
        return None
    return dense_count(target.matrix, target.domain == "complex").operations


def _plot(course: Course, known: int | None, width: float) -> Markup:
    heights = [y for line in (course.best, course.most, course.median) for _, y in line]
    if known:
        heights.append(known)
    is_positive = min(heights) > 0
    first = next((x for x, _ in course.best if x), 1)
    plot = Plot(
        "Operations of the best program so far, against evaluations",
        _evaluations_scale(first, course.end),
        Scale.of(heights, is_logarithmic=is_positive and max(heights) > STEEP * min(heights)),
        "genomes evaluated",
        "operations",
        width,
        counts=True,
    )
    plot.band(course.least, course.most, BEST_LOOK)
    plot.line(course.median, f"thin dashed {MEDIAN_LOOK}")
    if known:
        plot.level(known, "dashed s3", "best known", is_early=True)
    if len(course.migrations) <= MOST_MIGRATIONS:
        for at in course.migrations:
            plot.tick(at, MIGRATION_LOOK, f"migration at {at:,} evaluations")
    for at, island in course.restarts[:MOST_MIGRATIONS]:
        plot.rule(at, f"dashed {RESTART_LOOK}", f"island {island} started anew by {at:,}")
    plot.stairs(course.best, BEST_LOOK)
    for (_, before), (x, y) in pairwise(course.best):
        if y < before:
            plot.mark(x, y, f"mark {BEST_LOOK}", f"{y:,.0f} operations after {x:,.0f} evaluations")
    return plot.svg()


def _evaluations_scale(first: float, end: float) -> Scale:
    """Returns a logarithmic axis: most improvements are early."""
    return Scale(max(min(first, end) / 2, 1), max(end, 2) * 1.05, is_logarithmic=True)


def _caption(story: Story, course: Course) -> str:
    parts = ["The stairs are the fewest operations known so far; the axis is logarithmic."]
    if story.kind == "matrix":
        parts.append(
            f"They begin with the matrix product, {course.best[0][1]:,.0f}: every genome is exact "
            "from the start, and evolution makes it cheaper."
        )
    if course.least:
        parts.append(
            "The band is between the best members of the best and of the worst island, the dashed "
            "line the median member of all."
        )
    if course.migrations:
        period = story.spec.get("migration", 1)
        every = "epoch" if period == 1 else f"{period} epochs"
        shown = " (small ticks above the axis)" * (len(course.migrations) <= MOST_MIGRATIONS)
        parts.append(f"Islands exchange what they found every {every}{shown}.")
    if course.restarts:
        count = plural(len(course.restarts), "time")
        shown = "; vertical lines" if len(course.restarts) <= MOST_MIGRATIONS else ""
        parts.append(f"An island that finds nothing for long starts anew: {count} here{shown}.")
    return " ".join(parts)


def _errors(story: Story) -> Markup | None:
    points: list[tuple[float, float]] = []
    for record in story.records:
        error = record.get("error")
        if not isinstance(error, int | float):
            continue
        height = max(float(error), LEAST)
        if not points or height < points[-1][1]:
            points.append((record["evaluations"], height))
    if not points:
        return None
    end = story.records[-1]["evaluations"]
    points.append((end, points[-1][1]))
    pictures = []
    for width in (WIDE, NARROW):
        plot = Plot(
            "Error of the best formula so far, against evaluations",
            _evaluations_scale(points[0][0], end),
            Scale.of([y for _, y in points], is_logarithmic=True),
            "formulas evaluated",
            "relative error",
            width,
            240.0,
        )
        plot.stairs(points, BEST_LOOK)
        for x, y in points[:-1]:
            plot.mark(x, y, f"mark {BEST_LOOK}", f"error {_shown(y)} after {x:,.0f} evaluations")
        pictures.append(plot.svg())
    caption = (
        "Root mean square error of the best formula on the rows of the search, over the standard "
        "deviation of the values; a formula that is exact is drawn at 1e-17."
    )
    rows = [(f"{x:,.0f}", _shown(y)) for x, y in points]
    return figure(pictures, caption, Table(("evaluations", "error"), rows))


def _shown(error: float) -> str:
    return "0" if error <= LEAST else f"{error:.1e}"


def _still_seeking(story: Story) -> str:
    seeking = story.records[-1].get("seeking")
    what = f" It seeks {seeking}." if isinstance(seeking, str) else ""
    made = story.records[-1]["evaluations"]
    return f"Nothing is right yet after {made:,} evaluations.{what}"


CONVERGENCE = SECTIONS.register(
    Section("convergence", "How the search went", (LOG, CONFIGURATION), write)
)
