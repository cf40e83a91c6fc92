"""Writing files so that a reader sees the old content or the new, never half of it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dsl.errors import DataError, StorageError

ANOTHER_FOLDER = "choose another folder with --out"


def write_text(path: Path, text: str, hint: str = ANOTHER_FOLDER) -> None:
    """Replaces a file's content in one step.

    Args:
        path: The file.
        text: Its content.
        hint: What to do if it cannot be written.

    Raises:
        StorageError: The file cannot be written; what was there is still there.
    """
    with storage_errors(f"cannot write '{path}'", hint):
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def read_text(path: Path, limit: int = 1 << 26) -> str:
    """Returns a file's content.

    Raises:
        DataError: The file is no UTF-8 or has more than `limit` bytes.
        StorageError: The file cannot be read.
    """
    with storage_errors(f"cannot read '{path}'", "check its path and permissions"):
        size = path.stat().st_size
        if size > limit:
            raise DataError(f"'{path}' has {size} bytes, expected at most {limit}")
        try:
            return path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(
                f"'{path}' is not UTF-8 text: {error.reason}", "give a program file or a run folder"
            ) from error


@contextmanager
def storage_errors(action: str, hint: str = ANOTHER_FOLDER) -> Iterator[None]:
    """Turns the operating system's errors into ours, naming the action that failed.

    Raises:
        StorageError: The operating system refused.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(f"{action}: {error.strerror or error}", hint) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
