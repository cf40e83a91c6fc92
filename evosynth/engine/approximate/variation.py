"""How genomes of approximations begin and change; all for the whole population at once."""

from __future__ import annotations

import numpy as np

from evosynth.engine.approximate.choices import DROPPED
from evosynth.engine.approximate.skeleton import Genes, Skeleton

# The shares of children that have two parents, and that change a group of genes.
CROSSED = 0.5
GROUPED = 0.3
# Genes of a child that change on the average: between these, by the logarithm.
FEWEST, MOST = 0.7, 5.0


def beginners(skeleton: Skeleton, size: int, rng: np.random.Generator) -> Genes:
    """Returns a first population: the nearest choices, and cruder and cruder ones.

    Small constants are dropped, others are as near as can be, or 1, or a power of two.
    """
    choices = skeleton.choices
    sizes = np.abs(skeleton.weights(choices.nearest[None].astype(np.int16))[0])
    threshold = rng.uniform(0, 1, (size, 1)) * max(float(sizes.max(initial=0.0)), 1e-300)
    kind = rng.integers(3, size=(size, 1))
    genes = np.where(kind == 0, choices.nearest, np.where(kind == 1, choices.unit, choices.single))
    is_free = choices.prices[np.arange(skeleton.size), choices.nearest] == 0
    genes = np.where(is_free, choices.nearest, genes)
    is_small = (sizes < threshold) & (choices.nearest != choices.unit)
    genes = np.where(is_small, DROPPED, genes)
    genes[:1] = choices.nearest
    return genes.astype(np.int16)


def children(skeleton: Skeleton, first: Genes, second: Genes, rng: np.random.Generator) -> Genes:
    """Returns one child of each pair of parents."""
    shape = size, edges = first.shape
    is_second = rng.random(shape) < 0.5
    is_second &= rng.random((size, 1)) < CROSSED
    genes = np.where(is_second, second, first)
    rate = np.exp(rng.uniform(np.log(FEWEST), np.log(MOST), (size, 1))) / max(edges, 1)
    drawn = (rng.random(shape) * skeleton.choices.sizes).astype(np.int16)
    genes = np.where(rng.random(shape) < rate, drawn, genes).astype(np.int16)
    for child in np.flatnonzero(rng.random(size) < GROUPED):
        _change_group(skeleton, genes[child], rng)
    return genes


def _change_group(skeleton: Skeleton, genome: Genes, rng: np.random.Generator) -> None:
    """Drops a group of edges, or all but one, or makes them units, or alike."""
    group = skeleton.groups[rng.integers(len(skeleton.groups))]
    choices, kind = skeleton.choices, rng.integers(4)
    if kind == 0:
        genome[group] = DROPPED
    elif kind == 1:
        genome[group] = choices.unit[group]
    elif kind == 2:
        genome[group] = (rng.random() * choices.sizes[group]).astype(np.int16)
    else:
        kept = group[rng.integers(len(group))]
        genome[group] = DROPPED
        genome[kept] = choices.unit[kept]
