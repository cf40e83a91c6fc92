"""How programs and results look at a prompt and in a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dsl.program import Program

# Longer programs are not what anybody reads in a notebook.
MOST_LINES = 120
MOST_DRAWN = 500
# Counting the operations of longer ones takes seconds, at a prompt that prints anything.
MOST_COUNTED = 2_000


def brief_text(program: Program) -> str:
    """Returns a program in a line: name, shape and cost."""
    steps = len(program.instructions)
    cost = plural(steps, "instruction")
    if steps <= MOST_COUNTED:
        cost = plural(program.count.operations, "real operation")
    return f"<Program {program.name}: {shape(program)}, {cost}>"


def shape(program: Program) -> str:
    """Returns what a program reads and returns, such as "8 complex inputs, 8 outputs"."""
    inputs = plural(program.inputs, f"{program.domain} input")
    return f"{inputs}, {plural(len(program.outputs), 'output')}"


def plural(count: int, noun: str) -> str:
    """Returns a number of things."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def operations(program: Program) -> str:
    """Returns a line with the program's operation count."""
    count = program.count
    functions = f", {count.functions} of functions" if count.functions else ""
    return (
        f"{plural(count.operations, 'real operation')}: {plural(count.additions, 'addition')}, "
        f"{plural(count.multiplications, 'multiplication')}{functions}."
    )


def latex(program: Program) -> str | None:
    """Returns the definitions as displayed LaTeX, or None if they are many."""
    if not _has_at_most(MOST_LINES, program):
        return None
    from dsl.formats import LATEX

    return f"$$\n{LATEX.write(program).replace('{align*}', '{aligned}')}$$"


def svg(program: Program) -> str | None:
    """Returns the signal-flow graph as SVG, or None if it is large or of formulas."""
    if not program.is_linear or not _has_at_most(MOST_DRAWN, program):
        return None
    from dsl.formats import SVG

    return SVG.write(program)


def _has_at_most(limit: int, program: Program) -> bool:
    is_short = max(len(program.instructions), program.inputs, len(program.outputs)) <= limit
    return is_short and len(program.plain_code.operations) <= limit


def html_table(data: Mapping[str, Any]) -> str:
    """Returns plain data as a table of two columns; what is None is left out."""
    rows = "".join(
        f"<tr><th style='text-align: left'>{escape(name.replace('_', ' '))}</th>"
        f"<td style='text-align: left'>{escape(str(value))}</td></tr>"
        for name, value in data.items()
        if value is not None
    )
    return f"<table>{rows}</table>"


def sizes_text(sizes: Sequence[int]) -> str:
    """Returns sizes as text, the middle of many left out: "2, 4, ..., 4,096"."""
    shown = [f"{n:,}" for n in sizes]
    return ", ".join(shown if len(shown) <= 4 else [*shown[:2], "...", shown[-1]])
