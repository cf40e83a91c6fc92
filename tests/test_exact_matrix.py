"""Exact targets: their doubles, what interleaving and files make of them."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dsl.cyclotomic import Cyclotomic, I, cosine, rational, root, square_root
from dsl.targets import TARGETS, Target, TargetFamily, make_target
from dsl.targets.exact_matrix import LARGEST_WHOLE, ExactMatrix, exact_if_whole

Entries = list[list[Cyclotomic]]


def entries(matrix: ExactMatrix | None) -> Entries:
    assert matrix is not None
    return [[matrix.values[place] for place in row] for row in matrix.places]


def dft(n: int, sign: int = -1, scale: Fraction = Fraction(1)) -> Entries:
    return [[root(Fraction(sign * j * k, n)) * scale for k in range(n)] for j in range(n)]


def dct2(n: int) -> Entries:
    return [[2 * cosine(Fraction(j * (2 * k + 1), 4 * n)) for k in range(n)] for j in range(n)]


def wht(n: int) -> Entries:
    return [[rational((-1) ** (j & k).bit_count()) for k in range(n)] for j in range(n)]


DEFINITIONS = {
    "dft": dft,
    "idft": lambda n: dft(n, 1, Fraction(1, n)),
    "dct2": dct2,
    "wht": wht,
}


# Families


@pytest.mark.parametrize("family", TARGETS, ids=lambda family: family.name)
def test_families_are_exactly_what_they_are_defined_as(family: TargetFamily) -> None:
    definition = DEFINITIONS.get(family.name)
    for n in (n for n in range(2, 18) if family.is_size(n)):
        target = make_target(family.name, n)
        if definition is None:
            assert target.exact is None or target.exact.rounded().shape == target.matrix.shape
            continue
        assert entries(target.exact) == definition(n)
        doubles = [[complex(entry) for entry in row] for row in definition(n)]
        assert np.array_equal(target.matrix, np.array(doubles))


@pytest.mark.parametrize("n", [3, 4, 5, 8, 12])
def test_interleaved_rows_are_real_and_imaginary_parts(n: int) -> None:
    packed = make_target("dft", n, "real")
    found = entries(packed.exact)
    assert len(found) == 2 * n
    for j, row in enumerate(dft(n)):
        for k, entry in enumerate(row):
            assert found[2 * j][k] + found[2 * j + 1][k] * I == entry
            assert found[2 * j][k] == found[2 * j][k].conjugate()
            assert found[2 * j + 1][k] == found[2 * j + 1][k].conjugate()
    assert packed.exact is not None
    assert np.array_equal(packed.exact.rounded(), packed.matrix)


@pytest.mark.parametrize("name", ["dct2", "wht"])
def test_complex_data_change_no_entry(name: str) -> None:
    assert entries(make_target(name, 8, "complex").exact) == entries(make_target(name, 8).exact)


def test_rounded_is_real_where_the_entries_are() -> None:
    places = np.array([[0, 1, 1], [1, 0, 0]])
    real = ExactMatrix((square_root(Fraction(2)), rational(0)), places)
    assert real.rounded().dtype == np.float64
    assert np.array_equal(real.rounded(), np.where(places == 0, math.sqrt(2), 0.0))
    mixed = ExactMatrix((square_root(Fraction(-2)), rational(1)), places)
    assert mixed.rounded().dtype == np.complex128
    assert np.array_equal(mixed.rounded(), np.where(places == 0, 1j * math.sqrt(2), 1.0))


# Whole numbers


whole = st.integers(-(2**53), 2**53).map(float)
shapes = arrays.array_shapes(min_dims=2, max_dims=2, max_side=4)


@given(arrays.arrays(np.float64, shapes, elements=whole))
def test_whole_numbers_are_exact(matrix: npt.NDArray[Any]) -> None:
    assert entries(exact_if_whole(matrix)) == [[rational(int(x)) for x in row] for row in matrix]
    found = exact_if_whole(matrix)
    assert found is not None
    assert np.array_equal(found.rounded(), matrix)


@given(arrays.arrays(np.float64, (2, 3, 2), elements=whole))
def test_complex_whole_numbers_are_exact(parts: npt.NDArray[Any]) -> None:
    matrix = parts[..., 0] + 1j * parts[..., 1]
    found = exact_if_whole(matrix)
    wanted = [[rational(int(a)) + rational(int(b)) * I for a, b in row] for row in parts.tolist()]
    assert entries(found) == wanted
    assert found is not None
    assert np.array_equal(found.rounded(), matrix)
    if matrix.imag.any():
        packed = entries(found.interleaved())
        assert packed == [[rational(int(x)) for x in row] for row in _interleaved(matrix)]


def _interleaved(matrix: npt.NDArray[Any]) -> list[list[float]]:
    return [part for row in matrix for part in (row.real.tolist(), row.imag.tolist())]


@pytest.mark.parametrize("odd", [0.5, 1e-300, 2.0**53 + 2, 1e300, 0.1, 1 + 0.5j, 0.5 + 1j, 1e17j])
def test_one_other_number_and_none_is_exact(odd: complex) -> None:
    matrix = np.ones((3, 2), type(odd))
    assert exact_if_whole(matrix) is not None
    matrix[2, 1] = odd
    assert exact_if_whole(matrix) is None


def test_largest_whole_number() -> None:
    assert exact_if_whole(np.array([[LARGEST_WHOLE, -LARGEST_WHOLE, 0.0, -0.0]])) is not None


# Targets


def test_targets_are_exact_where_their_entries_are(tmp_path: Path) -> None:
    for name, matrix, is_exact in (
        ("whole", np.array([[1.0, -2.0], [0.0, 3.0], [7.0, 7.0]]), True),
        ("integers", np.array([[1, -2], [0, 3]], np.int16), True),
        ("complex", np.array([[1 + 2j, -3j]]), True),
        ("zero-row", np.array([[1.0, 2.0], [0.0, 0.0]]), True),
        ("floats", np.array([[0.5, 1.0]]), False),
        ("dft", np.fft.fft(np.eye(8)), False),
    ):
        path = tmp_path / f"{name}.npy"
        np.save(path, matrix)
        target = make_target(str(path))
        assert (target.exact is not None) == is_exact, name
        for kind in ("real", "complex"):
            other = make_target(str(path), input=kind)
            assert (other.exact is not None) == is_exact
            if other.exact is not None:
                assert np.array_equal(other.exact.rounded(), other.matrix)


def test_negative_zeros_are_zeros() -> None:
    target = Target("zeros", 2, np.array([[-0.0, 1.0]]), "real")
    assert entries(target.exact) == [[rational(0), rational(1)]]
