"""Short transforms as straight-line C functions."""

from __future__ import annotations

import re

from dsl.formats.c_operations import literal
from dsl.formats.code_lines import Style, assignments, constants
from dsl.formats.signs import with_few_negations
from dsl.program import Program


def leaf_function(program: Program, name: str, precision: str) -> str:
    """Returns a function of x, elements s numbers apart, and y, without gaps.

    Raises:
        UsageError: A constant is too large for the precision.
    """
    code = with_few_negations(program.code)
    parts = 2 if program.domain == "complex" else 1

    def read(k: int) -> str:
        element, part = divmod(k, parts)
        index = " + ".join(
            [*([f"{element} * s" if element > 1 else "s"] if element else []), *(["1"] * part)]
        )
        return f"x[{index or 0}]"

    style = Style(read, "y[{}]".format, lambda k: f"c{k + 1}", "0", is_frugal=False)
    lines = [
        f"const REAL c{number} = {literal(digits, precision)};"
        + (f" /* {meaning} */" if meaning else "")
        for number, (digits, meaning) in enumerate(
            constants(code, program.constants_order).items(), 1
        )
    ]
    steps = assignments(code, style)
    lines += [f"{'const REAL ' * line.startswith('t')}{line};" for line in steps]
    words = set(re.findall(r"\w+", " ".join(steps)))
    lines += [f"(void){word};" for word in ("x", "s") if word not in words]
    body = "".join(f"    {line}\n" for line in lines)
    return f"static void {name}(const REAL *x, ptrdiff_t s, REAL *y)\n{{\n{body}}}\n"
