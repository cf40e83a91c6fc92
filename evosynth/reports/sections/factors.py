"""The best program as a product of sparse matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from dsl.program import Program
from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.decomposition import Decomposition, decompose, non_zeros
from evosynth.reports.drawing.heat_map import extent_of, heat_map, is_binned, phase_legend
from evosynth.reports.figures import Table, figure
from evosynth.reports.markup import element, joined
from evosynth.reports.shown_program import shown_program
from evosynth.reports.story import Story
from evosynth.runs.folder import BEST, CONFIGURATION


def write(story: Story) -> Markup | None:
    """Returns the factors as heat maps, in the order in which they are applied."""
    shown = shown_program(story)
    found = None if shown is None else decompose(shown.program)
    if shown is None or found is None:
        return None
    maps = element("ol", *_maps(found), class_="heat-maps factors")
    matrices = [part.matrix for part in found.parts]
    picture = joined([_product(len(matrices)), hues(matrices), maps])
    caption = joined(
        [
            "The matrix of the program as a product of sparse ones; S",
            element("sub", "1"),
            " is applied first. ",
            _grouping(found),
            " ",
            binning(matrices) or "Full colours are large entries, empty cells zeros. ",
            _excess(found),
            shown.note_on_matrix,
            shown.note,
        ]
    )
    return figure(picture, caption, _table(shown.program, found))


def name_of(letter: str, k: int) -> Markup:
    """Returns a letter with an index."""
    return joined([element("var", letter), element("sub", str(k))])


def hues(matrices: Sequence[np.ndarray]) -> Markup | None:
    """Returns what the hues of pictures of some matrices mean; None where they mean nothing."""
    if is_binned(extent_of(matrices)):
        return None
    return phase_legend(any(np.any(matrix.imag) for matrix in matrices))


def binning(matrices: Sequence[np.ndarray]) -> str:
    """Returns a sentence on matrices whose cells stand for several entries; "" without any."""
    size = extent_of(matrices)
    if not is_binned(size):
        return ""
    return (
        f"With {size} rows or columns a cell stands for a block of entries, with the more colour "
        "the more of them are not zero. "
    )


def _product(count: int) -> Markup:
    factors = [name_of("S", k) for k in range(count, 0, -1)]
    return element("p", element("var", "A"), " = ", *_spaced(factors), class_="product")


def _spaced(parts: Sequence[Markup]) -> list[Markup]:
    return [joined([part, " "]) for part in parts]


def _maps(found: Decomposition) -> list[Markup]:
    items = []
    extent = extent_of([part.matrix for part in found.parts])
    for k, part in enumerate(found.parts, 1):
        rows, columns = part.matrix.shape
        count = non_zeros(part.matrix)
        shape = f"{rows} \N{MULTIPLICATION SIGN} {columns}"
        cost = _cost(part.operations)
        text = f"S{k}: {shape}, {count:,} non-zeros, {cost}"
        picture = heat_map(part.matrix, text, extent, data_tip=text)
        words = [element("strong", name_of("S", k)), f"{count:,} non-zeros", element("br"), cost]
        items.append(element("li", picture, *words))
    return items


def _cost(operations: int) -> str:
    return f"{operations:,} operations" if operations else "no operations"


def _grouping(found: Decomposition) -> str:
    if found.grouping == "stages":
        return "They are the stages of the program, one after the other."
    levels = "They are its levels: each holds all that can be computed once the one before is done"
    if found.grouping == "levels":
        return f"{levels}."
    costly = sum(part.operations > 0 for part in found.parts)
    return (
        f"{levels}; {found.levels} levels were multiplied to {costly} factors, neighbours whose "
        "product stays sparse."
    )


def _excess(found: Decomposition) -> str:
    if not found.excess:
        return f"Their operations add up to the {found.operations:,} of the program. "
    return (
        f"Each counts for itself; together the program needs {found.operations:,} operations, "
        f"{found.excess:,} fewer than the sum. "
    )


def _table(program: Program, found: Decomposition) -> Table:
    head = ("factor", "shape", "non-zeros", "operations", "non-zeros of the product still to come")
    rows = []
    for k, part in enumerate(found.parts, 1):
        rows.append(
            (
                f"S{k}",
                "{} \N{MULTIPLICATION SIGN} {}".format(*part.matrix.shape),
                f"{non_zeros(part.matrix):,}",
                f"{part.operations:,}",
                f"{non_zeros(found.remainders[k]):,}",
            )
        )
    return Table(head, rows)


FACTORS = SECTIONS.register(Section("factors", "Sparse factors", (BEST, CONFIGURATION), write))
