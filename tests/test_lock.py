"""The lock of a run: one process has it, and it is free as soon as that process has ended."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dsl.errors import BusyError, DataError, StorageError
from evosynth.runs import RunFolder
from evosynth.runs.lock import ATTEMPTS, LOCK, PAUSE, Holder, RunLock, holder_of, read_holder

HOLDING = """
import sys, time
from pathlib import Path
from evosynth.runs.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""
needs_posix = pytest.mark.skipif(os.name == "nt", reason="needs signals and forks")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    RunFolder(folder).write_configuration({"format": "evosynth-run"})
    return folder


@pytest.fixture
def other(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    command = [sys.executable, "-c", HOLDING, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Returns content and time of every file."""
    files = sorted(folder.iterdir())
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_whoever_has_the_lock_signs_it(folder: Path) -> None:
    assert holder_of(folder) is None
    with RunFolder(folder).lock():
        data = json.loads((folder / LOCK).read_text())
        assert (data["pid"], data["host"]) == (os.getpid(), socket.gethostname())
        holder = holder_of(folder)
        assert holder is not None
        assert holder.pid == os.getpid()
        assert holder.started == data["started"]
    assert holder_of(folder) is None
    assert not (folder / LOCK).exists()


def test_the_second_process_is_refused_and_writes_nothing(
    folder: Path, other: subprocess.Popen[str]
) -> None:
    before = state(folder)
    for _ in range(2):
        with pytest.raises(BusyError, match=f"process {other.pid} on") as caught, RunLock(folder):
            pytest.fail("two have the lock")
    assert caught.value.exit_code == 75
    assert f"kill {other.pid}" in caught.value.hint
    assert state(folder) == before
    holder = holder_of(folder)
    assert holder is not None
    assert holder.pid == other.pid
    assert state(folder) == before


def test_it_is_refused_within_a_second() -> None:
    assert ATTEMPTS * PAUSE < 0.5


def test_the_lock_is_free_once_its_holder_has_ended(
    folder: Path, other: subprocess.Popen[str]
) -> None:
    other.communicate("\n")
    assert not (folder / LOCK).exists()
    with RunLock(folder):
        pass


@needs_posix
def test_the_lock_of_a_killed_process_is_taken_over(
    folder: Path, other: subprocess.Popen[str]
) -> None:
    os.kill(other.pid, signal.SIGKILL)
    other.wait()
    assert json.loads((folder / LOCK).read_text())["pid"] == other.pid
    assert holder_of(folder) is None
    with RunLock(folder):
        assert read_holder(folder / LOCK).pid == os.getpid()
    assert not (folder / LOCK).exists()


def test_the_same_process_is_refused_too(folder: Path) -> None:
    with RunLock(folder), pytest.raises(BusyError, match=str(os.getpid())), RunLock(folder):
        pytest.fail("two have the lock")
    lock = RunLock(folder)
    for _ in range(2):  # one object, again and again
        with lock:
            assert holder_of(folder)


def test_an_error_frees_the_lock(folder: Path) -> None:
    with pytest.raises(KeyError), RunLock(folder):
        raise KeyError
    with RunLock(folder):
        pass


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff" * 10, b"[" * 10**5, b"{}", b"[]", b'{"pid": "x"}', b"1" * 10**6,
     b'{"pid": true, "host": "a", "started": "b"}', b'{"pid": 1, "host": [], "started": 2}'],
)  # fmt: skip
def test_a_lock_file_may_hold_anything(content: bytes, folder: Path) -> None:
    (folder / LOCK).write_bytes(content)
    assert read_holder(folder / LOCK) == Holder()
    assert str(Holder()) == "another process"
    assert holder_of(folder) is None
    with RunLock(folder):
        assert read_holder(folder / LOCK).pid == os.getpid()


def test_what_a_lock_file_says_is_fit_to_be_printed(folder: Path) -> None:
    said = {"pid": 7, "host": "\x1b[2Jevil\n" * 50, "started": "<script>" * 50}
    (folder / LOCK).write_text(json.dumps(said))
    text = str(read_holder(folder / LOCK))
    assert text.isprintable()
    assert len(text) < 200


@needs_posix
def test_what_is_no_file_is_no_lock(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    for make in (
        lambda: (folder / LOCK).symlink_to(tmp_path / "victim"),
        lambda: os.mkfifo(folder / LOCK),
    ):
        make()
        for call in (RunLock(folder).__enter__, lambda: holder_of(folder)):
            with pytest.raises(DataError, match=LOCK):
                call()
        (folder / LOCK).unlink()
    assert (tmp_path / "victim").read_text() == "mine"
    with pytest.raises(StorageError, match="cannot lock"), RunLock(tmp_path / "nothing"):
        pytest.fail("there is no folder")


COMPETING = """
import os, sys, time
from pathlib import Path
from dsl.errors import BusyError
from evosynth.runs.lock import RunLock
folder, counter = Path(sys.argv[1]), Path(sys.argv[2])
children = []
for _ in range(4):
    child = os.fork()
    if not child:
        successes = 0
        while successes < 60:
            try:
                with RunLock(folder):
                    before = int(counter.read_text())
                    counter.write_text(str(before + 1))
                    successes += 1
            except BusyError:
                pass
        os._exit(0)
    children.append(child)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""


@needs_posix
def test_only_one_has_the_lock_while_many_take_and_free_it(folder: Path, tmp_path: Path) -> None:
    """A counter that all increment in two steps loses nothing."""
    counter = tmp_path / "counter"
    counter.write_text("0")
    subprocess.run([sys.executable, "-c", COMPETING, folder, counter], check=True)
    assert counter.read_text() == "240"
