"""What the modules that formats for Python write begin with: names, head, constants."""

from __future__ import annotations

import builtins
import keyword
import re

from dsl.display import plural, shape
from dsl.errors import UsageError
from dsl.program import Program
from dsl.registry import Named, brief

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
# Constants, and names that Python keeps for itself.
NEVER = re.compile(r"C\d+|__\w+__")
REAL_ONLY = ["if np.iscomplexobj(x):", '    raise TypeError("expected real numbers")']


def function_name(program: Named, wanted: str | None, words: tuple[str, ...]) -> str:
    """Returns the name under which a module offers the program.

    Args:
        program: Whose name is taken, perhaps with an underscore, if none is wanted.
        wanted: A name that the user chose, or None.
        words: Names that the module needs itself.

    Raises:
        UsageError: The name wanted is none, or has another meaning in the module.
    """
    return _chosen(program.name if wanted is None else _checked(wanted), wanted, words)


def class_name(program: Program, wanted: str | None, words: tuple[str, ...]) -> str:
    """Returns the same as classes are written: dct2_8 -> Dct2_8, my_filter -> MyFilter."""
    name = program.name if wanted is None else _checked(wanted)
    parts = [part[0].upper() + part[1:] for part in name.split("_") if part]
    text = re.sub(r"(?<!\d)_|_(?!\d)", "", "_".join(parts))
    return _chosen(text if text[:1].isalpha() else f"Program{text}", wanted, words)


def _checked(name: str) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise UsageError(
            f"expected a name of at most 64 letters, digits and _, got {brief(name)}",
            "choose another name",
        )
    return name


def _chosen(name: str, wanted: str | None, words: tuple[str, ...]) -> str:
    if not _is_taken(name, words):
        return name
    if wanted is not None:
        raise UsageError(
            f"the name '{name}' has another meaning in Python or in the module",
            "choose another name",
        )
    return f"{name}_"


def _is_taken(name: str, words: tuple[str, ...]) -> bool:
    return bool(
        keyword.iskeyword(name) or hasattr(builtins, name) or name in words or NEVER.fullmatch(name)
    )


def summary(program: Program, name: str) -> str:
    """Returns the first line of a module's docstring."""
    return f"{name}: {shape(program)}."


def action(program: Program) -> str:
    """Returns what a function does, in a sentence."""
    m, n = len(program.outputs), program.inputs
    if program.is_linear:
        return f"Multiply each vector of x, along the last axis, by the {m} x {n} matrix."
    return f"Compute {plural(m, 'formula')} of the {plural(n, 'number')} along the last axis of x."


def constant_lines(constants: dict[str, str]) -> list[str]:
    """Returns definitions of C1, C2, ... with what they are exactly."""
    return [
        f"C{number} = {digits}" + (f"  # {meaning}" if meaning else "")
        for number, (digits, meaning) in enumerate(constants.items(), 1)
    ]


def indented(lines: list[str], depth: int) -> str:
    """Returns lines as one text, indented to a depth of blocks."""
    return "".join(f"{'    ' * depth}{line}\n" for line in lines)
