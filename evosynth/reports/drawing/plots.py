"""A plot: two axes, and lines, bands and marks on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from markupsafe import Markup

from evosynth.reports.drawing.scales import Scale, label
from evosynth.reports.markup import element, number

Points = Sequence[tuple[float, float]]
# Pixels of a page that is wide, and of one on a telephone.
WIDE, NARROW = 720.0, 352.0
LEFT, RIGHT, TOP, BOTTOM = 58.0, 14.0, 12.0, 46.0
RADIUS = 4.5
# Width of a letter of the labels, rather too large.
LETTER = 6.6


@dataclass(slots=True)
class Plot:
    """A plot that is being drawn.

    Attributes:
        title: What it shows, for those who do not see it.
        x: Horizontal axis.
        y: Vertical axis.
        x_label: What the horizontal axis is, with its unit.
        y_label: Likewise of the vertical one.
        width: In pixels.
        height: In pixels.
        counts: Heights are whole numbers.
        across: Places are whole numbers.
    """

    title: str
    x: Scale
    y: Scale
    x_label: str
    y_label: str
    width: float = WIDE
    height: float = 320.0
    counts: bool = False
    across: bool = True
    _floor: float | None = None
    _below: list[Markup] = field(default_factory=list)
    _shapes: list[Markup] = field(default_factory=list)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Returns the pixels of a pair of values."""
        across = self.width - LEFT - RIGHT
        down = self.height - TOP - BOTTOM
        return LEFT + self.x.share(x) * across, TOP + (1 - self.y.share(y)) * down

    def line(self, points: Points, look: str) -> None:
        """Draws a line through points, which classes `look` describe."""
        if points:
            self._shapes.append(
                element("polyline", class_=f"line {look}", points=self._pixels(points))
            )

    def stairs(self, points: Points, look: str) -> None:
        """Draws a line that keeps its height until the next point."""
        steps: list[tuple[float, float]] = list(points[:1])
        for (_, before), (x, y) in pairwise(points):
            steps += [(x, before), (x, y)]
        self.line(steps, look)

    def band(self, lower: Points, upper: Points, look: str) -> None:
        """Fills what is between two lines."""
        if lower:
            pixels = self._pixels([*lower, *reversed(upper)])
            self._below.append(element("polygon", class_=f"band {look}", points=pixels))

    def strip(self, top: float, look: str, text: str) -> None:
        """Fills what is below a height, where values have no labels, and says what it is."""
        corners = self.x.low, self.x.high
        self.band([(x, self.y.low) for x in corners], [(x, top) for x in corners], look)
        self._floor = top
        _, place = self.place(self.x.low, top)
        self._below.append(element("text", text, class_="label", x=LEFT + 6, y=place - 5))

    def mark(self, x: float, y: float, look: str, tip: str, *, radius: float = RADIUS) -> None:
        """Draws a dot that says what it is; classes "mark" and "hollow" are filled and empty.

        It is no stop for the Tab key: there may be hundreds, and the text twin has them all.
        """
        left, top = self.place(x, y)
        self._shapes.append(
            element("circle", class_=look, cx=left, cy=top, r=radius, data_tip=tip, tabindex=-1)
        )

    def dot(self, x: float, y: float, look: str) -> None:
        """Draws a small dot that says nothing."""
        left, top = self.place(x, y)
        self._shapes.append(element("circle", class_=f"bar {look}", cx=left, cy=top, r=1.6))

    def rule(self, x: float, look: str, tip: str) -> None:
        """Draws a vertical line."""
        left, bottom = self.place(x, self.y.low)
        path = f"M{number(left)} {number(bottom)}V{number(TOP)}"
        self._below.append(
            element("path", class_=f"line thin {look}", d=path, data_tip=tip, tabindex=-1)
        )

    def tick(self, x: float, look: str, tip: str) -> None:
        """Draws a small line above the horizontal axis."""
        left, bottom = self.place(x, self.y.low)
        path = f"M{number(left)} {number(bottom)}v-7"
        self._below.append(
            element("path", class_=f"line {look}", d=path, data_tip=tip, tabindex=-1)
        )

    def level(self, y: float, look: str, text: str, *, is_early: bool = False) -> None:
        """Draws a horizontal line with a text at its end, or at its beginning."""
        _, top = self.place(self.x.low, y)
        path = f"M{number(LEFT)} {number(top)}H{number(self.width - RIGHT)}"
        self._below.append(element("path", class_=f"line thin {look}", d=path))
        side, x = ("", LEFT + 6) if is_early else (" end", self.width - RIGHT)
        self._below.append(element("text", text, class_=f"label{side}", x=x, y=top - 4))

    def svg(self) -> Markup:
        """Returns the picture."""
        return element(
            "svg",
            element("title", self.title),
            *self._axes(),
            *self._below,
            *self._shapes,
            class_="chart",
            role="img",
            viewBox=f"0 0 {number(self.width)} {number(self.height)}",
            width=self.width,
            height=self.height,
        )

    def _axes(self) -> list[Markup]:
        right, bottom = self.width - RIGHT, self.height - BOTTOM
        shapes = []
        for value in self.y.ticks(are_whole=self.counts):
            if self._floor is not None and value < self._floor:
                continue
            _, top = self.place(self.x.low, value)
            shapes.append(
                element("path", class_="grid", d=f"M{number(LEFT)} {number(top)}H{number(right)}")
            )
            shapes.append(element("text", label(value), class_="label end", x=LEFT - 6, y=top + 4))
        shapes += self._across(bottom)
        frame = f"M{number(LEFT)} {number(TOP)}V{number(bottom)}H{number(right)}"
        shapes.append(element("path", class_="axis", d=frame))
        shapes.append(
            element("text", self.x_label, class_="middle", x=(LEFT + right) / 2, y=bottom + 36)
        )
        turned = f"translate(13 {number((TOP + bottom) / 2)}) rotate(-90)"
        shapes.append(element("text", self.y_label, class_="middle", transform=turned))
        return shapes

    def _across(self, bottom: float) -> list[Markup]:
        """Returns the labels of the horizontal axis that have room beside each other."""
        shapes, free = [], 0.0
        for value in self.x.ticks(are_whole=self.across):
            left, _ = self.place(value, self.y.low)
            text = label(value)
            half = LETTER * len(text) / 2
            if left - half < free or left + half > self.width:
                continue
            free = left + half + LETTER
            shapes.append(element("text", text, class_="label middle", x=left, y=bottom + 17))
            tick = f"M{number(left)} {number(bottom)}v5"
            shapes.append(element("path", class_="axis", d=tick))
        return shapes

    def _pixels(self, points: Points) -> str:
        places = (self.place(x, y) for x, y in points)
        return " ".join(f"{number(left)},{number(top)}" for left, top in places)
