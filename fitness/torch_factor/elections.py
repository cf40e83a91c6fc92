"""The vote of rows about the parameters of blocks, at many places at once."""

from __future__ import annotations

import torch
from torch import Tensor

from dsl.grammars.factor.voting import MOST_BALLOTS
from fitness.torch_factor.arithmetic import Numbers, first_true, is_same
from fitness.torch_factor.block_formulas import Proposals

# Pairs of the first proposals at a place, more than are counted by one.
FIRST = MOST_BALLOTS + 1


def elect(proposals: Proposals, least: Tensor) -> tuple[Numbers, Tensor]:
    """Returns what most rows propose at each place, the first of equals.

    Where the first so many proposals are all different, nobody is elected; new proposals
    after so many different ones are not counted.

    Args:
        proposals: At places.
        least: (places,) int32 votes, at least 1, below which a place is of no interest.

    Returns:
        The parameters, and how many rows want them: (places,) int32, 0 where nobody, or too
        few, propose one.
    """
    values, left = proposals.values, proposals.usable
    places = len(left)
    winner = values[:, 0].map(torch.clone)
    votes = torch.zeros(places, dtype=torch.int32, device=left.device)
    at = torch.arange(places, device=left.device)
    if left.shape[1] > MOST_BALLOTS:
        keep = torch.nonzero(~all_differ(proposals)).flatten()
        at, values, left = keep, values.at(keep), left.index_select(0, keep)
    needed = least[at]
    for _ in range(MOST_BALLOTS):
        keep = torch.nonzero(left.sum(dim=1, dtype=torch.int32) >= needed).flatten()
        if not len(keep):
            break
        if len(keep) < len(at):
            at, needed = at[keep], needed[keep]
            values, left = values.at(keep), left.index_select(0, keep)
        first = first_true(left)
        ballot = values.map(lambda part, first=first: part.gather(1, first))  # type: ignore[misc]
        same = is_same(ballot, values).logical_and_(left)
        count = same.sum(dim=1, dtype=torch.int32)
        better = torch.nonzero(count >= needed).flatten()
        # Of equals the first wins, so that later ones need more votes.
        needed[better] = count[better] + 1
        votes[at[better]] = count[better]
        for part, of_ballot in zip(winner.parts, ballot.parts, strict=True):
            part[at[better]] = of_ballot[better, 0]
        left = left.logical_xor(same)
    return winner, votes


def all_differ(proposals: Proposals) -> Tensor:
    """Tells at which places the first proposals, one more than are counted, all differ.

    Where there are not so many, they do not.
    """
    values, usable = proposals.values, proposals.usable
    result = usable[:, :FIRST].all(dim=1)
    at_once = torch.nonzero(result).flatten()
    result[at_once] = _differ(values[:, :FIRST].at(at_once))
    count = usable.sum(dim=1, dtype=torch.int16)
    spread = torch.nonzero((count >= FIRST) & ~usable[:, :FIRST].all(dim=1)).flatten()
    if len(spread):
        usable = usable.index_select(0, spread)
        number = usable.cumsum(dim=1, dtype=torch.int16)
        # The first ones to the front, all others behind them.
        slot = (number.clamp_(max=FIRST + 1) - 1) * usable + FIRST * ~usable
        front = values.at(spread).map(
            lambda part: part.new_zeros(len(part), FIRST + 1).scatter_(1, slot.long(), part)
        )
        result[spread] = _differ(front[:, :FIRST])
    return result


def _differ(values: Numbers) -> Tensor:
    """Tells in which lines no two numbers are the same."""
    differ = torch.ones(len(values.re), dtype=torch.bool, device=values.re.device)
    for shift in range(1, values.shape[1]):
        differ &= ~is_same(values[:, :-shift], values[:, shift:]).any(dim=1)
    return differ
