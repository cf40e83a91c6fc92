"""What components of remainders are known to cost: found by fingerprint, and by nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from forests import scrambled
from random_programs import gene

from dsl.grammars.factor.decode import decode
from dsl.grammars.factor.equivalence import fingerprint
from dsl.grammars.factor.known_blocks import NEAR, NOTHING_KNOWN, TILT, KnownBlocks, tilted
from dsl.targets import make_target

DFT5 = make_target("dft", 5).matrix
EMPTY = np.zeros((0, 6), np.int16)


def known_of(*blocks: tuple[npt.NDArray[Any], int]) -> KnownBlocks:
    found = sorted((tilted(fingerprint(block), block.shape), cost) for block, cost in blocks)
    keys, costs = zip(*found, strict=True)
    return KnownBlocks(np.array(keys), np.array(costs, np.int64))


def test_nothing_known_leaves_the_estimate() -> None:
    assert NOTHING_KNOWN.cost(DFT5, 144) == 144


def test_a_known_block_costs_what_is_known_if_that_is_less() -> None:
    known = known_of((DFT5, 44), (DFT5[:4], 40), (DFT5[:2, :2], 4))
    assert known.cost(DFT5, 144) == 44
    assert known.cost(DFT5, 30) == 30
    assert known.cost(DFT5[:4], 100) == 40
    assert known.cost(DFT5[:3], 100) == 100


@pytest.mark.parametrize("seed", range(5))
def test_equivalent_blocks_are_the_same(seed: int) -> None:
    known, rng = known_of((DFT5[:4], 40)), np.random.default_rng(seed)
    assert known.cost(scrambled(DFT5[:4], rng), 100) == 40
    assert known.cost(scrambled(DFT5[:4].conj(), rng), 100) == 40


def test_transposed_rectangles_are_told_apart() -> None:
    assert known_of((DFT5[:4], 40)).cost(DFT5[:4].T, 100) == 100
    assert known_of((DFT5[:4], 40), (DFT5[:4].T, 38)).cost(DFT5[:4].T, 100) == 38
    assert known_of((DFT5, 44)).cost(DFT5.T, 100) == 44
    value = fingerprint(DFT5[:4])
    assert tilted(value, (4, 5)) < value == tilted(value, (5, 5)) < tilted(value, (5, 4))


def test_of_blocks_of_one_fingerprint_the_cheapest_counts() -> None:
    keys = fingerprint(DFT5) * np.array([1 - NEAR / 2, 1, 1 + NEAR / 2])
    assert KnownBlocks(keys, np.array([50, 60, 44])).cost(DFT5, 144) == 44
    assert KnownBlocks(keys, np.array([44, 60, 50])).cost(DFT5, 144) == 44


@pytest.mark.parametrize("factor", [1 - 3 * NEAR, 1 + 3 * NEAR])
def test_a_fingerprint_that_is_not_near_says_nothing(factor: float) -> None:
    keys = np.array([fingerprint(DFT5) * factor])
    assert KnownBlocks(keys, np.array([44])).cost(DFT5, 144) == 144
    assert TILT > 100 * NEAR, "a transposed block is no near one"


def test_decoding_counts_components_at_their_known_costs() -> None:
    zeros = np.zeros((5, 5))
    matrix = np.block([[DFT5, zeros], [zeros, DFT5[::-1]]])
    plain = decode(EMPTY, matrix, is_complex=True)
    known = decode(EMPTY, matrix, is_complex=True, known=known_of((DFT5, 44)))
    assert known.operations == 2 * 44 < plain.operations
    assert np.array_equal(known.remainder, plain.remainder)


def test_known_blocks_decide_which_prefix_is_best() -> None:
    """A stage that does not pay, unless what it leaves is known to be cheap."""
    target = make_target("wht", 8)
    genes = np.array([gene("butterfly", "matching")] * 3)
    assert decode(genes, target.matrix, is_complex=False).prefix == 2
    half = make_target("wht", 4).matrix
    known = known_of((half, 5))
    decoding = decode(genes, target.matrix, is_complex=False, known=known)
    assert (decoding.prefix, decoding.operations) == (1, 8 + 2 * 5)
