"""Where a block's parameter comes from: the vote of all rows, one row, or one."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy

from dsl.cost import SAME
from dsl.derive import ENTRIES, derive
from dsl.grammars.factor.remainder import is_same, turn
from dsl.primitives import Primitive
from dsl.primitives.base import NO_PARAMETER

# A parameter outside this range would only amplify rounding errors. One within it may be far
# from 1 because values differ in scale, as they come to after some shears.
SMALLEST, LARGEST = 1e-6, 1e6

# A real or imaginary part below this fraction of a parameter is a rounding error.
NOISE = 1e-10

# Different proposals that a vote counts.
MOST_BALLOTS = 16


def find_parameter(
    entries: npt.NDArray[Any], block: Primitive, is_one: bool, reference: int | None
) -> complex | None:
    """Returns the block's parameter for these columns, or None if nobody proposes one."""
    if not block.parameters:
        return NO_PARAMETER
    if is_one and not block.is_angle:
        return 1.0
    proposed = candidates(entries, block)
    ballot = (proposed if reference is None else proposed[reference]).ravel()
    ballot = ballot[~np.isnan(ballot)]
    if not len(ballot):
        return None
    if reference is not None:
        return complex(ballot[0])
    return _elected(ballot)


def _elected(ballot: npt.NDArray[Any]) -> complex | None:
    """Returns what most want, the first of equals.

    Where the first so many are all different, the rest is not asked; new proposals after so
    many different ones are not counted.
    """
    found: list[Any] = []
    votes: list[int] = []
    for proposal in ballot.tolist():
        same = [k for k, other in enumerate(found) if is_same(other, proposal)]
        if same:
            votes[same[0]] += 1
        elif len(found) < MOST_BALLOTS:
            found.append(proposal)
            votes.append(1)
        elif max(votes) == 1:
            return None
    return complex(found[int(np.argmax(votes))])


def candidates(entries: npt.NDArray[Any], block: Primitive) -> npt.NDArray[np.complex128]:
    """Returns the parameters that each row proposes, NaN where one cannot be used.

    Args:
        entries: (m, points) columns of the remainder.
        block: The primitive.

    Returns:
        (m, candidates) complex128.
    """
    with np.errstate(all="ignore"):
        columns = entries.T.astype(np.complex128)
        found = np.stack([formula(*columns) for formula in _formulas(block)], axis=1)
        size = NOISE * np.abs(found)
        unusable = ~np.stack([np.all(entries[:, k] != 0, axis=1) for k in _read(block)], axis=1)
        if block.is_angle or not np.iscomplexobj(entries):
            unusable |= np.abs(found.imag) > SAME
            found.imag = 0
        found = np.where(np.abs(found.real) > size, found.real, 0) + 1j * np.where(
            np.abs(found.imag) > size, found.imag, 0
        )
        found = turn(found, derive(block).turns)
        unusable |= ~((np.abs(found) >= SMALLEST) & (np.abs(found) <= LARGEST))
    found[unusable] = np.nan
    return found


@lru_cache(maxsize=256)
def _read(block: Primitive) -> tuple[list[int], ...]:
    """Returns which entries each candidate needs: both of a pair, those it is made of else."""
    columns = range(block.points)
    if block.is_pairwise:
        return tuple(list(columns) for _ in derive(block).candidates)
    return tuple(
        [k for k in columns if ENTRIES[k] in candidate.free_symbols]
        for candidate in derive(block).candidates
    )


@lru_cache(maxsize=256)
def _formulas(block: Primitive) -> tuple[Callable[..., Any], ...]:
    """Returns the derived candidate parameters as NumPy functions of the columns."""
    arguments = ENTRIES[: block.points]
    return tuple(sympy.lambdify(arguments, c, "numpy") for c in derive(block).candidates)
