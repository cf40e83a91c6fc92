"""A Python script of SymPy definitions."""

from __future__ import annotations

import re

import sympy

from dsl.errors import UsageError
from dsl.formats.base import FORMATS, Format
from dsl.formats.let_form import definition_text, let_form, symbolic_outputs
from dsl.plain_constants import expression_text
from dsl.program import Program
from dsl.registry import brief
from dsl.straightline import ZERO_VALUE, Code

FRACTION = re.compile(r"(?<![\w.)])(\d+)/(\d+)(?!\w)")
# Where values are shared again and again, their number doubles with every operation.
MOST_TERMS = 1 << 16
NAME = re.compile(r"\b[A-Za-z]\w*")
OURS = re.compile(r"[txy]\d+|full")


def definitions(program: Program) -> list[str]:
    """Returns one line per definition, such as `t1 = x0 + x8` or `y0 = sin(31*x0)`."""
    return [
        f"{symbol} = {definition_text(program, expression)}"
        for symbol, expression in let_form(program)
    ]


def write(program: Program, *, full: bool = False) -> str:
    """Writes a script that defines every output; run it, or paste it into a session.

    Args:
        program: What to write.
        full: Define also a list `full`: every output as an expression in the inputs.

    Raises:
        UsageError: The full expressions would be too long, or `full` is neither true nor
            false.
    """
    if not isinstance(full, bool):
        raise UsageError(f"expected full to be true or false, got {brief(full)}")
    lines = definitions(program)
    if full:
        lines += ["", "full = [", *(f"    {text}," for text in _expressions(program)), "]"]
    # Python would make the fraction 1/6 a decimal: SymPy's own integer S(1) keeps it exact.
    lines = [FRACTION.sub(r"S(\1)/\2", line) for line in lines]
    body = "\n".join(lines)
    found = {name for name in NAME.findall(body) if not OURS.fullmatch(name)}
    names = sorted({"symbols", *found})
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


def _expressions(program: Program) -> list[str]:
    count = _term_count(program.plain_code)
    if count > MOST_TERMS:
        raise UsageError(
            f"expected at most {MOST_TERMS:,} terms in the full expressions, got {brief(count)}",
            "leave 'full' out: each intermediate value is then written once",
        )
    text = sympy.sstr if program.is_linear else expression_text
    return [text(expression) for expression in symbolic_outputs(program)]


def _term_count(code: Code) -> int:
    """Returns how often the inputs appear when every value is written out where it is read."""
    counts = dict.fromkeys(range(ZERO_VALUE, code.inputs), 1)
    for value, operation in enumerate(code.operations, code.inputs):
        counts[value] = sum(counts[ref.value] for ref in operation.operands)
    return sum(counts[ref.value] for ref in code.outputs)


SYMPY = FORMATS.register(Format("sympy", ".py", write, "SymPy definitions with exact constants"))
