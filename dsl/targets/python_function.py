"""A matrix that a function of the user's makes: `package.module:function`.

The module is imported from the working directory or from what is installed, which runs its
code: nothing but a name that the user types gets here, and no file of a run does.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

from dsl.errors import EnvironmentMismatchError, EvosynthError, UsageError
from dsl.targets.matrix_file import is_file_name

FUNCTION = re.compile(r"(?a)([^\W\d]\w*(?:\.[^\W\d]\w*)*):([^\W\d]\w*(?:\.[^\W\d]\w*)*)")

EXPECTED = (
    "expected package.module:function, in the working directory or installed, which "
    "returns a matrix"
)


def is_function_name(name: str) -> bool:
    """Tells whether a target's name is that of a function in a module."""
    return FUNCTION.fullmatch(name) is not None and not is_file_name(name)


def call_function(name: str, n: int | None) -> tuple[Any, bool]:
    """Imports a function and calls it.

    What it prints goes to standard error: standard output is the program's.

    Args:
        name: `package.module:function`.
        n: Its argument, if it takes one.

    Returns:
        What it returned, and whether it was given n.

    Raises:
        EnvironmentMismatchError: It cannot be imported or called; the message names it.
        UsageError: It needs a size, and none was given.
    """
    with _importing_from_here(), redirect_stdout(sys.stderr):
        function = _imported(name)
        takes, needs = _arguments(name, function)
        if n is None and needs:
            raise UsageError(f"'{name}' needs a size", "give n")
        given = (n,) if takes and n is not None else ()
        try:
            return function(*given), bool(given)
        except EvosynthError:
            raise
        except (Exception, SystemExit) as error:
            message = f"target '{name}': it raised {_brief(error)}"
            raise EnvironmentMismatchError(message, "mend the function") from error


@contextmanager
def _importing_from_here() -> Iterator[None]:
    """Lets modules be imported from the working directory, as for `python -m`."""
    before = list(sys.path)
    sys.path.insert(0, "")
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path[:] = before


def _imported(name: str) -> Callable[..., Any]:
    module_name, _, path = name.partition(":")
    try:
        found: Any = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        problem = f"its module cannot be imported: {_brief(error)}"
        if module_name.endswith(".py"):
            hint = f"leave out .py: '{module_name.removesuffix('.py')}:{path}'"
            raise _failed(name, problem, hint) from error
        raise _failed(name, problem) from error
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except Exception as error:  # a module may have a __getattr__ of its own
            raise _failed(name, f"its module has no '{path}'") from error
    if not callable(found):
        raise _failed(name, f"expected a function, got {type(found).__name__}")
    function: Callable[..., Any] = found
    return function


def _arguments(name: str, function: Callable[..., Any]) -> tuple[bool, bool]:
    """Returns whether a function takes one argument, and whether it needs it."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some compiled functions do not tell
        return True, False
    takes = _is_called(signature, 1)
    needs = not _is_called(signature, 0)
    if needs and not takes:
        raise _failed(name, f"expected no argument or one, its size n; it takes {signature}")
    return takes, needs


def _is_called(signature: inspect.Signature, arguments: int) -> bool:
    try:
        signature.bind(*[0] * arguments)
    except TypeError:
        return False
    return True


def _brief(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:300] if text else type(error).__name__


def _failed(name: str, what: str, hint: str = EXPECTED) -> EnvironmentMismatchError:
    return EnvironmentMismatchError(f"target '{name}': {what}", hint)
