"""Checkpoints: what is damaged is passed over and named; what cannot be used is left alone."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dsl.errors import DataError, EvosynthError, StorageError
from evosynth.runs import RunFolder, checkpoints
from evosynth.runs.checkpoints import KEPT, Checkpoint, CheckpointStore, read_body
from evosynth.runs.faults import injecting

each_example = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
BODY = json.dumps({"genomes": [[k, k * k, "gene ä"] for k in range(40)], "seed": 1})


def body(epoch: int) -> str:
    return json.dumps({"epoch": epoch, "rows": list(range(100))})


def sealed(text: bytes, version: int = 1) -> bytes:
    """Returns a file with a true checksum."""
    digest = hashlib.sha256(text).hexdigest()
    return b"evosynth-checkpoint %d %s %d\n" % (version, digest.encode(), len(text)) + text


@pytest.fixture
def store(tmp_path: Path) -> CheckpointStore:
    """Three checkpoints of a run."""
    store = RunFolder(tmp_path).checkpoints
    for epoch in (10, 11, 12):
        store.write(Checkpoint(epoch, body(epoch)))
    return store


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def assert_falls_back(store: CheckpointStore, to: int = 11) -> None:
    """One warning names the damaged file, the one before is used, nothing is touched."""
    before = contents(store.folder)
    found, warnings = CheckpointStore(store.folder).latest()
    assert found == Checkpoint(to, body(to))
    assert len(warnings) == 12 - to
    for k, warning in enumerate(warnings):
        assert f"epoch-{12 - k:08}.ckpt" in warning
        assert "\n" not in warning
    assert contents(store.folder) == before


def test_a_checkpoint_is_what_was_written(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path / "checkpoint")
    assert store.latest() == (None, ())
    assert store.epochs() == ()
    assert not store.folder.exists()
    store.write(Checkpoint(7, BODY))
    assert store.latest() == (Checkpoint(7, BODY), ())
    assert store.read(7).body == BODY
    data = (tmp_path / "checkpoint" / "epoch-00000007.ckpt").read_bytes()
    assert data == sealed(BODY.encode())
    store.write(Checkpoint(7, "{}"))
    assert CheckpointStore(store.folder).latest() == (Checkpoint(7, "{}"), ())


def test_the_newest_three_are_kept(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path / "checkpoint")
    for epoch in range(12):
        store.write(Checkpoint(epoch, body(epoch)))
        assert store.epochs() == tuple(range(max(0, epoch + 1 - KEPT), epoch + 1))
    assert len(list(store.folder.iterdir())) == KEPT


def test_three_that_verify_are_kept(store: CheckpointStore) -> None:
    """What is damaged does not count, and is removed once there is better."""
    store.path(12).write_bytes(b"damaged")
    (store.folder / "epoch-1.ckpt").write_text("another's")
    (store.folder / "epoch-00000012.ckpt.old").write_text("another's")
    again = CheckpointStore(store.folder)
    again.write(Checkpoint(13, body(13)))
    assert again.epochs() == (10, 11, 13)
    assert len(contents(store.folder)) == 5
    again.write(Checkpoint(14, body(14)))
    assert again.epochs() == (11, 13, 14)


def test_what_was_just_written_is_kept(store: CheckpointStore) -> None:
    store.write(Checkpoint(2, body(2)))
    assert store.epochs() == (2, 10, 11, 12)


def test_a_damaged_one_is_written_anew(store: CheckpointStore) -> None:
    store.path(12).write_bytes(b"")
    CheckpointStore(store.folder).write(Checkpoint(12, body(12)))
    assert CheckpointStore(store.folder).latest() == (Checkpoint(12, body(12)), ())
    assert store.epochs() == (10, 11, 12)


def test_truncated_at_every_64th_byte(store: CheckpointStore) -> None:
    data = store.path(12).read_bytes()
    for size in range(0, len(data), 64):
        store.path(12).write_bytes(data[:size])
        assert_falls_back(store)
    store.path(12).write_bytes(data[:-1])
    assert_falls_back(store)
    store.path(12).write_bytes(data + b"\n")
    assert_falls_back(store)


def test_any_bit_flipped(store: CheckpointStore) -> None:
    data = store.path(12).read_bytes()
    head = data.index(b"\n") + 1
    bits = [*range(head * 8), *range(head * 8, len(data) * 8, 13)]
    for bit in bits:
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        store.path(12).write_bytes(flipped)
        assert_falls_back(store)
    store.path(12).write_bytes(data)
    assert store.latest() == (Checkpoint(12, body(12)), ())


DAMAGES = {
    "empty": b"",
    "zeros": b"\0" * 5000,
    "text": b"hello",
    "version": sealed(b"{}", 2),
    "old digest": sealed(b"{}")[:-2] + b"[]",
    "list": sealed(b"[]"),
    "half": sealed(b'{"a": 1'),
    "nan": sealed(b'{"a": NaN}'),
    "huge number": sealed(b'{"a": 1e999}'),
    "digits": sealed(b'{"a": ' + b"9" * 10**5 + b"}"),
    "deep": sealed(b'{"a":' * 10**5 + b"1" + b"}" * 10**5),
    "utf-8": sealed(b'{"a": "\xff"}'),
    "mark": sealed(b"\xef\xbb\xbf{}"),
    "long head": b"evosynth-checkpoint " + b"1" * 10**6,
    "size": sealed(b"{}").replace(b" 2\n", b" 99999999999999999999\n"),
    "upper case": sealed(b"{}").replace(b"a", b"A", 2),
    "windows": sealed(b"{}").replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_one_is_passed_over(name: str, store: CheckpointStore) -> None:
    store.path(12).write_bytes(DAMAGES[name])
    assert_falls_back(store)
    store.path(11).write_bytes(DAMAGES[name])
    assert_falls_back(store, 10)


@pytest.mark.parametrize("name", DAMAGES)
def test_if_all_are_damaged_nothing_is_touched(name: str, store: CheckpointStore) -> None:
    for epoch in store.epochs():
        store.path(epoch).write_bytes(DAMAGES[name])
    before = contents(store.folder)
    with pytest.raises(DataError) as caught:
        CheckpointStore(store.folder).latest()
    for epoch in store.epochs():
        assert store.path(epoch).name in str(caught.value)
    assert caught.value.exit_code == 65
    assert "nothing was changed" in caught.value.hint
    assert contents(store.folder) == before


def test_one_that_cannot_be_read_is_passed_over(store: CheckpointStore) -> None:
    store.path(12).unlink()
    store.path(12).mkdir()
    found, warnings = store.latest()
    assert found == Checkpoint(11, body(11))
    assert store.path(12).name in warnings[0]


@pytest.mark.skipif(os.name == "nt", reason="needs links")
def test_a_link_is_no_checkpoint(store: CheckpointStore, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(sealed(body(12).encode()))
    store.path(12).unlink()
    store.path(12).symlink_to(tmp_path / "elsewhere")
    assert_falls_back(store)
    os.mkfifo(store.path(13))
    assert CheckpointStore(store.folder).latest()[0] == Checkpoint(11, body(11))


def test_more_than_can_be_read_is_not_written(
    store: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(store.folder)
    monkeypatch.setattr(checkpoints, "LARGEST_CHECKPOINT", 1000)
    with pytest.raises(DataError, match="bytes"):
        store.write(Checkpoint(13, '{"a": "' + "x" * 1000 + '"}'))
    monkeypatch.setattr(checkpoints, "MOST_VALUES", 50)
    with pytest.raises(DataError, match="values"):
        store.write(Checkpoint(13, json.dumps([1] * 60)))
    for epoch in (-1, 10**8):
        with pytest.raises(DataError, match="epoch"):
            store.write(Checkpoint(epoch, "{}"))
    assert contents(store.folder) == before


def test_too_large_a_file_is_passed_over_unread(store: CheckpointStore) -> None:
    with store.path(12).open("r+b") as file:
        file.truncate(1 << 40)
    found, warnings = store.latest()
    assert found == Checkpoint(11, body(11))
    assert "expected at most" in warnings[0]


@pytest.mark.parametrize("action", ["enospc", "eio"])
def test_a_failed_write_leaves_the_earlier_ones(action: str, store: CheckpointStore) -> None:
    before = contents(store.folder)
    for number in range(1, 6):
        with injecting(f"any:{number}:{action}"), pytest.raises(StorageError, match="00000013"):
            store.write(Checkpoint(13, body(13)))
        left = contents(store.folder)
        assert {name: left.get(name) for name in before} == before
        assert len(left) == (4 if number == 5 else 3)
    assert store.latest() == (Checkpoint(13, body(13)), ())
    store.write(Checkpoint(13, body(13)))
    assert store.epochs() == (11, 12, 13)


# Fuzzing


@given(
    st.dictionaries(st.text(), st.lists(st.integers() | st.text() | st.none())),
    st.integers(0, 10**8 - 1),
)
@each_example
def test_round_trip(tmp_path: Path, data: object, epoch: int) -> None:
    store = CheckpointStore(tmp_path / "checkpoint")
    for old in store.epochs():
        store.path(old).unlink()
    written = Checkpoint(epoch, json.dumps(data, ensure_ascii=False))
    store.write(written)
    assert CheckpointStore(store.folder).latest() == (written, ())


mutations = st.lists(
    st.tuples(st.integers(0, 10**4), st.sampled_from(["set", "cut", "add"]), st.integers(0, 255)),
    min_size=1,
    max_size=5,
)


@given(mutations, st.booleans())
@each_example
def test_mutated_bytes_never_pass_for_another_state(
    changes: list[tuple[int, str, int]], is_sealed: bool
) -> None:
    """With the checksum of what was written, or with one that was made for the change."""
    data = bytearray(BODY.encode() if is_sealed else sealed(BODY.encode()))
    for place, action, byte in changes:
        position = place % (len(data) + 1)
        if action == "set" and position < len(data):
            data[position] = byte
        elif action == "cut":
            del data[position : position + 1 + byte]
        else:
            data.insert(position, byte)
    try:
        found = read_body(sealed(bytes(data)) if is_sealed else bytes(data))
    except EvosynthError:
        return
    if is_sealed:
        assert isinstance(json.loads(found), dict)
    else:
        assert found == BODY


@given(st.binary(max_size=300))
@each_example
def test_random_bytes_raise_only_our_errors(data: bytes) -> None:
    for content in (data, sealed(data), b"evosynth-checkpoint 1 " + data):
        try:
            read_body(content)
        except EvosynthError:
            continue
        assert isinstance(json.loads(data), dict)
