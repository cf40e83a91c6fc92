"""LaTeX definitions."""

from __future__ import annotations

import sympy

from dsl.formats.base import FORMATS, Format
from dsl.formats.let_form import let_form, printing_order
from dsl.program import Program


def write(program: Program) -> str:
    r"""Writes an `align*` environment with one line per definition."""
    lines = [
        f"{sympy.latex(symbol)} &= {sympy.latex(expression, order=printing_order(expression))}"
        for symbol, expression in let_form(program)
    ]
    body = " \\\\\n".join(lines)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n"


LATEX = FORMATS.register(Format("latex", ".tex", write, "LaTeX definitions for amsmath"))
