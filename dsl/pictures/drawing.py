"""Signal-flow graphs as pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate

from dsl.pictures.flow import Edge, FlowGraph
from dsl.pictures.label_places import Placer
from dsl.pictures.layers import layers
from dsl.pictures.numbers_as_text import Label, Run, label
from dsl.pictures.ordering import Wiring, best_order
from dsl.pictures.shapes import Dot, Line, Picture, Point, Text, TextKind, width
from dsl.pictures.tracks import tracks

# Distance of rows, least distance of columns, and margin around everything.
ROW, COLUMN, MARGIN = 30.0, 44.0, 20.0
# Width per height of the steepest edges, and room that an edge has beside its constant.
SLOPE, AROUND = 1.2, 24.0
# Width per edge that rises or falls: a few of them may be steep.
EACH = 18.0
# Constants wider than this get a name, and a line below.
WIDEST = 90.0
# Distance of the names of inputs and outputs, and of the lines of the legend.
ASIDE, LEGEND_ROW = 8.0, 18.0
NOTE: Label = (Run("Nodes add what arrives. Edges multiply by their constant."),)


def draw(graph: FlowGraph, order: int) -> Picture:
    """Returns the picture of a graph; `order` is the program's."""
    return _Drawing(graph, order).picture()


class _Drawing:
    def __init__(self, graph: FlowGraph, order: int) -> None:
        self._nodes = graph.nodes
        self._columns = layers(graph)
        rows = tracks(graph, self._columns)
        wiring = Wiring(graph, self._columns, rows)
        places = best_order(wiring)
        self._rows = [places[row] for row in rows]
        self._labels = _Labels(order)
        self._leaving: dict[int, list[int]] = defaultdict(list)
        for column, node in zip(self._columns, self._nodes, strict=True):
            for edge in node.edges:
                self._leaving[edge.source].append(column - 1)
        self._height = MARGIN * 2 + ROW * (wiring.height - 1)
        self._xs = self._positions(wiring, places)

    def picture(self) -> Picture:
        """Returns the picture."""
        edges, wires = self._edges(), self._wires()
        lines = [line for gap in wires for line in gap]
        lines += [line for line, _, _ in edges]
        branches = list(self._branches())
        texts = [*self._constants(edges, wires), *self._terminals()]
        right = max([text.box.right for text in texts])
        legend = list(self._legend(right))
        right = max([right, *(text.box.right for text in legend)])
        bottom = max([self._height - MARGIN, *(text.box.bottom for text in legend)])
        dots = branches + [
            Dot(self._point(k), node.kind, node.definition, k) for k, node in enumerate(self._nodes)
        ]
        return Picture(
            right + MARGIN, bottom + MARGIN, tuple(lines), tuple(dots), (*texts, *legend)
        )

    def _positions(self, wiring: Wiring, places: list[int]) -> list[float]:
        """Returns where each column stands: steep edges and wide constants need room."""
        gaps = [COLUMN] * len(wiring.gaps)
        for k, gap in enumerate(wiring.gaps):
            rise = max((abs(places[a] - places[b]) for a, b in gap), default=0)
            risers = sum(a != b for a, b in gap)
            least = 1.6 * COLUMN if rise else COLUMN
            gaps[k] = max(least, min(SLOPE * ROW * rise, least + EACH * risers))
        for k, node in enumerate(self._nodes):
            for edge in node.edges:
                if edge.factor != 1:
                    is_level = self._rows[k] == self._rows[edge.source]
                    room = width(self._labels.short(edge.factor)) * (1 if is_level else 1.5)
                    gaps[self._columns[k]] = max(gaps[self._columns[k]], room + AROUND)
        widest = max(width(_name(node.name)) for node in self._nodes if node.kind == "input")
        gaps[0] = MARGIN + widest + ASIDE
        return list(accumulate(gaps))

    def _point(self, k: int) -> Point:
        return self._place(self._columns[k], self._rows[k])

    def _place(self, column: int, row: int) -> Point:
        return Point(self._xs[column], MARGIN + ROW * row)

    def _edges(self) -> list[tuple[Line, Edge, int]]:
        """Returns the lines that end in nodes, with the columns where they do."""
        edges = []
        for k, node in enumerate(self._nodes):
            column = self._columns[k]
            for edge in node.edges:
                start = self._place(column - 1, self._rows[edge.source])
                line = Line(start, self._point(k), "edge", edge.definition, k)
                edges.append((line, edge, column))
        return edges

    def _wires(self) -> list[list[Line]]:
        """Returns what leads values to the columns before their readers, by column."""
        ends = dict(enumerate(self._columns))
        for k, node in enumerate(self._nodes):
            for edge in node.edges:
                ends[edge.source] = max(ends[edge.source], self._columns[k] - 1)
        gaps: list[list[Line]] = [[] for _ in self._xs]
        for k, end in ends.items():
            for column in range(self._columns[k] + 1, end + 1):
                start, stop = (self._place(c, self._rows[k]) for c in (column - 1, column))
                gaps[column].append(Line(start, stop, "wire", node=k))
        return gaps

    def _branches(self) -> Iterator[Dot]:
        """Names where some edges leave a value on its way and it goes on."""
        for k, columns in self._leaving.items():
            for column in sorted(set(columns) - {self._columns[k]}):
                if column < max(columns) or columns.count(column) > 1:
                    yield Dot(self._place(column, self._rows[k]), "branch", node=k)

    def _constants(
        self, edges: list[tuple[Line, Edge, int]], wires: list[list[Line]]
    ) -> Iterator[Text]:
        """Places the constants: level ones anywhere behind the last branch."""
        gaps = [list(gap) for gap in wires]
        for line, _, column in edges:
            gaps[column].append(line)
        nodes = [
            list(dict.fromkeys([*(line.end for line in gap), *(line.start for line in after)]))
            for gap, after in zip(gaps, [*gaps[1:], []], strict=True)
        ]
        placer = Placer(gaps, nodes)
        # Edges that rise or fall have the fewest places.
        for line, edge, column in sorted(edges, key=lambda e: e[0].start.y == e[0].end.y):
            if edge.factor != 1:
                first = column
                if line.start.y == line.end.y:
                    earlier = [c for c in self._leaving[edge.source] if c < column - 1]
                    first = max([self._columns[edge.source], *earlier]) + 1
                whole = replace(line, start=Point(self._xs[first - 1], line.start.y))
                label = self._labels.short(edge.factor)
                yield placer.place(whole, label, range(first, column + 1))

    def _terminals(self) -> Iterator[Text]:
        for k, node in enumerate(self._nodes):
            if node.kind in ("input", "output"):
                (x, y), text = self._point(k), _name(node.name)
                if node.kind == "output" and not node.edges:
                    text = (*text, Run(" = 0"))
                side = 1 if node.kind == "output" else -1
                centre = Point(x + side * (ASIDE + width(text) / 2), y)
                yield Text(text, centre, node.kind, node.definition, node=k)

    def _legend(self, right: float) -> Iterator[Text]:
        """Names the lines below: what names of constants mean, in columns."""
        top = self._height + MARGIN
        entries = self._labels.legend()
        room = max((width(entry) for entry in entries), default=0.0) + AROUND
        across = max(1, int((right - MARGIN) / room)) if entries else 1
        down = -(-len(entries) // across)
        for k, entry in enumerate(entries):
            left = MARGIN + k // down * room
            yield _from_left(entry, left, top + k % down * LEGEND_ROW, "legend")
        yield _from_left(NOTE, MARGIN, top + down * LEGEND_ROW, "note")


class _Labels:
    """The constants as they stand at edges; long ones have names."""

    def __init__(self, order: int) -> None:
        self._order = order
        self._labels: dict[complex, Label] = {}
        self._long: list[Label] = []

    def short(self, factor: complex) -> Label:
        """Returns what stands at edges with a constant."""
        if factor not in self._labels:
            text = label(factor, self._order)
            if width(text) > WIDEST:
                self._long.append(text)
                text = (Run("k"), Run(str(len(self._long)), "below"))
            self._labels[factor] = text
        return self._labels[factor]

    def legend(self) -> list[Label]:
        """Returns the definitions of the names."""
        return [
            (Run("k"), Run(str(k), "below"), Run(" = "), *text)
            for k, text in enumerate(self._long, 1)
        ]


def _from_left(text: Label, left: float, y: float, kind: TextKind) -> Text:
    return Text(text, Point(left + width(text) / 2, y), kind)


def _name(name: str) -> Label:
    return (Run(name[0]), Run(name[1:], "below"))
