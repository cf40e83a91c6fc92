"""A Python script of SymPy definitions."""

from __future__ import annotations

import re

import sympy

from dsl.formats.base import FORMATS, Format
from dsl.formats.let_form import let_form, printing_order
from dsl.program import Program

FRACTION = re.compile(r"(?<![\w)])(\d+)/(\d+)(?!\w)")
FUNCTIONS = ("I", "S", "cos", "pi", "sin", "sqrt", "tan")


def definitions(program: Program) -> list[str]:
    """Returns one line per definition, such as `t1 = x0 + x8`."""
    return [
        f"{symbol} = {sympy.sstr(expression, order=printing_order(expression))}"
        for symbol, expression in let_form(program)
    ]


def write(program: Program) -> str:
    """Writes a script that defines every output; run it, or paste it into a session."""
    # Python would make the fraction 1/6 a decimal: SymPy's own integer S(1) keeps it exact.
    lines = [FRACTION.sub(r"S(\1)/\2", line) for line in definitions(program)]
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
