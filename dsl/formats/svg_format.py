"""Signal-flow graphs as SVG: one file, for browsers, notebooks and print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from dsl.errors import UsageError
from dsl.formats.base import FORMATS, Format
from dsl.pictures.drawing import draw
from dsl.pictures.flow import FlowGraph, flow_graph
from dsl.pictures.numbers_as_text import Run
from dsl.pictures.shapes import FONT, SMALL, Dot, Line, Picture, Text
from dsl.program import Program

# More operations are neither drawn in reasonable time nor read by anybody.
MOST_OPERATIONS = 5000
# The background is white always: a picture with dark ink is readable wherever it is put.
# A page that holds the picture has other text and lines: rules are for this one alone.
RULES = """\
text { font-family: "STIX Two Text", "Times New Roman", "Liberation Serif", serif; }
text { font-size: 12px; text-anchor: middle; fill: #111; }
.constant { fill: #0b4a9c; }
.input, .output { font-style: italic; }
.legend, .note { text-anchor: start; }
.note { fill: #555; }
line { stroke: #444; stroke-width: 0.9; }
circle { fill: #111; }
.terminal { fill: #fff; stroke: #111; }
.frame { fill: #fff; fill-opacity: 0.85; }"""
STYLE = "".join(
    ", ".join(f".flow-graph {selector}" for selector in rule.partition(" {")[0].split(", "))
    + f" {{{rule.partition(' {')[2]}\n"
    for rule in RULES.splitlines()
)
RADII = {"input": 2.6, "output": 2.6, "sum": 2.8, "product": 1.8, "branch": 1.8}
DROPS = {"line": 0.0, "above": -0.4 * FONT, "below": 0.25 * FONT}


def write(program: Program) -> str:
    """Writes the butterfly graph of the simplified program; of huge ones a line of text.

    Raises:
        UsageError: The program is made of formulas.
    """
    if not program.is_linear:
        raise UsageError(
            "formulas cannot be drawn as SVG: expected a program for a matrix",
            "write the graph as dot, or the formulas as latex or sympy",
        )
    size = len(program.instructions)
    if size <= MOST_OPERATIONS:
        size = len(program.plain_code.operations)
    if size > MOST_OPERATIONS:
        return _svg(420, 60, _title(program, []), _too_large(size))
    graph = flow_graph(program)
    picture = draw(graph, program.order)
    return _svg(picture.width, picture.height, _title(program, _counts(graph)), _shapes(picture))


def _svg(width: float, height: float, head: Iterable[str], body: Iterable[str]) -> str:
    size = f'width="{_number(width)}" height="{_number(height)}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" class="flow-graph" '
        f'viewBox="0 0 {_number(width)} {_number(height)}">',
        *head,
        f"<style>\n{STYLE}</style>",
        f'<rect {size} fill="#fff"/>',
        *body,
        "</svg>",
    ]
    return "".join(f"{line}\n" for line in lines).encode("ascii", "xmlcharrefreplace").decode()


def _title(program: Program, counts: list[str]) -> list[str]:
    shape = f"{program.inputs} {program.domain} inputs, {len(program.outputs)} outputs"
    text = ", ".join([f"Signal-flow graph of {program.name}: {shape}", *counts])
    return [f"<title>{escape(program.name)}</title>", f"<desc>{escape(text)}</desc>"]


def _counts(graph: FlowGraph) -> list[str]:
    additions = sum(max(len(node.edges) - 1, 0) for node in graph.nodes)
    constants = sum(edge.factor not in (1, -1) for node in graph.nodes for edge in node.edges)
    return [f"{additions} additions, {constants} edges with constants other than 1 and -1"]


def _too_large(operations: int) -> list[str]:
    text = f"{operations} operations are too many to draw (at most {MOST_OPERATIONS})."
    return [f'<text class="note" x="16" y="34">{text}</text>']


def _shapes(picture: Picture) -> Iterator[str]:
    yield from map(_line, picture.lines)
    for text in picture.texts:
        if text.is_framed:
            left, top, right, bottom = text.box
            size = f'width="{_number(right - left)}" height="{_number(bottom - top)}"'
            yield f'<rect class="frame" x="{_number(left)}" y="{_number(top)}" {size}/>'
    yield from map(_dot, picture.dots)
    yield from map(_text, picture.texts)


def _line(line: Line) -> str:
    (x0, y0), (x1, y1) = line.start, line.end
    places = f'x1="{_number(x0)}" y1="{_number(y0)}" x2="{_number(x1)}" y2="{_number(y1)}"'
    return _element("line", f'class="{line.kind}" {places}', _hint(line.title))


def _dot(dot: Dot) -> str:
    x, y = map(_number, dot.centre)
    look = f"{dot.kind} terminal" if dot.kind in ("input", "output") else dot.kind
    places = f'class="{look}" cx="{x}" cy="{y}" r="{RADII[dot.kind]}"'
    return _element("circle", places, _hint(dot.title))


def _text(text: Text) -> str:
    box = text.box
    x = box.left if text.kind in ("legend", "note") else text.centre.x
    places = f'class="{text.kind}" x="{_number(x)}" y="{_number(text.centre.y + FONT / 3)}"'
    if any(run.text != run.text.strip() for run in text.label):
        places += ' xml:space="preserve"'
    return _element("text", places, _hint(text.title) + "".join(_runs(text.label)))


def _runs(runs: Iterable[Run]) -> Iterator[str]:
    drop = 0.0
    for text, style in runs:
        size = "" if style == "line" else f' font-size="{_number(FONT * SMALL)}"'
        move = DROPS[style] - drop
        drop = DROPS[style]
        if size or move:
            yield f'<tspan dy="{_number(move)}"{size}>{escape(text)}</tspan>'
        else:
            yield escape(text)


def _hint(title: str) -> str:
    return f"<title>{escape(title)}</title>" if title else ""


def _element(name: str, attributes: str, content: str) -> str:
    return f"<{name} {attributes}>{content}</{name}>" if content else f"<{name} {attributes}/>"


def _number(value: float) -> str:
    """Writes a length to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


SVG = FORMATS.register(
    Format("svg", ".svg", write, "the signal-flow graph, butterflies and all, as a picture")
)
