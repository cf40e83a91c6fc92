"""Signal-flow graphs for a page: every value can be pointed at, and knows what it is made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

from markupsafe import Markup

from dsl.pictures.drawing import LEGEND_ROW, draw
from dsl.pictures.expressions import definition, in_inputs
from dsl.pictures.flow import FlowGraph
from dsl.pictures.numbers_as_text import Run
from dsl.pictures.shapes import FONT, SMALL, Dot, Picture, Text
from evosynth.reports.markup import element, joined, number

RADII = {"input": 3.0, "output": 3.0, "sum": 3.0, "product": 2.2, "branch": 1.8}
DROPS = {"line": 0.0, "above": -0.4 * FONT, "below": 0.25 * FONT}


def flow_picture(graph: FlowGraph, order: int, label: str) -> Markup:
    """Returns the drawn graph as SVG.

    All that belongs to a node has its number as `data-n`; its dot has those of the nodes that
    it reads as `data-from`, and says what it is as `data-tip`, in the inputs as `data-whole`.

    Args:
        graph: Of the program.
        order: The program's.
        label: Says what it shows.
    """
    picture = draw(graph, order)
    # Without its last line, which captions say in more words.
    texts = [text for text in picture.texts if text.kind != "note"]
    parts = [
        element("g", *_edges(graph, picture), class_="edges"),
        element("g", *(_branch(dot) for dot in picture.dots if dot.kind == "branch")),
        element("g", *map(_text, texts), class_="labels"),
        element("g", *_nodes(graph, order, picture), class_="nodes"),
    ]
    return svg(picture.width, picture.height - LEGEND_ROW, label, parts, "value")


def svg(
    width: float, height: float, label: str, parts: list[Markup], unit: Literal["value", "dot"]
) -> Markup:
    """Returns a picture whose nodes can be pointed at; `unit` is what they are."""
    size = f"0 0 {number(width)} {number(height)}"
    # The order of words is SVG's: its attributes are in camel case.
    return element(
        "svg",
        joined(parts),
        class_="flow" if unit == "value" else "flow binned",
        role="group",
        aria_label=label,
        data_unit=unit,
        width=round(width),
        height=round(height),
        viewBox=size,
    )


def _edges(graph: FlowGraph, picture: Picture) -> Iterator[Markup]:
    """Yields a path for every node with all edges that end there, from where they begin."""
    places = {dot.node: dot.centre for dot in picture.dots if dot.kind != "branch"}
    ends = defaultdict(list)
    for line in picture.lines:
        if line.kind == "edge":
            ends[line.node].append(line)
    for k, node in enumerate(graph.nodes):
        steps = []
        for edge, line in zip(node.edges, ends[k], strict=True):
            first = places[edge.source]
            steps.append(f"M{_pair(first)}")
            if line.start.x != first.x:
                steps.append(f"H{_short(line.start.x)}")
            steps.append(f"L{_pair(line.end)}")
        if steps:
            yield element("path", d="".join(steps), data_n=k)


def _branch(dot: Dot) -> Markup:
    x, y = map(_short, dot.centre)
    return element("circle", class_="branch", cx=x, cy=y, r=RADII["branch"], data_n=dot.node)


def _nodes(graph: FlowGraph, order: int, picture: Picture) -> Iterator[Markup]:
    expressions = in_inputs(graph, order)
    for dot in picture.dots:
        if dot.kind == "branch" or dot.node is None:
            continue
        x, y = map(_short, dot.centre)
        lines = definition(graph, dot.node)
        whole = expressions[dot.node]
        is_new = not any(line.endswith(f" {whole}") for line in lines)
        yield element(
            "circle",
            class_=dot.kind,
            cx=x,
            cy=y,
            r=RADII[dot.kind],
            data_n=dot.node,
            data_from=" ".join(str(edge.source) for edge in graph.nodes[dot.node].edges),
            data_tip="\n".join(lines),
            data_whole=whole if is_new and dot.kind != "input" else None,
            tabindex=0 if dot.node == len(graph.nodes) - 1 else -1,
        )


def _text(text: Text) -> Markup:
    x = text.box.left if text.kind == "legend" else text.centre.x
    y = text.centre.y + FONT / 3
    return element(
        "text",
        *_runs(text.label),
        class_=text.kind,
        x=_short(x),
        y=_short(y),
        data_n=text.node,
    )


def _runs(runs: tuple[Run, ...]) -> Iterator[Markup | str]:
    drop = 0.0
    for text, style in runs:
        move = DROPS[style] - drop
        drop = DROPS[style]
        size = None if style == "line" else FONT * SMALL
        if size is None and not move:
            yield text
        else:
            yield element("tspan", text, dy=_short(move), font_size=size)


def _pair(point: tuple[float, float]) -> str:
    return f"{_short(point[0])} {_short(point[1])}"


def _short(value: float) -> str:
    """Writes a length to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")
