"""Bars: a count for each of some names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from evosynth.reports.drawing.plots import LETTER
from evosynth.reports.drawing.scales import Scale
from evosynth.reports.markup import element, number

ROW, BAR = 40.0, 14.0
# A bar of a logarithmic scale is at least so many pixels long.
LEAST = 3.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One count.

    Attributes:
        name: What it is of.
        value: The count, at least 0.
        text: The count for people.
        look: Class of its colour.
        note: What else is to be known of it.
    """

    name: str
    value: float
    text: str
    look: str
    note: str = ""


def bars(title: str, rows: Sequence[Bar], width: float) -> Markup:
    """Returns horizontal bars with their names above them.

    Args:
        title: What they show, for those who do not see them.
        rows: From top to bottom.
        width: In pixels.
    """
    high = max(row.value for row in rows) or 1.0
    scale = Scale(0.0, high)
    room = width - LETTER * max(len(row.text) for row in rows) - 12
    shapes: list[Markup] = []
    for position, row in enumerate(rows):
        top = ROW * position
        length = max(LEAST, scale.share(row.value) * room)
        tip = f"{row.name}: {row.text}" + (f"\n{row.note}" if row.note else "")
        shapes += [
            element("text", _cut(row.name, width), x=0, y=top + 14),
            element(
                "rect",
                class_=f"bar {row.look}",
                x=0,
                y=top + 20,
                width=length,
                height=BAR,
                rx=2,
                data_tip=tip,
                tabindex=0,
            ),
            element("text", row.text, class_="label", x=length + 8, y=top + 31),
        ]
    height = ROW * len(rows)
    return element(
        "svg",
        element("title", title),
        *shapes,
        class_="chart",
        role="img",
        viewBox=f"0 0 {number(width)} {number(height)}",
        width=width,
        height=height,
    )


def _cut(text: str, width: float) -> str:
    most = int(width / LETTER)
    return text if len(text) <= most else f"{text[: most - 3]}..."
