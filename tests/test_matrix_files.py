"""Matrices of the user's own: text, MATLAB files, functions, arrays; what must be refused."""

from __future__ import annotations

import io
import json
import struct
import sys
import textwrap
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

import dsl.targets.memory as memory_module
import evosynth as es
from dsl.errors import (
    DataError,
    EnvironmentMismatchError,
    EvosynthError,
    StorageError,
    UsageError,
)
from dsl.targets import Target, load_matrix, make_function_target, make_target, search_memory
from dsl.targets.matrix_file import READERS
from dsl.targets.readers import mat_elements
from evosynth.request import Request
from evosynth.runs.stored_target import read_stored_target, stored_target

REAL = np.array([[1.0, 2.0, 0.0], [0.5, -3.0, 1e-9]])
COMPLEX = REAL + 1j * REAL[::-1]


def refused(kind: type[EvosynthError], *texts: str, call: Callable[[], object]) -> EvosynthError:
    """Checks that a call is refused with these texts and a hint."""
    with pytest.raises(kind) as caught:
        call()
    for text in texts:
        assert text in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint
    return caught.value


# Text


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("1,2,0\n0.5,-3,1e-9\n", REAL),
        ("1;2;0\r\n.5;-3;1E-9", REAL),
        ("1\t2\t0\n0.5\t-3\t1e-9\n", REAL),
        ("  1  2   0\n0.5 -3 1e-9\n\n", REAL),
        ("\ufeff1,2,0\n\n# a comment\n% another\n0.5,-3,1e-9\n", REAL),
        ('"1","2","0"\n"0.5",-3,1e-9\n', REAL),
        ("1+2j,3\n-1e2-2.5e-1j,j\n", [[1 + 2j, 3], [-100 - 0.25j, 1j]]),
        ("1+2i, 3 - 4i\n-i, 5\n", [[1 + 2j, 3 - 4j], [-1j, 5]]),
        ("(1, 2),(3, -4)\n(0,1),2\n", [[1 + 2j, 3 - 4j], [1j, 2]]),
        ('"(1, 2)","1 + 2*I"\n(1+2j),2\n', [[1 + 2j, 1 + 2j], [1 + 2j, 2]]),
        ("(1, 2) (3, -4)\n(0,1) (2+-3j)\n", [[1 + 2j, 3 - 4j], [1j, 2 - 3j]]),
        ("5\n6\n7\n", [[5], [6], [7]]),
    ],
)
def test_text_is_read(tmp_path: Path, content: str, wanted: Any) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(content, encoding="utf-8")
    found = load_matrix(path)
    assert np.array_equal(found, np.array(wanted))
    assert found.dtype == (np.complex128 if np.iscomplexobj(np.array(wanted)) else np.float64)


@pytest.mark.parametrize("matrix", [REAL, COMPLEX, COMPLEX.conj() * 1e20, REAL.T])
@pytest.mark.parametrize("delimiter", [" ", ",", ";", "\t"])
def test_what_numpy_saves_is_read(tmp_path: Path, matrix: npt.NDArray[Any], delimiter: str) -> None:
    path = tmp_path / "mine.txt"
    np.savetxt(path, matrix, delimiter=delimiter, header="by NumPy")
    assert np.array_equal(load_matrix(path), matrix)


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("", ["empty"]),
        ("\n# nothing\n", ["empty"]),
        ("time,value\n1,2\n3,4\n", ["line 1", "'time'", "--data"]),
        ("a\n1\n", ["'a'", "--data"]),
        ("1,2\n3\n", ["line 2", "expected 2 numbers, got 1"]),
        ("1,2\n# c\n3,x\n", ["line 3, column 2", "'x'"]),
        ("1,2\n3,\n", ["line 2, column 2"]),
        ("1,2\n1_0,3\n", ["'1_0'"]),
        ("1;2\n1,5;3\n", ["'1,5'"]),
        ('"1,5",2\n', ["'1,5'"]),
        ("1,nan\n2,3\n", ["entry (0, 1) is nan"]),
        ("1,1e999\n2,3\n", ["entry (0, 1) is infinite"]),
        ("1+nanj,1\n2,3\n", ["entry (0, 0) is nan"]),
        ("0,0\n0,0\n", ["every entry is zero"]),
        ("3\n", ["1 x 1"]),
        ("(1,2,3),1\n", ["'1,2,3'"]),
        ("((1,2)),1\n", ["line 1"]),
        ("__import__('os').abort(),1\n", ["line 1"]),
        ("1" * 100_000 + ",2\n", ["infinite"]),
        ('"' + "1" * 200_000 + '",2\n', ["rows of numbers"]),
        ("1," * 2_000_000, ["characters"]),
    ],
)
def test_bad_text_is_refused(tmp_path: Path, content: str, texts: list[str]) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(content)
    refused(DataError, "mine.csv", *texts, call=lambda: load_matrix(path))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(b"1,2\n3,\xff\n")
    refused(DataError, "UTF-8", call=lambda: load_matrix(path))


