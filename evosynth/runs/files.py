"""The one module that writes files: a reader sees the old content or the new, never half of it.

Content goes to a temporary file beside the old one, down to the disk, and takes its place in
one step. `faults` names the points at which that can go wrong.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from dsl.errors import DataError, StorageError
from evosynth.runs.faults import fault, is_planned

ANOTHER_FOLDER = "choose another folder with --out"
PREFIX, SUFFIX = ".evosynth-", ".tmp"
LEFTOVER = re.compile(r"\.evosynth-[a-z0-9_]{1,32}\.tmp", re.ASCII)
LARGEST = 1 << 26
# What systems say of folders that cannot be synchronised at all, or not by us.
NO_FOLDER_FSYNC = (errno.EINVAL, errno.ENOTSUP, errno.EACCES, errno.EBADF)
FULL = (errno.ENOSPC, errno.EDQUOT)


def write_text(path: Path, text: str, hint: str = ANOTHER_FOLDER) -> None:
    """Replaces a file's content in one step.

    Args:
        path: The file.
        text: Its content.
        hint: What to do if it cannot be written.

    Raises:
        StorageError: The file cannot be written; what was there is still there, or all of the
            new content is.
    """
    write_bytes(path, text.encode(), hint)


def write_bytes(path: Path, data: bytes, hint: str = ANOTHER_FOLDER) -> None:
    """Replaces a file's content in one step, as `write_text` does."""
    with storage_errors(f"cannot write '{path}'", hint):
        descriptor, name = tempfile.mkstemp(SUFFIX, PREFIX, path.parent)
        temporary = Path(name)
        try:
            _fill(descriptor, data)
            temporary.chmod(0o666 & ~_umask())
            fault("rename")
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def _fill(descriptor: int, data: bytes) -> None:
    """Writes all of a new file to the disk."""
    half = len(data) // 2
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data[:half])
        fault("write")
        stream.write(data[half:])
        fault("flush")
        stream.flush()
        _sync(stream.fileno())


