"""A Python module for NumPy: whole arrays, one operation per line."""

from __future__ import annotations

import math
from dataclasses import replace

from dsl.display import operations
from dsl.formats.base import FORMATS, Format
from dsl.formats.code_lines import Style, assignments, constants
from dsl.formats.python_module import (
    REAL_ONLY,
    action,
    constant_lines,
    function_name,
    indented,
    summary,
)
from dsl.formats.signs import with_few_negations
from dsl.program import Program

WORDS = ("np", "ROWS", "finite")
STYLE = Style("x[{}]".format, "y[{}]".format, lambda k: f"C{k + 1}", "0")
FORMULA = replace(STYLE, guard="_finite({0})")
# Bytes of intermediate values that caches hold; measured on 8 to 64 points.
CACHE = 1 << 20

MODULE = '''\
"""{summary}

{operations}
Written by evosynth.
"""

import numpy as np

{constants}ROWS = {rows}  # vectors at once: their intermediate values fit in the cache


def {name}(x):
    """{action}

    Args:
        x: Array of shape (..., {n}). {small} are
            computed in single precision, all else in double.

    Returns:
        A new{complex} array of shape (..., {m}){invalid}.
    """
    x = np.asarray(x)
{check}    if x.shape[-1:] != ({n},):
        raise ValueError(f"expected shape (..., {n}), got {{x.shape}}")
    rows = x.reshape(-1, {n}).astype(np.result_type(x.dtype, np.{single}), copy=False)
    results = np.empty((len(rows), {m}), rows.dtype)
    for start in range(0, len(rows), ROWS):
        block = slice(start, start + ROWS)
{call}    return results.reshape(*x.shape[:-1], {m})


def _{name}(x, y):
    """Compute the rows of y from those of x; names are reused to save memory."""
{body}'''
CALL = "_{name}(rows[block].T, results[block].T)"
QUIET_CALL = f'with np.errstate(all="ignore"):  # what is no number is nan\n            {CALL}'
# Infinity must not come out as a number again: 1 / (1 / 0) is no number.
GUARD = '''

def _finite(x):
    """Return x with nan in place of infinity."""
    return x + (x - x)
'''


def write(program: Program, *, name: str | None = None) -> str:
    """Writes a module with one function; complex programs in complex arithmetic."""
    chosen = function_name(program, name, WORDS)
    code = with_few_negations(program.plain_code)
    lines = assignments(code, STYLE if program.is_linear else FORMULA)
    definitions = constant_lines(constants(code, program.constants_order))
    is_complex = program.domain == "complex"
    call = CALL if program.is_linear else QUIET_CALL
    guard = GUARD if any("_finite(" in line for line in lines) else ""
    return guard.join([MODULE, ""]).format(
        summary=summary(program, chosen),
        operations=operations(program),
        constants=indented([*definitions, ""] if definitions else [], 0),
        rows=_rows(lines, program),
        name=chosen,
        n=program.inputs,
        m=len(program.outputs),
        complex=" complex" if is_complex else "",
        single="complex64" if is_complex else "float32",
        action=action(program),
        small="float32, complex64 and anything smaller"
        if program.is_linear
        else "float32 and anything smaller",
        invalid="" if program.is_linear else ", nan where a formula is invalid",
        check="" if program.is_linear else indented(REAL_ONLY, 1),
        call=indented([call.format(name=chosen)], 2),
        body=indented(lines, 1),
    )


def _rows(lines: list[str], program: Program) -> int:
    """Returns how many vectors to compute at once: a power of two."""
    names = {line.partition(" =")[0] for line in lines if line.startswith("t")}
    values = len(names) + program.inputs + len(program.outputs)
    return 1 << min(12, max(8, round(math.log2(CACHE / values))))


NUMPY = FORMATS.register(
    Format("numpy", ".py", write, "Python function on NumPy arrays of any leading shape")
)
