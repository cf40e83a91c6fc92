"""How the operations of an algorithm grow with the size."""

from __future__ import annotations

from markupsafe import Markup

from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.drawing.plots import NARROW, WIDE, Plot
from evosynth.reports.drawing.scales import Scale
from evosynth.reports.figures import Table, figure, legend
from evosynth.reports.markup import element, joined
from evosynth.reports.story import Story
from evosynth.runs import AlgorithmDocument
from evosynth.runs.folder import BEST, CONFIGURATION

LARGEST = 1024
MARKS = (
    ("matrix product", "hollow", "s7"),
    ("best known", "hollow", "s3"),
    ("found", "mark", "s1"),
)
MOST_SIZES = 64


def write(story: Story) -> Markup | None:
    """Returns operations against the size, beside the matrix product and the best known."""
    document = story.document
    if not isinstance(document, AlgorithmDocument):
        return None
    algorithm = document.algorithm
    sizes = [n for n in range(2, LARGEST + 1) if algorithm.has_size(n)]
    sizes = sizes[:: -(-len(sizes) // MOST_SIZES)]
    if not sizes:
        return element("p", "The algorithm does no size up to 1,024.")
    counts = {n: algorithm.operations(n).operations for n in sizes}
    dense = _told(story, "dense_operations")
    known = _told(story, "best_known")
    pictures = [_plot(counts, dense, known, width) for width in (WIDE, NARROW)]
    rows = [
        (f"{n:,}", f"{count:,}", _number(dense.get(n)), _number(known.get(n)))
        for n, count in counts.items()
    ]
    caption = (
        "Real operations of the algorithm at each size, counted for this page. Both axes are "
        "logarithmic: n squared, the matrix product, is twice as steep as n."
    )
    head = ("n", "operations", "matrix product", "best known")
    entries = [(f"{kind} {look}", name) for name, kind, look in MARKS]
    return joined([legend(entries), figure(pictures, caption, Table(head, rows))])


def _plot(
    counts: dict[int, int], dense: dict[int, int], known: dict[int, int], width: float
) -> Markup:
    heights = [*counts.values(), *dense.values(), *known.values()]
    plot = Plot(
        "Operations against the size",
        Scale.of(list(counts), is_logarithmic=True),
        Scale.of([max(height, 1) for height in heights], is_logarithmic=True),
        "n",
        "operations",
        width,
    )
    for (name, kind, look), points in zip(MARKS, (dense, known, counts), strict=True):
        line = [(n, max(count, 1)) for n, count in sorted(points.items()) if n in counts]
        plot.line(line, f"{look} {'' if name == 'found' else 'thin dashed'}")
        for n, count in line:
            plot.mark(n, count, f"{kind} {look}", f"{name}: {count:,} operations at n = {n:,}")
    return plot.svg()


def _told(story: Story, name: str) -> dict[int, int]:
    """Returns counts by size as the run's result has them."""
    found = story.result.get(name)
    items = found.items() if isinstance(found, dict) else ()
    return {int(n): count for n, count in items if str(n).isdecimal() and type(count) is int}


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


GROWTH = SECTIONS.register(
    Section("growth", "Operations at every size", (BEST, CONFIGURATION), write)
)
