"""Signal-flow graphs too large to draw: places are bins of values, edges are bundles."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import log2, sqrt

from markupsafe import Markup

from dsl.pictures.flow import FlowGraph
from dsl.pictures.layers import layers
from dsl.pictures.ordering import Wiring, best_order
from dsl.pictures.tracks import tracks
from evosynth.reports.drawing.flow_picture import svg
from evosynth.reports.markup import element, number

# Rows and columns at most, what is between them, and the margin around everything.
MOST_ROWS, MOST_COLUMNS = 40, 32
ROW, WIDTH, MARGIN, ASIDE = 19.0, 780.0, 14.0, 72.0
# Columns of a graph whose rows stay in the order in which they are opened.
DEEP = 4 * MOST_COLUMNS
# Radius of a bin with the most operations, and widths of bundles by class.
LARGEST, MOST_WIDTHS = 6.5, 6
# Names that the text of a bin lists.
MOST_NAMES = 16

Place = tuple[int, int]


@dataclass(slots=True)
class Bin:
    """Values that stand together.

    Attributes:
        kinds: How many nodes of each kind are here.
        passing: How many values pass on their way to later columns.
        bundles: How many values come from each place one column before.
        names: Of inputs or outputs, the first and the last.
    """

    kinds: Counter[str] = field(default_factory=Counter)
    passing: int = 0
    bundles: Counter[Place] = field(default_factory=Counter)
    names: list[str] = field(default_factory=list)

    @property
    def operations(self) -> int:
        """Nodes that are neither inputs nor outputs."""
        return self.kinds["sum"] + self.kinds["product"]


@dataclass(frozen=True, slots=True)
class BinnedGraph:
    """A graph in bins.

    Attributes:
        bins: By column and row, sorted.
        columns: How many columns there are.
        rows: How many rows there are.
        values_per_row: Rows of the whole graph in one of these.
        levels_per_column: Columns of the whole graph in one of these.
    """

    bins: dict[Place, Bin]
    columns: int
    rows: int
    values_per_row: int
    levels_per_column: int


def binned(graph: FlowGraph) -> BinnedGraph:
    """Returns a graph in bins: columns left to right, rows as they would be drawn."""
    columns = layers(graph)
    rows = tracks(graph, columns)
    wiring = Wiring(graph, columns, rows)
    # Of deep graphs columns are put together, which hides what a better order shows.
    is_deep = max(columns) > DEEP
    order = list(range(wiring.height)) if is_deep else best_order(wiring)
    # Inputs and outputs have columns of their own.
    last = max(columns)
    across = max(-(-(last - 1) // (MOST_COLUMNS - 2)), 1)
    # A power of two, so that the blocks of most transforms begin where rows do.
    down = 1 << max(-(-wiring.height // MOST_ROWS) - 1, 0).bit_length()
    column_of = [0 if c == 0 else 1 + (c - 1) // across for c in range(last)]
    column_of.append(column_of[-1] + 1)
    places = [
        (column_of[column], order[row] // down) for column, row in zip(columns, rows, strict=True)
    ]
    bins: dict[Place, Bin] = defaultdict(Bin)
    for node, place in zip(graph.nodes, places, strict=True):
        bins[place].kinds[node.kind] += 1
        if node.kind in ("input", "output"):
            bins[place].names.append(node.name)
    for start, end, is_passing in _steps(graph, places):
        bins[end].bundles[start] += 1
        bins[end].passing += is_passing
    return BinnedGraph(
        dict(sorted(bins.items())),
        column_of[-1] + 1,
        -(-wiring.height // down),
        down,
        across,
    )


def _steps(graph: FlowGraph, places: list[Place]) -> Iterator[tuple[Place, Place, bool]]:
    """Yields what goes from one column to the next, and whether it only passes.

    A value that many read later passes once; edges within a column stay there.
    """
    ends: dict[int, int] = {}
    for k, node in enumerate(graph.nodes):
        for edge in node.edges:
            column = places[k][0]
            start, row = places[edge.source]
            if column > start:
                yield (column - 1, row), places[k], False
                ends[edge.source] = max(ends.get(edge.source, start), column - 1)
    for k, end in ends.items():
        start, row = places[k]
        for column in range(start + 1, end + 1):
            yield (column - 1, row), (column, row), True


def binned_picture(graph: BinnedGraph, label: str) -> Markup:
    """Returns a graph in bins as SVG, whose bins can be pointed at as values of other graphs."""
    numbers = {place: k for k, place in enumerate(graph.bins)}
    most = max(found.operations for found in graph.bins.values())
    edges: list[Markup] = []
    dots: list[Markup] = []
    texts: list[Markup] = []
    for place, found in graph.bins.items():
        x, y = _point(graph, place)
        edges += _bundles(graph, place, numbers)
        inner = found.operations / max(most, 1)
        dots.append(
            element(
                "circle",
                class_="bin" if found.operations else "end" if found.names else "pass",
                cx=number(x),
                cy=number(y),
                r=number(1.2 + (LARGEST - 1.2) * sqrt(inner) if found.operations else 2.2),
                data_n=numbers[place],
                data_from=" ".join(str(numbers[start]) for start in sorted(found.bundles)),
                data_tip=told(place, found),
                tabindex=0 if numbers[place] == len(numbers) - 1 else -1,
            )
        )
        if found.names:
            texts.append(_names(found, x, y, numbers[place]))
    height = 2 * MARGIN + ROW * (graph.rows - 1)
    parts = [
        element("g", *edges, class_="edges"),
        element("g", *texts, class_="labels"),
        element("g", *dots, class_="nodes"),
    ]
    return svg(WIDTH + 2 * ASIDE, height, label, parts, "dot")


def told(place: Place, found: Bin) -> str:
    """Returns what a bin holds."""
    kinds = [
        f"{count:,} {kind}{'s' if count != 1 else ''}"
        for kind, count in sorted(found.kinds.items())
        if count
    ]
    lines = [f"column {place[0] + 1}, row {place[1] + 1}: {', '.join(kinds) or 'no values'}"]
    if found.names:
        lines.append(
            ", ".join(found.names[:MOST_NAMES]) + ", ..." * (len(found.names) > MOST_NAMES)
        )
    count = sum(found.bundles.values()) - found.passing
    if count:
        lines.append(f"{count:,} edges end here")
    if found.passing:
        lines.append(f"{found.passing:,} values only pass")
    return "\n".join(lines)


def _bundles(graph: BinnedGraph, place: Place, numbers: dict[Place, int]) -> Iterator[Markup]:
    """Yields the edges into a bin, one path for each width."""
    x, y = _point(graph, place)
    paths = defaultdict(list)
    for start, count in sorted(graph.bins[place].bundles.items()):
        x0, y0 = _point(graph, start)
        end = f"H{number(x)}" if y0 == y else f"L{number(x)} {number(y)}"
        wide = min(1 + int(log2(count)), MOST_WIDTHS)
        paths[wide].append(f"M{number(x0)} {number(y0)}{end}")
    for wide, steps in sorted(paths.items()):
        yield element("path", class_=f"w{wide}", d="".join(steps), data_n=numbers[place])


def _names(found: Bin, x: float, y: float, k: int) -> Markup:
    kind = "input" if found.kinds["input"] else "output"
    side = -9 if kind == "input" else 9
    return element(
        "text", _range(found.names), class_=kind, x=number(x + side), y=number(y + 4), data_n=k
    )


def _range(names: list[str]) -> str:
    """Names what is in a row: an unbroken range by its ends, else the first ones."""
    numbers = sorted(int(name[1:]) for name in names)
    first = names[0][0]
    if len(names) == 1:
        return names[0]
    if numbers[-1] - numbers[0] + 1 == len(numbers):
        return f"{first}{numbers[0]}\N{EN DASH}{first}{numbers[-1]}"
    return f"{names[0]}, ..." if len(names) > 2 else ", ".join(names)


def _point(graph: BinnedGraph, place: Place) -> tuple[float, float]:
    column, row = place
    return ASIDE + WIDTH * column / max(graph.columns - 1, 1), MARGIN + ROW * row
