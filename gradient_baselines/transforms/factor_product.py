"""Products of trained matrices: parameters, loss, and the model that is made of them."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dsl.accuracy import scaled_error
from dsl.targets import Target
from gradient_baselines.base import Model
from gradient_baselines.counting import (
    count_non_zeros,
    normalised,
    output_scales,
    product_operations,
    tidied,
    unpruned_operations,
)

Matrix = npt.NDArray[Any]

# Of rows of norm 1: below it, a loss is rounding, or what a polish makes rounding of.
SOLVED = 1e-20
# Multiplications of a product of dense factors. Those that take more are not made tidy: that
# takes some tens of products.
MOST_TIDIED = 2**24
# Time that it takes to make a product tidy and to measure it, in times of the product.
MEASURING = 8
# Dense factors of larger matrices are not trained: a step takes seconds.
LARGEST_DENSE = 128


@dataclass(frozen=True, slots=True)
class Task:
    """A matrix to be learned, scaled so that its rows have a root mean square norm of 1.

    Parameters are real tensors, one for each factor: (models, rows, columns), of complex
    factors with a last axis of real and imaginary parts.

    Attributes:
        target: What has to be computed.
        scale: The target's matrix over the scaled one.
        wanted: (m, n) float64 or complex128, the scaled matrix.
    """

    target: Target
    scale: float
    wanted: Tensor

    @classmethod
    def of(cls, target: Target) -> Task:
        """Returns the task of learning a target's matrix."""
        scale = float(np.linalg.norm(target.matrix)) / math.sqrt(len(target.matrix))
        return cls(target, scale, torch.from_numpy(target.matrix / scale))

    @property
    def is_complex(self) -> bool:
        """The factors are complex."""
        return self.wanted.is_complex()

    @property
    def width(self) -> int:
        """The larger of rows and columns."""
        return max(self.wanted.shape)

    @property
    def depth(self) -> int:
        """Layers of a fast transform of this width: its binary logarithm, rounded up."""
        return max(1, math.ceil(math.log2(self.width)))

    def shapes(self, depth: int) -> list[tuple[int, int]]:
        """Returns the shapes of so many dense factors."""
        rows, columns = self.wanted.shape
        sizes = [rows, *[self.width] * (depth - 1), columns]
        return list(pairwise(sizes))

    def entries(self, parameter: Tensor) -> Tensor:
        """Returns parameters as real or complex entries."""
        return torch.view_as_complex(parameter) if self.is_complex else parameter

    def parameter(self, entries: Tensor) -> Tensor:
        """Returns entries as real parameters, a copy."""
        return (torch.view_as_real(entries) if self.is_complex else entries).contiguous().clone()

    def sizes(self, parameter: Tensor) -> Tensor:
        """Returns the modulus of every entry."""
        return parameter.norm(dim=-1) if self.is_complex else parameter.abs()

    def spread(self, values: Tensor) -> Tensor:
        """Returns values, one for every entry, aligned with the parameters."""
        return values.unsqueeze(-1) if self.is_complex else values

    def losses(self, parameters: Sequence[Tensor]) -> Tensor:
        """Returns the squared distances of products from the matrix: (models,)."""
        return self.distances(reduce(torch.matmul, map(self.entries, parameters)))

    def distances(self, products: Tensor) -> Tensor:
        """Returns the squared Frobenius distances of matrices from the wanted one: (models,)."""
        return squares(products - self.wanted)

    def factors(self, parameters: Sequence[Tensor], index: int) -> list[Matrix]:
        """Returns the factors of one model, their product of the target's own scale."""
        factors = [self.entries(p[index]).detach().numpy().copy() for p in parameters]
        factors[0] *= self.scale
        return factors


def squares(differences: Tensor) -> Tensor:
    """Returns the sums of the squared moduli of the entries of matrices: (models,)."""
    parts = torch.view_as_real(differences) if differences.is_complex() else differences
    return parts.square().flatten(1).sum(dim=1)


@dataclass(frozen=True, slots=True)
class Trained:
    """Factors that came out of a training.

    Attributes:
        setting: What they were trained with.
        factors: Tidy matrices A, B, C of the product A B C.
        model: What was measured of them.
    """

    setting: str
    factors: tuple[Matrix, ...] = field(repr=False)
    model: Model

    @property
    def entries(self) -> int:
        """Entries that are not zero, as sparsity of factors is counted in the literature."""
        return sum(int(np.count_nonzero(factor)) for factor in self.factors)


def trained(setting: str, factors: Sequence[Matrix], target: Target, parameters: int) -> Trained:
    """Returns factors made tidy, and measured.

    Args:
        setting: What they were trained with.
        factors: Matrices A, B, C of a product A B C.
        target: What the product should be.
        parameters: Real numbers that were trained.
    """

    def error(candidate: Sequence[Matrix]) -> float:
        return scaled_error(multiplied(candidate), target.matrix, target.scaling)

    def operations_of(candidate: Sequence[Matrix]) -> int:
        return product_operations(candidate, target.domain == "complex")

    tidy = list(factors)
    if math.isfinite(error(tidy)):
        is_small = len(factors) * max(target.matrix.shape) ** 3 <= MOST_TIDIED
        tidy = normalised(tidy)
        tidy = tidied(tidy, error) if is_small else tidy
        if target.scaling != "exact":
            freed = [tidy[0] / output_scales(tidy[0], target.scaling), *tidy[1:]]
            tidy = min(tidy, tidied(freed, error) if is_small else freed, key=operations_of)
        operations = operations_of(tidy)
    else:
        operations = unpruned_operations(tidy, target.domain == "complex")
    reached = error(tidy)
    model = Model(setting, reached, reached, parameters, count_non_zeros(tidy), operations)
    return Trained(setting, tuple(tidy), model)


def dense_refusal(target: Target) -> str:
    """Says why dense factors of a target's size are not trained; "" if they are."""
    width = max(target.matrix.shape)
    if width <= LARGEST_DENSE:
        return ""
    return f"it trains dense factors, of which those of n = {width} are too large"


def measuring_seconds(factors: Sequence[Matrix]) -> float:
    """Returns about how long `trained` takes with such factors."""
    started = time.perf_counter()
    multiplied(factors)
    return MEASURING * (time.perf_counter() - started)


def multiplied(factors: Sequence[Matrix]) -> Matrix:
    """Returns the product of matrices; what overflows is infinite or not a number."""
    with np.errstate(all="ignore"):
        return reduce(np.matmul, factors)
