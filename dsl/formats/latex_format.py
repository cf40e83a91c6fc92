"""LaTeX definitions."""

from __future__ import annotations

import re

import sympy

from dsl.formats.base import FORMATS, Format
from dsl.formats.let_form import let_form
from dsl.program import Program


def write(program: Program) -> str:
    r"""Writes an `align*` environment with one line per definition."""
    lines = [
        f"{sympy.latex(symbol)} &= {sympy.latex(expression, order='none')}"
        for symbol, expression in let_form(program)
    ]
    body = " \\\\\n".join(_subscripts(line) for line in lines)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n"


def _subscripts(line: str) -> str:
    """Braces subscripts: SymPy writes t_{12} so already, t_1 not."""
    return re.sub(r"_(\d+)", r"_{\1}", line)


LATEX = FORMATS.register(Format("latex", ".tex", write, "LaTeX definitions for amsmath"))
