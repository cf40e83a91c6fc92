"""C99 for formulas: one vector, batches of rows, batches of columns, number by number."""

from __future__ import annotations

import re

from dsl.display import operations, shape
from dsl.formats.c_operations import constant_definitions
from dsl.formats.c_templates import filled, template
from dsl.formats.code_lines import Style, assignments
from dsl.formats.signs import with_few_negations
from dsl.program import Program
from dsl.scalars.spelling import C
from dsl.straightline import Code

STYLE = Style(
    "x{}".format,
    "y[{} * y_stride]".format,
    lambda k: f"c{k + 1}",
    "0.0",
    is_frugal=False,
    language=C,
    guard="finite_or_nan({0})",
)
HEADER = """\
/*
 * {name}: {shape}, {data}.
 * {operations}
 * Written by evosynth.
 *
 *   {name}          x[{n}], y[{m}]: one vector
 *   {name}_batch    x[count][{n}], y[count][{m}]: vectors as rows, one after the other
 *   {name}_columns  x[{n}][count], y[{m}][count]: vectors as columns, side by side
 *   {name}_blocks   x[blocks][{n}][size], y[blocks][{m}][size]: blocks of such columns
 *
 * x and y must not overlap. A result is nan where a formula is invalid, which needs a
 * compiler that keeps to the rules of IEEE 754: no -ffast-math.
 *
 * C99, not C++; link with -lm.
 */"""
DATA = {
    "double": "double precision",
    "single": "data in single precision, computed in double",
}
# Infinity must not come out as a number again: 1 / (1 / 0) is no number.
GUARD = """\
static double finite_or_nan(double value)
{
    return value + (value - value);
}

"""


def formula_source(program: Program, name: str, precision: str) -> str:
    """Returns the file; `name` is that of the first function."""
    body = statements(program.code)
    real = "double" if precision == "double" else "float"
    header = HEADER.format(
        name=name,
        shape=shape(program),
        data=DATA[precision],
        operations=operations(program),
        n=program.inputs,
        m=len(program.outputs),
    )
    constants = constant_definitions(program, "double")
    parts = {
        "NAME": name,
        "REAL": real,
        "@header": header,
        "@inputs": str(program.inputs),
        "@outputs": str(len(program.outputs)),
        "@constants": constants + "\n" * bool(constants),
        "@guard": GUARD if "finite_or_nan(" in body else "",
        "@operations": body if precision == "double" else _rounded(body),
    }
    return filled(template("formula.c"), parts)


def statements(code: Code) -> str:
    """Returns the body of a function: the inputs that are read, then an operation per line."""
    lines = assignments(with_few_negations(code), STYLE)
    text = "\n".join(f"{'const double ' * line.startswith('t')}{line};" for line in lines)
    read = [k for k in range(code.inputs) if re.search(rf"\bx{k}\b", text)]
    loads = [f"const double x{k} = x[{k} * x_stride];" for k in read]
    if not loads:
        loads = ["(void)x, (void)x_stride;"]
    return "\n".join(f"    {line}" for line in [*loads, *text.splitlines()])


def _rounded(body: str) -> str:
    """Returns the body with results that are rounded to single precision."""
    return re.sub(r"^( *y\[.*?\] = )(.*);$", r"\1(float)(\2);", body, flags=re.MULTILINE)