@pytest.mark.parametrize("content", ["1 " * 1_000, "1\n" * 1_000, "1," * 1_000])
def test_text_too_large_to_search_is_not_read_to_its_end(
    tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.txt"
    path.write_text(content)
    monkeypatch.setattr(memory_module, "memory_limit", lambda: search_memory(100, 100))
    refused(DataError, "GiB", call=lambda: load_matrix(path))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='01.,;()+-ij eE\n\t"#xn', max_size=60))
def test_any_text_raises_nothing_but_our_errors(
    tmp_path_factory: pytest.TempPathFactory, content: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text(content)
    try:
        matrix = load_matrix(path)
    except EvosynthError as error:
        assert error.hint
    else:
        assert matrix.ndim == 2
        assert np.isfinite(matrix).all()


# MATLAB files


def mat_bytes(compressed: bool = False, form: str = "5", **variables: Any) -> bytes:
    file = io.BytesIO()
    scipy.io.savemat(file, variables, format=form, do_compression=compressed)
    return file.getvalue()


@pytest.mark.parametrize(
    "matrix",
    [
        REAL,
        COMPLEX,
        np.arange(12).reshape(3, 4),
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        np.arange(6, dtype=np.int16).reshape(3, 2),
        REAL.astype(np.float32),
        COMPLEX.astype(np.complex64),
        np.arange(2_000.0).reshape(40, 50) + 0.5,
    ],
    ids=lambda matrix: f"{matrix.dtype}-{matrix.shape}",
)
@pytest.mark.parametrize(("form", "compressed"), [("4", False), ("5", False), ("5", True)])
def test_matlab_files_are_read(
    tmp_path: Path, matrix: npt.NDArray[Any], form: str, compressed: bool
) -> None:
    path = tmp_path / "mine.mat"
    path.write_bytes(mat_bytes(compressed, form, A=matrix))
    assert np.array_equal(load_matrix(path), matrix)
    assert np.array_equal(load_matrix(f"{path}:A"), matrix)


@pytest.mark.parametrize("order", ["<", ">"])
def test_matlab_files_of_either_byte_order_are_read(tmp_path: Path, order: str) -> None:
    def element(kind: int, data: bytes) -> bytes:
        return struct.pack(f"{order}II", kind, len(data)) + data + bytes(-len(data) % 8)

    numbers = REAL.T.astype(f"{order}f8").tobytes()
    body = element(6, struct.pack(f"{order}II", 6, 0)) + element(5, struct.pack(f"{order}2i", 2, 3))
    body = element(14, body + element(1, b"A") + element(9, numbers))
    head = b"by hand".ljust(124) + struct.pack(f"{order}HH", 0x0100, 0x4D49)
    path = tmp_path / "mine.mat"
    path.write_bytes(head + body)
    assert np.array_equal(load_matrix(path), REAL)


@pytest.mark.parametrize(("form", "compressed"), [("4", False), ("5", False), ("5", True)])
@pytest.mark.parametrize(
    "entry", [complex(1, np.inf), complex(-np.inf, 2), complex(np.inf, np.inf)]
)
def test_infinite_parts_are_called_so(
    tmp_path: Path, entry: complex, form: str, compressed: bool
) -> None:
    matrix = COMPLEX.copy()
    matrix[1, 2] = entry
    path = tmp_path / "mine.mat"
    path.write_bytes(mat_bytes(compressed, form, A=matrix))
    refused(DataError, "entry (1, 2) is infinite", call=lambda: load_matrix(path))


def test_a_variable_is_named_where_there_are_several(tmp_path: Path) -> None:
    path = tmp_path / "mine.mat"
    others = {"text": "abc", "cells": np.array([REAL, "x"], object), "s": {"A": REAL}, "k": 3.0}
    path.write_bytes(mat_bytes(A=REAL, **others))
    assert np.array_equal(load_matrix(path), REAL), "the only matrix"
    for name, *texts in (
        ("text", "is text", "A = str2num(text)"),
        ("cells", "is a cell array", "A = cell2mat(cells)"),
        ("s", "is a structure", "A = s.FIELD"),
    ):
        refused(DataError, *texts, call=lambda name=name: load_matrix(f"{path}:{name}"))
    refused(DataError, "1 x 1", call=lambda: load_matrix(f"{path}:k"))
    path.write_bytes(mat_bytes(A=REAL, B=COMPLEX, **others))
    refused(DataError, "'A', 'B'", "mine.mat:A", call=lambda: load_matrix(path))
    refused(DataError, "no variable 'C'", "'B'", call=lambda: load_matrix(f"{path}:C"))
    assert np.array_equal(load_matrix(f"{path}:B"), COMPLEX)
    target = make_target(f"{path}:B")
    assert (target.name, target.domain, target.n) == ("mine_B", "complex", 3)
    assert "mine.mat:B" in target.title


def test_other_matlab_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.mat"
    sparse, sparse_4 = (mat_bytes(form=form, A=scipy.sparse.csc_array(REAL)) for form in "54")
    for content, texts in (
        (b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n", ["7.3", "-v7"]),
        (b"\x89HDF\r\n\x1a\n" + bytes(600), ["7.3", "-v7"]),
        (b"", ["no matrix"]),
        (b"1 2\n3 4\n", ["damaged"]),
        (bytes(range(200)), ["not a MATLAB file"]),
        (mat_bytes(A=REAL)[:-8], ["truncated"]),
        (mat_bytes(form="4", A=REAL)[:-8], ["truncated"]),
        (mat_bytes(A=np.ones((2, 2, 2))), ["2 axes, got 3"]),
        (mat_bytes(A=np.zeros((0, 3))), ["no matrix"]),
        (mat_bytes(A=REAL * np.nan), ["entry (0, 0) is nan"]),
        (sparse, ["no matrix", "'A' (a sparse matrix)", "A = full(A); save("]),
        (sparse_4, ["no matrix", "'A' (a sparse matrix)", "A = full(A); save("]),
        (
            mat_bytes(k=3.0, c=np.array([REAL, "x"], object), s={"A": REAL}),
            ["'k' (1 x 1 numbers), 'c' (a cell array), 's' (a structure)", "A = cell2mat(c); save"],
        ),
        (mat_bytes(k=3.0), ["'k' (1 x 1 numbers)", "save a full numeric matrix"]),
    ):
        path.write_bytes(content)
        refused(DataError, "mine.mat", *texts, call=lambda: load_matrix(path))
    path.write_bytes(sparse)
    refused(DataError, "'A' is a sparse matrix", "full(A)", call=lambda: load_matrix(f"{path}:A"))


def test_what_objects_keep_in_a_variable_without_name_is_no_matrix(tmp_path: Path) -> None:
    path = tmp_path / "mine.mat"
    whole = mat_bytes(abcd=np.arange(40, dtype=np.uint8))
    place = whole.index(b"abcd") - 4  # a small element: its length, its type, its bytes
    assert struct.unpack_from("<HH", whole, place) == (1, 4)
    path.write_bytes(whole[:place] + struct.pack("<HH4x", 1, 0) + whole[place + 8 :])
    refused(DataError, "holds no variable", call=lambda: load_matrix(path))


def bomb(claimed: tuple[int, int], size: int) -> bytes:
    """Returns a file with a compressed variable of a claimed shape and so many zero bytes."""
    head = struct.pack("<IIII", 6, 8, 6, 0) + struct.pack("<II2i", 5, 8, *claimed)
    head += struct.pack("<HH4s", 1, 1, b"A") + struct.pack("<II", 9, size)
    body = struct.pack("<II", 14, len(head) + size) + head
    packer = zlib.compressobj(9)
    packed = packer.compress(body)
    for _ in range(size >> 20):
        packed += packer.compress(bytes(1 << 20))
    packed += packer.flush()
    start = b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<HH", 0x0100, 0x4D49)
    return start + struct.pack("<II", 15, len(packed)) + packed


@pytest.mark.parametrize("claimed", [(2, 2), (2**30, 2**30), (-2, -2), (2**16, 2**16)])
def test_a_file_that_unpacks_to_more_than_it_says_is_bounded(
    tmp_path: Path, claimed: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.mat"
    path.write_bytes(bomb(claimed, 1 << 26))
    assert path.stat().st_size < 1 << 17
    unpacked: list[int] = []
    unpack = zlib.decompressobj

    class Counting:
        def __init__(self) -> None:
            self._stream = unpack()

        def decompress(self, data: bytes, most: int) -> bytes:
            found = self._stream.decompress(data, most)
            unpacked.append(len(found))
            return found

        def __getattr__(self, name: str) -> Any:
            return getattr(self._stream, name)

    monkeypatch.setattr(mat_elements.zlib, "decompressobj", Counting)
    refused(DataError, "bomb.mat", call=lambda: load_matrix(path))
    assert 0 < sum(unpacked) < 10_000


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_damaged_matlab_files_raise_nothing_but_our_errors(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    form, compressed = data.draw(st.sampled_from([("4", False), ("5", False), ("5", True)]))
    content = bytearray(mat_bytes(compressed, form, A=REAL, B=COMPLEX, C=np.arange(6) - 2))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.mat"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    for name in ("", ":A", ":B", ":C"):
        try:
            matrix = load_matrix(f"{path}{name}")
        except EvosynthError as error:
            assert error.hint
        else:
            assert matrix.ndim == 2
            assert np.isfinite(matrix).all()


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for name in ("missing.csv", "missing.mat", "missing.mat:A", "a\0b.csv"):
        refused(DataError, "no such file", call=lambda name=name: load_matrix(name))
    (tmp_path / "folder.csv").mkdir()
    refused(DataError, "regular file", call=lambda: load_matrix(tmp_path / "folder.csv"))
    refused(StorageError, "cannot be read", call=lambda: load_matrix("x" * 300 + ".csv"))


# Functions

MODULE = """
    import numpy as np
    import evosynth as es

    print("imported")
    NUMBER = 3

    def eight():
        print("called")
        return np.diag(np.arange(1.0, 9.0))

    def sized(n):
        return np.ones((2, n)) * (1 + 1j)

    def either(n=5):
        return np.eye(n)[:, ::-1] * 2

    def target():
        return es.make_target("wht", 4)

    class Group:
        @staticmethod
        def inner():
            return np.ones((2, 2))

    def raising():
        raise RuntimeError("no luck")

    def leaving():
        raise SystemExit(0)

    def two(a, b):
        return np.ones((2, 2))

    def listed():
        return [[1, 2], [3, 4]]

    def broken():
        return np.array([[1.0, np.nan], [2.0, 3.0]])

    def large():
        return np.lib.stride_tricks.as_strided(np.ones(1), (2**28, 2**28), (0, 0))
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Writes a module with a name of its own into the working directory."""
    name = f"matrices_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.chdir(tmp_path)
    return name


def test_functions_make_targets(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = list(sys.path)
    target = make_function_target(f"{module}:eight")
    assert (target.name, target.n, target.domain) == ("eight", 8, "real")
    assert f"{module}:eight" in target.title
    assert np.array_equal(target.matrix, np.diag(np.arange(1.0, 9.0)))
    sized = make_function_target(f"{module}:sized", 6, "real", scaling="common")
    assert (sized.n, sized.packing, sized.scaling) == (6, "interleaved", "common")
    assert make_function_target(f"{module}:either").n == 5
    assert make_function_target(f"{module}:either", 4).n == 4
    assert make_function_target(f"{module}:Group.inner").n == 2
    assert make_function_target(f"{module}:target").digest == make_target("wht", 4).digest
    printed = capsys.readouterr()
    assert printed.out == "", "standard output is for the answer"
    assert "imported" in printed.err
    assert sys.path == before


@pytest.mark.parametrize(
    ("function", "n", "kind", "texts"),
    [
        ("sized", None, UsageError, ["needs a size"]),
        ("eight", 4, UsageError, ["8 columns"]),
        ("raising", None, EnvironmentMismatchError, ["RuntimeError: no luck"]),
        ("leaving", None, EnvironmentMismatchError, ["SystemExit"]),
        ("two", None, EnvironmentMismatchError, ["(a, b)"]),
        ("NUMBER", None, EnvironmentMismatchError, ["got int"]),
        ("nothing", None, EnvironmentMismatchError, ["no 'nothing'"]),
        ("eight.nothing", None, EnvironmentMismatchError, ["no 'eight.nothing'"]),
        ("listed", None, DataError, ["an array of NumPy, got list"]),
        ("broken", None, DataError, ["entry (0, 1) is nan"]),
        ("large", None, DataError, ["GiB"]),
    ],
)
def test_functions_that_fail_are_named(
    module: str, function: str, n: int | None, kind: type[EvosynthError], texts: list[str]
) -> None:
    name = f"{module}:{function}"
    refused(kind, name, *texts, call=lambda: make_function_target(name, n))


def test_modules_that_fail_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, content in (("wrong_syntax", "def ("), ("leaves_at_once", "raise SystemExit(1)")):
        (tmp_path / f"{name}.py").write_text(content)
        refused(
            EnvironmentMismatchError,
            f"{name}:f",
            "cannot be imported",
            call=lambda name=name: make_function_target(f"{name}:f"),
        )
    refused(
        EnvironmentMismatchError, "No module", call=lambda: make_function_target("nowhere.to_be:f")
    )


def test_a_module_with_its_suffix_is_refused_with_a_hint(module: str) -> None:
    error = refused(
        EnvironmentMismatchError,
        f"{module}.py:eight",
        call=lambda: make_function_target(f"{module}.py:eight"),
    )
    assert error.hint == f"leave out .py: '{module}:eight'"


@pytest.mark.parametrize("suffix", READERS)
def test_a_file_without_its_suffix_is_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    error = refused(UsageError, "unknown", call=lambda: Request(target="fir16", n=16).make(0))
    assert "the file" not in error.hint
    (tmp_path / f"fir16{suffix}").touch()
    error = refused(UsageError, "unknown", call=lambda: Request(target="fir16", n=16).make(0))
    assert error.hint.startswith(f"did you mean the file 'fir16{suffix}'? known: ")
    refused(UsageError, "unknown", call=lambda: Request(target="f" * 5000, n=16).make(0))


def test_names_of_functions_run_nothing_elsewhere(module: str) -> None:
    """Names come from files, too: only what the user asks for is imported."""
    refused(UsageError, "unknown target", call=lambda: make_target(f"{module}:eight"))
    assert module not in sys.modules
    assert Request(target=f"{module}:eight").make(0).digest == (
        make_function_target(f"{module}:eight").digest
    )


# Arrays, and what runs store


@pytest.mark.parametrize(
    "matrix", [REAL, COMPLEX, REAL.astype(np.int32), np.asfortranarray(REAL), REAL > 0]
)
def test_arrays_are_targets(matrix: npt.NDArray[Any]) -> None:
    target = Request(target=matrix).make(0)
    assert np.array_equal(target.matrix, matrix)
    assert (target.name, target.n) == ("matrix", 3)
    assert target.domain == ("complex" if np.iscomplexobj(matrix) else "real")
    read = read_stored_target(stored_target(target))
    assert read.digest == target.digest, "a run can go on without the array"
    assert isinstance(read, Target)
    assert (read.title, read.convention) == (target.title, target.convention)


def test_the_convention_of_a_file_is_stored(tmp_path: Path) -> None:
    np.save(tmp_path / "m.npy", REAL)
    target = make_target(str(tmp_path / "m.npy"))
    stored = stored_target(target)
    read = read_stored_target(json.loads(json.dumps(stored)))
    assert isinstance(read, Target)
    assert read.convention == target.convention == "entries as in the file"
    del stored["target"]["convention"]
    old = read_stored_target(stored)
    assert isinstance(old, Target)
    assert old.convention == "entries as stored with the run"


@pytest.mark.parametrize(
    ("array", "texts"),
    [
        (np.ones(3), ["2 axes, got 1"]),
        (np.ones((0, 3)), ["empty"]),
        (np.ones((1, 1)), ["1 x 1"]),
        (np.array([[1.0, np.inf]]), ["infinite"]),
        (np.array([["a", "b"]]), ["dtype <U1"]),
        (np.array([[{}, 1]], object), ["dtype object"]),
        (np.zeros((2, 2)), ["zero"]),
        (np.ma.masked_array(REAL, REAL > 1), ["MaskedArray"]),
        (np.broadcast_to(np.ones(1), (2**28, 2**28)), ["GiB"]),
    ],
)
def test_bad_arrays_are_refused(array: Any, texts: list[str]) -> None:
    refused(DataError, "the array", *texts, call=lambda: Request(target=array).make(0))


def test_a_list_is_refused_with_a_hint() -> None:
    refused(UsageError, "got list", "asarray", call=lambda: es.run([[1, 2], [3, 4]]))
    refused(UsageError, "rows have different lengths", call=lambda: es.run([[1, 2], [3, 4, 5]]))
    refused(UsageError, "got list", "asarray", call=lambda: es.run([1, [2, 3]]))


def test_an_array_is_searched() -> None:
    matrix = np.kron([[1.0, 1.0], [1.0, -1.0]], [[1.0, 1.0], [1.0, -1.0]])
    result = es.run(matrix, evaluations=400, seed=0)
    assert (result.claims.operations, result.is_verified, result.is_cheaper) == (8, True, True)
    assert "kronecker" in result.structure
    assert result.to_dict()["structure"]["findings"][0]["name"] == "kronecker"
