"""What pictures are made of: texts, lines and dots, in pixels from the upper left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from dsl.pictures.numbers_as_text import Label

FONT = 12.0
# Of runs above or below the line.
SMALL = 0.72
NARROW = frozenset(" .,()[]/|'il:tfj1I")
# Widths of characters in font sizes, rather too large: which font is used is not known.
WIDTHS = {True: 0.42, False: 0.62}


class Point(NamedTuple):
    """A place."""

    x: float
    y: float


class Box(NamedTuple):
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Returns the area that both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0.0) * max(height, 0.0)


TextKind = Literal["constant", "input", "output", "legend", "note"]


@dataclass(frozen=True, slots=True)
class Text:
    """A label around a centre.

    Attributes:
        is_framed: It covers lines and needs a background of its own.
        node: Whose name it is, or at whose edge it stands; None of the legend.
    """

    label: Label
    centre: Point
    kind: TextKind
    title: str = ""
    is_framed: bool = False
    node: int | None = None

    @property
    def box(self) -> Box:
        """The room that it takes."""
        x, y = self.centre
        half, high = width(self.label) / 2, height(self.label) / 2
        return Box(x - half, y - high, x + half, y + high)


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line: an edge of the graph, or a value on its way to one.

    Attributes:
        node: Where the edge ends, or whose value is on its way.
    """

    start: Point
    end: Point
    kind: Literal["edge", "wire"]
    title: str = ""
    node: int | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    """A node, or a place where edges leave a value on its way.

    Attributes:
        node: Which one, or whose value is on its way.
    """

    centre: Point
    kind: Literal["input", "sum", "product", "output", "branch"]
    title: str = ""
    node: int | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """All shapes; later ones hide earlier ones."""

    width: float
    height: float
    lines: tuple[Line, ...]
    dots: tuple[Dot, ...]
    texts: tuple[Text, ...]


def width(label: Label) -> float:
    """Returns the width of a label, rather too large."""
    return FONT * sum(
        (1.0 if style == "line" else SMALL) * sum(WIDTHS[c in NARROW] for c in text)
        for text, style in label
    )


def height(label: Label) -> float:
    """Returns the height of a label: of digits, or with runs above or below the line."""
    return FONT * (0.84 if len(label) == 1 else 1.2)
