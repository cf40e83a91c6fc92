"""How the search went: the best so far, the islands, restarts and migrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from dsl.cost import dense_count
from dsl.costs import make_cost
from dsl.display import plural
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.samples import SampledTarget
from dsl.targets import Target
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.course import (
    Course,
    course_of,
    epochs_of,
    improvements,
    migrations_of,
)
from evosynth.reports.drawing.plots import NARROW, WIDE, Plot, Points
from evosynth.reports.drawing.scales import Scale
from evosynth.reports.figures import Table, figure
from evosynth.reports.history import History, Record
from evosynth.reports.markup import element
from evosynth.reports.story import Story
from evosynth.runs.folder import CONFIGURATION, LOG

# More migrations, restarts or improvements than this are said and not drawn.
MOST_DRAWN = 60
# Errors below it are rounding.
LEAST = 1e-17
# Axes of counts whose largest is so many times the least are logarithmic.
STEEP = 5.0
BEST_LOOK, MEDIAN_LOOK, RESTART_LOOK, MIGRATION_LOOK = "s1", "s2", "s4", "s7"
NOTHING_YET = "No epoch has ended yet."
APPROXIMATE = "approximate"


@dataclass(frozen=True, slots=True)
class Axis:
    """What the best so far is counted in.

    Attributes:
        label: Of the axis.
        unit: What it is a number of.
        known: The best that is known, counted alike.
        told: What the stairs are, for the caption.
    """

    label: str
    unit: str
    known: int | None
    told: str


def write(story: Story) -> Markup | None:
    """Returns what the best so far cost against evaluations; of formulas their error as well."""
    records = story.history.records
    if not records:
        return element("p", NOTHING_YET)
    figures = _figures(story)
    return element("div", *figures) if figures else element("p", _still_seeking(records[-1]))


def _figures(story: Story) -> list[Markup]:
    history = story.history
    target = story.target
    if isinstance(target, SampledTarget):
        pictures = [_errors(history.records), _of_formulas(story)]
    elif isinstance(target, ApproximateTarget):
        pictures = [_of_exact_phase(story), _of_approximate_phase(story, target)]
    else:
        pictures = [_operations(story, history, _usual_axis(target))]
    return [picture for picture in pictures if picture is not None]


def _usual_axis(target: Target | RecursiveTarget) -> Axis:
    where = f" at n = {target.compared_size}" if isinstance(target, RecursiveTarget) else ""
    known = target.best_known.operations if target.best_known else None
    told = f"The stairs are the fewest operations{where} so far"
    return Axis(f"operations{where}", "operations", known, told)


def _of_exact_phase(story: Story) -> Markup | None:
    """Returns the first part of an approximate run, a search for exact programs."""
    records = tuple(r for r in story.history.records if r.phase != APPROXIMATE)
    told = "First exact programs are searched: the stairs are their fewest real operations so far"
    return _operations(story, History(records), Axis("operations", "operations", None, told))


def _of_approximate_phase(story: Story, target: ApproximateTarget) -> Markup | None:
    records = tuple(r for r in story.history.records if r.phase == APPROXIMATE)
    cost = make_cost(target.approximation.cost, target.approximation.word_length)
    told = (
        "Then constants are dropped and rounded: the stairs are the cheapest within the tolerance"
    )
    return _operations(story, History(records), Axis(cost.label, cost.unit, None, told))


def _operations(story: Story, history: History, axis: Axis) -> Markup | None:
    if not history.records:
        return None
    course = course_of(history, story.spec, _start(story))
    return _drawn(story, course, axis, is_ended=history.final is not None) if course.best else None


def _of_formulas(story: Story) -> Markup | None:
    """Returns the operations of the best formula: better ones may take more of them."""
    history = story.history
    end = history.records[-1].evaluations
    points: list[tuple[float, float]] = []
    for at, operations in [*improvements(history.records), (end, history.final)]:
        if operations is not None and (not points or operations != points[-1][1]):
            points.append((at, operations))
    if not points:
        return None
    points += [] if points[-1][0] == end else [(end, points[-1][1])]
    migrations = migrations_of(epochs_of(history.records), story.spec)
    course = Course(points, (), (), (), (), migrations, end)
    told = "The stairs are the operations of the best formula: one that fits better may take more"
    axis = Axis("operations", "operations", None, told)
    return _drawn(story, course, axis, is_ended=history.final is not None)


def _start(story: Story) -> int | None:
    """Returns the operations of the empty genome, which a search of exact programs begins with."""
    target = story.matrix_target
    if target is None or story.kind != "matrix":
        return None
    return dense_count(target.matrix, target.domain == "complex").operations


def _drawn(story: Story, course: Course, axis: Axis, *, is_ended: bool) -> Markup:
    pictures = [_plot(course, axis, width) for width in (WIDE, NARROW)]
    rows = [(x, f"{y:,.0f}", "best so far") for x, y in course.best]
    rows += [(x, "", f"island {island} started anew") for x, island in course.restarts]
    rows.sort(key=lambda row: row[0])
    shown = [(f"{x:,.0f}", *rest) for x, *rest in rows]
    caption = _caption(story, course, axis, is_ended=is_ended)
    return figure(pictures, caption, Table(("evaluations", axis.label, ""), shown))


def _plot(course: Course, axis: Axis, width: float) -> Markup:
    heights = [y for line in (course.best, course.most, course.median) for _, y in line]
    heights += [] if axis.known is None else [axis.known]
    first = next((x for x, _ in course.best if x), 1)
    plot = Plot(
        f"{axis.label} of the best so far, against evaluations",
        _evaluations_scale(first, course.end),
        Scale.of(heights, is_logarithmic=0 < STEEP * min(heights) < max(heights)),
        "genomes evaluated",
        axis.label,
        width,
        counts=True,
    )
    if len(course.least) > 1:
        plot.band(course.least, course.most, BEST_LOOK)
        plot.line(course.median, f"thin dashed {MEDIAN_LOOK}")
    if axis.known is not None:
        plot.level(axis.known, "dashed s3", "best known", is_early=True)
    if len(course.migrations) <= MOST_DRAWN:
        for at in course.migrations:
            plot.tick(at, MIGRATION_LOOK, f"migration at {at:,} evaluations")
    if len(course.restarts) <= MOST_DRAWN:
        for at, island in course.restarts:
            plot.rule(at, f"dashed {RESTART_LOOK}", f"island {island} started anew by {at:,}")
    plot.stairs(course.best, BEST_LOOK)
    for x, y in _changes(course.best):
        plot.mark(x, y, f"mark {BEST_LOOK}", f"{y:,.0f} {axis.unit} after {x:,.0f} evaluations")
    return plot.svg()


def _changes(best: Points) -> list[tuple[float, float]]:
    """Returns where the best changed, evenly chosen if that is too often."""
    first = [point for point in best[:1] if point[0]]
    changes = first + [now for before, now in pairwise(best) if now[1] != before[1]]
    return changes[:: -(-len(changes) // MOST_DRAWN) or 1]


def _evaluations_scale(first: float, end: float) -> Scale:
    """Returns a logarithmic axis: most improvements are early."""
    return Scale(max(min(first, end) / 2, 1), max(end, 2) * 1.05, is_logarithmic=True)


def _caption(story: Story, course: Course, axis: Axis, *, is_ended: bool) -> str:
    parts = [f"{axis.told}; the axis of evaluations is logarithmic."]
    if course.best[0][0] == 0:
        parts.append(
            f"They begin with the matrix product, {course.best[0][1]:,.0f}: every genome is exact "
            "from the start, and evolution makes it cheaper."
        )
    if is_ended:
        parts.append("The last step, if there is one at the end, is what finishing saved.")
    if len(course.least) > 1:
        parts.append(
            "The dashed line is the median member of the population."
            if story.spec.get("islands") == 1
            else "The band is between the best members of the best and of the worst island, the "
            "dashed line the mean of the islands' median members."
        )
    if course.migrations:
        period = story.spec.get("migration", 1)
        every = "epoch" if period == 1 else f"{period} epochs"
        shown = " (small ticks above the axis)" * (len(course.migrations) <= MOST_DRAWN)
        parts.append(f"Islands exchange what they found every {every}{shown}.")
    if course.restarts:
        count = plural(len(course.restarts), "time")
        shown = "; vertical lines" if len(course.restarts) <= MOST_DRAWN else ""
        parts.append(f"An island that finds nothing for long starts anew: {count} here{shown}.")
    return " ".join(parts)


def _errors(records: Sequence[Record]) -> Markup | None:
    points: list[tuple[float, float]] = []
    for record in records:
        height = None if record.error is None else max(record.error, LEAST)
        if height is not None and (not points or height < points[-1][1]):
            points.append((record.evaluations, height))
    if not points:
        return None
    changes, end = _changes([(0, 0), *points]), records[-1].evaluations
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
        for x, y in changes:
            plot.mark(x, y, f"mark {BEST_LOOK}", f"error {_shown(y)} after {x:,.0f} evaluations")
        pictures.append(plot.svg())
    caption = (
        "Root mean square error of the best formula on the rows of the search, over the standard "
        "deviation of the values; a formula that is exact is drawn at 1e-17. The axis of "
        "evaluations is logarithmic."
    )
    rows = [(f"{x:,.0f}", _shown(y)) for x, y in points]
    return figure(pictures, caption, Table(("evaluations", "error"), rows))


def _shown(error: float) -> str:
    return "0" if error <= LEAST else f"{error:.1e}"


def _still_seeking(last: Record) -> str:
    what = f" It seeks {last.seeking}." if last.seeking else ""
    return f"Nothing is right yet after {last.evaluations:,} evaluations.{what}"


CONVERGENCE = SECTIONS.register(
    Section("convergence", "How the search went", (LOG, CONFIGURATION), write)
)
