"""A test for C: both functions against values computed from the definition."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.algorithm_formats.c_loops import input_name
from dsl.errors import UsageError
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.vectors.fields import DOUBLES

COUNT = 2
LARGEST_TESTED = 2048
EPSILON = {"double": float(np.finfo(np.float64).eps), "single": float(np.finfo(np.float32).eps)}
MODULUS, MULTIPLIER, INCREMENT = 0x80000000, 1103515245, 12345

TEXT = """\
/* Test: both functions against values computed from the definition. */
#include <stdio.h>

#define TOLERANCE {tolerance}

static const double expected[{total}] = {{
{expected}
}};
static REAL {arrays}, results[{total}];
{workspace}
static double error(void)
{{
    double largest = 0;
    for (size_t k = 0; k < {total}; k++) {{
        const double difference = results[k] - expected[k];
        const double size = difference < 0 ? -difference : difference;
        if (size > largest || size != size)
            largest = size;
        results[k] = 0;
    }}
    return largest;
}}

int main(void)
{{
    unsigned long state = 1;
{fills}    for (size_t b = 0; b < {count}; b++)
        {name}({rows}, results + {length} * b{last});
    const double one = error();
    {name}_batch({all}, results, {count}{last});
    const double both = error();
    const double largest = one > both || one != one ? one : both;
    printf("{name}: largest error %.1e, at most %.1e is right\\n", largest, TOLERANCE);
    return largest <= TOLERANCE ? 0 : 1;
}}
"""
FILL = """\
    for (size_t k = 0; k < {length}; k++) {{
        state = (1103515245 * state + 12345) & 0x7fffffff;
        {array}[k] = (REAL)((double)(state >> 7) / 0x800000 - 1);
    }}
"""


def test_main(algorithm: Algorithm, n: int, name: str, precision: str, workspace: int) -> str:
    """Returns a main function that tells whether the functions are right.

    Raises:
        UsageError: The values to compare with would need a matrix too large to make.
    """
    if n > LARGEST_TESTED:
        raise UsageError(
            f"a test is written up to n = {LARGEST_TESTED}, got {n}", "leave the main function out"
        )
    about = algorithm.family
    parts = 2 if about.domain == "complex" else 1
    lengths = [int(n * ratio) * parts for ratio in about.inputs]
    numbers = _numbers(COUNT * sum(lengths))
    ends = np.cumsum([COUNT * length for length in lengths])
    rows = [part.reshape(COUNT, -1) for part in np.split(numbers, ends[:-1])]
    data = [row.view(np.complex128) if parts == 2 else row for row in rows]
    truth = about.truth(data, n, DOUBLES)
    own = np.abs(algorithm.execute(*data) - truth).max()
    rounding = EPSILON["double"] * np.abs(truth).max() * 16
    tolerance = (8 * own + rounding) * EPSILON[precision] / EPSILON["double"]
    kind = np.complex128 if parts == 2 else np.float64
    expected = np.ascontiguousarray(truth, kind).view(np.float64).ravel()
    arrays = [f"{input_name(k, len(lengths))}_all" for k in range(len(lengths))]
    pairs = list(zip(arrays, lengths, strict=True))
    return TEXT.format(
        tolerance=repr(float(tolerance)),
        total=len(expected),
        expected="    " + ",\n    ".join(map(repr, expected.tolist())),
        arrays=", ".join(f"{array}[{COUNT * length}]" for array, length in pairs),
        workspace=f"static REAL space[{workspace}];\n" if workspace else "",
        fills="".join(FILL.format(array=array, length=COUNT * length) for array, length in pairs),
        rows=", ".join(f"{array} + {length} * b" for array, length in pairs),
        all=", ".join(arrays),
        length=parts * n,
        count=COUNT,
        name=name,
        last=", space" if workspace else "",
    )


def _numbers(count: int) -> npt.NDArray[np.float64]:
    """Returns the numbers that the test fills its arrays with; floats hold them."""
    state, found = 1, []
    for _ in range(count):
        state = (MULTIPLIER * state + INCREMENT) % MODULUS
        found.append((state >> 7) / 0x800000 - 1)
    return np.array(found)
