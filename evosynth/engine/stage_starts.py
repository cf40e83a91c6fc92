"""Genomes that repeat one stage: where searches for wide blocks begin."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.cost import SAME
from dsl.derive import derive
from dsl.genome import FIELDS, VOTE, Genomes, pack
from dsl.patterns import PATTERNS
from dsl.primitives import PRIMITIVES

# Narrower blocks are evaluated so often that they need no start.
WIDE = 32


def starts_for(matrix: npt.NDArray[Any], capacity: int) -> Genomes | None:
    """Returns the genomes that a block's population begins with, if it is wide and generic.

    Where magnitudes repeat, as in transforms, there is more to find than pairs, and a
    population that begins with a good genome of pairs alone finds it later.
    """
    width = max(matrix.shape)
    if width <= WIDE:
        return None
    sizes = np.sort(np.abs(matrix[matrix != 0]))
    repeated = np.count_nonzero(np.diff(sizes) <= SAME * sizes[1:])
    return stage_starts(width, capacity) if 2 * repeated <= len(sizes) else None


def stage_starts(width: int, capacity: int) -> Genomes:
    """Returns a genome for every block of two points and either side.

    It repeats the block on any pairs that the remainder proposes, twice for every halving of
    the width: what many fast algorithms begin with, and what wide blocks, of which few genomes
    can be evaluated, would find late.
    """
    rule = next(k for k, each in enumerate(PATTERNS) if each.is_stage and each.reach == "all")
    length = min(capacity, 2 * (width - 1).bit_length())
    genes = [
        dict(zip(FIELDS, (number, rule, side, 0, 0, VOTE), strict=True))
        for number, block in enumerate(PRIMITIVES)
        if block.points == 2 and derive(block).makes_zeros
        for side in (0, 1)
    ]
    genomes = [np.array([list(gene.values())] * length) for gene in genes]
    return pack(genomes, capacity)
