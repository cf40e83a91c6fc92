"""Equality of matrices up to order and units of rows and columns, transposed or conjugated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator

from dsl.grammars.factor.equivalence import Equivalence, find_equivalence, fingerprint
from dsl.grammars.factor.remainder import snap

Matrix = np.ndarray[Any, Any]

SQUARE_ROOT = np.sqrt(0.5)


def dft(n: int) -> Matrix:
    k = np.arange(n)
    return snap(np.exp(-2j * np.pi * np.outer(k, k) / n), 1e-12)


def dct2(n: int) -> Matrix:
    k = np.arange(n)
    return snap(np.cos(np.pi * np.outer(k, 2 * k + 1) / (2 * n)), 1e-12)


def dct4(n: int) -> Matrix:
    k = 2 * np.arange(n) + 1
    return snap(np.cos(np.pi * np.outer(k, k) / (4 * n)), 1e-12)


def dst2(n: int) -> Matrix:
    k = np.arange(n)
    return snap(np.sin(np.pi * np.outer(k + 1, 2 * k + 1) / (2 * n)), 1e-12)


def real_dft(n: int) -> Matrix:
    angles = 2 * np.pi * np.outer(np.arange(n // 2 + 1), np.arange(n)) / n
    return snap(np.vstack((np.cos(angles), np.sin(angles[1 : (n + 1) // 2]))), 1e-12)


def wht(n: int) -> Matrix:
    matrix: Matrix = np.ones((1, 1))
    while len(matrix) < n:
        matrix = np.kron(matrix, [[1.0, 1.0], [1.0, -1.0]])
    return matrix


def paley(prime: int) -> Matrix:
    """Returns the Hadamard matrix of order prime + 1 made of quadratic residues."""
    residues = {k * k % prime for k in range(1, prime)}
    k = np.arange(prime)
    differences = (k[:, None] - k) % prime
    matrix = np.ones((prime + 1, prime + 1))
    matrix[1:, 1:] = np.where(np.isin(differences, sorted(residues)), 1.0, -1.0)
    matrix[1:, 0] = -1.0
    return matrix


def circulant(first: Matrix) -> Matrix:
    k = np.arange(len(first))
    return first[(k[:, None] - k) % len(first)]


def sparse(shape: tuple[int, int], rng: Generator) -> Matrix:
    return np.where(rng.random(shape) < 3 / shape[0], rng.normal(size=shape), 0.0)


def scrambled(
    known: Matrix, rng: Generator, *, transpose: bool = False, conjugate: bool = False
) -> Matrix:
    """Returns an equivalent matrix, made independently of the module under test."""
    block = known.T if transpose else known
    block = block.conj() if conjugate else block
    units = [1, 1j, -1, -1j] if np.iscomplexobj(known) else [1, -1]
    m, n = block.shape
    block = rng.choice(units, m)[:, None] * block * rng.choice(units, n)
    return block[rng.permutation(m)][:, rng.permutation(n)]


def assert_reproduces(block: Matrix, known: Matrix, found: Equivalence | None) -> None:
    """Checks the contract entry by entry, in plain Python."""
    assert found is not None
    m, n = block.shape
    assert sorted(found.rows) == list(range(m))
    assert sorted(found.columns) == list(range(n))
    is_real = not (np.iscomplexobj(block) or np.iscomplexobj(known))
    powers = {0, 2} if is_real else {0, 1, 2, 3}
    assert {*found.row_units.tolist(), *found.column_units.tolist()} <= powers
    assert not (is_real and found.is_conjugated)
    x = known.T if found.is_transposed else known
    x = x.conj() if found.is_conjugated else x
    largest = np.abs(known).max(initial=0.0)
    units = [1, 1j, -1, -1j]
    for k in range(m):
        for j in range(n):
            unit = units[(found.row_units[k] + found.column_units[j]) % 4]
            expected = unit * x[found.rows[k], found.columns[j]]
            assert abs(block[k, j] - expected) <= 1e-9 * largest
            assert (block[k, j] == 0) == (expected == 0)
    image = found.image(known)
    assert np.allclose(image, block, rtol=0, atol=1e-9 * largest)


KNOWN: list[tuple[str, Callable[[Generator], Matrix]]] = [
    *((f"dft{n}", lambda _, n=n: dft(n)) for n in (*range(2, 33), 64)),
    *((f"dct2-{n}", lambda _, n=n: dct2(n)) for n in (2, 3, 4, 5, 8, 16, 32)),
    *((f"dct4-{n}", lambda _, n=n: dct4(n)) for n in (2, 3, 4, 5, 8, 16, 32)),
    *((f"wht{n}", lambda _, n=n: wht(n)) for n in (1, 2, 8, 16, 32)),
    *((f"paley{p + 1}", lambda _, p=p: paley(p)) for p in (11, 19, 31)),
    *((f"circulant{n}", lambda rng, n=n: circulant(rng.normal(size=n))) for n in (2, 5, 12, 30)),
    *((f"sparse{m}x{n}", lambda rng, s=(m, n): sparse(s, rng)) for m, n in ((6, 6), (40, 23))),
    ("sparse complex", lambda rng: sparse((20, 31), rng) * rng.choice([1, 1j, 1 + 1j], (20, 31))),
    ("rectangular dft", lambda _: dft(16)[:5]),
    ("rectangular wht", lambda _: wht(16)[:, :6]),
    ("twiddled dft", lambda _: dft(8) * np.exp(-2j * np.pi * np.arange(8) / 32)),
    ("kronecker", lambda _: np.kron(dft(4), dft(4))),
    ("real in complex dtype", lambda _: dct2(8) + 0j),
    ("units only", lambda rng: rng.choice([1, 1j, -1, -1j], (9, 7))),
    ("ones", lambda _: np.ones((40, 30))),
    ("identity", lambda _: np.eye(40)),
    ("diagonal", lambda rng: np.diag(rng.normal(size=40))),
    ("direct sum", lambda _: np.kron(np.eye(5), dft(4))),
    ("two diagonals", lambda _: np.eye(30) + 2 * np.eye(30, k=1)),
    ("zero rows", lambda rng: np.pad(rng.normal(size=(3, 4)), ((1, 2), (3, 0)))),
    ("zeros", lambda _: np.zeros((3, 4))),
    ("empty", lambda _: np.zeros((0, 4))),
    ("integers", lambda _: np.array([[1, 2, 0], [3, 4, -1]])),
]


@pytest.mark.parametrize(("name", "make"), KNOWN, ids=[name for name, _ in KNOWN])
def test_scrambled_matrix_is_found(name: str, make: Callable[[Generator], Matrix]) -> None:
    rng = np.random.default_rng(len(name))
    known = make(rng)
    for choice in range(4):
        block = scrambled(known, rng, transpose=choice & 1 > 0, conjugate=choice & 2 > 0)
        assert_reproduces(block, known, find_equivalence(block, known))


def test_transposition_and_conjugation_are_told() -> None:
    rng = np.random.default_rng(3)
    known = rng.normal(size=(5, 6)) + 1j * rng.normal(size=(5, 6))
    for transpose in (False, True):
        for conjugate in (False, True):
            block = scrambled(known, rng, transpose=transpose, conjugate=conjugate)
            found = find_equivalence(block, known)
            assert found is not None
            assert (found.is_transposed, found.is_conjugated) == (transpose, conjugate)


def test_two_dtypes() -> None:
    block = np.array([[1j, 2.0], [3.0, 5j]])
    known = np.array([[1.0, 2.0], [3.0, -5.0]])
    assert_reproduces(block * 1j, known, find_equivalence(block * 1j, known))
    assert_reproduces(known, block, find_equivalence(known, block))


def test_theorems() -> None:
    """Equivalences from the literature: prime factors, DCT by real DFT, DST by DCT."""
    for block, known in (
        (np.kron(dft(3), dft(5)), dft(15)),
        (np.kron(dft(4), dft(3)), dft(12)),
        (dct2(9), real_dft(9)),
        (dct2(15), real_dft(15)),
        (dst2(16), dct2(16)),
        (dft(16).conj(), dft(16)),
    ):
        assert_reproduces(block, known, find_equivalence(block, known))


def test_rounding_errors_are_tolerated() -> None:
    rng = np.random.default_rng(4)
    for known in (dft(16), dct2(8), dct4(16), wht(16), rng.normal(size=(9, 9))):
        block = scrambled(known, rng)
        noise = rng.uniform(-5e-10, 5e-10, block.shape) * np.abs(known).max()
        block = np.where(block != 0, block + noise, 0.0)
        assert_reproduces(block, known, find_equivalence(block, known))


def changed(matrix: Matrix, difference: complex) -> Matrix:
    block = matrix.copy()
    block[1, 2] += difference
    return block


@pytest.mark.parametrize(
    ("block", "known"),
    [
        (2 * dft(8), dft(8)),
        (SQUARE_ROOT * dct4(8), dct4(8)),
        (dft(8) * np.exp(-2j * np.pi * np.arange(8) / 16), dft(8)),
        (dft(16) * np.exp(-2j * np.pi * np.arange(16) / 64), dft(16)),
        (dct2(8), dct4(8)),
        (changed(dft(8), 0.1), dft(8)),
        (changed(dct2(16), 1e-7), dct2(16)),
        (changed(wht(8), -2 * wht(8)[1, 2]), wht(8)),
        (np.kron(dft(4), dft(4)), dft(16)),
        (paley(31), wht(32)),
        (dft(4), wht(4)),
        (np.diag([1.0, 2.0, 2.0]), np.diag([1.0, 1.0, 2.0])),
        (circulant(np.array([1.0, 2, 3, 4, 5])), circulant(np.array([1.0, 2, 3, 5, 4]))),
        (np.ones((2, 6)), np.ones((3, 4))),
        (np.array([[1.0, 1e-300]]), np.array([[1.0, 0.0]])),
        (np.array([[1.0, np.nan]]), np.array([[1.0, 1.0]])),
    ],
)
def test_other_matrix_is_not_found(block: Matrix, known: Matrix) -> None:
    assert find_equivalence(block, known) is None
    assert find_equivalence(known, block) is None


@pytest.mark.parametrize("n", [8, 16, 32])
def test_random_signs_are_no_wht(n: int) -> None:
    rng = np.random.default_rng(n)
    signs = rng.choice([1.0, -1.0], (n, n))
    assert fingerprint(signs) == pytest.approx(fingerprint(wht(n)), rel=1e-12)
    assert find_equivalence(signs, wht(n)) is None


def test_effort_is_bounded() -> None:
    """A matrix that needs choices is not found without any, and is with enough."""
    block = scrambled(wht(16), np.random.default_rng(0))
    assert find_equivalence(block, wht(16), refinements=2) is None
    assert find_equivalence(block, wht(16), refinements=20) is not None


def test_components_do_not_use_up_the_effort() -> None:
    known = np.kron(np.eye(30), wht(4))
    block = scrambled(known, np.random.default_rng(0))
    assert_reproduces(block, known, find_equivalence(block, known, refinements=10))


@pytest.mark.parametrize(("name", "make"), KNOWN, ids=[name for name, _ in KNOWN])
def test_fingerprint_is_invariant(name: str, make: Callable[[Generator], Matrix]) -> None:
    rng = np.random.default_rng(len(name))
    known = make(rng)
    for choice in range(4):
        block = scrambled(known, rng, transpose=choice & 1 > 0, conjugate=choice & 2 > 0)
        assert abs(fingerprint(block) - fingerprint(known)) <= 1e-13 * fingerprint(known)


def test_fingerprint_is_the_documented_sum() -> None:
    """Entry by entry: a compiled copy is to add up the same."""
    block = dft(6)[:4] * 1.7
    m, n = block.shape
    weights = np.zeros((m, n))
    for i in range(m):
        for j in range(n):
            a = max(abs(block[i, j].real), abs(block[i, j].imag))
            b = min(abs(block[i, j].real), abs(block[i, j].imag))
            weights[i, j] = a * (1.3 + a + 0.7 * b) / (1.0 + 0.4 * a + 1.7 * b)
    r = [sum(weights[i, j] for j in range(n)) ** 0.5 for i in range(m)]
    c = [sum(weights[i, j] for i in range(m)) ** 0.5 for j in range(n)]
    total = sum(sum(weights[i, j] * c[j] for j in range(n)) ** 0.5 for i in range(m))
    total += sum(sum(weights[i, j] * r[i] for i in range(m)) ** 0.5 for j in range(n))
    assert fingerprint(block) == pytest.approx(total, rel=1e-13)
    assert fingerprint(np.zeros((3, 2))) == 0.0


@pytest.mark.parametrize("n", [6, 8, 16, 32])
def test_fingerprint_tells_transforms_apart(n: int) -> None:
    """All of these differ up to equivalence; a collision would only cost time."""
    matrices = [scale * dft(n) for scale in (1, 2, 0.5, SQUARE_ROOT, 1 / n, 1 / np.sqrt(n))]
    matrices += [dft(n) * np.exp(-2j * np.pi * np.arange(n) / (n * q)) for q in (4, 8, 16)]
    matrices += [dct2(n), dct4(n), np.ones((n, n)), np.eye(n)]
    values = np.sort([fingerprint(matrix) for matrix in matrices])
    assert (np.diff(values) > 1e-7 * values[1:]).all()


def test_fingerprint_tells_one_changed_entry() -> None:
    rng = np.random.default_rng(6)
    for _ in range(100):
        matrix = np.where(rng.random((16, 16)) < 0.2, rng.normal(size=(16, 16)), 0.0)
        other = matrix.copy()
        other.flat[rng.choice(np.flatnonzero(matrix))] *= rng.choice([0.5, 2.0, 1.01])
        values = fingerprint(matrix), fingerprint(other)
        assert abs(values[0] - values[1]) > 1e-7 * values[0]


@st.composite
def small_matrices(draw: st.DrawFn) -> Matrix:
    """Draws matrices with few distinct entries, hence with symmetries."""
    m, n = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    real = [0.0, 1.0, -1.0, 2.0, 0.5]
    pool = draw(st.sampled_from([real, [0, 1, -1, 1j, SQUARE_ROOT * (1 + 1j), 1 + 2j]]))
    entries = draw(st.lists(st.sampled_from(pool), min_size=m * n, max_size=m * n))
    dtype = np.float64 if pool is real else np.complex128
    return np.array(entries, dtype).reshape(m, n)


@given(small_matrices(), st.booleans(), st.booleans(), st.integers(0, 2**32 - 1))
def test_small_scrambled_matrix_is_found(
    known: Matrix, transpose: bool, conjugate: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    block = scrambled(known, rng, transpose=transpose, conjugate=conjugate)
    assert abs(fingerprint(block) - fingerprint(known)) <= 1e-13 * fingerprint(known)
    assert_reproduces(block, known, find_equivalence(block, known))


@given(small_matrices(), small_matrices())
def test_what_is_found_reproduces_the_block(block: Matrix, known: Matrix) -> None:
    found = find_equivalence(block, known)
    if found is not None:
        assert_reproduces(block, known, found)
        assert_reproduces(known, block, find_equivalence(known, block))


@pytest.mark.parametrize("flip", range(20))
def test_what_is_found_among_signs_reproduces_the_block(flip: int) -> None:
    """Small sign matrices are often equivalent by chance, and often only nearly so."""
    rng = np.random.default_rng(flip)
    outcomes = set()
    for _ in range(20):
        block, known = rng.choice([1.0, -1.0], (2, 4, 4))
        found = find_equivalence(block, known)
        outcomes.add(found is not None)
        if found is not None:
            assert_reproduces(block, known, found)
    assert outcomes == {False, True}
