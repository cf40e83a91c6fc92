"""Covariances of input data: what makes some errors of a transform matter more than others."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.errors import DataError, UsageError
from dsl.registry import brief
from dsl.targets import load_matrix

# Rounding makes an eigenvalue this much negative, relative to the largest.
ROUNDING = 1e-10
KINDS = "white, ar1:RHO with RHO between -1 and 1, such as ar1:0.95, or FILE.npy"


@dataclass(frozen=True, slots=True, eq=False)
class Covariance:
    """Second moments of the input data.

    Attributes:
        name: As it was asked for.
        matrix: (n, n) float64 or complex128, read-only: the mean of x_i times the conjugate
            of x_j. Positive semi-definite and not zero.

    Raises:
        DataError: The matrix is no covariance.
    """

    name: str
    matrix: npt.NDArray[Any]

    def __post_init__(self) -> None:
        if problem := _problem(self.matrix):
            raise DataError(
                f"covariance {brief(self.name)}: {problem}",
                "give the mean of products of inputs, an n x n matrix",
            )
        matrix = np.array(self.matrix)
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)

    @property
    def n(self) -> int:
        """Number of inputs."""
        return len(self.matrix)


def _problem(matrix: npt.NDArray[Any]) -> str:
    """Returns what keeps a matrix from being a covariance; nothing is the empty text."""
    if matrix.dtype.kind not in "fc":
        return f"expected real or complex numbers, got {matrix.dtype}"
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
        return f"expected a square matrix, got shape {matrix.shape}"
    if not np.isfinite(matrix).all():
        return "expected finite entries, got nan or inf"
    largest = float(np.abs(matrix).max())
    if np.abs(matrix - matrix.conj().T).max() > ROUNDING * largest:
        return "expected a symmetric matrix (Hermitian if complex)"
    if largest == 0:
        return "every entry is zero: there is no signal"
    values = np.linalg.eigvalsh(matrix)
    if values[0] < -ROUNDING * values[-1]:
        return f"expected no negative eigenvalue, got {values[0]:.3g}"
    return ""


def make_covariance(text: str, n: int) -> Covariance:
    """Returns the covariance that a user asks for.

    Args:
        text: "white" for uncorrelated inputs of equal power, "ar1:0.95" for a Markov
            process of that correlation between neighbours, or the path of a .npy file.
        n: Number of inputs.

    Raises:
        UsageError: The text is none of these, or the file is of another size.
        DataError: The file holds no covariance.
        StorageError: The file cannot be read.
    """
    if text == "white":
        return Covariance(text, np.eye(n))
    if text.startswith("ar1:"):
        distances = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
        return Covariance(text, _correlation(text) ** distances)
    if not text.endswith(".npy"):
        raise UsageError(f"expected a covariance, got {brief(text)}", f"give {KINDS}")
    covariance = Covariance(text, load_matrix(text, f"give {KINDS}"))
    if covariance.n != n:
        size = covariance.n
        raise UsageError(
            f"the covariance in {brief(text)} is {size} x {size}, expected {n} x {n}",
            "give one of the target's inputs",
        )
    return covariance


def _correlation(text: str) -> float:
    try:
        correlation = float(text.removeprefix("ar1:"))
    except ValueError:
        correlation = math.nan
    if not -1 < correlation < 1:
        raise UsageError(
            f"expected a correlation between -1 and 1, got {brief(text)}", f"give {KINDS}"
        )
    return correlation
