"""A matrix with two equal columns: factored by gradient descent, and by an evolved program."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

import evosynth as es
from dsl.accuracy import relative_error
from dsl.genome import FROM_ROW, INPUT_SIDE
from dsl.grammars.factor.decode import Decoding, decode
from dsl.patterns import PATTERNS
from dsl.primitives import PRIMITIVES
from dsl.program import Program
from experiments.base import Row
from gradient_baselines.base import Budget
from gradient_baselines.counting import normalised, product_operations, tidied
from gradient_baselines.training import Adam, descend, generator

Numbers = npt.NDArray[np.float64]
Pair = list[Numbers]

STRENGTHS = (0.0, 1e-4, 1e-3, 1e-2, 1e-1)
RATE = 0.02
# Entries below this part of the largest are set to zero before a factorisation is refitted.
SMALL = 0.03


@dataclass(frozen=True, slots=True)
class Shared:
    """What was found for one matrix with two equal columns.

    Attributes:
        matrix: (n, n).
        remainder: What the best first gene leaves of it: (n, n) or wider.
        evolved: What evosynth needs: a row.
        rows: Of the factorisations.
        factors: Of the factorisations, in the order of the rows.
    """

    matrix: Any
    remainder: Any
    evolved: Row
    rows: list[Row]
    factors: list[Any]


def equal_columns(n: int, seed: int) -> Numbers:
    """Returns a matrix of whole numbers from 2 to 9 with signs, whose first columns are equal."""
    rng = np.random.default_rng([seed, 2])
    matrix = rng.integers(2, 10, (n, n)) * rng.choice([-1.0, 1.0], (n, n))
    matrix[:, 1] = matrix[:, 0]
    return np.asarray(matrix, float)


def first_gene(matrix: Numbers) -> Decoding:
    """Returns what the best single gene on the inputs leaves: the remainder, and its cost."""
    rows, columns = matrix.shape
    genes = itertools.product(
        range(len(PRIMITIVES) + 1),  # the last one makes a shared sum
        range(len(PATTERNS)),
        [INPUT_SIDE],
        range(columns),
        range(columns),
        range(FROM_ROW + rows),
    )
    decodings = (decode(np.array([gene]), matrix, is_complex=False) for gene in genes)
    return min(decodings, key=lambda decoding: decoding.operations)


def evolved(matrix: Numbers, seed: int, evaluations: int) -> Any:
    """Returns what evosynth finds for a matrix that lies in a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "equal_columns.npy"
        np.save(path, matrix)
        return es.run(path, seed=seed, evaluations=evaluations)


def readings(program: Program, value: int) -> int:
    """Counts how often a program's code reads an input."""
    operations = [ref.value for operation in program.code.operations for ref in operation.operands]
    return (operations + [ref.value for ref in program.code.outputs]).count(value)


def factored(matrix: Numbers, seeds: Sequence[int], steps: int) -> tuple[list[Row], list[Pair]]:
    """Fits products of two matrices by Adam with L1, for every strength and seed.

    "refitted" is kinder than "L1" alone: after half of the steps small entries are set to
    zero for good, and the others are trained on without penalty.

    Returns:
        A row for each; and the two factors of each, tidied.
    """
    settings = [(way, s, k) for way in ("L1", "refitted") for s in STRENGTHS for k in seeds]
    size = float(np.sqrt(np.mean(matrix**2)))
    left, right = _trained(matrix / size, settings, steps)
    rows, factors = [], []
    for index, (way, strength, seed) in enumerate(settings):
        pair = normalised([left[index].numpy() * size, right[index].numpy()])
        pair = tidied(pair, lambda f: relative_error(f[0] @ f[1], matrix))
        rows.append({"way": way, "strength": strength, "seed": seed} | _measured(pair, matrix))
        factors.append(pair)
    return rows, factors


def _measured(pair: Pair, matrix: Numbers) -> Row:
    first, second = pair[1][:, 0], pair[1][:, 1]
    return {
        "error": relative_error(pair[0] @ pair[1], matrix),
        "non_zeros": int(sum(np.count_nonzero(factor) for factor in pair)),
        "readings_x0": int(np.count_nonzero(first)),
        "readings_x1": int(np.count_nonzero(second)),
        "operations": product_operations(pair, False),
    }


def _trained(
    matrix: Numbers, settings: Sequence[tuple[str, float, int]], steps: int
) -> tuple[Tensor, Tensor]:
    n, count = len(matrix), len(settings)
    drawn = [
        torch.randn(2, n, n, generator=generator(k), dtype=torch.float64) for *_, k in settings
    ]
    factors = [torch.stack([each[k] for each in drawn]) * n**-0.5 for k in (0, 1)]
    masks = [torch.ones(count, n, n, dtype=torch.float64) for _ in factors]
    is_refitted = torch.tensor([way == "refitted" for way, *_ in settings])
    strengths = torch.tensor([strength for _, strength, _ in settings], dtype=torch.float64)
    wanted, done = torch.tensor(matrix), 0

    def losses() -> Tensor:
        error = (factors[0] @ factors[1] - wanted).square().mean((1, 2))
        sizes = factors[0].abs().mean((1, 2)) + factors[1].abs().mean((1, 2))
        return error + strengths * sizes

    def after_step(factor: float) -> None:
        nonlocal done
        done += 1
        if done == steps // 2:
            strengths[is_refitted] = 0.0
            for mask, each in zip(masks, factors, strict=True):
                limits = SMALL * each.abs().amax((1, 2), keepdim=True)
                mask[is_refitted] = (each.abs() > limits)[is_refitted].double()
        for mask, each in zip(masks, factors, strict=True):
            each.mul_(mask)

    rates = torch.full((count,), RATE, dtype=torch.float64)
    descend(losses, Adam(factors, rates), Budget(steps=steps), after_step=after_step)
    return factors[0], factors[1]
