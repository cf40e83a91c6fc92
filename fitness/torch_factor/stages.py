"""Genes that place blocks: found, chosen and moved out of many remainders at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from dsl.genome import FROM_ROW, ONE
from fitness.torch_factor.arithmetic import Numbers, first_true, is_same
from fitness.torch_factor.block_formulas import BlockFormulas, Factor, Proposals
from fitness.torch_factor.elections import FIRST, all_differ, elect
from fitness.torch_factor.matching import match
from fitness.torch_factor.nodes import Nodes
from fitness.torch_factor.placing import Placing
from fitness.torch_factor.prices import Prices

# Rows whose proposals decide most elections that nobody wins.
HEAD = FIRST + 3


class BlockStages:
    """Applies genes of one primitive.

    Args:
        formulas: Of the primitive.
        placing: Where blocks may go.
        prices: Of operations.
        threshold: Parts of entries below it become zero.
        elements: Entries to work on at a time.
    """

    def __init__(
        self,
        formulas: BlockFormulas,
        placing: Placing,
        prices: Prices,
        threshold: float,
        elements: int,
    ) -> None:
        self._formulas = formulas
        self._block = formulas.block
        self._placing = placing
        self._prices = prices
        self._threshold = threshold
        self._elements = elements

    def apply(self, nodes: Nodes) -> None:
        """Moves the blocks of every node's gene out of its remainder."""
        formulas, block = self._formulas, self._block
        if formulas.derived.needs_complex and nodes.entries.im is None:
            return
        owner, places = self._placing.places(nodes, formulas)
        must_pay = self._placing.is_stage[nodes.rule] & formulas.derived.makes_zeros
        if block.is_pairwise and block.points == 2:
            worth = self._worth(nodes, must_pay, owner, places)
            owner, places = owner[worth], places[worth]
        size = max(1, self._elements // nodes.entries.shape[2])
        if block.is_pairwise and nodes.entries.shape[2] > 2 * HEAD:
            heads = [
                self._electable(nodes, owner[k : k + size], places[k : k + size])
                for k in range(0, len(owner), size)
            ]
            kept = torch.nonzero(torch.cat(heads)).flatten() if heads else owner
            owner, places = owner[kept], places[kept]
        apart = self._apart(nodes) if len(owner) else None
        found = [
            self._propose(nodes, must_pay, owner[k : k + size], places[k : k + size], apart)
            for k in range(0, len(owner), size)
        ]
        if not found:
            return
        gains = torch.cat([gain for _, gain in found])
        parameters = Numbers(
            *map(torch.cat, zip(*(parameter.parts for parameter, _ in found), strict=True))
        )
        kept = torch.nonzero(gains >= 0).flatten()
        owner, places, parameters = owner[kept], places[kept], parameters[kept]
        chosen = match(owner, places, gains[kept], len(nodes), nodes.entries.shape[1])
        for k in range(0, len(chosen), size):
            some = chosen[k : k + size]
            self._move_out(nodes, owner[some], places[some], parameters[some])

    def _electable(self, nodes: Nodes, owner: Tensor, places: Tensor) -> Tensor:
        """Returns the places where the first rows alone do not keep all from being elected."""
        formulas = self._formulas
        heads = nodes.entries[:, :, :HEAD]
        index = owner[:, None] * heads.shape[1] + places
        entries = [
            heads.map(lambda part, at=at: part.flatten(0, 1).index_select(0, at))  # type: ignore[misc]
            for at in index.unbind(1)
        ]
        found = formulas.proposals(entries, [entry.present() for entry in entries])
        return ~(self._is_vote(nodes.choice[owner]) & all_differ(found))

    def _is_vote(self, choice: Tensor) -> Tensor:
        return choice < FROM_ROW if self._block.is_angle else choice < ONE

    def _apart(self, nodes: Nodes) -> Tensor | None:
        """Returns what values' entries cost on their own, where genes ask: (nodes, values)."""
        if not self._formulas.derived.makes_zeros:
            return None
        asks = torch.nonzero(self._placing.is_stage[nodes.rule] & (nodes.second % 2 == 1)).flatten()
        total = torch.zeros(nodes.entries.shape[:2], dtype=torch.int64, device=asks.device)
        size = max(1, self._elements // nodes.entries.re[0].numel())
        for some in (asks[k : k + size] for k in range(0, len(asks), size)):
            total[some] = self._prices.of_entries(nodes.entries[some]).sum(dim=2)
        return total

    def _worth(self, nodes: Nodes, must_pay: Tensor, owner: Tensor, places: Tensor) -> Tensor:
        """Returns the places that may pay, judged by the zeros of their columns alone."""
        present = nodes.entries.present().to(torch.float32)
        shared = torch.bmm(present, present.transpose(1, 2))
        a, b = places.unbind(1)
        both, of_a, of_b = shared[owner, a, b], shared[owner, a, a], shared[owner, b, b]
        most = both * len(self._formulas.derived.candidates)
        removed = most + self._alone(of_a - both, of_b - both)
        pays = (removed > 0) & (self._prices.addition * removed >= self._formulas.least_cost())
        by_products = (nodes.second % 2 == 1)[owner]
        return torch.nonzero(~must_pay[owner] | ((both > 0) & (by_products | pays))).flatten()

    def _alone(self, of_a: Tensor, of_b: Tensor) -> Tensor:
        """Returns the non-zeros that rows with one entry lose: none, or as many less."""
        filled = self._formulas.derived.filled
        return of_a * (1 - filled[0]) + of_b * (1 - filled[1])

    def _propose(
        self,
        nodes: Nodes,
        must_pay: Tensor,
        owner: Tensor,
        places: Tensor,
        apart: Tensor | None,
    ) -> tuple[Numbers, Tensor]:
        """Returns the parameter and the gain of a block at places; -1 where it may not go."""
        formulas, block = self._formulas, self._block
        entries = [nodes.of_values(owner, place) for place in places.unbind(1)]
        pays, choice = must_pay[owner], nodes.choice[owner]
        by_products = pays & (nodes.second % 2 == 1)[owner]
        by_zeros = pays & ~by_products
        present = [entry.present() for entry in entries]
        proposals = formulas.proposals(entries, present) if block.parameters else None
        adjusted = torch.zeros(len(owner), dtype=torch.int32, device=owner.device)
        if block.is_pairwise and block.points == 2:
            both = (present[0] & present[1]).sum(1, dtype=torch.int32)
            adjusted = self._alone(*(each.sum(1, dtype=torch.int32) - both for each in present))
        parameter, votes = self._parameters(nodes, owner, choice, proposals, adjusted, by_zeros)
        gains = torch.where(votes == 0, -1, 0)
        gains[~formulas.is_sound(parameter)] = -1
        which = torch.nonzero(pays & (gains == 0)).flatten()
        if not len(which):
            return parameter, gains
        cost = formulas.cost(parameter[which], nodes.is_output[owner[which]])
        saved = torch.zeros_like(cost)
        zeros = by_zeros[which]
        some = which[zeros]
        if block.is_pairwise and proposals is not None:
            removed = votes[some]
            uncounted = torch.nonzero(removed < 0).flatten()
            if len(uncounted):
                at = some[uncounted]
                same = is_same(proposals.values[at], parameter[at][:, None])
                removed[uncounted] = (same & proposals.usable[at]).sum(1, dtype=torch.int32)
            saved[zeros] = self._prices.addition * (removed + adjusted[some]).long()
        else:
            here = [each.at(some) for each in entries]
            moved = self._moved(here, parameter.at(some))
            fewer = sum(_count(p) for p in here) - sum(_count(p) for p in moved)
            saved[zeros] = self._prices.addition * fewer
        some = which[~zeros]
        if len(some):
            assert apart is not None, "a gene has asked for it"
            moved = self._moved([each.at(some) for each in entries], parameter.at(some))
            after = sum(self._prices.of_entries(p).sum(1) for p in moved)
            before = apart[owner[some, None], places[some]].sum(1)
            saved[~zeros] = before - after
        gains[which] = torch.where(saved > 0, (saved - cost).clamp(min=-1), -1)
        return parameter, gains

    def _parameters(
        self,
        nodes: Nodes,
        owner: Tensor,
        choice: Tensor,
        proposals: Proposals | None,
        adjusted: Tensor,
        by_zeros: Tensor,
    ) -> tuple[Numbers, Tensor]:
        """Returns the parameters at places, and how many rows want them.

        No votes where there is no parameter, -1 where nobody counted.
        """
        uncounted = torch.full_like(adjusted, -1)
        one = nodes.entries.map(lambda part: part.new_zeros(len(owner)))
        one.re.fill_(1.0)
        if proposals is None:
            return one, uncounted
        parameter, votes = one, uncounted
        refers = choice >= FROM_ROW
        which = torch.nonzero(self._is_vote(choice)).flatten()
        if len(which):
            additions = -(-self._formulas.least_cost() // self._prices.addition)
            needed = torch.where(by_zeros, (additions - adjusted).clamp(min=1), 1)
            some = proposals
            if len(which) < len(owner):
                usable = proposals.usable.index_select(0, which)
                some = Proposals(proposals.values.at(which), usable)
            elected, count = elect(some, needed[which])
            votes[which] = torch.where(count < needed[which], 0, count)
            _write(parameter, which, elected)
        which = torch.nonzero(refers).flatten()
        if len(which):
            row = (choice[which] - FROM_ROW) % nodes.height[owner[which]]
            candidates = len(self._formulas.derived.candidates)
            span = (row * candidates)[:, None] + torch.arange(candidates, device=row.device)
            usable = proposals.usable[which].gather(1, span)
            first = first_true(usable).clamp_(max=candidates - 1)
            own = proposals.values[which].map(lambda part: part.gather(1, span).gather(1, first))
            votes[which] = torch.where(usable.any(dim=1), -1, 0).to(votes.dtype)
            _write(parameter, which, own[:, 0])
        return parameter, votes

    def _moved(self, entries: Sequence[Numbers], parameter: Numbers) -> list[Numbers]:
        """Returns what columns of remainders are once blocks are moved out."""
        points, inverse = len(entries), self._formulas.inverse(parameter)
        moved = (_combined(entries, inverse[k::points]) for k in range(points))
        return [column.cleared(self._threshold) for column in moved]

    def _move_out(self, nodes: Nodes, owner: Tensor, places: Tensor, parameter: Numbers) -> None:
        points, values = self._block.points, places.unbind(1)
        moved = self._moved([nodes.of_values(owner, v) for v in values], parameter)
        forward = self._formulas.forward(parameter)
        outer = [nodes.made_of(owner, v) for v in values]
        for k, value in enumerate(values):
            nodes.put(owner, value, moved[k])
            row = forward[k * points : (k + 1) * points]
            nodes.make_of(owner, value, _combined(outer, row))
        nodes.spend(owner, self._formulas.cost(parameter, nodes.is_output[owner]))


def _combined(values: Sequence[Numbers], factors: Sequence[Factor]) -> Numbers:
    """Returns the sum of values, (places, ...), times factors: (places,), or the same for all."""
    total: Numbers | None = None
    for value, factor in zip(values, factors, strict=True):
        if isinstance(factor, Numbers):
            term = value * factor[:, None]
        elif factor == 0:
            continue
        else:
            term = value if factor == 1 else value * factor
        total = term if total is None else total + term
    assert total is not None, "a block is invertible"
    return total


def _count(values: Numbers) -> Tensor:
    return values.present().sum(1)


def _write(numbers: Numbers, which: Tensor, new: Numbers) -> None:
    for part, other in zip(numbers.parts, new.parts, strict=True):
        part[which] = other
