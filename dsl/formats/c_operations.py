"""The operations of a program as C: constants, and one statement per operation."""

from __future__ import annotations

import math

import numpy as np

from dsl.errors import UsageError
from dsl.formats.code_lines import Style, assignments, constants
from dsl.formats.signs import with_few_negations
from dsl.program import Program
from dsl.straightline import Code

STYLE = Style("X({})".format, "Y({})".format, lambda k: f"c{k + 1}", "(T){0}", is_frugal=False)


def statements(code: Code) -> str:
    """Returns the body of a macro: a statement per operation, one per line."""
    lines = assignments(with_few_negations(code), STYLE)
    if not any("X(" in line for line in lines):
        lines.insert(0, "(void)x, (void)x_stride")
    return " \\\n".join(f"    {'const T ' * line.startswith('t')}{line};" for line in lines)


def constant_definitions(program: Program, precision: str) -> str:
    """Returns definitions of c1, c2, ... with what they are exactly.

    Raises:
        UsageError: A constant is too large for the precision.
    """
    real = "double" if precision == "double" else "float"
    found = constants(with_few_negations(program.code), program.constants_order)
    return "".join(
        f"static const {real} c{number} = {literal(digits, precision)};"
        + (f" /* {meaning} */\n" if meaning else "\n")
        for number, (digits, meaning) in enumerate(found.items(), 1)
    )


def literal(digits: str, precision: str) -> str:
    """Returns a decimal as C reads it: to the same double, or to the float nearest to it.

    Raises:
        UsageError: It is too large for the precision.
    """
    value = float(digits.removeprefix('float("').removesuffix('")'))
    with np.errstate(over="ignore"):
        number = value if precision == "double" else np.float32(value)
    if not math.isfinite(number):
        raise UsageError(
            f"the constant {value!r} is too large for {precision} precision",
            "" if precision == "double" else "write it in double precision",
        )
    return repr(value) if precision == "double" else f"{number!s}f"
