"""Where constants stand: at their edges, clear of other edges, nodes and constants."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dsl.pictures.numbers_as_text import Label
from dsl.pictures.shapes import Box, Line, Point, Text, height, width

# Distance between a constant and its edge, and room around nodes.
CLEARANCE = 2.5
NODE = 5.0
# Costs of a pixel of another line behind a constant, and of a pixel shared with another.
LINE_COST, BOX_COST = 1.0, 100.0
# Of a place on the edge itself, which a background has to hide.
HIDING_COST = 12.0
# Of every place that comes before in the order of preference.
ORDER_COST = 0.2
# Width of constants for which a place below a level edge costs 1.
PLAIN = 25.0
# Of a place above or below all of an edge that rises or falls.
OUTSIDE_COST = 16.0
STEPS = 16
SHARES = (0.5, 0.38, 0.62, 0.26, 0.74, 0.44, 0.56, 0.32, 0.68, 0.2, 0.8, 0.14, 0.86)


class Placer:
    """Finds places for labels, one after the other."""

    def __init__(self, gaps: Sequence[Sequence[Line]], nodes: Sequence[Sequence[Point]]) -> None:
        """Takes the lines in each gap between columns, and the nodes at its right."""
        self._lines = [_array(lines) for lines in gaps]
        self._boxes = [
            [Box(x - NODE, y - NODE, x + NODE, y + NODE) for x, y in column] for column in nodes
        ]

    def place(self, line: Line, label: Label, gaps: range) -> Text:
        """Returns a label at the cheapest place along a line through some gaps.

        Of places that cost the same it takes the first.
        """
        near = [box for gap in gaps for box in self._boxes[gap]]
        if gaps.start:
            near += self._boxes[gaps.start - 1]
        lines = np.concatenate([self._lines[gap] for gap in gaps])
        lines = lines[~_covers(_array([line])[0], lines)]
        boxes = np.array(near).reshape(-1, 4)
        best, least = None, math.inf
        for position, (centre, is_hiding) in enumerate(_candidates(line, label)):
            if ORDER_COST * position >= least:
                break
            text = Text(label, centre, "constant", line.title, node=line.node)
            behind = _length_inside(lines, text.box)
            shared = _area_inside(boxes, text.box)
            cost = LINE_COST * behind + BOX_COST * shared + HIDING_COST * is_hiding
            cost += _ambiguity(line, label, centre)
            if cost + ORDER_COST * position < least:
                best, least = replace(text, is_framed=behind + is_hiding > 0), cost
                least += ORDER_COST * position
        assert best is not None
        for gap in gaps:
            self._boxes[gap].append(best.box)
        return best


def _array(lines: Sequence[Line]) -> npt.NDArray[np.float64]:
    return np.array([[*a.start, *a.end] for a in lines]).reshape(-1, 4)


def _covers(
    line: npt.NDArray[np.float64], others: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Tells which lines are the line itself, or pieces of a level one."""
    is_inside = (others[:, 0] >= line[0]) & (others[:, 2] <= line[2])
    is_on = (others[:, 1] == line[1]) & (others[:, 3] == line[3])
    return is_inside & is_on


def _candidates(line: Line, label: Label) -> Iterator[tuple[Point, bool]]:
    """Names places for a label's centre, and whether it covers its own edge there."""
    (x0, y0), (x1, y1) = line.start, line.end
    dx, dy = x1 - x0, y1 - y0
    length = math.hypot(dx, dy)
    half, high = width(label) / 2, height(label) / 2
    across = (abs(dy) * half + abs(dx) * high) / length + CLEARANCE
    for share in SHARES if dy else _level_shares(dx, half):
        x, y = x0 + share * dx, y0 + share * dy
        for side in (-1, 1):
            yield Point(x - side * across * dy / length, y + side * across * dx / length), False
        yield Point(x, y), True


def _level_shares(dx: float, half: float) -> Iterator[float]:
    """Places on an edge that does not rise, from its end, where constants belong."""
    first, last = sorted((half + NODE + 2, dx - half - NODE - 2))
    for step in range(STEPS):
        yield (last + (first - last) * step / STEPS) / dx


def _ambiguity(line: Line, label: Label, centre: Point) -> float:
    """Returns the cost of a place that could seem to be another edge's."""
    top, bottom = sorted((line.start.y, line.end.y))
    if top == bottom:
        return (width(label) / PLAIN) ** 2 if centre.y > top else 0.0
    return 0.0 if top < centre.y < bottom else OUTSIDE_COST


def _area_inside(boxes: npt.NDArray[np.float64], box: Box) -> float:
    """Returns how many square pixels of boxes a box covers, each box for itself."""
    width = np.minimum(boxes[:, 2], box.right) - np.maximum(boxes[:, 0], box.left)
    height = np.minimum(boxes[:, 3], box.bottom) - np.maximum(boxes[:, 1], box.top)
    return float((np.maximum(width, 0.0) * np.maximum(height, 0.0)).sum())


def _length_inside(lines: npt.NDArray[np.float64], box: Box) -> float:
    """Returns how many pixels of lines, left to right, a box covers."""
    if not len(lines):
        return 0.0
    x0, y0, x1, y1 = lines.T
    dx, dy = x1 - x0, y1 - y0
    enter, leave = (box.left - x0) / dx, (box.right - x0) / dx
    with np.errstate(divide="ignore", invalid="ignore"):
        top, bottom = (box.top - y0) / dy, (box.bottom - y0) / dy
    is_level, is_between = dy == 0, (y0 > box.top) & (y0 < box.bottom)
    low = np.where(is_level, np.where(is_between, 0.0, 2.0), np.minimum(top, bottom))
    high = np.where(is_level, 1.0, np.maximum(top, bottom))
    shares = np.minimum(np.minimum(leave, high), 1.0) - np.maximum(np.maximum(enter, low), 0.0)
    return float((np.maximum(shares, 0.0) * np.hypot(dx, dy)).sum())
