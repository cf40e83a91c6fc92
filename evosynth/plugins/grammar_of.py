"""Which grammar a function is a primitive of: it is called, and what it returns is looked at."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from dsl.errors import UsageError
from dsl.scalars.derived import operand_symbols
from dsl.vectors.declaring import Label

Grammar: TypeAlias = Literal["factor", "expression", "recursive"]
MOST_PARAMETERS = 2
LENGTH = 8
HINT = 'say which: @es.primitive(grammar="factor"), "expression" or "recursive"'


def grammar_of(function: Callable[..., Any]) -> Grammar:
    """Returns the grammar that a function is of.

    Raises:
        UsageError: It could be of two, or is of none.
    """
    name = function.__name__
    count = len(inspect.signature(function).parameters)
    if count > MOST_PARAMETERS:
        raise UsageError(f"primitive '{name}': expected at most 2 parameters, got {count}", HINT)
    if not count:
        return "factor"
    found, problem = _result(function, list(operand_symbols(count)))
    lists = [[Label(k, p) for p in range(LENGTH)] for k in range(count)]
    moved, other_problem = _result(function, lists)
    if _is_matrix(found):
        return "factor"
    is_step = isinstance(moved, list | tuple)
    is_expression = hasattr(found, "free_symbols") or isinstance(found, int | float)
    if is_step and is_expression:
        raise UsageError(f"primitive '{name}': it makes sense of numbers and of lists", HINT)
    if is_step:
        return "recursive"
    if is_expression:
        return "expression"
    told = f"of symbols it makes {problem or type(found).__name__}"
    told = f"{told}, of lists {other_problem or type(moved).__name__}"
    raise UsageError(f"primitive '{name}': {told}", "expected a matrix, an expression or a list")


def _result(function: Callable[..., Any], arguments: list[Any]) -> tuple[Any, str]:
    """Returns what a function returns, and what it raises instead."""
    try:
        return function(*arguments), ""
    except Exception as error:
        return None, f"{type(error).__name__} ({str(error)[:80]})".replace("\n", " ")


def _is_matrix(found: Any) -> bool:
    """Tells whether something is rows of numbers, or a tuple of such."""
    if getattr(found, "shape", None):
        return True
    return isinstance(found, list | tuple) and any(
        isinstance(row, list | tuple) or bool(getattr(row, "shape", None)) for row in found
    )
