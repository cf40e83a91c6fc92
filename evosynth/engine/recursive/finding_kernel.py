"""Compiled breeding of genomes of the `recursive` grammar: steady state, one at a time.

A child that is no worse takes the place of the worst of a few random members at once:
waiting for a whole generation would cost half of the speed of evolution here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fitness.evaluators.recursive_kernel import (
    OPERANDS,
    OPERATION,
    Scratch,
    Tables,
    evaluate,
)
from fitness.evaluators.recursive_unaided_kernel import evaluate_unaided
from fitness.kernel_cache import cached

TOURNAMENT = 4
RIVALS = 3
APPEND_ODDS = 0.2
INSERT_ODDS, DELETE_ODDS = 0.4, 0.2
MOST_MUTATIONS = 3
LONGEST_START = 6


@cached()
def _below(rng: Any, limit: int) -> int:
    return min(int(rng.random() * limit), limit - 1)


@cached()
def _draw(genome: Any, position: int, inputs: int, odds: Any, rng: Any) -> None:
    """Makes a random step; operands of the wrong length are mended when it is evaluated."""
    genome[position, OPERATION] = np.searchsorted(odds, rng.random())
    for k in range(OPERANDS, genome.shape[1]):
        genome[position, k] = _below(rng, inputs + position)


@cached()
def _insert(genome: Any, length: int, inputs: int, odds: Any, rng: Any) -> int:
    position = _below(rng, length + 1)
    for place in range(length, position, -1):
        for k in range(genome.shape[1]):
            number = genome[place - 1, k]
            genome[place, k] = number + 1 if k and number >= inputs + position else number
    _draw(genome, position, inputs, odds, rng)
    return length + 1


@cached()
def _unused(genome: Any, length: int, inputs: int, rng: Any) -> int:
    """Returns a random step whose value no other step reads."""
    start = _below(rng, length)
    for turn in range(length):
        position = (start + turn) % length
        is_used = False
        for place in range(position + 1, length):
            for k in range(OPERANDS, genome.shape[1]):
                if genome[place, k] == inputs + position:
                    is_used = True
        if not is_used:
            return position
    return length - 1


@cached()
def _delete(genome: Any, position: int, length: int, inputs: int) -> int:
    for place in range(position, length - 1):
        for k in range(genome.shape[1]):
            number = genome[place + 1, k]
            genome[place, k] = number - 1 if k and number >= inputs + position else number
    genome[length - 1, :] = 0
    return length - 1


@cached()
def _change(genome: Any, length: int, inputs: int, odds: Any, rng: Any) -> None:
    position = _below(rng, length)
    field = _below(rng, genome.shape[1])
    if field == OPERATION:
        genome[position, field] = np.searchsorted(odds, rng.random())
    else:
        genome[position, field] = _below(rng, inputs + position)


@cached()
def _append(genome: Any, length: int, mate: Any, mate_length: int, inputs: int, rng: Any) -> int:
    """Appends a piece of a mate; its operands within the piece keep their meaning."""
    if mate_length == 0:
        return length
    start = _below(rng, mate_length)
    end = start + 1 + _below(rng, mate_length - start)
    shift = length - start
    for place in range(start, end):
        if length == genome.shape[0]:
            break
        genome[length, :] = mate[place, :]
        for k in range(OPERANDS, genome.shape[1]):
            number = mate[place, k]
            if number >= inputs + start:
                genome[length, k] = number + shift
            else:
                genome[length, k] = number % (inputs + length)
        length += 1
    return length


@cached()
def _vary(genome: Any, length: int, inputs: int, odds: Any, rng: Any) -> int:
    for _ in range(1 + _below(rng, MOST_MUTATIONS)):
        share = rng.random()
        if length == 0 or share < INSERT_ODDS:
            if length == genome.shape[0]:
                length = _delete(genome, _unused(genome, length, inputs, rng), length, inputs)
            length = _insert(genome, length, inputs, odds, rng)
        elif share < INSERT_ODDS + DELETE_ODDS:
            length = _delete(genome, _below(rng, length), length, inputs)
        else:
            _change(genome, length, inputs, odds, rng)
    return length


@cached()
def _take_hint(genome: Any, length: int, hints: Any, inputs: int, rng: Any) -> int:
    """Appends a proposed step; in a full genome it takes the place of an unused one."""
    row = 1 + _below(rng, hints[0, 0])
    gone = inputs + length
    if length == genome.shape[0]:
        position = _unused(genome, length, inputs, rng)
        gone = inputs + position
        length = _delete(genome, position, length, inputs)
    genome[length, :] = 0
    genome[length, OPERATION] = hints[row, 0]
    for k in range(OPERANDS, min(genome.shape[1], OPERANDS + 2)):
        number = hints[row, k]
        genome[length, k] = number - 1 if number > gone else number
    return length + 1


@cached()
def _best_of(fitness: Any, filled: int, size: int, rng: Any) -> int:
    best = _below(rng, filled)
    for _ in range(size - 1):
        other = _below(rng, filled)
        if fitness[other] < fitness[best]:
            best = other
    return best


@cached(nogil=True)
def breed(
    genomes: Any,
    lengths: Any,
    fitness: Any,
    results: Any,
    hints: Any,
    filled: int,
    evaluations: int,
    t: Tables,
    check: Tables,
    s: Scratch,
    larger: Scratch,
    terms: int,
    is_graded: bool,
    is_blind: bool,
    size_weight: float,
    hint_odds: float,
    unaided: Any,
    rng: Any,
) -> tuple[int, int, int]:
    """Evaluates genomes, each a child of the population, until one is complete.

    Args:
        genomes: (population, capacity, fields) int64, changed in place.
        lengths: (population,) their lengths.
        fitness: (population,) their fitness.
        results: (population,) the value that is the result of each.
        hints: (population, 1 + hints, 3) steps that the evaluation of each proposed.
        filled: How many members there are; random genomes fill the rest first.
        evaluations: How many at most.
        t: Tables of the size at which genomes are scored.
        check: Tables of the size at which what is complete is tried.
        s: Memory for the one,
        larger: and for the other.
        terms: 2 or 3.
        is_graded: Elements that are sums of few terms cost less.
        is_blind: Children are random genomes, not children: random search.
        size_weight: Added to the fitness for each step.
        hint_odds: How often a child gets a proposed step.
        unaided: The sizes at which genomes answer their own calls; None with an oracle.
        rng: Source of randomness.

    Returns:
        Members, evaluations made, and the member that is complete, or -1.
    """
    population, capacity, fields = genomes.shape
    inputs = t.inputs.shape[0]
    child = np.zeros((capacity, fields), np.int64)
    made = 0
    while made < evaluations:
        child[:, :] = 0
        length = 0
        if filled < population or is_blind:
            longest = capacity if is_blind else LONGEST_START
            length = 1 + _below(rng, longest)
            for position in range(length):
                _draw(child, position, inputs, t.odds, rng)
        else:
            parent = _best_of(fitness, filled, TOURNAMENT, rng)
            child[:, :] = genomes[parent]
            length = lengths[parent]
            if rng.random() < APPEND_ODDS:
                mate = _best_of(fitness, filled, TOURNAMENT, rng)
                length = _append(child, length, genomes[mate], lengths[mate], inputs, rng)
            if hint_odds > 0 and rng.random() < hint_odds and hints[parent, 0, 0] > 0:
                length = _take_hint(child, length, hints[parent], inputs, rng)
            else:
                length = _vary(child, length, inputs, t.odds, rng)
        if unaided is None:  # decided when it is compiled
            score, length, result = evaluate(child, length, t, check, s, larger, terms, is_graded)
        else:
            score, length, result = evaluate_unaided(
                child, length, t, check, unaided, s, larger, terms, is_graded
            )
        made += 1
        is_complete = score == 0.0
        score += size_weight * length
        place = filled
        if filled == population:
            place = _below(rng, population)
            for _ in range(RIVALS - 1):
                other = _below(rng, population)
                if fitness[other] > fitness[place]:
                    place = other
            if score > fitness[place] and not is_complete:
                continue
        else:
            filled += 1
        genomes[place, :, :] = child
        lengths[place] = length
        fitness[place] = score
        results[place] = result
        hints[place, :, :] = s.hints
        if is_complete:
            return filled, made, place
    return filled, made, -1
