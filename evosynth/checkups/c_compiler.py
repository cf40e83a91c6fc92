"""The C compiler, which `bench` needs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from dsl.errors import EnvironmentMismatchError
from evosynth.checkups.base import Check

SOURCE = "double twice(double x) { return x + x; }\n"


def c_compiler() -> Iterator[Check]:
    """Compiles one function."""
    from evosynth.benchmark.compiler import compile_library, compiler

    command = compiler()
    try:
        with tempfile.TemporaryDirectory(prefix="evosynth-doctor-") as folder:
            compile_library(SOURCE, Path(folder) / "twice.so")
    except (EnvironmentMismatchError, TimeoutError, OSError) as error:
        hint = getattr(error, "hint", "") or "set CC to another"
        yield Check("C compiler", "warning", f"{error}; `bench` needs one", hint)
    else:
        yield Check("C compiler", "ok", " ".join(command or ()))
