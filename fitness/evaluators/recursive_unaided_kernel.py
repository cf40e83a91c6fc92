"""Compiled evaluation without an oracle: a genome answers its own calls.

For an ablation. What the genome computes at a size is a matrix, known from unit vectors; the
calls at the next larger size are answered by it, from one point on. Which value is the result
decides these matrices, and so every value of length n is tried as the result.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from dsl.vectors.fields import PRIME
from fitness.evaluators.recursive_kernel import (
    OPERANDS,
    OPERATION,
    PROBES,
    Scratch,
    Tables,
    _compute,
    _distance,
    _gather,
    run,
)


class Ladder(NamedTuple):
    """The sizes from the smallest to the one at which what is complete is tried.

    Attributes:
        rungs: Tables of each size; the genome's answers are written into their matrices.
        own: Operation that calls the family itself.
        generic: (operations, levels, longest, longest) matrices in which calls of the family
            itself are random: genomes are mended by values that know nothing of the family.
        truths: (sizes, longest, longest) the family's matrices from one point on: a rule
            that cannot do a size ends there, as algorithms do.
        answers: (sizes, longest, longest) what the genome computes.
        units: (1, longest, longest) unit vectors.
        values: (values, longest, longest) of unit vectors.
        levels: (values,) their levels.
    """

    rungs: tuple[Tables, ...]
    own: int
    generic: npt.NDArray[np.int64]
    truths: npt.NDArray[np.int64]
    answers: npt.NDArray[np.int64]
    units: npt.NDArray[np.int64]
    values: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]


def ladder(
    rungs: tuple[Tables, ...], own: int, truths: list[npt.NDArray[np.int64]], capacity: int
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
    padded = np.zeros((len(truths), longest, longest), np.int64)
    for row, matrix in zip(padded, truths, strict=True):
        row[: len(matrix), : len(matrix)] = matrix
    count = len(here.inputs) + capacity + 1
    return Ladder(
        tuple(rung._replace(matrices=rung.matrices.copy()) for rung in rungs),
        own,
        generic,
        padded,
        padded.copy(),
        np.eye(longest, dtype=np.int64)[None],
        np.zeros((count, longest, longest), np.int64),
        np.zeros(count, np.int64),
    )


@numba.njit(cache=True)
def _follow(
    genome: Any, steps: int, t: Tables, inputs: Any, probes: int, values: Any, levels: Any
) -> None:
    """Computes all values of a genome as it is; the level of those that do not exist is -1."""
    count = inputs.shape[0]
    for k in range(count):
        levels[k] = t.input_levels[k]
        for probe in range(probes):
            for r in range(t.lengths[levels[k]]):
                values[k, probe, r] = inputs[k, probe, r]
    for position in range(steps):
        step = genome[position]
        operation = step[OPERATION]
        level = levels[step[OPERANDS]]
        result = np.int64(-1)
        if level >= 0:
            result = t.results[operation, level]
            for k in range(1, t.arity[operation]):
                if levels[step[OPERANDS + k]] != level:
                    result = np.int64(-1)
        levels[count + position] = result
        if result >= 0:
            _compute(t, values, levels, step, t.matrices, probes, values[count + position])


@numba.njit(cache=True)
def _answer(rung: int, w: Ladder) -> None:
    """Lets calls of the family itself at a size be answered by what is known of smaller ones."""
    t = w.rungs[rung]
    for level in range(1, t.lengths.shape[0]):
        length = t.lengths[level]
        for r in range(length):
            for k in range(length):
                # Rung k of the ladder is one longer than answer k.
                t.matrices[w.own, level, r, k] = w.answers[rung + 1 - level, r, k]


@numba.njit(cache=True)
def _climb(genome: Any, steps: int, result: int, first: int, last: int, w: Ladder) -> None:
    """Notes what a genome with that result computes at the sizes of some rungs."""
    for rung in range(first, last):
        t = w.rungs[rung]
        n = t.lengths[0]
        _answer(rung, w)
        _follow(genome, steps, t, w.units, n, w.values, w.levels)
        for r in range(n):
            for k in range(n):
                if w.levels[result] == 0:
                    w.answers[rung + 1, r, k] = w.values[result, k, r]
                else:
                    w.answers[rung + 1, r, k] = w.truths[rung + 1, r, k]


@numba.njit(cache=True)
def _right(t: Tables, result: int, values: Any, levels: Any) -> int:
    """Returns how many elements of a value are those of the target."""
    if levels[result] != 0:
        return 0
    places = 0
    for r in range(t.target.shape[1]):
        if values[result, 0, r] == t.target[0, r] and values[result, 1, r] == t.target[1, r]:
            places += 1
    return places


@numba.njit(cache=True)
def evaluate_unaided(
    genome: Any,
    length: int,
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
        w: All sizes.
        s: Memory for the size at which genomes are scored,
        larger: and for the one at which what is complete is tried.
        terms: 2 or 3, of how many terms sums are sought.
        is_graded: Elements that are sums of few terms cost less than others.

    Returns:
        The fitness, 0 where the genome computes the target at both sizes, the number of
        steps that are left, and the number of the value that is the result.
    """
    top = len(w.rungs) - 1
    t, check = w.rungs[top - 1], w.rungs[top]
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
            _climb(genome, steps, value, 0, top - 1, w)
            _answer(top - 1, w)
            _follow(genome, steps, t, t.inputs, PROBES, s.values, s.levels)
            latest = value
        places = _right(t, value, s.values, s.levels)
        if places > most:
            best, most = value, places
    if is_recursive and latest != best:
        _climb(genome, steps, best, 0, top - 1, w)
        _answer(top - 1, w)
        _follow(genome, steps, t, t.inputs, PROBES, s.values, s.levels)
    if most == n:
        _climb(genome, steps, best, top - 1, top, w)
        _answer(top, w)
        _follow(genome, steps, check, check.inputs, PROBES, larger.values, larger.levels)
        right = _right(check, best, larger.values, larger.levels)
        if right == check.target.shape[1]:
            return 0.0, steps, best
        return 1.0 + check.target.shape[1] - right, steps, best
    count, distinct = _gather(genome, steps, t, s)
    total = _distance(t.target, float(n - most), count, distinct, t, s, terms, is_graded)
    return total, steps, best
