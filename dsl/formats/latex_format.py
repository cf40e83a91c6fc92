"""LaTeX: definitions, or a product of sparse matrices."""

from __future__ import annotations

import sympy

from dsl.formats.base import FORMATS, Format
from dsl.formats.factor_form import factor_form
from dsl.formats.let_form import definition_latex, let_form
from dsl.program import Program


def write(program: Program, *, factors: bool = False) -> str:
    r"""Writes a program for amsmath.

    Args:
        program: What to write.
        factors: Write the matrix as a product of sparse matrices; otherwise an `align*`
            environment with one line per definition (beyond a page it needs
            `\allowdisplaybreaks` before it).

    Raises:
        UsageError: The program is too long for a product of matrices, or made of formulas.
    """
    return factor_form(program) if factors else _let(program)


def _let(program: Program) -> str:
    lines = [
        f"{sympy.latex(symbol)} &= {definition_latex(program, expression)}"
        for symbol, expression in let_form(program)
    ]
    body = " \\\\\n".join(lines)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}\n"


LATEX = FORMATS.register(Format("latex", ".tex", write, "LaTeX definitions for amsmath"))
