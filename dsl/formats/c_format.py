"""C99 without dependencies: one vector, batches of rows, batches of columns."""

from __future__ import annotations

import re

from dsl.display import operations, shape
from dsl.errors import UsageError
from dsl.formats.base import FORMATS, Format
from dsl.formats.c_formula import formula_source
from dsl.formats.c_operations import constant_definitions, statements
from dsl.formats.c_templates import NAMES, filled, identifiers, template
from dsl.formats.c_test_main import tested_matrix, tolerance
from dsl.formats.c_transposition import loads, stores, transposition
from dsl.program import Program
from dsl.registry import Named, brief

# Longer code runs faster as one function that is called than as copies written in place.
MOST_INLINE = 640
MUCH_STACK = 1 << 16
# What differs between the precisions, by its name in the templates.
PRECISIONS = {
    "double": {
        "REAL": "double",
        "@size": "8",
        "@index": "long long",
        "@p": "pd",
        "@d": "d",
        "@if_shuffles": "",
    },
    "single": {
        "REAL": "float",
        "@size": "4",
        "@index": "int",
        "@p": "ps",
        "@d": "",
        "@if_shuffles": " && (defined __clang__ || __GNUC__ >= 12)",
    },
}
# Of C99, and of compilers that are not told to keep to it.
KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """auto break case char const continue default do double else enum extern float for goto
        if inline int long register restrict return short signed sizeof static struct switch
        typedef union unsigned void volatile while asm typeof main""",
    )
)
# Of the standard library, what compilers know without a header.
MATHEMATICS = (
    "acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf exp exp2 expm1 fabs "
    "fdim floor fma fmax fmin fmod frexp hypot j0 j1 ldexp log log10 log1p log2 lrint modf nan "
    "pow rint round sin sinh sqrt tan tanh tgamma trunc y0 y1"
)
OTHERS = (
    "NULL abort abs calloc exit free labs malloc memchr memcmp memcpy memmove memset printf puts "
    "realloc scanf signal strcat strchr strcmp strcpy strlen strncpy"
)
LIBRARY = {f"{name}{kind}" for name in MATHEMATICS.split() for kind in ("", "f", "l")}
LIBRARY |= set(OTHERS.split())
HEADER = """\
/*
 * {name}: {shape}, {precision} precision.
 * {operations}
 * Written by evosynth.
 *
 *   {name}          x[{n}], y[{m}]: one vector
 *   {name}_batch    x[count][{n}], y[count][{m}]: vectors as rows, one after the other
 *   {name}_columns  x[{n}][count], y[{m}][count]: vectors as columns, side by side
 *   {name}_blocks   x[blocks][{n}][size], y[blocks][{m}][size]: blocks of such columns
 *{numbers}
 * x and y may lie wherever a {real} may, but must not overlap. Fastest are blocks of {block}
 * columns that begin at multiples of 64 bytes.
 *
 * C99, not C++. GCC and Clang use vectors as wide as the target's registers (-O3
 * -march=native) unless EVOSYNTH_SCALAR is defined, and may fuse multiplications with
 * additions (-ffp-contract=off and GCC's -std=c99 forbid it). If x and y take more than
 * EVOSYNTH_STREAM_BYTES together, by default 16 MiB, y is written past the caches of x86
 * processors.
 */"""
COMPLEX_NUMBERS = " Complex numbers are two components, the real part first.\n *"


def write(
    program: Program, *, name: str | None = None, precision: str = "double", main: bool = False
) -> str:
    """Writes a C file with functions for one vector and for batches in three layouts.

    Args:
        program: What the functions compute.
        name: Of the first function, and how the others begin; by default the program's.
        precision: "double" or "single".
        main: Also write a test that compares each function with the matrix.

    Raises:
        UsageError: An option has no such value, or a constant is too large for the
            precision, or the program too large for the test or made of formulas.
    """
    if not isinstance(precision, str) or precision not in PRECISIONS:
        raise UsageError(f"unknown precision {brief(precision)}", "known: double, single")
    if not isinstance(main, bool):
        raise UsageError(f"expected main to be true or false, got {brief(main)}")
    chosen = function_name(program, name)
    if not program.is_linear:
        if main:
            raise UsageError(
                "the test compares with a matrix, which formulas have none of",
                "write the file without it",
            )
        return formula_source(program, chosen, precision)
    parts = _parts(program, chosen, precision)
    if not main:
        return filled(template("transform.c"), parts)
    parts |= {
        "@parts": str(len(program.code.outputs) // len(program.outputs)),
        "@tolerance": tolerance(program.code, precision),
        "@matrix": tested_matrix(program),
    }
    return filled(f"{template('transform.c')}\n{template('test_main.c')}", parts)


def function_name(program: Named, wanted: str | None, templates: tuple[str, ...] = NAMES) -> str:
    """Returns the name of the first function.

    Args:
        program: That gives it its name, unless one is wanted.
        wanted: Another name.
        templates: Of the file, whose words have a meaning.

    Raises:
        UsageError: The name wanted is none in C, or has another meaning in the file.
    """
    name = program.name if wanted is None else wanted
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
        raise UsageError(
            f"expected a name of at most 64 letters, digits and _, got {brief(name)}",
            "choose another name",
        )
    # Constants and values, and names that C keeps for its libraries.
    is_special = re.fullmatch(r"[ctx]\d+|_[_A-Z].*|finite_or_nan", name)
    if not is_special and name not in KEYWORDS | LIBRARY | identifiers(templates):
        return name
    if wanted is None:
        return f"my_{name}"
    raise UsageError(
        f"the name '{name}' has another meaning in C or in the file", "choose another name"
    )


def _parts(program: Program, name: str, precision: str) -> dict[str, str]:
    """Returns what replaces each of the words of the template."""
    code = program.code
    inputs, outputs = code.inputs, len(code.outputs)
    is_long = len(code.operations) > MOST_INLINE
    parts = PRECISIONS[precision] | {
        "NAME": name,
        "@inputs": str(inputs),
        "@outputs": str(outputs),
        "@inline": "NOINLINE" if is_long else "INLINE",
        "@header": _header(program, name, precision),
        "@constants": constant_definitions(program, precision),
        "@operations": statements(code),
        "@load": loads(inputs, is_long, PRECISIONS[precision]["REAL"]),
        "@store": stores(outputs, is_long, PRECISIONS[precision]["REAL"]),
    }
    return parts | {"@transposition": filled(transposition(inputs, outputs, precision), parts)}


def _header(program: Program, name: str, precision: str) -> str:
    n, m = program.code.inputs, len(program.code.outputs)
    text = HEADER.format(
        name=name,
        shape=shape(program),
        precision=precision,
        operations=operations(program),
        n=n,
        m=m,
        real=PRECISIONS[precision]["REAL"],
        block=16 if precision == "double" else 32,
        numbers=f"\n *{COMPLEX_NUMBERS}" if program.domain == "complex" else "",
    )
    stack = 64 * (n + 3 * m)  # vectors of a tile, and results that are collected
    note = f"\n * The functions need {stack >> 10} KiB of stack.\n */"
    return text.replace("\n */", note) if stack >= MUCH_STACK else text


C99 = FORMATS.register(Format("c", ".c", write, "C99 functions for one vector and for batches"))
