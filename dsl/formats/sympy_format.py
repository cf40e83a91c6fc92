"""A Python script of SymPy definitions."""

from __future__ import annotations

import re

import sympy

from dsl.formats.base import FORMATS, Format
from dsl.formats.let_form import let_form
from dsl.program import Program

FUNCTIONS = ("I", "S", "cos", "pi", "sin", "sqrt", "tan")


def definitions(program: Program, *, is_script: bool = False) -> list[str]:
    """Returns one line per definition, such as `t1 = x0 + x8`.

    In a script fractions are written S(1)/4: Python would make 1/4 a decimal.
    """
    return [
        f"{symbol} = {sympy.sstr(expression, order='none', sympy_integers=is_script)}"
        for symbol, expression in let_form(program)
    ]


def write(program: Program) -> str:
    """Writes a script that defines every output; run it, or paste it into a session."""
    lines = definitions(program, is_script=True)
    body = "\n".join(lines)
    names = ["symbols", *(name for name in FUNCTIONS if re.search(rf"\b{name}\b", body))]
    names.sort()
    inputs = ", ".join(f"x{k}" for k in range(program.inputs))
    return "\n".join(
        [
            f"from sympy import {', '.join(names)}",
            "",
            f'{inputs}{"," if program.inputs == 1 else ""} = symbols("x:{program.inputs}")',
            *lines,
            "",
        ]
    )


SYMPY = FORMATS.register(Format("sympy", ".py", write, "SymPy definitions with exact constants"))
