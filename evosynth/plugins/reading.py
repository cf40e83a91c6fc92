"""Loading plug-ins: the file is read once, tried in another process, then run in this one."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

from dsl.errors import EvosynthError, UsageError
from evosynth.plugins.base import DECLARED, PLUGINS, Plugin
from evosynth.plugins.seams import members, restoring

# Members are checked by whoever loads a plug-in, not one by one as it declares them.
is_reading: ContextVar[bool] = ContextVar("is_reading", default=False)
# Where a trial notes which member is being called; None where no plug-in is tried.
note: ContextVar[Path | None] = ContextVar("note", default=None)
LARGEST_FILE = 1 << 24


def plugin_of_file(path: str | os.PathLike[str]) -> Plugin:
    """Returns what is known of a plug-in before it is run.

    Raises:
        UsageError: It is no file of Python that can be read.
    """
    source = Path(path).expanduser().absolute()
    if source.suffix != ".py":
        raise UsageError(
            f"expected the path of a plug-in's file, NAME.py, got '{path}'",
            "installed packages bring plug-ins by the entry-point group evosynth.primitives",
        )
    return Plugin(source.stem, str(source), digest_of(content_of(source)))


def content_of(path: Path) -> bytes:
    """Returns the content of a plug-in's file.

    Raises:
        UsageError: It cannot be read.
    """
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"cannot read the plug-in '{path}': {getattr(error, 'strerror', error)}",
            "give the path of a file",
        ) from error
    if len(content) > LARGEST_FILE:
        raise UsageError(f"the plug-in '{path}' has {len(content)} bytes", "give a file of Python")
    return content


def digest_of(content: bytes) -> str:
    """Returns the SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def read_plugin(plugin: Plugin) -> Plugin:
    """Runs a plug-in's file here; what it registers is kept if it comes to its end.

    One of an installed package is imported by its own name. If the program has imported it
    already, what it declared becomes the plug-in's.

    Returns:
        The plug-in with its members.

    Raises:
        EnvironmentMismatchError: It fails, registers nothing, or is not the file that was
            tried; the message names it.
    """
    if plugin.name in PLUGINS:
        return _same(plugin)
    content = content_of(Path(plugin.path))
    if digest_of(content) != plugin.digest:
        raise plugin.refused("the file has changed since it was tried", "try again")
    before = {f"{kind} {name}" for kind, name in members()}
    module = plugin.module or f"evosynth_plugin_{plugin.name}"
    was_imported = module in sys.modules
    with restoring(on_failure_only=True), _forgetting_on_failure(module):
        _run(plugin, module, content)
        here = [f"{kind} {name}" for kind, name in members()]
        found = tuple(name for name in here if name not in before or name in plugin.members)
        if not found and plugin.module and was_imported:
            raise plugin.refused("what it registered has been taken out again", "start anew")
        if not found:
            raise plugin.refused(
                "it registers nothing", "declare something with @es.primitive or es.register"
            )
        loaded = PLUGINS.register(replace(plugin, members=found))
    for name in found:
        if name in DECLARED:
            DECLARED.remove(name)
    return loaded


def _same(plugin: Plugin) -> Plugin:
    """Returns the plug-in of that name that is loaded already."""
    loaded = PLUGINS.get(plugin.name)
    if loaded.digest != plugin.digest:
        raise plugin.refused(
            f"{loaded.label} is loaded under the same name, with another content",
            "rename one of the files, or start anew to load a file that has changed",
        )
    return loaded


def _run(plugin: Plugin, name: str, content: bytes) -> None:
    try:
        with reading():
            if plugin.module:
                import_module(name)
            else:
                module = ModuleType(name)
                module.__file__ = plugin.path
                sys.modules[name] = module  # dataclasses look themselves up there
                exec(compile(content, plugin.path, "exec"), module.__dict__)
    except (MemoryError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise plugin.refused(told(error, plugin.path), plugin.remedy) from error


@contextlib.contextmanager
def _forgetting_on_failure(name: str) -> Iterator[None]:
    """Forgets, if the block fails, what it imported of a module's package.

    What these modules registered is taken out again, and another import has to run them anew.
    """
    package = name.partition(".")[0]
    before = set(sys.modules)
    try:
        yield
    except BaseException:
        for module in set(sys.modules) - before:
            if module.partition(".")[0] == package:
                del sys.modules[module]
        raise


@contextlib.contextmanager
def reading() -> Iterator[None]:
    """Marks that a plug-in is being run; what it prints goes to standard error."""
    token = is_reading.set(True)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        is_reading.reset(token)


@contextlib.contextmanager
def calling(member: str) -> Iterator[None]:
    """Notes that a member is being called, which may end the process."""
    noted = note.get()
    if noted is None:
        yield
        return
    noted.write_text(member, encoding="utf-8")
    try:
        yield
    finally:
        noted.unlink(missing_ok=True)


def told(error: BaseException, path: str = "") -> str:
    """Returns what went wrong in a line, with the line of the plug-in's file."""
    text = str(error) if isinstance(error, EvosynthError) else f"{type(error).__name__}: {error}"
    line, trace = 0, error.__traceback__
    while trace is not None:
        if path and trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.lineno:
        line = error.lineno
    first = next(iter(text.splitlines()), "")[:300]
    return f"line {line}: {first}" if line else first
