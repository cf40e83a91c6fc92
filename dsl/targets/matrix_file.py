"""Reads a matrix from a file that nobody has checked: a reader for every suffix.

Sizes that a file claims are checked before anything is allocated; no file can run code.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy.typing as npt

from dsl.errors import DataError, StorageError
from dsl.targets.readers.entries import check_entries
from dsl.targets.readers.mat_file import read_mat
from dsl.targets.readers.npy_file import read_npy
from dsl.targets.readers.text_file import read_text

READERS: dict[str, Callable[[Path], npt.NDArray[Any]]] = {
    ".npy": read_npy,
    ".mat": read_mat,
    ".csv": read_text,
    ".tsv": read_text,
    ".txt": read_text,
}
SUFFIXES = ", ".join(READERS)
GIVE = f"give a {', '.join(list(READERS)[:-1])} or .txt file, or the name of a target"

# The path of a MAT file with the name of one of its variables.
VARIABLE = re.compile(r"(?is)(.*\.mat):([^:/\\]*)")


def is_file_name(name: str) -> bool:
    """Tells whether a target's name is that of a file: a known suffix, or a slash in it."""
    path, variable = split_variable(name)
    return (
        variable is not None or Path(path).suffix.lower() in READERS or bool(set("/\\") & set(path))
    )


def split_variable(name: str) -> tuple[str, str | None]:
    """Returns a path and the variable that is wanted of it: `file.mat:A` has one."""
    found = VARIABLE.fullmatch(name)
    return (found[1], found[2]) if found else (name, None)


def file_of_stem(name: str) -> str | None:
    """Returns the file of a matrix whose name lacks only its suffix, if there is one."""
    files = (Path(f"{name}{suffix}") for suffix in READERS)
    with suppress(OSError):  # too long for the name of a file
        return next((str(file) for file in files if file.is_file()), None)
    return None


def load_matrix(path: str | os.PathLike[str], give: str = GIVE) -> npt.NDArray[Any]:
    """Reads a matrix of numbers of any kind: `.npy`, MATLAB's `.mat`, or text.

    Whole numbers beyond 2^53 and extended precision are rounded to the nearest float64.

    Args:
        path: Of the file; with the name of the variable, `file.mat:A`, where a MAT file
            holds several.
        give: What to do if there is no such file, for people.

    Returns:
        (m, n) complex128 where the file has complex entries, else float64.

    Raises:
        DataError: The file is missing or holds no usable matrix; says what and where.
        StorageError: The file cannot be read.
    """
    try:
        return _load(*split_variable(os.fspath(path)), give)
    except DataError as error:
        raise DataError(f"'{path}': {error}", error.hint) from error
    except OSError as error:
        raise StorageError(
            f"'{path}': cannot be read: {error.strerror}",
            "check its path and permissions",
        ) from error


def _load(name: str, variable: str | None, give: str) -> npt.NDArray[Any]:
    path = Path(name)
    if "\0" in name or not path.exists():
        raise DataError("no such file", give)
    if not path.is_file():  # a pipe would block, a folder or device has no size
        raise DataError("expected a regular file, got something else", give)
    if variable is not None:
        matrix = read_mat(path, variable)
    else:
        matrix = READERS.get(path.suffix.lower(), read_npy)(path)
    check_entries(matrix)
    return matrix
