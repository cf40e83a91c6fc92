"""Compiled evaluation without an oracle: a genome answers its own calls.

For an ablation. What the genome computes at a size is a matrix, known from unit vectors; the
calls at the next larger size are answered by it, from one point on. Which value is the result
decides these matrices, and so every value of length n is tried as the result.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dsl.vectors.fields import PRIME
from fitness.evaluators.recursive_kernel import (
    OPERANDS,
    OPERATION,
    Scratch,
    Tables,
    _compute,
    _distance,
    _gather,
    run,
)
from fitness.kernel_cache import cached


class Rung(NamedTuple):
    """What steps do at one size: of the tables, what computing them takes."""

    lengths: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int64]
    arity: npt.NDArray[np.int64]
    results: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    units: npt.NDArray[np.int64]
    factors: npt.NDArray[np.int64]
    has_factors: npt.NDArray[np.int64]


class Ladder(NamedTuple):
    """The sizes from the smallest to the one at which what is complete is tried.

    Attributes:
        lengths: (sizes, levels) as in the tables, 0 where a level does not exist.
        kinds: (operations,) as in the tables,
        arity: (operations,)
        results: (sizes, operations, levels)
        places: (sizes, operations, levels, operands, longest)
        units: (operations, operands)
        factors: (sizes, operations, levels, longest)
        has_factors: (operations,)
        matrices: (sizes, operations, levels, longest, longest) of calls; those of the
            family itself are what the genome answers.
        own: Operation that calls the family itself.
        generic: (operations, levels, longest, longest) matrices in which calls of the family
            itself are random: genomes are mended by values that know nothing of the family.
        truths: (sizes, longest, longest) the family's matrices from one point on: a rule
            that cannot do a size ends there, as algorithms do.
        answers: (sizes, longest, longest) what the genome computes.
        unit_vectors: (1, longest, longest).
        values: (values, longest, longest) of unit vectors.
        levels: (values,) their levels.
    """

    lengths: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int64]
    arity: npt.NDArray[np.int64]
    results: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    units: npt.NDArray[np.int64]
    factors: npt.NDArray[np.int64]
    has_factors: npt.NDArray[np.int64]
    matrices: npt.NDArray[np.int64]
    own: int
    generic: npt.NDArray[np.int64]
    truths: npt.NDArray[np.int64]
    answers: npt.NDArray[np.int64]
    unit_vectors: npt.NDArray[np.int64]
    values: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]


def ladder(
    rungs: list[Tables], own: int, truths: list[npt.NDArray[np.int64]], capacity: int
) -> Ladder:
    """Returns what evaluations without an oracle need.

    Args:
        rungs: Tables of all sizes, from the smallest; the last two are those at which genomes
            are scored and tried.
        own: Operation that calls the family itself.
        truths: Its matrices of one point and of each size but the last.
        capacity: Most steps of a genome.
    """
    here = rungs[-2]
    longest = len(truths[-1])
    generic = here.matrices.copy()
    shape = generic[own, 1:].shape
    generic[own, 1:] = np.random.default_rng(longest).integers(1, PRIME, shape)
    answers = _stacked(truths, 0)
    count = len(here.inputs) + capacity + 1
    return Ladder(
        _stacked([rung.lengths for rung in rungs], 0),
        here.kinds,
        here.arity,
        _stacked([rung.results for rung in rungs], -1),
        _stacked([rung.places for rung in rungs], -1),
        here.units,
        _stacked([rung.factors for rung in rungs], 0),
        here.has_factors,
        _stacked([rung.matrices for rung in rungs], 0),
        own,
        generic,
        answers,
        answers.copy(),
        np.eye(longest, dtype=np.int64)[None],
        np.zeros((count, longest, longest), np.int64),
        np.zeros(count, np.int64),
    )


def _stacked(arrays: list[npt.NDArray[np.int64]], filler: int) -> npt.NDArray[np.int64]:
    """Returns arrays of all sizes as one, as large as the largest."""
    shape = np.max([array.shape for array in arrays], axis=0)
    stack = np.full((len(arrays), *shape), filler, np.int64)
    for row, array in zip(stack, arrays, strict=True):
        row[tuple(slice(length) for length in array.shape)] = array
    return stack


@cached()
def _rung(k: int, w: Ladder) -> Rung:
    return Rung(
        w.lengths[k],
        w.kinds,
        w.arity,
        w.results[k],
        w.places[k],
        w.units,
        w.factors[k],
        w.has_factors,
    )


@cached()
def _follow(
    genome: Any, steps: int, k: int, w: Ladder, t: Tables, inputs: Any, values: Any, levels: Any
) -> None:
    """Computes all values of a genome as it is; the level of those that do not exist is -1."""
    rung = _rung(k, w)
    for level in range(1, rung.lengths.shape[0]):
        length = rung.lengths[level]
        # Answer 0 is of one point, rung 0 of the next size.
        w.matrices[k, w.own, level, :length, :length] = w.answers[
            max(k + 1 - level, 0), :length, :length
        ]
    count, probes = inputs.shape[0], min(inputs.shape[1], values.shape[1])
    for value in range(count):
        levels[value] = t.input_levels[value]
        for probe in range(probes):
            for r in range(rung.lengths[levels[value]]):
                values[value, probe, r] = inputs[value, probe, r]
    for position in range(steps):
        step = genome[position]
        operation = step[OPERATION]
        level = levels[step[OPERANDS]]
        result = np.int64(-1)
        if level >= 0:
            result = rung.results[operation, level]
            for operand in range(1, rung.arity[operation]):
                if levels[step[OPERANDS + operand]] != level:
                    result = np.int64(-1)
        levels[count + position] = result
        if result >= 0:
            _compute(
                rung,
                values,
                levels,
                step,
                w.matrices[k],
                probes,
                values[count + position],
            )


@cached()
def _climb(genome: Any, steps: int, result: int, count: int, w: Ladder, t: Tables) -> None:
    """Notes what a genome with that result computes at the smallest sizes."""
    for k in range(count):
        n = w.lengths[k, 0]
        _follow(genome, steps, k, w, t, w.unit_vectors[:, :n, :n], w.values, w.levels)
        for r in range(n):
            for column in range(n):
                if w.levels[result] == 0:
                    w.answers[k + 1, r, column] = w.values[result, column, r]
                else:
                    w.answers[k + 1, r, column] = w.truths[k + 1, r, column]


@cached()
def _right(t: Tables, result: int, values: Any, levels: Any) -> int:
    """Returns how many elements of a value are those of the target."""
    if levels[result] != 0:
        return 0
    places = 0
    for r in range(t.target.shape[1]):
        if values[result, 0, r] == t.target[0, r] and values[result, 1, r] == t.target[1, r]:
            places += 1
    return places


@cached()
def evaluate_unaided(
    genome: Any,
    length: int,
    t: Tables,
    check: Tables,
    w: Ladder,
    s: Scratch,
    larger: Scratch,
    terms: int,
    is_graded: bool,
) -> tuple[float, int, int]:
    """Scores a genome as `evaluate` does, but for its own calls, which it answers itself.

    Args:
        genome: (capacity, fields), rewritten without what is invalid or repeated.
        length: Number of steps.
        t: Tables of the size at which the genome is scored.
        check: Tables of the size at which what is complete is tried.
        w: These sizes and all smaller ones.
        s: Memory for the one,
        larger: and for the other.
        terms: 2 or 3, of how many terms sums are sought.
        is_graded: Elements that are sums of few terms cost less than others.

    Returns:
        The fitness, 0 where the genome computes the target at both sizes, the number of
        steps that are left, and the number of the value that is the result.
    """
    top = w.lengths.shape[0] - 1
    steps = run(genome, length, t, t.inputs, w.generic, s.values, s.levels)
    s.hints[0, 0] = 0
    n = t.target.shape[1]
    is_recursive = False
    for position in range(steps):
        is_recursive = is_recursive or genome[position, OPERATION] == w.own
    best, most, latest = -1, -1, -1
    for value in range(t.inputs.shape[0] + steps):
        if s.levels[value] != 0:
            continue
        if is_recursive or latest < 0:
            _climb(genome, steps, value, top - 1, w, t)
            _follow(genome, steps, top - 1, w, t, t.inputs, s.values, s.levels)
            latest = value
        places = _right(t, value, s.values, s.levels)
        if places > most:
            best, most = value, places
    if is_recursive and latest != best:
        _climb(genome, steps, best, top - 1, w, t)
        _follow(genome, steps, top - 1, w, t, t.inputs, s.values, s.levels)
    if most == n:
        _climb(genome, steps, best, top, w, t)
        _follow(genome, steps, top, w, t, check.inputs, larger.values, larger.levels)
        right = _right(check, best, larger.values, larger.levels)
        if right == check.target.shape[1]:
            return 0.0, steps, best
        return 1.0 + check.target.shape[1] - right, steps, best
    count, distinct = _gather(genome, steps, t, s)
    total = _distance(t.target, float(n - most), count, distinct, t, s, terms, is_graded)
    return total, steps, best
