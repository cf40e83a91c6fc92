"""Derived formulas as functions of whatever numbers a caller has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import sympy


def formula_function(
    arguments: tuple[sympy.Symbol, ...], formula: Any, functions: Mapping[str, Any]
) -> Callable[..., Any]:
    """Returns a formula as a function.

    Args:
        arguments: Its symbols, in order.
        formula: A SymPy expression, or a tuple of them.
        functions: By the name that SymPy prints, what it may call beside the operators of its
            arguments.
    """
    return _compiled(arguments, formula, tuple(functions.items()))


@lru_cache(maxsize=1 << 10)
def _compiled(
    arguments: tuple[sympy.Symbol, ...], formula: Any, functions: tuple[tuple[str, Any], ...]
) -> Callable[..., Any]:
    compiled: Callable[..., Any] = sympy.lambdify(arguments, formula, modules=[dict(functions)])
    return compiled
