"""A Python module for Numba: a compiled loop over vectors, one real operation per line."""

from __future__ import annotations

from dataclasses import replace

from dsl.display import operations
from dsl.formats.base import FORMATS, Format
from dsl.formats.code_lines import Style, assignments, constants
from dsl.formats.python_module import (
    action,
    constant_lines,
    function_name,
    indented,
    summary,
)
from dsl.formats.signs import with_few_negations
from dsl.program import Program
from dsl.scalars.spelling import NUMBA as LANGUAGE

WORDS = ("np", "os", "njit", "prange", "CACHE", "ROWS", "finite")
ZERO = "real(0)"
REAL = Style("x[r, {}]".format, "y[r, {}]".format, lambda k: f"c{k + 1}", ZERO, is_frugal=False)
FORMULA = replace(REAL, language=LANGUAGE, guard="_finite({0})")
COMPLEX = Style(
    lambda k: f"x[r, {k // 2}].{'imag' if k % 2 else 'real'}",
    lambda k: f"{'im' if k % 2 else 're'}{k // 2}",
    REAL.constant,
    ZERO,
    is_frugal=False,
)

# A simple loop: blocks of 16 or 32 vectors side by side, which LLVM turns into SIMD code,
# gain less than the transposition of the data costs at 8 points and a tenth at 16.
MODULE = '''\
"""{summary}

{operations}
Numba compiles it at the first call for each type of data. Written by evosynth.
"""

import os

import numpy as np
from numba import njit, prange

{constants}ROWS = 256  # vectors per task of a thread


def {name}(x, parallel=False):
    """{action}

    Args:
        x: Array of shape (..., {n}). {small} are
            computed in single precision, all else in double.
        parallel: Use several threads, which pays from some thousand vectors on.

    Returns:
        A new{complex} array of shape (..., {m}){invalid}.
    """
    x = np.asarray(x)
    if x.shape[-1:] != ({n},):
        raise ValueError(f"expected shape (..., {n}), got {{x.shape}}")
    dtype = np.result_type(x.dtype, np.{single})
    if dtype.char not in "{types}":
        raise TypeError(f"expected{real} single or double precision, got {{x.dtype}}")
    rows = np.ascontiguousarray(x.reshape(-1, {n}), dtype)
    results = np.empty((len(rows), {m}), dtype)
    if parallel:
        {name}_parallel(rows, results)
    else:
        {name}_batch(rows, results)
    return results.reshape(*x.shape[:-1], {m})


# Compiled code is kept in __pycache__ for the next start, if this is a file.
CACHE = os.path.isfile({name}.__code__.co_filename)


@njit(cache=CACHE, nogil=True)
def {name}_batch(x, y):
    """Write the results for x, shape (rows, {n}), to y, shape (rows, {m}), apart from x."""
    if x.shape[1] != {n} or y.shape != (len(x), {m}):
        raise ValueError("expected x of shape (rows, {n}) and y of shape (rows, {m})")
    _{name}(x, y, 0, len(x))


@njit(cache=CACHE, parallel=True)
def {name}_parallel(x, y):
    """Do the same in several threads."""
    if x.shape[1] != {n} or y.shape != (len(x), {m}):
        raise ValueError("expected x of shape (rows, {n}) and y of shape (rows, {m})")
    for task in prange((len(x) + ROWS - 1) // ROWS):
        start = task * ROWS
        _{name}(x, y, start, min(start + ROWS, len(x)))


{guard}@njit(cache=CACHE, nogil=True{numbers})
def _{name}(x, y, start, stop):
{precision}    for r in range(start, stop):
{body}'''
# Infinity must not come out as a number again: 1 / (1 / 0) is no number.
GUARD = '''@njit(cache=CACHE, nogil=True)
def _finite(x):
    """Return x, or nan where it is infinite."""
    return x + (x - x)


'''


def write(program: Program, *, name: str | None = None) -> str:
    """Writes a module with a function of arrays and the kernels that it calls."""
    chosen = function_name(program, name, WORDS)
    is_complex = program.domain == "complex"
    code = with_few_negations(program.code)
    style = REAL if program.is_linear else FORMULA
    lines = assignments(code, COMPLEX if is_complex else style)
    if is_complex:
        lines += [f"y[r, {k}] = complex(re{k}, im{k})" for k in range(len(program.outputs))]
    found = constants(code, program.constants_order)
    definitions = constant_lines(found)
    return MODULE.format(
        summary=summary(program, chosen),
        operations=operations(program),
        constants=indented([*definitions, ""] if definitions else [], 0),
        name=chosen,
        n=program.inputs,
        m=len(program.outputs),
        complex=" complex" if is_complex else "",
        single="complex64" if is_complex else "float32",
        precision=indented(_precision(len(found), lines), 1),
        action=action(program),
        small="float32, complex64 and anything smaller"
        if program.is_linear
        else "float32 and anything smaller",
        invalid="" if program.is_linear else ", nan where a formula is invalid",
        types="fdFD" if program.is_linear else "fd",
        real="" if program.is_linear else " real numbers of",
        # A division by zero is no error of the program: the result is no number.
        numbers="" if program.is_linear else ', error_model="numpy"',
        guard=GUARD if any("_finite(" in line for line in lines) else "",
        body=indented(lines, 2),
    )


def _precision(count: int, lines: list[str]) -> list[str]:
    """Returns lines that round the constants to the precision of the data."""
    rounded = [f"c{k} = real(C{k})" for k in range(1, count + 1)]
    is_used = rounded or any(ZERO in line for line in lines)
    return ["real = x.real.dtype.type", *rounded] if is_used else []


NUMBA = FORMATS.register(
    Format("numba", ".py", write, "compiled Python function, with a version for threads")
)
