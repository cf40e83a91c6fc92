"""A task as a message: what is asked of a worker, its answer, what is made of the answer."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

from dsl.errors import EnvironmentMismatchError, EvosynthError
from evosynth.executors.base import TaskError
from evosynth.executors.messages import packed, unpacked
from evosynth.plugins.carrying import bring, carried

# Functions of these packages may be asked for.
PACKAGES = ("dsl", "evosynth", "fitness")


def call(function: Callable[..., str], arguments: Sequence[str | int]) -> str:
    """Runs a task in this process.

    Raises:
        EvosynthError: The task raised it.
        TaskError: The task raised another exception, or returned no text.
    """
    try:
        text = function(*arguments)
    except (EvosynthError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise TaskError(_told(error, traceback.format_exc())) from error
    if not isinstance(text, str):
        raise TaskError(f"the task {function.__name__} returned {type(text).__name__}, not text")
    return text


def request_for(
    function: Callable[..., str],
    arguments: Sequence[str | int],
    packages: Sequence[str] = PACKAGES,
) -> dict[str, Any]:
    """Returns what to ask of a worker.

    Raises:
        TypeError: The function cannot be named, or an argument is neither text nor a whole
            number.
        EnvironmentMismatchError: Members of seams were declared that a worker cannot know.
    """
    wrong = [type(argument) for argument in arguments if type(argument) not in (str, int)]
    if wrong:
        raise TypeError(f"a task takes text and whole numbers, not {wrong[0]}")
    name = f"{function.__module__}:{function.__qualname__}"
    resolved(name, packages)
    return {
        "function": name,
        "arguments": list(arguments),
        "packages": list(packages),
        "plugins": carried(),
    }


def resolved(name: str, packages: Sequence[str]) -> Callable[..., str]:
    """Returns the function of a name such as "evosynth.engine.epoch_call:run_epoch".

    Raises:
        TypeError: It is no function at the top level of a module of these packages.
    """
    module, _, attribute = name.partition(":")
    if module.partition(".")[0] not in packages:
        raise TypeError(f"'{name}' is not of {', '.join(packages)}")
    function = getattr(import_module(module), attribute, None)
    if not callable(function):
        raise TypeError(f"'{name}' is no function at the top level of its module")
    return function


def answer(request: dict[str, Any], packages: Sequence[str]) -> dict[str, Any]:
    """Runs a task that was asked for; what it raises is part of the answer.

    Raises:
        MemoryError: What is left of the process is not to be trusted.
    """
    try:
        function = resolved(request["function"], packages)
        bring(request.get("plugins", ()))
        return {"text": call(function, request["arguments"])}
    except EvosynthError as error:
        return {
            "error": type(error).__name__,
            "message": str(error),
            "hint": error.hint,
            "traceback": traceback.format_exc(),
        }
    except TaskError as error:
        return {"failure": str(error)}
    except (ImportError, TypeError) as error:
        return {"failure": _told(error, traceback.format_exc())}


def text_of(reply: dict[str, Any]) -> str:
    """Returns the text of an answer, or raises what the task raised.

    Raises:
        EvosynthError: The task raised it.
        TaskError: The task raised another exception, or returned no text.
    """
    if "text" in reply:
        text: str = reply["text"]
        return text
    if "failure" in reply:
        raise TaskError(reply["failure"])
    kinds = {kind.__name__: kind for kind in _kinds(EvosynthError)}
    error = kinds.get(reply["error"], EvosynthError)(reply["message"], reply["hint"])
    error.add_note(f"in a worker:\n{reply['traceback']}")
    raise error


def answer_elsewhere(content: bytes) -> bytes:
    """Runs a packed task in a process that may have another evosynth, or none of ours.

    Raises:
        MemoryError: The process has too little memory for the task.
    """
    request = unpacked(content)
    try:
        _check_version(request["version"])
    except EnvironmentMismatchError as error:
        refusal = {"error": type(error).__name__, "message": str(error), "hint": error.hint}
        return packed(refusal | {"traceback": ""})
    return packed(answer(request, request["packages"]))


def request_elsewhere(request: dict[str, Any]) -> bytes:
    """Returns a packed request for `answer_elsewhere`."""
    return packed(request | {"version": _version()})


def _version() -> str:
    from evosynth.version import version_of  # its imports take a while

    return version_of("evosynth")


def _check_version(expected: str) -> None:
    if _version() != expected:
        raise EnvironmentMismatchError(
            f"this run is of evosynth {expected}, a worker has {_version()}",
            "install the same version of evosynth on all workers",
        )


def _kinds(kind: type[EvosynthError]) -> Iterator[type[EvosynthError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)


def _told(error: BaseException, trace: str) -> str:
    return f"{type(error).__name__}: {error}\n\nin the task:\n{trace}"
