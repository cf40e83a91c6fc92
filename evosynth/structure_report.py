"""What is special about a matrix: `es.structure`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy.typing as npt

from dsl.errors import UsageError
from dsl.structure import Structure, find_structure
from dsl.targets import Target
from evosynth.request import Request


def structure(
    target: str | os.PathLike[str] | npt.NDArray[Any] | Target,
    n: int | None = None,
    *,
    input: str | None = None,
    kernel: str | Sequence[complex] | None = None,
) -> Structure:
    """Returns what is special about a matrix: blocks, shifts, symmetry, ranks.

    Args:
        target: As for `es.run`: the name of a transform, a file, a function, a matrix.
        n: Size of a transform.
        input: "real" or "complex", the kind of the input data; by default the target's own.
        kernel: The numbers that decide a structured matrix; by default the target's own.

    Raises:
        UsageError: The arguments name no matrix.
        DataError: A file holds no usable matrix.
        StorageError: A file cannot be read.
        EnvironmentMismatchError: A function cannot be imported or called.
    """
    found = Request(target=target, n=n, input=input, kernel=kernel).make(seed=0)
    if not isinstance(found, Target):
        raise UsageError("expected a matrix", "only transforms, files and functions have one")
    return find_structure(found.matrix)
