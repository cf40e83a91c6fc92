"""Targets: every family against its oracle and its contract, files good and bad."""

from __future__ import annotations

import ast
import json
import os
import pickle
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import pywt
import scipy.fft
import scipy.fftpack
import scipy.linalg
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st

import dsl.cyclotomic
import dsl.targets
from dsl.errors import DataError, EvosynthError, UsageError
from dsl.targets import (
    SCALINGS,
    TARGETS,
    UP_TO,
    Known,
    Scaling,
    Target,
    TargetFamily,
    best_known,
    interleave,
    known_counts,
    load_matrix,
    make_target,
    memory_limit,
    search_memory,
)
from dsl.targets import memory as memory_module

FOLDER = Path(dsl.targets.__file__).parent
COUNTS: dict[str, dict[str, Any]] = json.loads(
    (FOLDER / "known_counts.json").read_text(encoding="utf-8")
)["counts"]
NOTES: dict[str, Any] = json.loads((FOLDER / "known_counts.json").read_text(encoding="utf-8"))[
    "notes"
]
SIZES = range(1, 34)


def cosines(n: int, kind: int, norm: str | None = None) -> npt.NDArray[Any]:
    return scipy.fft.dct(np.eye(n), type=kind, axis=0, norm=norm)


def sines(n: int, kind: int, norm: str | None = None) -> npt.NDArray[Any]:
    return scipy.fft.dst(np.eye(n), type=kind, axis=0, norm=norm)


def hartley(n: int) -> npt.NDArray[Any]:
    spectrum = np.fft.fft(np.eye(n), axis=0)
    return spectrum.real - spectrum.imag


def walsh(n: int) -> npt.NDArray[Any]:
    """By Gray code and reversed bits, not by counting sign changes."""
    bits = n.bit_length() - 1
    gray = [j ^ (j >> 1) for j in range(n)]
    return scipy.linalg.hadamard(n)[[int(f"{g:0{bits}b}"[::-1], 2) for g in gray]].astype(float)


def haar(n: int) -> npt.NDArray[Any]:
    matrix = np.zeros((n, n))
    matrix[0] = 1
    for row in range(1, n):
        scale = row.bit_length() - 1
        half, start = n >> (scale + 1), (row - (1 << scale)) * (n >> scale)
        matrix[row, start : start + half] = 1
        matrix[row, start + half : start + 2 * half] = -1
    return matrix


def wavelet(n: int, name: str) -> npt.NDArray[Any]:
    return np.concatenate(pywt.dwt(np.eye(n), name, mode="periodization", axis=0))


