"""Butterfly matrices as blocks of 2 x 2 entries, and the permutations before them [Dao2019].

A butterfly of n = 2^L inputs is a product of L factors. Factor k, counted from the input,
combines values that are 2^k apart: as blocks it is (n / 2^(k + 1), 2, 2, 2^k), the blocks
of values 2^(k + 1) apart, row and column in the block, and the place within the lower half.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Choice = tuple[int, int, int]
Indices = npt.NDArray[np.int64]

# Separate even and odd places; then reverse the first half; and the second.
CHOICES: tuple[Choice, ...] = tuple(product((0, 1), repeat=3))  # type: ignore[arg-type]
BIT_REVERSAL: Choice = (1, 0, 0)


def one_level(choice: Choice, places: Indices) -> Indices:
    """Returns places in the order of three binary choices."""
    is_separated, *reversed_halves = choice
    ordered = np.concatenate([places[0::2], places[1::2]]) if is_separated else places
    halves = np.split(ordered, 2)
    pairs = zip(halves, reversed_halves, strict=True)
    return np.concatenate([half[::-1] if is_reversed else half for half, is_reversed in pairs])


def permutation(choice: Choice, places: Indices) -> Indices:
    """Returns places in the order of the same choices at all levels, halves within halves."""
    if len(places) <= 2:
        return places
    halves = np.split(one_level(choice, places), 2)
    return np.concatenate([permutation(choice, half) for half in halves])


def block_shapes(n: int) -> list[tuple[int, int, int, int]]:
    """Returns the shapes of the factors as blocks, from the input on."""
    return [(n >> (k + 1), 2, 2, 1 << k) for k in range(n.bit_length() - 1)]


def butterfly_matrices(blocks: Sequence[Tensor]) -> Tensor:
    """Returns the products of butterfly factors: (models, n, n).

    After k factors a product is made of dense blocks of 2^k x 2^k: with the work of one
    factor doubling from each to the next, all take 2 n^2 multiplications.

    Args:
        blocks: From the input on, (models, ...) of `block_shapes` each.
    """
    models, groups = blocks[0].shape[:2]
    matrices = torch.ones(models, 2 * groups, 1, 1, dtype=blocks[0].dtype)
    for block in blocks:
        size = matrices.shape[-1]
        halves = matrices.reshape(models, -1, 1, 2, size, size)
        combined = (block.unsqueeze(-1) * halves).transpose(3, 4)
        matrices = combined.reshape(models, -1, 2 * size, 2 * size)
    return matrices[:, 0]


def dense_factor(block: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Returns a factor from its blocks: (n, n).

    Args:
        block: One of `block_shapes`.
    """
    groups, _, _, stride = block.shape
    places = np.arange(groups * 2 * stride).reshape(groups, 2, stride)
    factor = np.zeros((places.size, places.size), block.dtype)
    rows = np.broadcast_to(places[:, :, None, :], block.shape)
    columns = np.broadcast_to(places[:, None, :, :], block.shape)
    factor[rows, columns] = block
    return factor
