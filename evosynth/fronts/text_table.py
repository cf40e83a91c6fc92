"""Tables of cells by the names of their columns, in text and for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

LEFT = ""  # the column without a name is of words


def _columns(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Returns the names of all columns, that of words last."""
    names = dict.fromkeys(name for row in rows for name in row)
    return sorted(names, key=lambda name: name == LEFT)


def text_rows(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Returns a heading and a line for each row; numbers to the right, words to the left."""
    columns = _columns(rows)
    lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return [
        "  ".join(
            cell if name == LEFT else cell.rjust(width)
            for name, cell, width in zip(columns, line, widths, strict=True)
        ).rstrip()
        for line in lines
    ]


def html_rows(rows: Sequence[Mapping[str, str]]) -> str:
    """Returns the same as an HTML table."""
    columns = _columns(rows)
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(row.get(name, ''))}</td>" for name in columns) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
