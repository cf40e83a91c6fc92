"""What `evosynth check` says of a run folder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class FileReport:
    """What one file of a run folder is.

    Attributes:
        name: Its path in the folder, fit to be printed.
        kind: "configuration", "log", "front", "best program", "library", "benchmark",
            "checkpoint", "lock", "leftover", "link" or "foreign".
        is_damaged: It is not what it should be.
        detail: What is in it, or what is wrong.
    """

    name: str
    kind: str
    is_damaged: bool
    detail: str

    def __str__(self) -> str:
        state = "DAMAGED: " * self.is_damaged
        return f"{self.name:<32}{self.kind:<15}{state}{self.detail}"


@dataclass(frozen=True, slots=True)
class FolderReport:
    """What a run folder holds.

    Attributes:
        folder: The run folder.
        files: What is in it.
        conclusion: "finished", "can be resumed from epoch 12" or the like.
        resumes_from: The epoch from which the run can go on; None if it cannot, or has ended.
        is_finished: The run has ended by itself.
    """

    folder: Path
    files: tuple[FileReport, ...]
    conclusion: str
    resumes_from: int | None
    is_finished: bool

    @property
    def damaged(self) -> list[str]:
        """Names of the damaged files."""
        return [file.name for file in self.files if file.is_damaged]

    @property
    def is_whole(self) -> bool:
        """Nothing is damaged."""
        return not self.damaged

    def __str__(self) -> str:
        return "\n".join([*map(str, self.files), self.conclusion])

    def to_dict(self) -> dict[str, Any]:
        """Returns the report as plain data, as `evosynth check --json` prints it."""
        return {
            "run": printable(str(self.folder)),
            "files": [asdict(file) for file in self.files],
            "damaged": self.damaged,
            "conclusion": self.conclusion,
            "resumes_from": self.resumes_from,
            "finished": self.is_finished,
        }


def printable(text: str) -> str:
    """Returns a text with what a terminal might obey, or cannot show, spelled out."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )
