"""Files of a run: old or new, never half; nothing of ours is left, nothing of others touched."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsl.errors import DataError, EvosynthError, StorageError, UsageError
from evosynth.runs import RunFolder, program_file
from evosynth.runs.checkpoints import Checkpoint, CheckpointStore
from evosynth.runs.faults import POINTS, VARIABLE, fault, injecting, parse_faults
from evosynth.runs.files import (
    add_line,
    is_leftover,
    read_bytes,
    read_text,
    storage_errors,
    sweep,
    truncate,
    write_output,
    write_text,
)
from evosynth.runs.json_lines import append_line, cut_torn_line, read_lines, whole_size
from evosynth.runs.untrusted_json import DEEPEST, MOST_DIGITS, parse_json, read_json

each_example = settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
needs_posix = pytest.mark.skipif(os.name == "nt", reason="needs signals, links or pipes")
LEFT = ".evosynth-ab12_x.tmp"


def contents(folder: Path) -> dict[str, bytes]:
    """Returns the bytes of all files below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if is_leftover(path)]


# Faults


@pytest.mark.parametrize(
    "text",
    ["rename", "rename:0:kill", "rename:-1:kill", "rename:1:burn", "read:1:kill", "rename:x:eio",
     "rename:1:kill;", "rename:1:kill,", "any:1", "rename:+:eio", f"rename:{'9' * 5000}:eio"],
)  # fmt: skip
def test_a_fault_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="rename:3:kill"):
        parse_faults(text)


def test_faults_come_where_they_were_asked_for() -> None:
    assert len(parse_faults("write:1:enospc, any:12+:kill")) == 2
    with injecting("fsync:2:eio,rename:1:enospc") as plan:
        fault("fsync")
        for point, number in (("fsync", errno.EIO), ("rename", errno.ENOSPC)):
            with pytest.raises(OSError, match=f"'{point}'") as caught:
                fault(point)
            assert caught.value.errno == number
        fault("fsync")
        fault("rename")
    assert plan.counts == {"fsync": 3, "rename": 2, "any": 5}
    with injecting("any:2+:eio"):
        fault("write")
        for point in POINTS:
            with pytest.raises(OSError, match=point):
                fault(point)
    fault("fsync")  # the block has ended


# A full disk


def write_old_and_new(folder: Path) -> None:
    write_text(folder / "file", "new")


def write_output_file(folder: Path) -> None:
    write_output(folder / "file", "new")


FILE_WRITERS: list[Callable[[Path], None]] = [write_old_and_new, write_output_file]


@pytest.mark.parametrize("writer", FILE_WRITERS)
@pytest.mark.parametrize("action", ["enospc", "eio"])
@pytest.mark.parametrize("going_on", ["", "+"])
@pytest.mark.parametrize("old", ["old", None])
def test_each_fault_leaves_old_or_new(
    writer: Callable[[Path], None], action: str, going_on: str, old: str | None, tmp_path: Path
) -> None:
    with injecting() as plan:
        writer(tmp_path)
    assert set(plan.counts) == {"write", "flush", "fsync", "rename", "fsync-folder", "any"}
    for number in range(1, plan.counts["any"] + 1):
        (tmp_path / "file").unlink()
        if old:
            (tmp_path / "file").write_text(old)
        with (
            injecting(f"any:{number}{going_on}:{action}") as plan,
            pytest.raises(StorageError, match=r"cannot write '.*file': .*injected") as caught,
        ):
            writer(tmp_path)
        assert caught.value.exit_code == 74
        assert ("free some space" in caught.value.hint) == (action == "enospc")
        is_replaced = "fsync-folder" in plan.counts
        expected = "new" if is_replaced else old
        assert contents(tmp_path) == ({"file": expected.encode()} if expected else {})
        (tmp_path / "file").touch()


@pytest.mark.parametrize("is_synced", [False, True])
@pytest.mark.parametrize("start", [None, b"", b'{"a": 1}\n', b'{"a": 1}\n{"b":'])
def test_each_fault_leaves_no_half_of_a_line(
    is_synced: bool, start: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "log"
    number = 0
    while True:
        number += 1
        path.unlink(missing_ok=True)
        if start is not None:
            path.write_bytes(start)
        before = [line for line in read_lines(path) if line]
        try:
            with injecting(f"any:{number}:enospc") as plan:
                append_line(path, {"new": "x" * 100}, is_synced=is_synced)
        except StorageError:
            is_there = plan.counts["fsync"] > 0  # all of the line was written
            assert path.read_bytes().startswith(start or b"")
            assert read_lines(path) == [*before, *([{"new": "x" * 100}] * is_there)]
            assert is_there or path.read_bytes() == (start or b"")
            continue
        assert read_lines(path) == [*before, {"new": "x" * 100}]
        assert number == plan.counts["any"] + 1
        assert plan.counts["append"] == 1
        assert (plan.counts["fsync"] > 0) == is_synced
        return


def work(folder: Path) -> None:
    """What a short run does to its folder."""
    run = RunFolder(folder)
    run.write_configuration({"format": "evosynth-run", "step": 0})
    for epoch in range(1, 6):
        run.append_log({"epoch": epoch, "island": 0})
        run.append_log({"epoch": epoch, "island": 1})
        body = json.dumps({"epoch": epoch, "log": run.log_size()})
        run.checkpoints.write(Checkpoint(epoch, body))
    run.write_best('{"best": 1}\n')
    run.write_front([])
    run.write_configuration({"format": "evosynth-run", "step": 1})


def assert_resumable(folder: Path) -> None:
    """All that is in a folder is whole but for what resuming mends."""
    run = RunFolder(folder)
    checkpoint, warnings = run.checkpoints.latest()
    assert warnings == ()
    if checkpoint is not None:
        size = json.loads(checkpoint.body)["log"]
        assert run.truncate_log(size) == size
        lines = read_lines(folder / "log.jsonl")
        assert [line["epoch"] for line in lines] == sorted([*range(1, checkpoint.epoch + 1)] * 2)
        assert len(run.checkpoints.epochs()) <= 4
    else:
        assert len(read_lines(folder / "log.jsonl")) <= 2
    for name in ("run.json", "best.json", "front.json"):
        assert not (folder / name).exists() or read_json(folder / name) is not None


def test_a_disk_that_is_full_at_any_write(tmp_path: Path) -> None:
    with injecting() as plan:
        (tmp_path / "0").mkdir()
        work(tmp_path / "0")
    total = plan.counts["any"]
    assert total > 60
    for number in range(1, total + 1):
        folder = tmp_path / str(number)
        folder.mkdir()
        with injecting(f"any:{number}+:enospc"), pytest.raises(StorageError) as caught:
            work(folder)
        assert str(folder) in str(caught.value)
        assert leftovers(folder) == []
        assert_resumable(folder)
        size = (folder / "log.jsonl").stat().st_size if (folder / "log.jsonl").exists() else 0
        assert whole_size(folder / "log.jsonl") == size, "half a line was left"


KILLING = """
import json, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from evosynth.runs.faults import injecting
from tests.test_run_files import work
parent, total = Path(sys.argv[1]), int(sys.argv[3])
ended = []
for number in range(1, total + 1):
    folder = parent / str(number)
    folder.mkdir()
    child = os.fork()
    if not child:
        with injecting(f"any:{number}:kill"):
            work(folder)
        os._exit(0)
    ended.append(os.waitpid(child, 0)[1])
print(json.dumps(ended))
"""


@needs_posix
def test_a_process_that_is_killed_at_any_write(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    with injecting() as plan:
        work(tmp_path / "whole")
    total = plan.counts["any"]
    root = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-c", KILLING, tmp_path, root, str(total)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [signal.SIGKILL] * total
    left = 0
    for number in range(1, total + 1):
        folder = tmp_path / str(number)
        left += len(leftovers(folder))
        swept = RunFolder(folder).sweep()
        assert all(".tmp" in name for name in swept)
        assert leftovers(folder) == []
        assert_resumable(folder)
    assert left > 20, "killed processes left nothing to sweep"


@needs_posix
def test_the_environment_asks_for_faults_too(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    script = (
        "import sys; from pathlib import Path; from evosynth.runs.files import write_text\n"
        "for text in ('1', '2', '3'): write_text(Path(sys.argv[1]), text)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "file"],
        env=os.environ | {VARIABLE: "write:9:eio,rename:3:kill"},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert (tmp_path / "file").read_text() == "2"
    assert len(leftovers(tmp_path)) == len(sweep(tmp_path)) == 1


# Sweeping


@needs_posix
def test_only_our_leftovers_are_swept(tmp_path: Path) -> None:
    inside = tmp_path / "checkpoint"
    inside.mkdir()
    others = ["run.json", ".evosynth-x", "evosynth-a.tmp", ".evosynth-A b.tmp", "a.tmp", "x.evosynth-a.tmp"]  # fmt: skip  # noqa: E501
    for name in (*others, LEFT, f"checkpoint/{LEFT}", "checkpoint/a.tmp"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".evosynth-folder.tmp").mkdir()
    (tmp_path / ".evosynth-link.tmp").symlink_to(tmp_path / "run.json")
    before = contents(tmp_path)
    assert RunFolder(tmp_path).sweep() == (LEFT, f"checkpoint/{LEFT}")
    assert contents(tmp_path) == {n: c for n, c in before.items() if Path(n).name != LEFT}
    assert (tmp_path / ".evosynth-folder.tmp").is_dir()
    assert RunFolder(tmp_path).sweep() == ()
    assert sweep(tmp_path / "nothing") == ()


@needs_posix
def test_a_folder_behind_a_link_is_not_swept(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / LEFT).touch()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint").symlink_to(tmp_path / "elsewhere")
    assert RunFolder(tmp_path / "run").sweep() == ()
    assert (tmp_path / "elsewhere" / LEFT).exists()


def test_a_temporary_name_is_short_whatever_the_file_is_called(tmp_path: Path) -> None:
    write_text(tmp_path / ("x" * 255), "text")
    assert (tmp_path / ("x" * 255)).read_text() == "text"


# Logs

RECORDS = [{"epoch": k, "text": "ä" * k} for k in range(5)]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.jsonl"
    for record in RECORDS:
        append_line(path, record)
    return path


def test_a_torn_last_line_is_cut_wherever_it_is_torn(log: Path) -> None:
    whole = log.read_bytes()
    ends = [k + 1 for k, byte in enumerate(whole) if byte == ord("\n")]
    for size in range(len(whole) + 1):
        log.write_bytes(whole[:size])
        kept = max((end for end in ends if end <= size), default=0)
        assert whole_size(log) == kept
        assert log.stat().st_size == size
        assert cut_torn_line(log) == kept
        assert log.read_bytes() == whole[:kept]
        append_line(log, {"next": 1})
        assert read_lines(log) == [*RECORDS[: ends.index(kept) + 1 if kept else 0], {"next": 1}]


@pytest.mark.parametrize("torn", [b"\0" * 9000, b"\0\n\0\n", b"\n", b"[1]\n", b'{"a": NaN}\n{"b'])
def test_what_is_no_line_is_cut_at_the_end(torn: bytes, log: Path) -> None:
    size = log.stat().st_size
    with log.open("ab") as stream:
        stream.write(torn)
    assert RunFolder(log.parent).truncate_log(10**9) == size
    assert read_lines(log) == RECORDS


def test_a_log_is_truncated_to_a_line(log: Path) -> None:
    folder = RunFolder(log.parent)
    whole = log.read_bytes()
    assert folder.log_size() == len(whole)
    assert folder.truncate_log(len(whole) + 5) == len(whole) == log.stat().st_size
    second = len(b"".join(whole.splitlines(keepends=True)[:2]))
    assert folder.truncate_log(second + 3) == second
    assert folder.truncate_log(second) == second
    assert read_lines(log) == RECORDS[:2]
    assert folder.truncate_log(0) == 0 == log.stat().st_size
    log.unlink()
    assert folder.truncate_log(7) == folder.log_size() == 0
    assert not log.exists()


def test_the_size_of_a_log_is_told_once_it_is_on_the_disk(log: Path) -> None:
    with injecting("fsync:1:eio"), pytest.raises(StorageError, match=r"log\.jsonl"):
        RunFolder(log.parent).log_size()


def test_a_line_of_any_length(log: Path) -> None:
    long = {"x": "y" * 100_000}
    append_line(log, long)
    assert whole_size(log) == log.stat().st_size
    with log.open("ab") as stream:
        stream.write(b"z" * 100_000)
    append_line(log, {"a": 1})
    assert read_lines(log) == [*RECORDS, long, {"a": 1}]


@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text() | st.booleans())))
@each_example
def test_lines_round_trip(tmp_path: Path, lines: list[dict[str, Any]]) -> None:
    path = tmp_path / "lines"
    path.unlink(missing_ok=True)
    for line in lines:
        append_line(path, line)
    assert read_lines(path) == lines
    assert whole_size(path) == sum(len(json.dumps(line)) + 1 for line in lines)


@given(st.binary(max_size=300), st.integers(0, 400))
@each_example
def test_any_bytes_are_a_log(tmp_path: Path, data: bytes, most: int) -> None:
    path = tmp_path / "log"
    for content in (data, b'{"a": 1}\n' + data, data + b'\n{"a": 1}\n'):
        path.write_bytes(content)
        lines = read_lines(path)
        assert cut_torn_line(path, most) == path.stat().st_size <= most
        assert content.startswith(path.read_bytes())
        left = read_lines(path)
        assert left == lines[: len(left)]


# JSON from elsewhere

BOMBS = {
    "lists": "[" * 10**5,
    "objects": '{"a":' * 10**5,
    "closed": "[" * 10**5 + "]" * 10**5,
    "behind a text": '["\\"[[", ' + "[" * 10**5,
    "digits": "9" * 10**5,
    "digits in a list": f"[1, {'9' * 10**5}]",
    "fraction": f"[{'9' * 10**5}.0]",
    "exponent": "[1e999]",
    "negative exponent": "[-1e999]",
    "nan": "[NaN]",
    "infinity": '{"a": Infinity}',
    "minus infinity": "[1, -Infinity]",
    "open text": '"' + '\\"' * 10**5,
    "open texts": '"a' * 10**5 + '"',
    "backslash": '"\\',
    "surrogate": '["\\ud800"]',
    "upper surrogate": '{"\\uDC00": 1}',
    "mark in the midst": "[\ufeff1]",
    "nothing": "",
    "nul": "\0",
    "half": '{"a": 1',
    "two": "{} {}",
    "tokens": "]" * 10**5,
}
PLACED = {"lists": "char 100", "digits": "char 0", "digits in a list": "line 1 column 5",
          "exponent": "char 1", "infinity": "char 6", "half": "char 7", "behind a text": "char "}  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "bomb.json"
    path.write_text(BOMBS[name], encoding="utf-8")
    with pytest.raises(DataError, match="not JSON") as caught:
        parse_json(BOMBS[name])
    assert len(str(caught.value)) < 200
    assert PLACED.get(name, "") in str(caught.value)
    with pytest.raises(DataError, match=r"bomb\.json': not JSON"):
        read_json(path)
    path.write_text(BOMBS[name] + "\n")
    assert read_lines(path) == []


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"\xff\xfe[1]", "byte 0"), (b'["\xc3"]', "byte 2"), (b'"\xed\xa0\x80"', "UTF-8"),
     ("[1]".encode("utf-16"), "UTF-8")],
)  # fmt: skip
def test_what_is_not_utf_8_is_refused(data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(DataError, match=said) as caught:
        read_json(tmp_path / "file")
    assert "file" in str(caught.value)


def test_what_is_within_the_limits_is_read(tmp_path: Path) -> None:
    deep = "[" * DEEPEST + "]" * DEEPEST
    assert parse_json(deep) == json.loads(deep)
    digits = "9" * MOST_DIGITS
    assert parse_json(digits) == int(digits)
    texts = json.dumps(["[[[{{" * 1000, '\\"[', "\\", "1e999", "NaN", "9" * 5000])
    assert parse_json(texts) == json.loads(texts)
    assert parse_json('["\\ud83d\\ude00"]') == ["\U0001f600"]
    (tmp_path / "mark").write_bytes(b"\xef\xbb\xbf" + b"[1e-400, -0.0]")
    assert read_json(tmp_path / "mark") == [0.0, -0.0]


def test_many_values_and_many_bytes_are_refused_unread(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="values"):
        parse_json("[" + "1," * 50 + "1]", 50)
    assert len(parse_json("[" + "1," * 49 + "1]", 50)) == 50
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 40)
    for call in (read_json, read_text, read_bytes):
        with pytest.raises(DataError, match="expected at most"):
            call(tmp_path / "large")


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(plain, st.booleans())
@each_example
def test_plain_data_round_trip(data: Any, is_ascii: bool) -> None:
    found = parse_json(json.dumps(data, ensure_ascii=is_ascii))
    assert found == data
    assert json.dumps(found) == json.dumps(data)


