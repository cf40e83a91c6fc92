"""What the builder has to know of Markdown: prose, fenced code, tables."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

FENCE = re.compile(r"^ {0,3}```", re.MULTILINE)
FENCED = re.compile(r"^( {0,3}```)([^\n`]*)\n(.*?)^ {0,3}```[ \t]*$", re.MULTILINE | re.DOTALL)
# Fenced code, indented code after an empty line, code within the text: nothing to rewrite.
CODE = re.compile(
    r"^ {0,3}```.*?^ {0,3}```[ \t]*$|(?:(?<=\n\n)|\A)(?: {4}[^\n]*\n)+|(`+)(?:(?!\1).)+\1",
    re.MULTILINE | re.DOTALL,
)


def rewrite_prose(text: str, rewrite: Callable[[str], str]) -> str:
    """Returns a page with its prose rewritten and its code as it was."""
    parts, end = [], 0
    for match in CODE.finditer(text):
        parts += [rewrite(text[end : match.start()]), match.group()]
        end = match.end()
    return "".join([*parts, rewrite(text[end:])])


def fences(text: str) -> Iterator[tuple[str, str]]:
    """Yields what stands behind the opening of each fence, and the content."""
    for match in FENCED.finditer(text):
        yield match.group(2).strip(), match.group(3)


def cell(text: object) -> str:
    """Returns a text as a cell of a table takes it."""
    return str(text).replace("|", "\\|").replace("\n", " ")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Returns a table; "" if it has no rows."""
    lines = [f"| {' | '.join(cell(each) for each in row)} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *lines, ""])


def code(text: object) -> str:
    """Returns a text as code within a line; "" for nothing.

    In tables a line within backticks cannot be written: as HTML it can.
    """
    plain = str(text)
    if "|" in plain:
        return f"<code>{html.escape(plain).replace('|', '&#124;')}</code>"
    return f"`{plain}`" if plain else ""
