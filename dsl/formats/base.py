"""What a format is: a program as text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dsl.program import Program
from dsl.registry import Registry


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write programs.

    Attributes:
        name: What the command line calls it.
        suffix: Of files that hold it, with the dot.
        write: Program -> text.
        summary: One line for people.
    """

    name: str
    suffix: str
    write: Callable[[Program], str]
    summary: str


FORMATS: Registry[Format] = Registry("format")