def mdct(n: int) -> npt.NDArray[Any]:
    """By folding to a DCT-IV, as codecs do; by the definition where quarters are no blocks."""
    if n % 4:
        rows, columns = 2 * np.arange(n // 2) + 1, 2 * np.arange(n) + 1 + n // 2
        return np.cos(np.pi / (2 * n) * (np.outer(rows, columns) % (4 * n)))
    a, b, c, d = np.split(np.eye(n), 4)
    return scipy.fft.dct(np.concatenate([-c[::-1] - d, a - b[::-1]]), type=4, axis=0) / 2


def legendre(n: int) -> npt.NDArray[Any]:
    nodes, _ = scipy.special.roots_legendre(n)
    return np.stack([scipy.special.eval_legendre(j, nodes) for j in range(n)])


def butterflies(n: int) -> npt.NDArray[Any]:
    """By products of dense matrices."""
    rng, product = np.random.default_rng(0), np.eye(n)
    for stage in range(n.bit_length() - 1):
        stride, matrix = 1 << stage, np.zeros((n, n))
        tops = [k for k in range(n) if not k & stride]
        for top, angle in zip(tops, rng.uniform(0, 2 * np.pi, n // 2), strict=True):
            c, s = np.cos(angle), np.sin(angle)
            matrix[np.ix_([top, top + stride], [top, top + stride])] = [[c, s], [-s, c]]
        product = matrix @ product
    return product[rng.permutation(n)]


def skewed(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return scipy.linalg.toeplitz(column, np.concatenate([column[:1], -column[:0:-1]]))


def filtered(n: int, taps: list[float]) -> npt.NDArray[Any]:
    return np.sum([h * np.roll(np.eye(n), i, axis=0) for i, h in enumerate(taps)], axis=0)


ORACLES: dict[str, Callable[[int], npt.NDArray[Any]]] = {
    "dft": lambda n: np.fft.fft(np.eye(n), axis=0),
    "idft": lambda n: np.fft.ifft(np.eye(n), axis=0),
    "wht": lambda n: scipy.linalg.hadamard(n).astype(np.float64),
    "rdft": lambda n: scipy.fftpack.rfft(np.eye(n), axis=0),
    **{f"dct{kind}": partial(cosines, kind=kind) for kind in (1, 2, 3, 4)},
    **{f"dct{kind}_ortho": partial(cosines, kind=kind, norm="ortho") for kind in (1, 2, 3, 4)},
    **{f"dst{kind}": partial(sines, kind=kind) for kind in (1, 2, 3, 4)},
    **{f"dst{kind}_ortho": partial(sines, kind=kind, norm="ortho") for kind in (1, 2, 3, 4)},
    "mdct": mdct,
    "dht": hartley,
    "wht_sequency": walsh,
    "haar": haar,
    "db2": partial(wavelet, name="db2"),
    "db4": partial(wavelet, name="db4"),
    "convolution": partial(filtered, taps=[1, 4, 6, 4, 1]),
    "circulant": lambda n: scipy.linalg.circulant(1 / np.arange(1.0, n + 1)),
    "skew_circulant": lambda n: skewed(1 / np.arange(1.0, n + 1)),
    "toeplitz": lambda n: scipy.linalg.toeplitz(1 / (np.arange(n) + 0.5), 1 / (0.5 - np.arange(n))),
    "vandermonde": lambda n: np.fft.fft(np.diag(np.exp(-1j * np.pi * np.arange(n) / n)), axis=0),
    "hilbert": lambda n: scipy.linalg.hilbert(n),
    "legendre": legendre,
    "butterflies": butterflies,
    "random": lambda n: np.random.default_rng(n).standard_normal((n, n)),
}


def sizes_of(family: TargetFamily) -> list[int]:
    return [n for n in SIZES if family.is_size(n)]


def assert_refused(error: type[EvosynthError], *parts: str, call: Callable[[], object]) -> None:
    with pytest.raises(error) as caught:
        call()
    for part in parts:
        assert part in f"{caught.value} | {caught.value.hint}"
    assert "\n" not in str(caught.value)
    assert caught.value.hint


# Families


@pytest.mark.parametrize("family", TARGETS, ids=lambda family: family.name)
def test_family_keeps_its_contract(family: TargetFamily) -> None:
    assert sizes_of(family)
    assert family.summary
    assert family.convention
    assert family.sizes
    for n in sizes_of(family):
        target = make_target(family.name, n)
        assert (target.name, target.n, target.domain) == (family.name, n, family.domain)
        assert target.matrix.shape[1] == n
        assert target.title == family.title.format(n=n)
        assert str(n) in target.title
        assert target.convention == family.convention
        assert target.packing == "none"
        assert target.digest == make_target(family.name, n).digest
        assert target.best_known == best_known(family.name, n)
        assert target.is_family == family.is_exact
        assert (target.exact is not None) == family.is_exact


@pytest.mark.parametrize("family", TARGETS, ids=lambda family: family.name)
def test_family_equals_its_oracle(family: TargetFamily) -> None:
    assert family.name in ORACLES, "add an oracle for the new target"
    for n in sizes_of(family):
        error = np.abs(family.matrix(n) - ORACLES[family.name](n)).max()
        assert error <= (4e-16 if family.is_exact else 2e-15) * max(n, 4), (n, error)


def test_vandermonde_rows_are_powers_of_the_roots_of_minus_one() -> None:
    for n in (2, 5, 8):
        matrix = make_target("vandermonde", n).matrix
        assert np.allclose(matrix[:, 1] ** n, -1)
        assert np.allclose(matrix, np.vander(matrix[:, 1], increasing=True))


@pytest.mark.parametrize("family", TARGETS, ids=lambda family: family.name)
def test_family_on_the_other_kind_of_data(family: TargetFamily) -> None:
    n = sizes_of(family)[-1]
    own = make_target(family.name, n)
    if family.domain == "real":
        other = make_target(family.name, n, "complex")
        assert other.domain == "complex"
        assert np.array_equal(other.matrix, own.matrix)
    else:
        other = make_target(family.name, n, "real")
        assert (other.domain, other.packing) == ("real", "interleaved")
        assert np.array_equal(other.matrix[0::2], own.matrix.real)
        assert np.array_equal(other.matrix[1::2], own.matrix.imag)
    assert other.best_known is None
    assert other.digest != own.digest
    assert other.title != own.title


@pytest.mark.parametrize("family", TARGETS, ids=lambda family: family.name)
def test_exact_entries_are_those_of_the_matrix(family: TargetFamily) -> None:
    """On data of either kind, and correctly rounded."""
    for n in sizes_of(family)[:8]:
        for kind in ("real", "complex"):
            target = make_target(family.name, n, kind)
            assert (target.exact is not None) == family.is_exact
            if target.exact is None:
                continue
            assert target.exact.places.shape == target.matrix.shape
            assert target.exact.rounded().dtype == target.matrix.dtype
            assert np.array_equal(target.exact.rounded(), target.matrix)


@pytest.mark.parametrize("n", range(2, 65))
def test_roots_are_exact_on_the_axes_and_symmetric(n: int) -> None:
    roots = make_target("dft", n).matrix[1].astype(complex)
    for k in range(n):
        if 4 * k % n == 0:
            assert roots[k] == (1, -1j, -1, 1j)[4 * k // n]
        assert roots[k] == roots[-k % n].conjugate()
        if n % 2 == 0:
            assert roots[k] == -roots[(k + n // 2) % n]
        if n % 4 == 0:
            assert roots[k] * -1j == roots[(k + n // 4) % n]
        if n % 8 == 0 and 8 * k % n == 0 and 4 * k % n:
            assert abs(roots[k].real) == abs(roots[k].imag) == np.sqrt(0.5)
    assert np.abs(roots - np.exp(-2j * np.pi * np.arange(n) / n)).max() <= 2e-15


def test_dct2_has_few_distinct_entries() -> None:
    for n in (8, 12, 15, 16):
        # 2 cos(pi k / (2 n)) for k = 0 .. n: one magnitude each
        assert len(np.unique(np.abs(make_target("dct2", n).matrix))) <= n + 1


def test_rational_entries_are_exact() -> None:
    assert set(np.abs(make_target("dft", 12).matrix.real).ravel()) >= {0.0, 0.5, 1.0}
    assert 1.0 in make_target("dct2", 3).matrix


# Sizes


@pytest.mark.parametrize("name", TARGETS.names())
@pytest.mark.parametrize("n", [0, -4, 1])
def test_sizes_below_two_are_refused(name: str, n: int) -> None:
    assert_refused(
        UsageError, f"{name} has no size {n}", "sizes:", call=lambda: make_target(name, n)
    )


@pytest.mark.parametrize("name", ["dft", "wht"])
@pytest.mark.parametrize("n", [2**20, 10**9, 2**30, 10**400])
def test_large_sizes_are_refused_at_once(name: str, n: int) -> None:
    start = time.perf_counter()
    expected = "GiB" if name == "dft" or n & (n - 1) == 0 else "no size"
    assert_refused(UsageError, expected, call=lambda: make_target(name, n))
    assert time.perf_counter() - start < 0.1


def test_missing_and_odd_sizes_are_refused() -> None:
    assert_refused(UsageError, "powers of two from 2", call=lambda: make_target("wht", 12))
    assert_refused(UsageError, "needs a size", call=lambda: make_target("dft"))
    odd_sizes: tuple[Any, ...] = (True, 16.0, "16")
    for odd in odd_sizes:
        assert_refused(UsageError, "whole number", call=partial(make_target, "dft", odd))
    assert_refused(UsageError, "did you mean 'dft'", call=lambda: make_target("dfft", 8))
    assert_refused(UsageError, "'imaginary'", call=lambda: make_target("dft", 8, "imaginary"))


def test_memory_estimate_grows_with_the_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    assert search_memory(8, 16) > 2 * search_memory(8, 8) > 8 * 16 * 16
    assert memory_limit() > 0
    monkeypatch.setattr(os, "sysconf", lambda name: -1)  # "indeterminate"
    assert memory_limit() == memory_module.FALLBACK_MEMORY // 2
    monkeypatch.delattr(os, "sysconf")
    assert memory_limit() == memory_module.FALLBACK_MEMORY // 2


# Targets


def test_target_holds_its_own_read_only_copy() -> None:
    given_matrix = np.array([[1.0, -0.0], [2.0, 3.0]], order="F")
    target = Target("t", 2, given_matrix, "real")
    given_matrix[0, 0] = 7
    assert target.matrix[0, 0] == 1
    assert target.matrix.flags.c_contiguous
    assert not target.matrix.flags.writeable
    assert target.digest == Target("t", 2, np.array([[1.0, 0.0], [2.0, 3.0]]), "real").digest


@pytest.mark.parametrize(
    ("matrix", "domain", "packing"),
    [
        (np.ones((2, 2), np.float32), "real", "none"),
        (np.ones((2, 2), np.int64), "real", "none"),
        (np.ones(2), "real", "none"),
        (np.ones((2, 3)), "real", "none"),
        (np.ones((0, 2)), "real", "none"),
        (np.full((2, 2), np.nan), "real", "none"),
        (np.full((2, 2), np.inf * 1j), "complex", "none"),
        (np.ones((2, 2), np.complex128), "real", "none"),
        (np.ones((2, 2)), "quaternion", "none"),
        (np.ones((2, 2)), "real", "split"),
        (np.ones((3, 2)), "real", "interleaved"),
        (np.ones((2, 2)), "complex", "interleaved"),
    ],
)
def test_target_checks_itself(matrix: Any, domain: Any, packing: Any) -> None:
    with pytest.raises(ValueError, match="'wrong'"):
        Target("wrong", 2, matrix, domain, packing=packing)


# Stored runs name their target by it: it must never change.
WHT8_DIGEST = "f66b9d06bd054fd6a33ab247d4b031704ea69eef0c3a80e22af6119089dd1109"


def test_digest_is_the_same_elsewhere_and_tells_targets_apart() -> None:
    code = "from dsl.targets import make_target; print(make_target('wht', 8).digest)"
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=FOLDER.parent.parent, capture_output=True, check=True
    )
    assert printed.stdout.decode().strip() == make_target("wht", 8).digest == WHT8_DIGEST
    row, column = np.ones((1, 4)), np.ones((4, 1))
    digests = {
        Target("t", 4, row, "real").digest,
        Target("t", 1, column, "real").digest,
        Target("t", 4, row, "complex").digest,
        Target("t", 4, row.astype(complex), "complex").digest,
        Target("t", 4, 2 * row, "real").digest,
    }
    assert len(digests) == 5


def test_interleave_applies_a_complex_matrix_to_real_data() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(3, 4)) + 1j * rng.normal(size=(3, 4))
    x = rng.normal(size=4)
    packed = interleave(matrix) @ x
    assert np.allclose(packed[0::2] + 1j * packed[1::2], matrix @ x)


# Known counts


def test_known_counts_stand_alone() -> None:
    assert set(COUNTS) <= set(TARGETS.names())
    assert set(COUNTS) == set(NOTES["conventions"])
    for name, entries in COUNTS.items():
        for size, entry in entries.items():
            assert TARGETS.get(name).is_size(int(size))
            known = best_known(name, int(size))
            assert (known is None) == ("best" not in entry)
            if known is not None:
                assert known == Known(entry["best"], entry["source"])
                assert known.source
                assert entry["fftw"] is None or entry["fftw"] >= entry["best"] > 0
            scaled = entry.get("scaling", {})
            assert set(scaled) <= {"common", "free"}
            assert known is not None or scaled
            for scaling, other in scaled.items():
                assert known_counts(name, scaling)[int(size)] == Known(**operations_of(other))
                assert known is None or other["best"] < known.operations  # else it says nothing
    assert best_known("dft", 16) == Known(168, "split radix, Yavne 1968; also FFTW 3.3.10")
    assert best_known("dft", 11) is best_known("idft", 8) is best_known("nothing", 8) is None


def operations_of(entry: dict[str, Any]) -> dict[str, Any]:
    assert set(entry) == {"best", "source"}
    return {"operations": entry["best"], "source": entry["source"]}


def test_an_exact_program_is_one_up_to_scaling() -> None:
    def counts(name: str, n: int) -> list[int | None]:
        found = (best_known(name, n, scaling) for scaling in SCALINGS)
        return [known and known.operations for known in found]

    assert counts("dct2", 8) == [42, 41, 34]
    assert counts("dct2_ortho", 8) == [42, 40, 34]
    assert counts("dct2", 16) == [112, 112, 96]
    assert counts("dft", 16) == [168, 168, 168]
    assert counts("dct4", 16) == [None, 140, 140]
    assert counts("dft", 11) == [None, None, None]
    for name, entries in COUNTS.items():
        for n in map(int, entries):
            found = [count for count in counts(name, n) if count is not None]
            assert found == sorted(found, reverse=True)


# Scaling


@pytest.mark.parametrize("scaling", SCALINGS)
def test_scaling_is_part_of_the_target(scaling: Scaling) -> None:
    exact, target = make_target("dct2", 8), make_target("dct2", 8, scaling=scaling)
    assert target.scaling == scaling
    assert np.array_equal(target.matrix, exact.matrix)
    assert target.best_known == best_known("dct2", 8, scaling)
    assert target.is_family
    assert (target.digest == exact.digest) == (scaling == "exact")
    assert target.title == exact.title + (f", {UP_TO[scaling]}" if scaling != "exact" else "")


def test_scaling_of_files_and_packed_targets(tmp_path: Path) -> None:
    np.save(tmp_path / "mine.npy", GOOD)
    target = make_target(str(tmp_path / "mine.npy"), scaling="common")
    assert target.scaling == "common"
    assert target.title.endswith(", up to one common factor")
    packed = make_target("dft", 4, "real", scaling="free")
    assert (packed.packing, packed.scaling) == ("interleaved", "free")
    assert packed.best_known is None
    digests = {make_target("dft", 4, scaling=scaling).digest for scaling in SCALINGS}
    assert len(digests) == 3
    assert_refused(
        UsageError,
        "exact, common or free, got 'fre'",
        call=lambda: make_target("dft", 4, scaling="fre"),
    )
    with pytest.raises(ValueError, match="scaling 'odd'"):
        Target("wrong", 2, np.ones((2, 2)), "real", scaling="odd")  # type: ignore[arg-type]


# Kernels


def test_kernels_decide_structured_matrices() -> None:
    kernel = np.array([1.0, 2.0, -1.0, 0.5])
    column = np.concatenate([kernel, np.zeros(2)])
    for name, wanted in (
        ("circulant", scipy.linalg.circulant(column)),
        ("skew_circulant", skewed(column)),
        ("convolution", filtered(6, [1, 2, -1, 0.5])),
        ("toeplitz", None),
    ):
        if wanted is None:
            target = make_target(name, 6, kernel="3, 1,2")
            wanted = np.diag([3.0] * 5, 1) + np.diag([1.0] * 6) + np.diag([2.0] * 5, -1)
        else:
            target = make_target(name, 6, kernel="1,2,-1,0.5")
            same = make_target(name, 6, kernel=[1, 2, -1, 0.5])
            assert same.digest == target.digest
            assert "kernel 1, 2, -1, 0.5" in target.title
        assert np.array_equal(target.matrix, wanted), name
        assert (target.name, target.domain, target.is_family) == (name, "real", False)
        assert target.best_known is None
        assert (target.exact is None) == (name != "toeplitz")


def test_kernels_of_other_numbers() -> None:
    whole = make_target("circulant", 4, kernel="1,2")
    assert whole.exact is not None
    target = make_target("circulant", 3, kernel="1+2j,3")
    assert target.domain == "complex"
    assert np.array_equal(target.matrix, scipy.linalg.circulant([1 + 2j, 3, 0]))
    packed = make_target("circulant", 3, "real", kernel="1+2j,3")
    assert (packed.packing, packed.matrix.shape) == ("interleaved", (6, 3))
    assert make_target("circulant", 3, "complex", kernel="1,2").matrix.dtype == np.float64
    long = make_target("convolution", 3, kernel="1,2,3,4")
    assert np.array_equal(long.matrix[:, 0], [5, 2, 3])
    full = make_target("toeplitz", 3, kernel=range(-2, 3))
    assert np.array_equal(full.matrix, [[0, -1, -2], [1, 0, -1], [2, 1, 0]])
    many = make_target("circulant", 16, kernel=[1.0] * 12)
    assert many.title.endswith("kernel 1, 1, 1, 1, 1, 1, 1, 1, ...")


@pytest.mark.parametrize(
    ("name", "kernel", "reason"),
    [
        ("circulant", "1,2,3,4,5", "at most 4 numbers, got 5"),
        ("skew_circulant", "1,2,3,4,5", "at most 4 numbers, got 5"),
        ("toeplitz", "1,2", "an odd number of at most 7 kernel values, got 2"),
        ("toeplitz", ",".join("1" * 9), "at most 7 kernel values, got 9"),
        ("circulant", "", "finite numbers in the kernel, got ''"),
        ("circulant", "1,two", "got 'two'"),
        ("circulant", "1,nan", "got 'nan'"),
        ("circulant", "1e999", "got '1e999'"),
        ("circulant", [], "got none"),
        ("circulant", [1, None], "got a value of type NoneType"),
        ("circulant", "0,0", "every entry is zero"),
        ("circulant", "1e200", "largest entry"),
        ("dft", "1,2", "dft takes no kernel"),
        ("dft.npy", "1,2", "a file has its entries"),
    ],
)
def test_bad_kernels_are_refused(name: str, kernel: Any, reason: str) -> None:
    assert_refused(UsageError, reason, call=lambda: make_target(name, 4, kernel=kernel))


def test_a_field_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dsl.cyclotomic, "LARGEST_ORDER", 32)
    assert_refused(UsageError, "a field of order 64", call=lambda: make_target("dft", 64))


# Files


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., str]:
    def write(content: Any, *, allow_pickle: bool = False) -> str:
        path = tmp_path / "mine.npy"
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            np.save(path, content, allow_pickle=allow_pickle)
        return str(path)

    return write


def npy_bytes(shape: str, descr: str = "'<f8'", data: bytes = b"", version: int = 1) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H", len(header)) + header + data


GOOD = np.array([[1.0, 2.0, 0.0], [0.5, -3.0, 0.0]])


@pytest.mark.parametrize(
    "matrix",
    [
        GOOD,
        GOOD.T,
        np.asfortranarray(GOOD),
        GOOD.astype(">f8"),
        GOOD.astype("<f4"),
        GOOD.astype(np.float16),
        GOOD.astype(np.longdouble),
        GOOD.astype(np.int8),
        GOOD.astype(">u2", casting="unsafe") % 7,
        GOOD > 0,
        np.array([[1.0, 2.0], [0.0, 0.0]]),
        np.outer([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]),
        np.ones((1, 5)),
        np.ones((5, 1)),
    ],
    ids=lambda matrix: f"{matrix.dtype}-{matrix.shape}",
)
def test_real_files_work(save: Callable[..., str], matrix: npt.NDArray[Any]) -> None:
    target = make_target(save(matrix))
    assert (target.name, target.n, target.domain) == ("mine", matrix.shape[1], "real")
    assert target.matrix.dtype == np.float64
    assert np.array_equal(target.matrix, matrix.astype(np.float64))
    assert target.best_known is None
    assert "mine.npy" in target.title
    assert make_target(save(matrix), matrix.shape[1], "complex").domain == "complex"


@pytest.mark.parametrize("dtype", ["<c8", ">c16", "<c16"])
def test_complex_files_work(save: Callable[..., str], dtype: str) -> None:
    matrix = (GOOD + 1j * GOOD[::-1]).astype(dtype)
    target = make_target(save(matrix))
    assert target.domain == "complex"
    assert target.matrix.dtype == np.complex128
    assert np.array_equal(target.matrix, matrix)
    packed = make_target(save(matrix), input="real")
    assert (packed.matrix.shape, packed.n, packed.packing) == ((4, 3), 3, "interleaved")


def test_complex_file_without_imaginary_part_is_a_real_matrix(save: Callable[..., str]) -> None:
    target = make_target(save(GOOD + 0j))
    assert target.domain == "complex"
    assert target.matrix.dtype == np.float64
    real = make_target(save(GOOD + 0j), input="real")
    assert (real.domain, real.packing, real.matrix.shape) == ("real", "none", (2, 3))


def with_entry(value: complex) -> npt.NDArray[Any]:
    matrix = np.ones((4, 6), type(value))
    matrix[3, 5] = value
    return matrix


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (with_entry(np.nan), "entry (3, 5) is nan"),
        (with_entry(-np.inf), "entry (3, 5) is infinite"),
        (with_entry(complex(0, np.inf)), "entry (3, 5) is infinite"),
        (with_entry(complex(0, np.nan)), "entry (3, 5) is nan"),
        (np.full((2, 2), np.longdouble(1e300)) ** 2, "entry (0, 0) is infinite"),
        (np.zeros((0, 0)), "empty"),
        (np.zeros((0, 3)), "empty"),
        (np.zeros((3, 0)), "empty"),
        (np.ones((1, 1)), "nothing to search"),
        (np.zeros((3, 3)), "every entry is zero"),
        (np.ones(3), "2 axes, got 1"),
        (np.float64(3.0), "2 axes, got 0"),
        (np.ones((2, 2, 2)), "2 axes, got 3"),
        (np.array([["a", "b"]]), "dtype <U1"),
        (np.array([["2020-01-01"]], "M8[D]"), "dtype datetime64[D]"),
        (np.zeros((2, 2), [("x", "f8")]), "dtype [('x', '<f8')]"),
        (pickle.dumps(GOOD), "not a .npy file"),
        (b"1 2\n3 4\n", "not a .npy file"),
        (b"", "not a .npy file"),
        (b"PK\x03\x04" + bytes(100), "not a .npy file"),
        (b"\x93NUMPY\x01\x00\xff", "header is damaged"),
        (npy_bytes("(2, 3)", version=9), "version"),
        (npy_bytes("(2, 3)", version=3), "version"),
        (npy_bytes("(2, 3)", data=bytes(47)), "truncated"),
        (npy_bytes("(2, 3)", descr="'|O'", data=bytes(48)), "dtype object"),
        (npy_bytes("(2, 3)", descr="'nonsense'"), "header is damaged"),
        (npy_bytes(f"({2**50}, {2**50})"), "truncated"),
        (npy_bytes(f"({2**32}, {2**32})", data=bytes(64)), "truncated"),
        (npy_bytes(f"({2**50}, 2)"), "truncated"),
        (npy_bytes("(-2, -3)", data=bytes(48)), "empty"),
        (npy_bytes("__import__('os').abort()"), "header is damaged"),
        (npy_bytes("(" * 9000), "header is damaged"),
        (npy_bytes("2 " * 30000), "header is damaged"),
    ],
)
def test_bad_files_are_refused(save: Callable[..., str], content: Any, reason: str) -> None:
    path = save(content)
    assert_refused(DataError, reason, "mine.npy", call=lambda: make_target(path))


class Alarm:
    """Creates a file when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.place,)


def test_pickled_objects_are_never_loaded(save: Callable[..., str], tmp_path: Path) -> None:
    place = tmp_path / "alarm"
    matrix = np.array([[Alarm(place), 1], [1, 1]], dtype=object)
    path = save(matrix, allow_pickle=True)
    assert_refused(DataError, "dtype object", call=lambda: make_target(path))
    assert not place.exists()
    np.load(path, allow_pickle=True)  # the trap itself works
    assert place.exists()


def test_truncated_file_says_how_much_is_missing(save: Callable[..., str]) -> None:
    path = Path(save(np.ones((4, 4))))
    path.write_bytes(path.read_bytes()[:-1])
    assert_refused(DataError, "has 128 bytes", "has 127", call=lambda: make_target(str(path)))


def test_file_too_large_to_search_is_refused_unread(
    save: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(np.ones((64, 64)))
    monkeypatch.setattr(memory_module, "memory_limit", lambda: search_memory(64, 64) - 1)
    monkeypatch.setattr(np, "frombuffer", None)
    assert_refused(DataError, "64 x 64 matrix needs", "GiB", call=lambda: make_target(path))


def test_paths_that_are_no_files_are_refused(tmp_path: Path) -> None:
    for path in ("missing.npy", str(tmp_path / "missing"), "a\0b.npy"):
        assert_refused(DataError, "no such file", call=partial(make_target, path))
    for path in (str(tmp_path), "/dev/zero"):
        assert_refused(DataError, "regular file", call=partial(make_target, path))
    long = "x" * 300 + ".npy"
    assert_refused(EvosynthError, "cannot be read", call=lambda: make_target(long))


def test_size_must_be_the_number_of_columns(save: Callable[..., str]) -> None:
    path = save(GOOD)
    assert make_target(path, 3).n == 3
    assert_refused(UsageError, "3 columns", call=lambda: make_target(path, 2))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_bytes_raise_nothing_but_our_errors(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = bytearray(npy_bytes("(2, 3)", data=GOOD.tobytes()))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.npy"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        matrix = load_matrix(path)
    except EvosynthError as error:
        assert error.hint
    else:
        assert matrix.ndim == 2
        assert np.isfinite(matrix).all()


# Table of contents


def test_every_file_is_listed_in_the_table_of_contents() -> None:
    tree = ast.parse((FOLDER / "__init__.py").read_text(encoding="utf-8"))
    listed = {
        node.module.removeprefix("dsl.targets.")
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
    }
    assert listed == {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
