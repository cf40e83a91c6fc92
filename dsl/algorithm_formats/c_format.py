"""C99 for one size: loops, calls of shorter transforms, straight-line code for the shortest."""

from __future__ import annotations

import re
from functools import cached_property

from dsl.algorithm_formats.base import ALGORITHM_FORMATS
from dsl.algorithm_formats.c_leaf import leaf_function
from dsl.algorithm_formats.c_loops import LoopFunction, input_name
from dsl.algorithm_formats.c_tables import Tables
from dsl.algorithm_formats.c_test_main import test_main
from dsl.errors import UsageError
from dsl.formats.base import Format
from dsl.formats.c_format import C99, PRECISIONS, function_name
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.families import family
from dsl.registry import brief

# Straight-line code up to this size: of the whole, and of transforms that loops call.
LARGEST_STRAIGHT, LARGEST_LEAF = 64, 16
LARGEST = 1 << 16
# Bytes of workspace that a function takes from the stack; for more it is an argument.
MOST_STACK = 1 << 17
# Of the file, besides those that the format for programs has, too.
WORDS = re.compile(r"[pw]\d+|v\d+[ri]|[jsty]|[xs]\d*|y|count|b|workspace|expected|results|error")
HEADER = """\
/*
 * {name}: {title} for n = {n}, {precision} precision.
 * {convention}.
 * Written by evosynth.
 *
{functions}
 *
 * x and y must not overlap.{numbers}{workspace}
 */
#include <stddef.h>

#define REAL {real}
{prototypes}
"""
COMPLEX_NUMBERS = " Complex numbers are two components, the real part first."
WORKSPACE = """
 * The last argument is {count} numbers of workspace that may hold anything."""


def write(
    algorithm: Algorithm,
    *,
    n: int | None = None,
    name: str | None = None,
    precision: str = "double",
    main: bool = False,
) -> str:
    """Writes a C file with functions for one vector and for vectors one after the other.

    Args:
        algorithm: What to write.
        n: The size. Up to 64 points of a matrix are written as one piece of straight-line
            code, in the format for programs.
        name: Of the first function, and how the other begins; by default family and size.
        precision: "double" or "single".
        main: Also write a test that compares with values computed from the definition.

    Raises:
        UsageError: There is no size, the algorithm cannot do it or it is too large, or
            an option has no such value.
    """
    if n is None:
        raise UsageError("C is written for one size", "give n, such as n = 1024")
    if isinstance(n, int) and n > LARGEST:
        raise UsageError(f"expected at most {LARGEST} points in C, got {brief(n)}")
    algorithm.check_size(n)
    if not isinstance(precision, str) or precision not in PRECISIONS:
        raise UsageError(f"unknown precision {brief(precision)}", "known: double, single")
    if not isinstance(main, bool):
        raise UsageError(f"expected main to be true or false, got {brief(main)}")
    if algorithm.family.is_linear and n <= LARGEST_STRAIGHT:
        return C99.write(algorithm.program(n), name=name, precision=precision, main=main)
    return _File(algorithm, n, name, precision).text(main)


