"""The compiled loops of a generation: crossover, mutation, replacement.

Nothing is drawn here: random numbers come as arrays, so that a loop decides nothing but
what its arguments say.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fitness.kernel_cache import cached

# Mutations, as `evosynth.engine.variation.Mutation` has them; a test compares them.
INSERT, DELETE, REPLACE, TWEAK, SWAP = range(5)


@cached(error_model="numpy")
def edit(genes: Any, lengths: Any, kinds: Any, shares: Any, is_tweaked: Any, new: Any) -> None:
    """Applies one mutation to every genome, in place.

    Args:
        genes: (population, capacity, fields) int16.
        lengths: (population,) int16.
        kinds: (population,) int64; what is none of the five leaves a genome as it is.
        shares: (2, population) float64 from 0 to 1: two positions, as shares of a genome.
        is_tweaked: (population, fields) bool; what a tweak changes.
        new: (population, fields) int16; a gene for whoever needs one.
    """
    _, capacity, fields = genes.shape
    for k in range(len(lengths)):
        genome, length, kind = genes[k], int(lengths[k]), kinds[k]
        is_insert = kind == INSERT and length < capacity
        first = int(shares[0, k] * (length + is_insert))
        if is_insert:
            lengths[k] = length + 1
        elif length == 0:
            continue
        elif kind == DELETE:
            lengths[k] = length - 1
        second = int(shares[1, k] * length)
        for field in range(fields):
            if is_insert:
                for slot in range(length, first, -1):
                    genome[slot, field] = genome[slot - 1, field]
            elif kind == DELETE:
                for slot in range(first, length - 1):
                    genome[slot, field] = genome[slot + 1, field]
                genome[length - 1, field] = 0
            elif kind == SWAP:
                moved = genome[first, field]
                genome[first, field] = genome[second, field]
                genome[second, field] = moved
            if is_insert or kind == REPLACE or (kind == TWEAK and is_tweaked[k, field]):
                genome[first, field] = new[k, field]


@cached(error_model="numpy")
def splice(genes: Any, lengths: Any, mates: Any, mate_lengths: Any, head: Any, tail: Any) -> None:
    """Puts the end of each mate behind the start of each genome, in place.

    Args:
        genes: (population, capacity, fields) int16.
        lengths: (population,) int16.
        mates: Like genes.
        mate_lengths: Like lengths.
        head: (population,) int64 genes that are kept of each genome.
        tail: (population,) int64 genes that are left out of each mate.
    """
    capacity = genes.shape[1]
    for k in range(len(lengths)):
        start, shift = head[k], tail[k] - head[k]
        end = min(int(mate_lengths[k]) - shift, capacity)
        for slot in range(start, end):
            for field in range(genes.shape[2]):
                genes[k, slot, field] = mates[k, slot + shift, field]
        for slot in range(end, int(lengths[k])):
            for field in range(genes.shape[2]):
                genes[k, slot, field] = 0
        lengths[k] = end


@cached(error_model="numpy")
def settle(ranks: Any, arriving: Any, rivals: Any, source: Any) -> None:
    """Lets each child, in order, take the place of the worst of its rivals, if not worse.

    Args:
        ranks: (population,) float64 of the members; becomes that of whoever has their place.
        arriving: (children,) float64 ranks.
        rivals: (children, any number) int64 members that each child meets.
        source: (population,) int64; becomes the last child that took a place, where one did.
    """
    for child in range(len(arriving)):
        worst = rivals[child, 0]
        for k in range(1, rivals.shape[1]):
            if ranks[rivals[child, k]] > ranks[worst]:
                worst = rivals[child, k]
        if arriving[child] <= ranks[worst]:
            ranks[worst], source[worst] = arriving[child], child


def load() -> None:
    """Loads, or compiles, the loops."""
    nobody, genes = np.zeros(0, np.int16), np.zeros((0, 1, 1), np.int16)
    places = np.zeros(0, np.int64)
    edit(genes, nobody, places, np.zeros((2, 0)), np.zeros((0, 1), np.bool_), genes[:, 0])
    splice(genes, nobody, genes, nobody, places, places)
    settle(np.zeros(0), np.zeros(0), np.zeros((0, 1), np.int64), places)
