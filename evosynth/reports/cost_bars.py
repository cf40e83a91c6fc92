"""What was found beside what else there is, as bars of what is counted."""

from __future__ import annotations

import math
from collections.abc import Iterable

from markupsafe import Markup

from dsl.targets import Target
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.fronts import FrontPoint
from evosynth.fronts.references import DENSE, references
from evosynth.reports.drawing.bars import Bar, bars
from evosynth.reports.drawing.plots import NARROW, WIDE
from evosynth.reports.figures import Table, figure
from evosynth.reports.rivals import Rival
from evosynth.reports.story import Story
from fitness.objectives import ERROR

FOUND_LOOK, KNOWN_LOOK, DENSE_LOOK, RIVAL_LOOK = "s1", "s3", "s7", "s2"
# Rivals whose error is larger have not found the target.
NEAR = 1e-6


def _by_cost(rivals: Iterable[Rival]) -> list[Rival]:
    counted = (rival for rival in rivals if not math.isnan(rival.operations))
    return sorted(counted, key=lambda rival: rival.operations)


def _bar(rival: Rival) -> Bar:
    text = f"{rival.operations:,.0f}"
    if not rival.error <= NEAR:
        text += f", error {rival.error:.0e}"
    seeds = f"median of {rival.seeds} seeds" if rival.seeds > 1 else "one seed"
    note = f"error {rival.error:.1e}, {seeds}, {rival.seconds:.1f} s"
    return Bar(rival.label, rival.operations, text, RIVAL_LOOK, note)


def operations_bars(story: Story, target: Target, operations: int, dense: int) -> Markup:
    """Returns bars of operations: found, best known, rivals, matrix product."""
    known = target.best_known
    marks = [Bar("found", operations, f"{operations:,}", FOUND_LOOK)]
    if known is not None:
        text = f"{known.operations:,}"
        marks.append(Bar("best known", known.operations, text, KNOWN_LOOK, known.source))
    marks += [_bar(rival) for rival in _by_cost(story.rivals)]
    marks.append(Bar("matrix product", dense, f"{dense:,}", DENSE_LOOK))
    caption = (
        "Real additions and multiplications; shorter is cheaper. The matrix product multiplies "
        "every entry that is neither 0 nor a power of i and shares nothing."
    )
    if story.rivals:
        caption += (
            " Rivals were trained by gradient descent on the same target and counted by the same "
            "rule; their error is given where they miss it."
        )
    return _bars(f"Operations for {story.title}", "operations", marks, caption)


def cost_bars(asked: ApproximateTarget, point: FrontPoint) -> Markup:
    """Returns bars of what an approximate run counts: found and matrix product."""
    target, cost = asked.target, point.counted_by
    marks = [Bar("found", point.cost, f"{point.cost:,g}", FOUND_LOOK)]
    marks += [
        Bar(each.name, each.cost, f"{each.cost:,g}", DENSE_LOOK)
        for each in references(target, ERROR, cost)
        if each.name == DENSE
    ]
    caption = (
        f"{cost.unit.capitalize()}, counted by {cost.name}; shorter is cheaper. The matrix product "
        "shares nothing and is exact."
    )
    return _bars(f"{cost.unit} for {target.title}", cost.unit, marks, caption)


def _bars(title: str, unit: str, marks: list[Bar], caption: str) -> Markup:
    rows = [(mark.name, mark.text, mark.note) for mark in marks]
    pictures = [bars(title, marks, width) for width in (WIDE, NARROW)]
    return figure(pictures, caption, Table(("", unit, ""), rows))