def _sync(descriptor: int) -> None:
    fault("fsync")
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Makes sure that a folder's entries are on the disk, where the system can.

    Raises:
        OSError: The disk refused.
    """
    fault("fsync-folder")
    if os.name == "nt":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in NO_FOLDER_FSYNC:
            raise


def write_output(path: Path, text: str, hint: str = ANOTHER_FOLDER) -> None:
    """Writes a file that a user named: what a link leads to is replaced, a device written to.

    Raises:
        StorageError: The file cannot be written.
    """
    with storage_errors(f"cannot write '{path}'", hint):
        if path.exists() and not (path.is_file() or path.is_dir()):
            path.write_text(text, encoding="utf-8")  # /dev/null must stay what it is
            return
        target = Path(os.path.realpath(path)) if path.is_symlink() else path
    write_text(target, text, hint)


def add_line(
    path: Path, line: bytes, hint: str = ANOTHER_FOLDER, *, is_synced: bool = False
) -> None:
    """Adds a line; one that a killed process left half written stays a line of its own.

    Args:
        path: The file; made if there is none.
        line: With its newline.
        hint: What to do if it cannot be written.
        is_synced: Returns once the line is on the disk.

    Raises:
        StorageError: The file cannot be written; no half of the line is left in it.
    """
    with storage_errors(f"cannot write '{path}'", hint), path.open("ab+", buffering=0) as stream:
        size = stream.seek(0, os.SEEK_END)
        if size:
            stream.seek(-1, os.SEEK_END)
            line = line if stream.read(1) == b"\n" else b"\n" + line
        _append(stream, line, size)
        if is_synced:
            _sync(stream.fileno())
            if not size:
                sync_folder(path.parent)


def _append(stream: FileIO, line: bytes, size: int) -> None:
    """Adds bytes in one call of the system; what of them a full disk took is cut off again."""
    written = 0
    try:
        if is_planned():  # half of it, as a crash in the midst leaves it
            written = stream.write(line[: len(line) // 2])
        fault("append")
        while written < len(line):
            written += stream.write(line[written:])
    except OSError:
        with suppress(OSError):
            if os.fstat(stream.fileno()).st_size == size + written:  # no other process's line
                stream.truncate(size)
        raise


def truncate(path: Path, size: int) -> None:
    """Cuts a file off after so many bytes.

    Raises:
        StorageError: It cannot be cut.
    """
    with storage_errors(f"cannot write '{path}'"), path.open("r+b") as stream:
        fault("write")
        stream.truncate(size)
        _sync(stream.fileno())


def synced_size(path: Path) -> int:
    """Returns a file's size once all of it is on the disk; 0 if there is none.

    Raises:
        StorageError: The disk refused.
    """
    with storage_errors(f"cannot write '{path}'"):
        try:
            with path.open("r+b") as stream:
                _sync(stream.fileno())
                return stream.seek(0, os.SEEK_END)
        except FileNotFoundError:
            return 0


def check_writable(folder: Path, hint: str = ANOTHER_FOLDER) -> None:
    """Makes a folder if there is none, and checks that files can be written in it.

    Raises:
        StorageError: They cannot.
    """
    with storage_errors(f"cannot write in '{folder}'", hint):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(prefix=PREFIX, suffix=SUFFIX, dir=folder):
            pass


def check_can_be_made(folder: Path, hint: str = ANOTHER_FOLDER) -> None:
    """Checks that a folder is there or can be made, and can be written in; makes nothing.

    Raises:
        StorageError: It cannot.
    """
    with storage_errors(f"cannot write in '{folder}'", hint):
        place = folder.absolute()
        while not place.exists():  # a name that is too long is an error of the system
            place = place.parent
        if not place.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(place, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def sweep(folder: Path) -> tuple[str, ...]:
    """Removes the temporary files that killed processes left in a folder; returns their names.

    Only whoever holds the folder's lock may sweep: another's files may be in use.

    Raises:
        StorageError: One cannot be removed.
    """
    with storage_errors(f"cannot sweep '{folder}'"):
        if folder.is_symlink() or not folder.is_dir():
            return ()
        found = sorted(path for path in folder.iterdir() if is_leftover(path))
        for path in found:
            path.unlink(missing_ok=True)
    return tuple(path.name for path in found)


def is_leftover(path: Path) -> bool:
    """Tells whether a file is one of our temporary ones."""
    return LEFTOVER.fullmatch(path.name) is not None and path.is_file() and not path.is_symlink()


def read_text(path: Path, limit: int = LARGEST) -> str:
    """Returns a file's content.

    Raises:
        DataError: The file is no UTF-8 or has more than `limit` bytes.
        StorageError: The file cannot be read.
    """
    try:
        content = read_bytes(path, limit).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"'{path}' is not UTF-8 text: {error.reason} at byte {error.start}",
            "give a program file or a run folder",
        ) from error
    return content.replace("\r\n", "\n").replace("\r", "\n")


def read_bytes(path: Path, limit: int = LARGEST) -> bytes:
    """Returns a file's content.

    Raises:
        DataError: It has more than `limit` bytes, or is a pipe, a device or the like.
        StorageError: It cannot be read.
    """
    with storage_errors(f"cannot read '{path}'", "check its path and permissions"):
        # A pipe would wait for whoever writes to it.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags)
        with os.fdopen(descriptor, "rb") as stream:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise DataError(f"'{path}' is no ordinary file", "give a file")
            data = stream.read(limit + 1) if state.st_size <= limit else b""
    if state.st_size > limit or len(data) > limit:
        raise DataError(
            f"'{path}' has {max(state.st_size, len(data))} bytes, expected at most {limit}"
        )
    return data


def refuse_link(path: Path) -> None:
    """Checks that a path is no link: a run folder from elsewhere might point at our files.

    Raises:
        DataError: It is one.
        StorageError: The system cannot tell.
    """
    with storage_errors(f"cannot read '{path}'", "check its path and permissions"):
        is_link = path.is_symlink()
    if is_link:
        raise DataError(f"'{path}' is a link, expected a part of the run itself", "remove the link")


@contextmanager
def storage_errors(action: str, hint: str = ANOTHER_FOLDER) -> Iterator[None]:
    """Turns the operating system's errors into ours, naming the action that failed.

    Raises:
        StorageError: The operating system refused.
    """
    try:
        yield
    except OSError as error:
        advice = f"free some space, or {hint}" if error.errno in FULL else hint
        raise StorageError(f"{action}: {error.strerror or error}", advice) from error
    except ValueError as error:  # a name that no file can have
        if not isinstance(error, UnicodeEncodeError) and "embedded null" not in str(error):
            raise
        shown = action.encode("ascii", "backslashreplace").decode().replace("\0", "\\0")
        raise StorageError(f"{shown}: no file can have this name", hint) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
