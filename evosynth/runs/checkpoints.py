"""Checkpoints: immutable files with a checksum, of which the newest three are kept.

The first line is `evosynth-checkpoint 1 <SHA-256 of the rest> <bytes of the rest>`, the rest is
one JSON object. A file that was not written to its end, or has changed since, does not verify.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from dsl.errors import DataError, StorageError
from evosynth.runs.files import (
    ANOTHER_FOLDER,
    read_bytes,
    refuse_link,
    storage_errors,
    sync_folder,
    write_bytes,
)
from evosynth.runs.untrusted_json import check_values, parse_json

VERSION = 1
KEPT = 3
LARGEST_CHECKPOINT = 1 << 31
MOST_VALUES = 1 << 25
LAST_EPOCH = 10**8 - 1
NAME = re.compile(r"epoch-([0-9]{8})\.ckpt", re.ASCII)
HEAD = re.compile(rb"evosynth-checkpoint ([0-9]{1,9}) ([0-9a-f]{64}) ([0-9]{1,12})\n")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a run stands after an epoch.

    Attributes:
        epoch: Epochs done by every island: the next one has this number.
        body: JSON text of one object.
    """

    epoch: int
    body: str


class CheckpointStore:
    """The checkpoints of a run.

    Args:
        folder: Where they are; made when the first one is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._whole: set[int] = set()

    def path(self, epoch: int) -> Path:
        """Returns the file of an epoch's checkpoint."""
        return self.folder / f"epoch-{epoch:08}.ckpt"

    def epochs(self) -> tuple[int, ...]:
        """Returns the epochs of which there are files, damaged or not, in ascending order.

        Raises:
            DataError: The folder is a link, or a file.
            StorageError: The folder cannot be read.
        """
        refuse_link(self.folder)
        with storage_errors(f"cannot read '{self.folder}'", "check its path and permissions"):
            if not self.folder.is_dir() and self.folder.exists():
                raise DataError(f"'{self.folder}' is no folder", "remove the file")
            names = [path.name for path in self.folder.iterdir()] if self.folder.is_dir() else []
        return tuple(sorted(int(match[1]) for match in map(NAME.fullmatch, names) if match))

    def write(self, checkpoint: Checkpoint) -> None:
        """Stores a checkpoint, then removes all but the newest three that verify.

        Raises:
            DataError: It is larger than what can be read, or the folder is a link.
            StorageError: It cannot be written; the earlier ones are still there.
        """
        if not 0 <= checkpoint.epoch <= LAST_EPOCH:
            raise DataError(f"expected an epoch from 0 to {LAST_EPOCH}, got {checkpoint.epoch}")
        body = checkpoint.body.encode()
        if len(body) > LARGEST_CHECKPOINT - 128:
            raise DataError(
                f"a checkpoint of {len(body)} bytes, expected at most {LARGEST_CHECKPOINT}",
                "choose a smaller population or fewer islands",
            )
        check_values(checkpoint.body, MOST_VALUES)
        refuse_link(self.folder)
        with storage_errors(f"cannot make '{self.folder}'"):
            if not self.folder.is_dir():
                self.folder.mkdir()
                sync_folder(self.folder.parent)
        head = f"evosynth-checkpoint {VERSION} {hashlib.sha256(body).hexdigest()} {len(body)}\n"
        write_bytes(self.path(checkpoint.epoch), head.encode() + body)
        self._whole.add(checkpoint.epoch)
        self._remove_old(checkpoint.epoch)

    def _remove_old(self, written: int) -> None:
        kept = 0
        for epoch in reversed(self.epochs()):
            if kept < KEPT and self._is_whole(epoch):
                kept += 1
            elif epoch != written:
                self._whole.discard(epoch)
                with storage_errors(f"cannot remove '{self.path(epoch)}'"):
                    self.path(epoch).unlink(missing_ok=True)

    def _is_whole(self, epoch: int) -> bool:
        """Tells whether a checkpoint verifies; each is read at most once."""
        if epoch not in self._whole:
            try:
                self.read(epoch)
            except (DataError, StorageError):
                return False
            self._whole.add(epoch)
        return True

    def latest(self) -> tuple[Checkpoint | None, tuple[str, ...]]:
        """Returns the newest checkpoint that verifies, and a warning for each passed over.

        None if there are no checkpoints. Nothing is changed.

        Raises:
            DataError: There are some, and none verifies; or the folder is a link.
            StorageError: The folder cannot be read.
        """
        problems: list[str] = []
        for epoch in reversed(self.epochs()):
            try:
                checkpoint = self.read(epoch)
            except (DataError, StorageError) as error:
                problems.append(str(error))
            else:
                return checkpoint, tuple(f"{problem}; it is passed over" for problem in problems)
        if problems:
            raise DataError(
                f"no checkpoint can be used: {'; '.join(problems[:KEPT])}",
                f"nothing was changed; start the run anew, {ANOTHER_FOLDER}",
            )
        return None, ()

    def read(self, epoch: int) -> Checkpoint:
        """Returns a checkpoint that verifies.

        Raises:
            DataError: It is damaged; the message names the file and says what is wrong.
            StorageError: It cannot be read.
        """
        path = self.path(epoch)
        refuse_link(path)
        data = read_bytes(path, LARGEST_CHECKPOINT)
        try:
            return Checkpoint(epoch, read_body(data))
        except DataError as error:
            raise DataError(f"'{path}' is damaged: {error}", error.hint) from error


def read_body(data: bytes) -> str:
    """Returns the JSON text of a checkpoint's bytes.

    Raises:
        DataError: They do not verify.
    """
    head = HEAD.match(data)
    if head is None:
        raise DataError("expected a checkpoint, got something else" if data else "it is empty")
    if int(head[1]) != VERSION:
        raise DataError(
            f"expected checkpoint version {VERSION}, got {int(head[1])}",
            "use the version of evosynth that wrote it",
        )
    rest = data[head.end() :]
    if len(rest) != int(head[3]):
        raise DataError(f"expected {int(head[3])} bytes, got {len(rest)}")
    if hashlib.sha256(rest).hexdigest() != head[2].decode():
        raise DataError("its checksum is another one's")
    try:
        body = rest.decode()
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8: {error.reason} at byte {error.start}") from error
    if not isinstance(parse_json(body, MOST_VALUES), dict):
        raise DataError("expected a JSON object")
    return body