@given(plain, st.lists(st.tuples(st.integers(0, 10**4), st.characters()), max_size=4))
@each_example
def test_mutated_json_raises_only_our_errors(data: Any, changes: list[tuple[int, str]]) -> None:
    text = json.dumps(data)
    for place, sign in changes:
        k = place % (len(text) + 1)
        text = text[:k] + sign + text[k + 1 :]
    try:
        found = parse_json(text)
    except EvosynthError:
        return
    assert json.dumps(found) == json.dumps(json.loads(text)), "another reading than the standard's"


@given(
    st.binary(max_size=200)
    | st.text(alphabet='[]{}",:\\u1e9NaInf -\n', max_size=60).map(str.encode)
)
@each_example
def test_any_bytes_raise_only_our_errors(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(data)
    try:
        found = read_json(path)
    except EvosynthError as error:
        assert "file.json" in str(error)
    else:
        json.dumps(found, allow_nan=False)


# Folders from elsewhere


@needs_posix
@pytest.mark.parametrize("name", ["log.jsonl", "checkpoint", "run.lock", "run.json", "best.json"])
def test_nothing_is_read_or_written_through_a_link(name: str, tmp_path: Path) -> None:
    folder, victim = tmp_path / "run", tmp_path / "victim"
    folder.mkdir()
    if name == "checkpoint":
        victim.mkdir()
        store = CheckpointStore(victim)
        for epoch in range(3):
            store.write(Checkpoint(epoch, "{}"))
    else:
        victim.write_text('{"format": "evosynth-run"}\nmine')
    before = contents(tmp_path)
    (folder / name).symlink_to(victim)
    run = RunFolder(folder)
    calls: dict[str, list[Callable[[], object]]] = {
        "log.jsonl": [lambda: run.append_log({}), run.log_size, lambda: run.truncate_log(0)],
        "checkpoint": [
            lambda: run.checkpoints.write(Checkpoint(9, "{}")),
            run.checkpoints.latest,
            run.checkpoints.epochs,
        ],
        "run.lock": [lambda: run.lock().__enter__()],
        "run.json": [run.read_configuration],
        "best.json": [lambda: program_file(folder)],
    }
    for call in calls[name]:
        with pytest.raises(DataError, match=rf"{name}' is a link"):
            call()
    run.write_configuration({})
    run.write_best("{}")
    after = contents(tmp_path)
    assert {n: c for n, c in after.items() if not n.startswith("run/")} == {
        n: c for n, c in before.items() if not n.startswith("run/")
    }


@needs_posix
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "run.json")
    for path in (tmp_path / "run.json", Path("/dev/zero")):
        with pytest.raises(DataError, match="no ordinary file"):
            read_json(path)
    with pytest.raises(DataError, match=r"run\.json"):
        RunFolder(tmp_path).read_configuration()


