"""What a scalar primitive is: a function of one or two numbers, applied sample by sample.

A scalar primitive is declared once, by a function from SymPy symbols to a SymPy
expression. Operation count, symmetry, and its text in every language are derived from
that expression (see `dsl.scalars.derived`). A result that is not a finite number is
invalid: nothing is patched.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dsl.registry import Registry

MOST_OPERANDS = 2


@dataclass(frozen=True, slots=True)
class Scalar:
    """A function of numbers.

    Attributes:
        name: What genomes, programs and the command line call it.
        expression: SymPy symbols -> SymPy expression.
        arity: How many operands it takes: 1 or 2.
        summary: One line for people.
    """

    name: str
    expression: Callable[..., Any]
    arity: int
    summary: str

    def __post_init__(self) -> None:
        if not 1 <= self.arity <= MOST_OPERANDS:
            raise ValueError(f"'{self.name}': expected 1 or 2 operands, got {self.arity}")


SCALARS: Registry[Scalar] = Registry("scalar primitive")


def scalar(expression: Callable[..., Any]) -> Scalar:
    """Registers the decorated function (symbols -> expression) as a scalar primitive.

    The function's name becomes the primitive's, its docstring's first line the summary.
    """
    return SCALARS.register(declared(expression))


def declared(expression: Callable[..., Any]) -> Scalar:
    """Returns a function's declaration as a scalar primitive that is not registered."""
    arity = len(inspect.signature(expression).parameters)
    summary = (expression.__doc__ or "").strip().split("\n")[0]
    return Scalar(expression.__name__, expression, arity, summary)


class _LazySymPy:
    """SymPy, imported when a declaration is first evaluated: its import takes half a second."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module("sympy"), name)


sp = _LazySymPy()
