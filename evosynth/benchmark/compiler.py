"""Compiles generated C into a library that Python can load."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from dsl.errors import EnvironmentMismatchError

COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=c99", "-O3", "-march=native", "-shared", "-fPIC")
# GCC takes a minute for some ten thousand operations in one function.
MOST_SECONDS = 300


def compiler() -> list[str] | None:
    """Returns the command of the C compiler: $CC, or the first one found; None if none is."""
    if chosen := shlex.split(os.environ.get("CC", "")):
        return chosen
    return next(([path] for name in COMPILERS if (path := shutil.which(name))), None)


def compile_library(source: str, path: Path) -> Path:
    """Compiles C source into a shared library.

    Args:
        source: The text.
        path: Of the library; the source is written beside it.

    Raises:
        EnvironmentMismatchError: There is no compiler, or it fails.
        TimeoutError: It takes longer than anybody would wait.
    """
    command = compiler()
    if command is None:
        raise EnvironmentMismatchError("no C compiler found", "install gcc or clang, or set CC")
    code = path.with_suffix(".c")
    code.write_text(source, encoding="utf-8")
    try:
        done = subprocess.run(
            [*command, *FLAGS, str(code), "-o", str(path)],
            capture_output=True,
            text=True,
            check=False,
            timeout=MOST_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"the compiler took more than {MOST_SECONDS} seconds") from error
    except OSError as error:
        raise EnvironmentMismatchError(f"'{command[0]}' cannot be run: {error}") from error
    if done.returncode:
        first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr)
        raise EnvironmentMismatchError(
            f"'{command[0]}' fails on the generated C: {first.strip()[:200]}", "set CC to another"
        )
    return path
