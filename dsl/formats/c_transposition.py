"""C that moves rows of a batch into vectors and back, transposing in the registers."""

from __future__ import annotations

from collections.abc import Iterable

from dsl.formats.c_templates import template

GROUP = 8  # components that are transposed together
# Numbers in a register, for the widths of registers that the template knows.
WIDTHS = {"double": (8, 4, 2), "single": (16, 8, 4)}

# Sixteen numbers are eight components of two rows.
JOINED_PIECES = """\
#if WIDTH == 16
typedef float half __attribute__((vector_size(BYTES / 2), aligned(4), may_alias));
#define LOWER 0, 1, 2, 3, 4, 5, 6, 7
#define UPPER 8, 9, 10, 11, 12, 13, 14, 15
#define HALF(p) (*(const half *)(p))
#define GET(i) SHUFFLE(HALF(x + (i) * INPUTS), HALF(x + ((i) + 8) * INPUTS), LOWER, UPPER)
#define PUT(i, r) \\
    do { \\
        *(half *)(y + (i) * OUTPUTS) = SHUFFLE(r, r, LOWER); \\
        *(half *)(y + ((i) + 8) * OUTPUTS) = SHUFFLE(r, r, UPPER); \\
    } while (0)
#else
"""
PIECES = """\
#define AT(i, length) ((i) % WIDTH * (length) + (i) / WIDTH * WIDTH)
#define GET(i) (*(const vec *)(x + AT(i, INPUTS)))
#define PUT(i, r) (*(vec *)(y + AT(i, OUTPUTS)) = (r))
"""


def transposition(inputs: int, outputs: int, precision: str) -> str:
    """Returns the functions that transpose groups of components, as far as there are any."""
    functions = [
        template(name) for name, size in (("load.c", inputs), ("store.c", outputs)) if size >= GROUP
    ]
    if not functions:
        return ""
    text = template("transposition.c").replace("@lists", _exchanges(precision))
    return "\n".join([text.replace("@pieces", _pieces(precision)), *functions])


def loads(size: int, is_long: bool, real: str) -> str:
    """Returns the lines that move components of WIDTH rows into vectors."""
    single = f"(({real} *)u)[k * WIDTH + j] = x[j * INPUTS + k]"
    return _moves(size, is_long, "load8(x + {k}, u + {k})", single)


def stores(size: int, is_long: bool, real: str) -> str:
    """Returns the lines that move vectors into components of WIDTH rows."""
    single = f"y[j * OUTPUTS + k] = (({real} *)v)[k * WIDTH + j]"
    return _moves(size, is_long, "store8(v + {k}, y + {k})", single)


def _moves(size: int, is_long: bool, group: str, single: str) -> str:
    if size < GROUP:
        return (
            f"    for (size_t k = 0; k < {size}; k++)\n"
            f"        for (size_t j = 0; j < WIDTH; j++)\n            {single};"
        )
    starts = list(range(0, size - GROUP + 1, GROUP))
    rest = [size - GROUP] if size % GROUP else []  # overlaps the group before
    if is_long:
        loop = f"    for (size_t k = 0; k <= {starts[-1]}; k += {GROUP})\n        "
        return loop + "\n    ".join(f"{group.format(k=k)};" for k in ["k", *rest])
    return "\n".join(f"    {group.format(k=k)};" for k in starts + rest)


def _pieces(precision: str) -> str:
    """Returns the macros that read and write a vector's worth of rows."""
    return f"{JOINED_PIECES}{PIECES}#endif" if precision == "single" else PIECES.rstrip()


def _exchanges(precision: str) -> str:
    """Returns, for each width, where the numbers of exchanged vectors come from."""
    lines = []
    for position, width in enumerate(WIDTHS[precision]):
        lines.append(f"#{'elif' if position else 'if'} WIDTH == {width}")
        for k in (1, 2, 4):
            if k < width:
                lines.append(f"#define FIRST{k} {_numbers(_first(width, k))}")
                lines.append(f"#define SECOND{k} {_numbers(i + k for i in _first(width, k))}")
    return "\n".join([*lines, "#endif"])


def _first(width: int, k: int) -> list[int]:
    """Returns even blocks of k from both vectors in turn, the second counted from `width`."""
    return [i if i // k % 2 == 0 else width + i - k for i in range(width)]


def _numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
