"""The experiment of [NyeSaxe2018]: dense layers that start near the factors of the FFT."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from dsl.targets import Target
from dsl.targets.base import is_power_of_two
from gradient_baselines.base import BASELINES, Baseline, Budget, Fit, LossPoint
from gradient_baselines.training import generator
from gradient_baselines.transforms.factor_product import (
    Matrix,
    Task,
    Trained,
    dense_refusal,
    multiplied,
)
from gradient_baselines.transforms.phases import Clock
from gradient_baselines.transforms.sparsity import SparseStart, train_sparse

# Standard deviations of the noise on the real and the imaginary part of every entry; those
# of the factors have modulus 1 or are 0.
NOISES = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0)
# Strength of L1 in units of the gradient's root mean square, times the size, and the largest
# at small sizes; rate of Adam times the square root of the size.
STRENGTH, STRONGEST = 2.0, 0.2
RATE, FLOOR, THRESHOLDS = 0.12, 0.3, (0.01, 0.05, 0.2)


def fit(target: Target, seed: int, budget: Budget) -> Fit:
    """Trains dense factors from disturbed ones of the FFT, with L1."""
    clock = Clock.of(budget)
    restarts = 4 if target.n <= 16 else 2 if target.n <= 32 else 1
    noises = NOISES[:: 1 if target.n <= 64 else 2]
    found, losses = train(target, noises, restarts, seed, clock)
    return Fit(tuple(each.model for each in found), clock.seconds, losses)


def train(
    target: Target, noises: Sequence[float], restarts: int, seed: int, clock: Clock
) -> tuple[list[Trained], tuple[LossPoint, ...]]:
    """Returns the factors that come out for every noise and restart, and the best one's course."""
    task = Task.of(target)
    models = len(noises) * restarts
    start = SparseStart(
        tuple(f"noise {s:g}, restart {k + 1}" for s in noises for k in range(restarts)),
        _disturbed(task, np.repeat(noises, restarts), generator(seed)),
        torch.full((models,), RATE / task.width**0.5, dtype=torch.float64),
        torch.full((models,), min(STRONGEST, STRENGTH / task.width), dtype=torch.float64),
        FLOOR,
        THRESHOLDS,
    )
    return train_sparse(task, start, clock)


def _disturbed(task: Task, noises: Matrix, source: torch.Generator) -> list[Tensor]:
    """Returns parameters of the true factors with noise: one model for each."""
    factors = true_factors(task.target.matrix)
    assert factors is not None
    levels = torch.from_numpy(noises)
    size = (abs(task.target.matrix[0, 0]) / task.scale) ** (1 / len(factors))
    parameters = []
    for factor in factors:
        exact = task.parameter(torch.from_numpy(factor))
        noise = torch.randn(len(noises), *exact.shape, generator=source, dtype=torch.float64)
        parameters.append(size * (exact + levels.reshape(-1, *[1] * exact.ndim) * noise))
    return parameters


def true_factors(matrix: Matrix) -> list[Matrix] | None:
    """Returns the radix-2 factors of a DFT, inverse DFT or Walsh-Hadamard transform.

    Args:
        matrix: (m, n).

    Returns:
        (n, n) complex128 or float64 factors A, B, C with 2 n entries of modulus 1 each,
        the last with the bit reversal in it, such that A B C is the matrix over the modulus
        of its first entry. None if the matrix is another one.
    """
    rows, n = matrix.shape
    if rows != n or not is_power_of_two(n):
        return None
    scale = abs(matrix[0, 0])
    for sign in (-1, 1) if np.iscomplexobj(matrix) else (0,):
        factors = radix_two(n, sign)
        if np.allclose(scale * multiplied(factors), matrix, rtol=0, atol=1e-10 * scale):
            return factors
    return None


def radix_two(n: int, sign: int) -> list[Matrix]:
    """Returns the factors of the radix-2 FFT with roots exp(sign 2 pi i / n); 0: of the WHT."""
    factors: list[Matrix] = []
    half = n // 2
    while half:
        twiddles = np.diag(np.exp(sign * 1j * np.pi * np.arange(half) / half))
        block = np.block([[np.eye(half), twiddles], [np.eye(half), -twiddles]])
        factors.append(np.kron(np.eye(n // (2 * half)), block))
        half //= 2
    if not sign:
        return [factor.real for factor in factors]
    factors[-1] = factors[-1][:, bit_reversal(n)]
    return factors


def bit_reversal(n: int) -> Matrix:
    """Returns (n,) the numbers below n, a power of two, with their bits reversed."""
    bits = n.bit_length() - 1
    return np.array([int(f"{k:0{bits}b}"[::-1], 2) for k in range(n)])


def _refusal(target: Target) -> str:
    if true_factors(target.matrix) is None:
        return "it needs a DFT or Walsh-Hadamard transform of n = 2^k, whose factors are known"
    return dense_refusal(target)


NEAR_FFT = BASELINES.register(
    Baseline(
        "near-fft",
        "transform",
        fit,
        "layers that start at the FFT's factors with noise on every entry: do they come back?",
        told="the FFT's factors",
        refusal=_refusal,
    )
)