class _File:
    """A file: one function for each family and size that occurs."""

    def __init__(self, algorithm: Algorithm, n: int, name: str | None, precision: str) -> None:
        self.algorithm, self.n, self.precision = algorithm, n, precision
        self.name = function_name(Named(f"{algorithm.name}{n}"), name)
        if WORDS.fullmatch(self.name):
            raise UsageError(
                f"the name '{self.name}' has another meaning in the file", "choose another name"
            )
        self.tables = Tables(precision)
        self.loops: dict[tuple[str, int], LoopFunction] = {}
        self.leaves: dict[tuple[str, int], str] = {}
        self._add(algorithm.name, n)

    def _add(self, called: str, n: int) -> None:
        """Adds a function, after those that it calls."""
        if (called, n) in self.loops or (called, n) in self.leaves:
            return
        rule = self.algorithm.rule(called, n)
        if rule is None or (n <= LARGEST_LEAF and family(called).is_linear):
            program = Algorithm(called, self.algorithm.rules).program(n)
            self.leaves[called, n] = leaf_function(
                program, self.function(called, n), self.precision
            )
            return
        function = LoopFunction(called, rule, n, self.tables)
        for call in function.calls:
            self._add(*call)
        self.loops[called, n] = function

    def function(self, called: str, n: int) -> str:
        """Returns the name of the function for a family and size."""
        return f"{self.name}_{called}_{n}"

    def needs(self, called: str, n: int) -> int:
        """Returns how many numbers of workspace a function needs."""
        if (called, n) in self.leaves:
            return 0
        function = self.loops[called, n]
        return function.own + max((self.needs(*call) for call in function.calls), default=0)

    @cached_property
    def workspace(self) -> int:
        """Numbers of workspace that the whole needs."""
        return self.needs(self.algorithm.name, self.n)

    def text(self, main: bool) -> str:
        """Returns the file."""
        functions = [f.text(self.function, self.needs) for f in self.loops.values()]
        pieces = [
            self._header(),
            self.tables.text(),
            *self.leaves.values(),
            *functions,
            self._public(),
        ]
        if main:
            pieces.append(test_main(self.algorithm, self.n, self.name, self.precision, self.given))
        return "\n".join(piece for piece in pieces if piece)

    @cached_property
    def given(self) -> int:
        """Numbers of workspace that a caller gives; 0 if the stack does."""
        size = 8 if self.precision == "double" else 4
        return self.workspace if self.workspace * size > MOST_STACK else 0

    @property
    def _inputs(self) -> list[str]:
        count = len(self.algorithm.family.inputs)
        return [input_name(k, count) for k in range(count)]

    @property
    def _parts(self) -> int:
        return 2 if self.algorithm.family.domain == "complex" else 1

    def _prototypes(self) -> list[str]:
        arrays = ", ".join(f"const REAL *{x}" for x in self._inputs)
        last = ", REAL *workspace" if self.given else ""
        return [
            f"void {self.name}({arrays}, REAL *y{last})",
            f"void {self.name}_batch({arrays}, REAL *y, size_t count{last})",
        ]

    def _lengths(self) -> list[int]:
        return [int(self._parts * self.n * ratio) for ratio in self.algorithm.family.inputs]

    def _header(self) -> str:
        about, length = self.algorithm.family, self._parts * self.n
        both = list(zip(self._inputs, self._lengths(), strict=True))
        single = ", ".join([f"{x}[{k}]" for x, k in both] + [f"y[{length}]"])
        batch = ", ".join([f"{x}[count][{k}]" for x, k in both] + [f"y[count][{length}]"])
        width = len(self.name) + len("_batch") + 2
        lines = [
            f" *   {self.name.ljust(width)}{single}: one vector",
            f" *   {f'{self.name}_batch'.ljust(width)}{batch}: one after the other",
        ]
        return HEADER.format(
            name=self.name,
            title=about.title,
            n=self.n,
            precision=self.precision,
            convention=about.convention[:1].upper() + about.convention[1:],
            functions="\n".join(lines),
            numbers=COMPLEX_NUMBERS if self._parts == 2 else "",
            workspace=WORKSPACE.format(count=self.given) if self.given else "",
            real=PRECISIONS[self.precision]["REAL"],
            prototypes="".join(f"{text};\n" for text in self._prototypes()),
        )

    def _public(self) -> str:
        one, batch = self._prototypes()
        strided = [f"{x}, {self._parts}" for x in self._inputs]
        last = ["workspace"] if self.workspace else []
        call = ", ".join([*strided, "y", *last])
        lines = [] if self.given or not self.workspace else [f"REAL workspace[{self.workspace}];"]
        lines.append(f"{self.function(self.algorithm.name, self.n)}({call});")
        rows = [
            f"{x} + {length} * b" for x, length in zip(self._inputs, self._lengths(), strict=True)
        ]
        rows.append(f"y + {self._parts * self.n} * b")
        each = ", ".join([*rows, *(["workspace"] if self.given else [])])
        loop = ["for (size_t b = 0; b < count; b++)", f"    {self.name}({each});"]
        return "\n".join(
            [one, "{", *(f"    {line}" for line in lines), "}", "", batch, "{"]
            + [f"    {line}" for line in loop]
            + ["}", ""]
        )


class Named:
    """Something with a name."""

    def __init__(self, name: str) -> None:
        self.name = name


C99_LOOPS = ALGORITHM_FORMATS.register(
    Format("c", ".c", write, "C99 for one size: loops over straight-line code (option n)")
)
