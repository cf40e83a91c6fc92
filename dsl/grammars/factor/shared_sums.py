"""Shared sums: new values of which several rows take a multiple."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.genome import CHOICE, FIRST, FROM_ROW, ONE, OUTPUT_SIDE, PATTERN, SECOND, SIDE
from dsl.grammars.factor.remainder import Prices, is_same, multiplication_cost, turn
from dsl.grammars.factor.steps import SumStep
from dsl.grammars.factor.voting import find_parameter
from dsl.patterns import Place
from dsl.primitives import PRIMITIVES
from dsl.straightline import UNITS

# A gene with the number of no primitive makes a sum, or a sum at every place of a pattern.
# How often a random gene is of either kind, relative to those of a primitive.
SUM_ODDS = (1.0, 0.25)

# Entries up to which the weights of a sum descend.
MOST_DESCENT = 256
SWEEPS = 2


def make_sum(
    view: npt.NDArray[Any], gene: Sequence[int], position: int, prices: Prices
) -> SumStep | None:
    """Returns the sum that a gene makes, or None if it makes none."""
    found = _members(view, gene)
    if found is None:
        return None
    members, factors = found
    quotients = view[:, members] / factors
    sources = [_majority(row) for row in quotients]
    if gene[PATTERN] % 2:
        _descend(view, members, factors, sources, prices)
    if max(sources) < 0:
        return None
    return SumStep(
        gene[SIDE] == OUTPUT_SIDE,
        view.shape[1],
        tuple(members),
        tuple(complex(f) for f in factors),
        tuple(sources),
        position,
    )


def make_pair_sum(
    view: npt.NDArray[Any], gene: Sequence[int], position: int, place: Place
) -> SumStep | None:
    """Returns the sum of a pair, or the difference, that a stage makes at a place, if it does.

    A row whose entries have different weights takes the one that other rows take, too: it
    gains a non-zero for the one that it loses, and the products are fewer. So three
    products of halves take the place of the four of [[A, B], [C, A]] (Karatsuba).
    """
    factors = np.array([1.0, -1.0 if gene[SECOND] % 2 else 1.0])
    quotients = view[:, place] / factors
    sources = [_majority(row) for row in quotients]
    _share(quotients, sources)
    if max(sources) < 0:
        return None
    return SumStep(
        gene[SIDE] == OUTPUT_SIDE,
        view.shape[1],
        place,
        (complex(factors[0]), complex(factors[1])),
        tuple(sources),
        position,
    )


def _share(quotients: npt.NDArray[Any], sources: list[int]) -> None:
    """Gives rows without a majority the weight that others have taken, else could take."""
    sizes = turn(quotients, 4)
    present = quotients != 0
    for row in np.flatnonzero(present.all(axis=1)).tolist():
        if sources[row] >= 0:
            continue
        others = np.arange(len(sizes)) != row
        taken = np.array([sizes[r, k] for r, k in enumerate(sources) if k >= 0])
        scores = []
        for size in sizes[row]:
            wanted = np.count_nonzero(is_same(size, sizes[others]) & present[others])
            scores.append((int(np.count_nonzero(is_same(size, taken))), wanted))
        best = int(scores[1] > scores[0])
        if scores[best] > (0, 0):
            sources[row] = best


def _members(
    view: npt.NDArray[Any], gene: Sequence[int]
) -> tuple[list[int], npt.NDArray[Any]] | None:
    """Returns the members of a sum and their factors.

    A reference to a row takes the entries of one size, up to free factors; otherwise it is
    a pair, with a factor by vote, or 1 or -1.
    """
    rows, width = view.shape
    i, j = gene[FIRST] % width, gene[SECOND] % width
    if gene[CHOICE] >= FROM_ROW:
        row = view[(gene[CHOICE] - FROM_ROW) % rows]
        if row[i] == 0:
            return None
        sizes = turn(row, 4)
        members = np.flatnonzero((row != 0) & is_same(sizes[i], sizes)).tolist()
        factors = np.array([_unit(row[c] / row[i]) for c in members])
        return (members, _like(factors, view)) if len(members) > 1 else None
    if i == j:
        return None
    if gene[CHOICE] == ONE:
        factor: complex | None = -1.0 if gene[PATTERN] // 2 % 2 else 1.0
    else:
        factor = find_parameter(view[:, [i, j]], PRIMITIVES.get("shear"), False, None)
    return None if factor is None else ([i, j], _like(np.array([1, factor]), view))


def _unit(ratio: complex) -> complex:
    return min(UNITS, key=lambda unit: abs(unit - ratio))


def _like(values: npt.NDArray[Any], view: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values.astype(np.complex128) if np.iscomplexobj(view) else np.real(values).astype(float)


def _majority(quotients: npt.NDArray[Any]) -> int:
    """Returns the position of the first quotient that most agree with, if two do, else -1."""
    votes = is_same(quotients[:, None], quotients[None, :]) & (quotients != 0)[:, None]
    count = votes.sum(axis=1)
    return int(np.argmax(count)) if count.max() > 1 else -1


def _descend(
    view: npt.NDArray[Any],
    members: list[int],
    factors: npt.NDArray[Any],
    sources: list[int],
    prices: Prices,
) -> None:
    """Chooses weights for the rows without a majority where they make products fewer.

    Such a row gains a non-zero for the one that it loses. Coordinate descent: row by row
    the first choice of the fewest operations of the multiplications.
    """
    if view.size > MOST_DESCENT:
        return
    free = [r for r, k in enumerate(sources) if k < 0 and (view[r, members] != 0).all()]
    trial = np.pad(np.array(view), [(0, 0), (0, 1)])
    for row, source in enumerate(sources):
        _take(trial, view, row, members, factors, source)
    for _ in range(SWEEPS):
        for row in free:
            costs = []
            for source in range(-1, len(members)):
                _take(trial, view, row, members, factors, source)
                costs.append(multiplication_cost(trial, prices))
            sources[row] = int(np.argmin(costs)) - 1
            _take(trial, view, row, members, factors, sources[row])


def _take(
    trial: npt.NDArray[Any],
    view: npt.NDArray[Any],
    row: int,
    members: list[int],
    factors: npt.NDArray[Any],
    source: int,
) -> None:
    """Writes a row as it is when it takes the sum with the weight of a source."""
    trial[row, :-1], trial[row, -1] = view[row], 0
    if source >= 0:
        weight = view[row, members[source]] / factors[source]
        moved = view[row, members] - weight * factors
        moved[is_same(view[row, members] / factors, weight)] = 0
        trial[row, members], trial[row, -1] = moved, weight
