"""The disk that runs are written to: can it be, and how fast?"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from dsl.errors import StorageError
from evosynth.checkups.base import Check

SIZE = 1 << 20
LITTLE, SLOW = 1 << 30, 0.5


def run_disk(folder: Path) -> Iterator[Check]:
    """Writes a file as large as a checkpoint as checkpoints are written, and times it."""
    from evosynth.runs.files import write_text

    place = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    try:
        free = shutil.disk_usage(place).free
        with tempfile.TemporaryDirectory(prefix=".evosynth-doctor-", dir=place) as made:
            started = time.perf_counter()
            write_text(Path(made) / "checkpoint", "x" * SIZE)
            seconds = time.perf_counter() - started
    except (OSError, StorageError) as error:
        yield Check("disk", "failed", f"'{place}' cannot be written: {error}", "choose --out")
        return
    found = (
        f"1 MiB written, synchronised and renamed in {seconds * 1e3:.1f} ms"
        f" in '{place}', {free / (1 << 30):.1f} GiB free"
    )
    if free < LITTLE:
        yield Check("disk", "warning", found, "make room, or choose another folder with --out")
    elif seconds > SLOW:
        yield Check("disk", "warning", found, "choose a local disk with --out")
    else:
        yield Check("disk", "ok", found)
