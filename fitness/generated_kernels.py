"""Compiled kernels for whatever is registered: the built-in one, or one that is made anew.

A kernel for other members is the source of the built-in one with its generated region made
anew. It lies in the user's cache, where Numba can find it, and its compiled forms beside it;
what is run is the text that was made here, never what the file holds.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from dsl.primitives import Primitive
from dsl.scalars import Scalar

FOLDER = "EVOSYNTH_CACHE_DIR"
PACKAGE = "fitness.evaluators"


@lru_cache(maxsize=8)
def factor_kernel_for(primitives: tuple[Primitive, ...]) -> Any:
    """Returns the compiled decoder for these block primitives, in the order of genes.

    Raises:
        EnvironmentMismatchError: A primitive cannot be derived or compiled.
    """
    from fitness.evaluators import factor_kernel  # Numba: half a second to import

    declared = [(block.name, block.matrix) for block in primitives]
    if _are_built_in("dsl.primitives", declared, factor_kernel.BLOCKS):
        return factor_kernel
    from fitness.generate import regenerate  # SymPy

    return _made(factor_kernel, lambda source: regenerate(source, primitives))


@lru_cache(maxsize=8)
def expression_kernel_for(scalars: tuple[Scalar, ...]) -> Any:
    """Returns the compiled kernel of formulas for these scalar primitives.

    Raises:
        EnvironmentMismatchError: A primitive cannot be derived or compiled.
    """
    from fitness.evaluators import expression_kernel  # Numba: half a second to import

    declared = [(scalar.name, scalar.expression) for scalar in scalars]
    if _are_built_in("dsl.scalars", declared, expression_kernel.SCALARS):
        return expression_kernel
    from fitness.generate import regenerate_expression  # SymPy

    return _made(expression_kernel, lambda source: regenerate_expression(source, scalars))


def cache_folder() -> Path:
    """Returns the folder of the user's kernels: a temporary one if it cannot be written."""
    given = os.environ.get(FOLDER)
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    folder = Path(base) if base else Path.home() / ".cache"
    folder = Path(given) if given else folder / "evosynth" / "kernels"
    return folder if _is_writable(folder) else _temporary_folder()


def _are_built_in(
    package: str, declared: Sequence[tuple[str, Callable[..., Any]]], names: tuple[str, ...]
) -> bool:
    """Tells whether functions are those that the built-in kernel was made from."""
    is_ours = all(function.__module__.startswith(f"{package}.") for _, function in declared)
    return is_ours and tuple(name for name, _ in declared) == names


def _made(kernel: ModuleType, regenerate: Callable[[str], str]) -> ModuleType:
    """Returns a module like a kernel, its generated region made anew."""
    source = Path(str(kernel.__file__)).read_text(encoding="utf-8")
    text = regenerate(source)
    stem = kernel.__name__.removeprefix(f"{PACKAGE}.")
    stem = f"{stem}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    name = f"{PACKAGE}.{stem}"
    if name in sys.modules:
        return sys.modules[name]
    path = _stored(cache_folder() / f"{stem}.py", text)
    module = ModuleType(name, kernel.__doc__)
    module.__file__ = str(path)
    sys.modules[name] = module  # its named tuples are found by the name
    try:
        exec(compile(text, str(path), "exec"), module.__dict__)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _stored(path: Path, text: str) -> Path:
    """Writes text to a file unless it is there already; returns where it is."""
    try:
        if path.read_bytes() == text.encode():
            return path
    except OSError:
        pass  # not there, or not to be read
    try:
        _write(path, text)
    except OSError:
        path = _temporary_folder() / path.name
        _write(path, text)
    return path


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        temporary.write_bytes(text.encode())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@lru_cache(maxsize=1)
def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="evosynth-kernels-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
