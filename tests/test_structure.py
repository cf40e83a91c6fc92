"""What is special about a matrix: found where it is, and nothing where it is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.linalg

import evosynth as es
from dsl.errors import UsageError
from dsl.structure import find_structure
from dsl.targets import make_target

RNG = np.random.default_rng(7)
GAUSS = RNG.standard_normal((16, 16))


def names(matrix: npt.NDArray[Any]) -> set[str]:
    return {finding.name for finding in find_structure(matrix).findings}


def orthogonal(n: int) -> npt.NDArray[np.float64]:
    return np.linalg.qr(np.random.default_rng(n).standard_normal((n, n)))[0]


@pytest.mark.parametrize(
    "matrix",
    [
        GAUSS,
        GAUSS[:5],
        GAUSS[:, :3],
        GAUSS[:1],
        GAUSS[:, :2],
        GAUSS + 1j * GAUSS[::-1] @ GAUSS,
        RNG.standard_normal((40, 64)),
        RNG.uniform(-1, 1, (32, 32)),
    ],
    ids=lambda matrix: f"{matrix.dtype}-{matrix.shape}",
)
def test_random_numbers_have_no_structure(matrix: npt.NDArray[Any]) -> None:
    found = find_structure(matrix)
    assert found.findings == ()
    assert str(found) == "none found"
    assert found.to_dict() == {
        "rows": matrix.shape[0],
        "columns": matrix.shape[1],
        "findings": [],
    }


PLANTED = [
    ("blocks", scipy.linalg.block_diag(GAUSS[:3, :3], GAUSS[:2, :5]), {}),
    ("shifts", scipy.linalg.circulant(GAUSS[0]), {"kinds": ["circulant"]}),
    ("shifts", scipy.linalg.toeplitz(GAUSS[0], GAUSS[1]), {"kinds": ["Toeplitz"]}),
    ("shifts", scipy.linalg.toeplitz(GAUSS[0], GAUSS[1, :7]), {"kinds": ["Toeplitz"]}),
    ("shifts", scipy.linalg.hankel(GAUSS[0], GAUSS[1]), {"kinds": ["Hankel"]}),
    ("shifts", make_target("skew_circulant", 8).matrix, {"kinds": ["skew-circulant"]}),
    (
        "displacement",
        scipy.linalg.toeplitz(GAUSS[0]) @ scipy.linalg.toeplitz(GAUSS[1]),
        {"kind": "Toeplitz"},
    ),
    (
        "displacement",
        scipy.linalg.toeplitz(GAUSS[0]) + scipy.linalg.hankel(GAUSS[1], GAUSS[2]),
        {"kind": "Toeplitz plus Hankel", "rank": 0},
    ),
    ("vandermonde", np.vander(RNG.uniform(0.5, 1.5, 9), 7), {"lines": "rows", "scaled": True}),
    (
        "vandermonde",
        np.vander(np.exp(1j * RNG.uniform(0, 6, 9)), 7, increasing=True).T,
        {"lines": "columns", "scaled": False},
    ),
    ("cauchy", 1 / (RNG.uniform(2, 3, 8)[:, None] - RNG.uniform(0, 1, 9)), {}),
    ("kronecker", np.kron(GAUSS[:3, :2], GAUSS[:4, :5]), {"factors": [[3, 2], [4, 5]]}),
    ("kronecker", make_target("wht", 8).matrix, {"factors": [[2, 2]] * 3}),
    ("symmetry", GAUSS + GAUSS.T, {"symmetries": ["symmetric"]}),
    ("symmetry", GAUSS - GAUSS.T, {"symmetries": ["skew-symmetric"]}),
    ("symmetry", 1j * (GAUSS - GAUSS.T) + GAUSS + GAUSS.T, {"symmetries": ["Hermitian"]}),
    ("symmetry", GAUSS + GAUSS[::-1, ::-1], {"symmetries": ["centrosymmetric"]}),
    ("symmetry", GAUSS + GAUSS[::-1, ::-1].T, {"symmetries": ["persymmetric"]}),
    ("even_or_odd_rows", make_target("dct2", 8).matrix, {}),
    ("orthogonal", 3 * orthogonal(9), {"factor": pytest.approx(3)}),
    ("orthogonal", orthogonal(9)[:4], {"factor": pytest.approx(1)}),
    ("orthogonal_lines", np.diag(np.arange(1.0, 5)) @ orthogonal(4), {}),
    ("rank", GAUSS[:, :3] @ GAUSS[:3], {"rank": 3}),
    ("numerical_rank", GAUSS @ np.diag([1.0, 1, 1] + [1e-5] * 13) @ orthogonal(16), {}),
    ("condition", orthogonal(16) @ np.diag(np.logspace(0, -8, 16)) @ orthogonal(16), {}),
    ("butterfly", make_target("dft", 16).matrix, {"rank": 1}),
    ("butterfly", make_target("wht", 16).matrix, {"rank": 1}),
    ("pairs", make_target("butterflies", 32).matrix, {"lines": ["columns", "rows"]}),
    (
        "off_diagonal",
        np.tril(np.outer(GAUSS[0], GAUSS[1])) + np.triu(np.outer(GAUSS[2], GAUSS[3]), 1),
        {"ranks": [1, 1]},
    ),
    ("diagonal", np.diag(GAUSS[0]), {}),
    ("banded", np.tril(np.triu(GAUSS, -1), 2), {"below": 1, "above": 2}),
    ("triangular", np.tril(GAUSS), {"side": "lower"}),
    ("zeros", np.tril(GAUSS), {"zeros": 120}),
    ("magnitudes", np.sign(GAUSS) * 2 + (GAUSS > 1), {"magnitudes": 2}),
]


@pytest.mark.parametrize(("name", "matrix", "data"), PLANTED, ids=[name for name, *_ in PLANTED])
@pytest.mark.parametrize("scale", [1.0, 1e-60, 1e60])
def test_structure_is_found(
    name: str, matrix: npt.NDArray[Any], data: dict[str, Any], scale: float
) -> None:
    found = find_structure(scale * matrix)
    assert name in found, str(found)
    told = found[name].to_dict()
    if "factor" in data:
        told["factor"] /= scale
    assert {key: told[key] for key in data} == data
    assert all(finding.text for finding in found.findings)


@pytest.mark.parametrize("n", [32, 64])
def test_butterflies_are_found_in_any_order_of_rows_and_columns(n: int) -> None:
    rng = np.random.default_rng(n)
    matrix = np.eye(n)
    for stride in (2**k for k in range(n.bit_length() - 1)):
        factor = np.zeros((n, n))
        for k in range(n):
            factor[k, k], factor[k, k ^ stride] = rng.standard_normal(2)
        matrix = factor @ matrix
    assert "butterfly" in names(matrix)
    mixed = matrix[rng.permutation(n)][:, rng.permutation(n)]
    assert "butterfly" not in names(mixed)
    assert "pairs" in names(mixed)


def test_blocks_are_found_in_any_order_of_rows_and_columns() -> None:
    matrix = scipy.linalg.block_diag(GAUSS[:5, :5], GAUSS[:5, :5], GAUSS[:2, :3])
    matrix = matrix[RNG.permutation(12)][:, RNG.permutation(13)]
    found = find_structure(matrix)["blocks"]
    assert found.data["blocks"] == [
        {"rows": 5, "columns": 5, "times": 2},
        {"rows": 2, "columns": 3, "times": 1},
    ]
    assert found.text.endswith("2 of 5 x 5, 2 x 3")


def test_nearly_is_not_enough() -> None:
    """Each of these is what it was but for one entry in a thousand."""
    for name, matrix, _ in PLANTED:
        if name in ("shifts", "kronecker", "symmetry", "orthogonal", "vandermonde", "cauchy"):
            changed = matrix.copy()
            changed[1, 0] *= 1.001
            assert name not in names(changed), name


def test_one_call_takes_what_a_run_takes() -> None:
    assert "shifts" in es.structure("circulant", 8)
    assert "blocks" in es.structure(np.eye(3) * [1, 2, 3])
    assert "symmetry" in es.structure(make_target("wht", 4))
    assert es.structure("circulant", 6, kernel="1,2").rows == 6
    with pytest.raises(UsageError, match="expected a matrix"):
        es.structure("sine")