@pytest.mark.parametrize(
    "name",
    ["../x", "/abs", "a/b", "..", ".", "", "a\0b", "x" * 300, "ä" * 120, "a\nb", "\x1b[2J", "a\\b",
     "C:x", "\ud800"],
)  # fmt: skip
def test_a_name_that_is_none_makes_no_folder(name: str, tmp_path: Path) -> None:
    parent = tmp_path / "runs"
    with pytest.raises(DataError) as caught:
        RunFolder.create(parent, name)
    assert len(str(caught.value)) < 300
    str(caught.value).encode("ascii")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a\0b", "x" * 300, "\ud800"])
def test_a_path_that_is_none_is_our_error(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    calls: list[Callable[[], object]] = [
        lambda: write_text(path, ""),
        lambda: read_text(path),
        lambda: add_line(path, b"\n"),
        lambda: truncate(path, 0),
        lambda: RunFolder.create(path, "run"),
        lambda: RunFolder(path).lock().__enter__(),
        lambda: RunFolder(path).append_log({}),
        lambda: RunFolder(path).checkpoints.write(Checkpoint(0, "{}")),
    ]
    for call in calls:
        with pytest.raises(StorageError) as caught:
            call()
        assert "\0" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_other_errors_than_those_of_names_are_not_hidden() -> None:
    with pytest.raises(ValueError, match="another"), storage_errors("cannot"):
        raise ValueError("another")


def test_a_folder_without_permission(tmp_path: Path) -> None:
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        pytest.skip("permissions do not bind the superuser")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(StorageError, match="Permission denied"):
            write_text(tmp_path / "file", "")
    finally:
        tmp_path.chmod(0o700)


@needs_posix
def test_a_device_stays_what_it_is(tmp_path: Path) -> None:
    write_output(Path(os.devnull), "text")
    assert not Path(os.devnull).is_file()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_output(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "text"
