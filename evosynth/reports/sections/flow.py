"""The signal-flow graph of the best program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from markupsafe import Markup

from dsl.pictures.flow import FlowGraph, flow_graph
from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.drawing.flow_bins import BinnedGraph, binned, binned_picture
from evosynth.reports.drawing.flow_picture import flow_picture
from evosynth.reports.figures import Table, figure
from evosynth.reports.markup import element, joined
from evosynth.reports.shown_program import Shown, shown_program
from evosynth.reports.story import Story
from evosynth.runs.folder import BEST, CONFIGURATION

# Of the simplified code, beyond which it is drawn in bins: a Fourier transform of 64 points
# has about 500 in complex numbers.
MOST_OPERATIONS = 700
HINT = (
    "Point at a dot, tap it, or go there with Tab and the arrow keys: this says what it is, and "
    "the graph shows what goes into it. Escape lets go."
)
BUTTONS = (
    ("\N{MINUS SIGN}", "0.8", "Smaller"),
    ("+", "1.25", "Larger"),
    ("Whole graph", "fit", "The whole graph at once"),
    ("Own size", "own", "The size at which all is legible"),
)


def write(story: Story) -> Markup | None:
    """Returns the graph, with the definitions of its values as text."""
    shown = shown_program(story)
    if shown is None:
        return None
    if len(shown.program.plain_code.operations) <= MOST_OPERATIONS:
        return _whole(flow_graph(shown.program), shown)
    return _in_bins(flow_graph(shown.program, is_told=False), shown)


def _whole(graph: FlowGraph, shown: Shown) -> Markup:
    picture = flow_picture(graph, shown.program.order, _label(graph, shown))
    caption = joined(
        [
            f"{_size(graph)} ",
            "Every dot is a value: the sum of what arrives there, left to right. A constant "
            "multiplies what its edge brings; edges without one bring it unchanged. ",
            shown.note,
        ]
    )
    listing = element("pre", element("code", "\n".join(_definitions(graph))))
    return figure(_with_tools(picture), caption, listing)


def _in_bins(graph: FlowGraph, shown: Shown) -> Markup:
    bins = binned(graph)
    picture = binned_picture(bins, _label(graph, shown))
    caption = joined(
        [
            f"{_size(graph)} That is too many to draw one by one: a row of this picture is "
            f"{_plain(bins.values_per_row, 'row')} of the whole graph, a column "
            f"{_plain(bins.levels_per_column, 'level')} of it. The more operations stand at a "
            "place, the larger its dot; grey dots only pass values on. The more values a line "
            "brings, the wider it is, a step for each doubling. A dot shows all places from which "
            "lines lead to it. ",
            shown.note,
        ]
    )
    return figure(_with_tools(picture), caption, _columns(bins))


def _size(graph: FlowGraph) -> str:
    kinds = Counter(node.kind for node in graph.nodes)
    edges = sum(len(node.edges) for node in graph.nodes)
    return (
        f"{kinds['input']:,} inputs (left), {kinds['output']:,} outputs (right) and "
        f"{len(graph.operations):,} values between, joined by {edges:,} edges."
    )


def _plain(count: int, name: str) -> str:
    return f"one {name}" if count == 1 else f"{count:,} {name}s"


def _label(graph: FlowGraph, shown: Shown) -> str:
    return f"Signal-flow graph of {shown.program.name}: {_size(graph)}"


def _with_tools(picture: Markup) -> Markup:
    buttons = [
        element("button", text, type="button", data_zoom=zoom, aria_label=label)
        for text, zoom, label in BUTTONS
    ]
    return joined(
        [
            element("div", *buttons, class_="flow-bar"),
            element(
                "div",
                picture,
                class_="flow-pane",
                tabindex=0,
                role="region",
                aria_label="Signal-flow graph",
            ),
            element("p", HINT, class_="flow-told", role="status"),
        ]
    )


def _definitions(graph: FlowGraph) -> Iterator[str]:
    """Yields the definitions of all values in order, each once."""
    seen: dict[str, None] = {}
    for node in graph.nodes:
        texts = [*(edge.definition for edge in node.edges), node.definition]
        seen |= dict.fromkeys(text for text in texts if "=" in text)
    yield from seen


def _columns(graph: BinnedGraph) -> Table:
    head = ("column", "sums", "products", "values that pass", "edges that end here")
    rows = []
    for column in range(graph.columns):
        found = [value for (place, _), value in graph.bins.items() if place == column]
        passing = sum(one.passing for one in found)
        edges = sum(sum(one.bundles.values()) for one in found) - passing
        sums, products = (sum(one.kinds[kind] for one in found) for kind in ("sum", "product"))
        name = "inputs" if not column else f"{column + 1}"
        name = "outputs" if column == graph.columns - 1 else name
        rows.append((name, f"{sums:,}", f"{products:,}", f"{passing:,}", f"{edges:,}"))
    return Table(head, rows)


FLOW = SECTIONS.register(Section("flow", "Signal-flow graph", (BEST, CONFIGURATION), write))
