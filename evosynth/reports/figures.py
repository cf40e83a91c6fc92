"""Pictures with a caption that says what to see, and the same as text; tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from evosynth.reports.markup import Child, element, joined

# Longer tables are cut in the middle: nobody reads them, and pages stay small.
MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under a head; the first column names the row.

    Attributes:
        head: One cell for every column.
        rows: Cells, as many as the head has.
    """

    head: Sequence[Child]
    rows: Sequence[Sequence[Child]]

    def html(self) -> Markup:
        """Returns the table, cut in the middle if it is long."""
        head = element("tr", *(element("th", cell, scope="col") for cell in self.head))
        body = [_row(cells) for cells in self.rows]
        if len(body) > MOST_ROWS:
            left_out = len(body) - MOST_ROWS
            note = element("td", f"... {left_out:,} more rows ...", colspan=len(self.head))
            body = [*body[: MOST_ROWS // 2], element("tr", note), *body[-MOST_ROWS // 2 :]]
        return element(
            "div",
            element("table", element("thead", head), element("tbody", *body)),
            class_="scroll",
            tabindex=0,
        )


def _row(cells: Sequence[Child]) -> Markup:
    first, *others = cells
    return element("tr", element("th", first, scope="row"), *(element("td", c) for c in others))


def figure(
    picture: Markup | Sequence[Markup],
    caption: str,
    twin: Table | Markup,
) -> Markup:
    """Returns a picture with its caption and its text twin.

    Args:
        picture: SVG; or the same drawn for a wide and for a narrow page.
        caption: Says what to see.
        twin: The same as text.
    """
    if isinstance(picture, Markup):
        shown = picture
    else:
        wide, narrow = picture
        shown = joined(
            [element("div", wide, class_="wide"), element("div", narrow, class_="narrow")]
        )
    text = twin.html() if isinstance(twin, Table) else twin
    return element(
        "figure",
        shown,
        element("figcaption", caption),
        element("details", element("summary", "The same as text"), text),
    )


def legend(entries: Sequence[tuple[str, str]]) -> Markup:
    """Returns what marks mean: their classes, as in the picture, and names."""
    items = [
        element(
            "li",
            element(
                "svg",
                element("circle", class_=look, cx=7, cy=7, r=4.5),
                class_="chart",
                width=14,
                height=14,
                aria_hidden="true",
            ),
            f" {name}",
        )
        for look, name in entries
    ]
    return element("ul", *items, class_="legend")


def facts(rows: Sequence[tuple[str, Child]]) -> Markup:
    """Returns names with what they are, one below the other."""
    cells = [(element("dt", name), element("dd", value)) for name, value in rows]
    return element("dl", *(cell for pair in cells for cell in pair), class_="facts")
