"""Genes that make shared sums: the definition is `dsl.grammars.factor.shared_sums`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dsl.genome import FROM_ROW, ONE, most_sums
from dsl.grammars.factor.shared_sums import MOST_DESCENT, SWEEPS
from fitness.torch_factor.arithmetic import Numbers, is_same, upright
from fitness.torch_factor.block_formulas import BlockFormulas
from fitness.torch_factor.elections import elect
from fitness.torch_factor.nodes import Nodes
from fitness.torch_factor.placing import LISTED, Placing
from fitness.torch_factor.prices import Prices
from fitness.torch_factor.products import line_costs

# The source of a row that does not take the sum.
NONE = -1
# A descent takes many calls in turn, so that more entries than elsewhere are worked on.
DESCENTS = 8


@dataclass(slots=True, eq=False)
class Sums:
    """Sums that nodes may make.

    Attributes:
        owner: (sums,) their nodes, ascending.
        members: (sums, size) the values that are summed.
        factors: (sums, size) of each.
        valid: (sums, size) bool which of them there are: the first ones.
    """

    owner: Tensor
    members: Tensor
    factors: Numbers
    valid: Tensor

    def __getitem__(self, which: Tensor) -> Sums:
        return Sums(self.owner[which], self.members[which], self.factors[which], self.valid[which])

    def __len__(self) -> int:
        return len(self.owner)


class SumStages:
    """Applies genes that make a sum, or a stage of sums.

    Args:
        shear: Whose vote decides the factor of a pair.
        placing: Where pairs are.
        prices: Of operations.
        shape: Of the target.
        threshold: Parts of entries below it become zero.
        elements: Entries to work on at a time.
    """

    def __init__(
        self,
        shear: BlockFormulas,
        placing: Placing,
        prices: Prices,
        shape: tuple[int, ...],
        threshold: float,
        elements: int,
    ) -> None:
        self._shear = shear
        self._placing = placing
        self._prices = prices
        self._threshold = threshold
        self._elements = elements
        self._most = [most_sums(width) for width in shape[::-1]]

    def apply_one(self, nodes: Nodes) -> None:
        """Makes the sum of every node's gene."""
        has_room = self._room(nodes) > 0
        refers = nodes.choice >= FROM_ROW
        pairs = self._pairs(nodes, torch.nonzero(has_room & ~refers).flatten())
        rows = self._alike(nodes, torch.nonzero(has_room & refers).flatten())
        for sums in (pairs, rows):
            for some in self._slices(nodes, sums):
                sources = self._majorities(nodes, some)
                self._descend(nodes, some, sources)
                self._make(nodes, some, sources)

    def apply_stage(self, nodes: Nodes) -> None:
        """Makes a sum of every pair that the pattern of a node's gene lists."""
        is_listed = self._placing.reach[nodes.rule] == LISTED
        owner, places = self._placing.listed(nodes, torch.nonzero(is_listed).flatten())
        sign = (1 - 2 * (nodes.second % 2))[owner].to(torch.float64)
        re = torch.stack([torch.ones_like(sign), sign], dim=1)
        factors = nodes.entries.map(lambda part: torch.zeros_like(re))
        factors.re.copy_(re)
        sums = Sums(owner, places, factors, torch.ones_like(places, dtype=torch.bool))
        for wave in self._waves(nodes, sums):
            for some in self._slices(nodes, sums[wave]):
                sources = self._majorities(nodes, some)
                self._share(nodes, some, sources)
                self._make(nodes, some, sources)

    def _room(self, nodes: Nodes) -> Tensor:
        """Returns how many sums a node may still make on the side of its gene."""
        most = torch.where(nodes.is_output, self._most[1], self._most[0])
        return most - (nodes.width - self._placing.base(nodes))

    def _waves(self, nodes: Nodes, sums: Sums) -> list[Tensor]:
        """Returns sums that can be made at once, in order: all, if pairs of a node differ."""
        everything = torch.arange(len(sums), device=sums.owner.device)
        index = sums.owner[:, None] * nodes.entries.shape[1] + sums.members
        used = torch.bincount(index.flatten(), minlength=1)
        if not len(sums) or int(used.max()) <= 1:
            return [everything]
        start = torch.searchsorted(sums.owner, sums.owner)
        position = everything - start
        return [torch.nonzero(position == k).flatten() for k in range(int(position.max()) + 1)]

    def _slices(self, nodes: Nodes, sums: Sums) -> list[Sums]:
        """Cuts many sums into parts that fit."""
        size = max(1, self._elements // max(1, sums.members.shape[1] * nodes.entries.shape[2]))
        every = torch.arange(len(sums), device=sums.owner.device)
        return [sums[every[k : k + size]] for k in range(0, len(sums), size)]

    def _pairs(self, nodes: Nodes, which: Tensor) -> Sums:
        """Returns the sums of pairs, with a factor by vote, or 1 or -1."""
        width = nodes.width[which]
        members = torch.stack([nodes.first[which] % width, nodes.second[which] % width], dim=1)
        differ = members[:, 0] != members[:, 1]
        which, members = which[differ], members[differ]
        factors = nodes.entries.map(lambda part: part.new_zeros(len(which), 2))
        factors.re[:, 0] = 1.0
        factors.re[:, 1] = (1 - 2 * (nodes.rule[which] // 2 % 2)).to(torch.float64)
        by_vote = torch.nonzero(nodes.choice[which] != ONE).flatten()
        good = torch.ones_like(which, dtype=torch.bool)
        if len(by_vote):
            entries = [nodes.of_values(which[by_vote], members[by_vote, k]) for k in range(2)]
            least = torch.ones_like(by_vote, dtype=torch.int32)
            winner, votes = elect(
                self._shear.proposals(entries, [e.present() for e in entries]), least
            )
            good[by_vote] = votes > 0
            for part, elected in zip(factors.parts, winner.parts, strict=True):
                part[by_vote, 1] = elected
        valid = torch.ones_like(members, dtype=torch.bool)
        return Sums(which, members, factors, valid)[torch.nonzero(good).flatten()]

    def _alike(self, nodes: Nodes, which: Tensor) -> Sums:
        """Returns the sums of what a row has in one size, up to free factors."""
        row = (nodes.choice[which] - FROM_ROW) % nodes.height[which]
        entries = nodes.entries.map(lambda part: part[which, :, row])
        first = (nodes.first[which] % nodes.width[which])[:, None]
        base = entries.map(lambda part: part.gather(1, first))
        alike = is_same(upright(base, 4), upright(entries, 4)) & entries.present()
        size = alike.sum(dim=1)
        kept = torch.nonzero((size > 1) & base.present()[:, 0]).flatten()
        most = int(size[kept].max()) if len(kept) else 0
        which, base, entries, alike = which[kept], base[kept], entries[kept], alike[kept]
        members = torch.sort((~alike).to(torch.uint8), dim=1, stable=True).indices[:, :most]
        valid = alike.gather(1, members)
        factors = _units(entries.map(lambda part: part.gather(1, members)) / base)
        return Sums(which, members, factors, valid)

    def _quotients(self, nodes: Nodes, sums: Sums) -> Numbers:
        """Returns entries of members over their factors: (sums, size, rows); 0 for none."""
        size = sums.members.shape[1]
        entries = nodes.of_values(sums.owner.repeat_interleave(size), sums.members.flatten())
        entries = entries.map(lambda part: part.view(len(sums), size, -1) * sums.valid[:, :, None])
        factors = sums.factors.map(lambda part: part[:, :, None] * sums.valid[:, :, None])
        factors = Numbers(factors.re + ~sums.valid[:, :, None], *factors.parts[1:])
        return entries / factors

    def _majorities(self, nodes: Nodes, sums: Sums) -> Tensor:
        """Returns the first member whose weight most members of a row agree with, or none.

        (sums, rows) int64.
        """
        quotients = self._quotients(nodes, sums)
        present = quotients.present()
        most = torch.ones_like(present[:, 0], dtype=torch.int32)
        winner = torch.full_like(most, NONE, dtype=torch.int64)
        for k in range(present.shape[1]):
            same = is_same(quotients[:, k : k + 1], quotients) & present
            votes = same.sum(dim=1, dtype=torch.int32) * present[:, k]
            is_better = votes > most
            most = torch.maximum(most, votes)
            winner = torch.where(is_better, k, winner)
        return winner

    def _taken(self, nodes: Nodes, sums: Sums, sources: Tensor) -> tuple[Numbers, Numbers]:
        """Returns rows as they are with the weights of their sources.

        Returns:
            The entries of the members, (sums, size, rows), and the weights, (sums, rows).
        """
        quotients = self._quotients(nodes, sums)
        takes = sources >= 0
        source = sources.clamp(min=0)[:, None, :]
        weights = quotients.map(lambda part: part.gather(1, source)[:, 0] * takes)
        entries = quotients * sums.factors[:, :, None]
        left = (entries - weights[:, None, :] * sums.factors[:, :, None]).cleared(self._threshold)
        is_gone = is_same(quotients, weights[:, None, :]) & takes[:, None, :]
        stays = ~is_gone & sums.valid[:, :, None]
        return left.map(lambda part: part * stays), weights

    def _make(self, nodes: Nodes, sums: Sums, sources: Tensor) -> None:
        """Moves sums out of the remainders, where a row takes them and there is room."""
        made = torch.nonzero((sources >= 0).any(dim=1)).flatten()
        if not len(made):
            return
        owner = sums.owner[made]
        rank = torch.arange(len(made), device=made.device) - torch.searchsorted(owner, owner)
        has_room = rank < self._room(nodes)[owner]
        made, owner, rank = made[has_room], owner[has_room], rank[has_room]
        if not len(made):
            return
        sums, sources = sums[made], sources[made]
        value = nodes.width[owner] + rank
        entries, weights = self._taken(nodes, sums, sources)
        outer = self._summed(nodes, sums)
        index, member = torch.nonzero(sums.valid).unbind(1)
        takes = (sources >= 0)[index]
        at, members = owner[index], sums.members[index, member]
        before, after = nodes.of_values(at, members), entries[index, member]
        mixed = (
            torch.where(takes, new, old) for new, old in zip(after.parts, before.parts, strict=True)
        )
        nodes.put(at, members, Numbers(*mixed))
        nodes.put(owner, value, weights)
        nodes.make_of(owner, value, outer)
        self._feed(nodes, owner, value, at, members)
        cost = self._prices.of(sums.factors) * sums.valid
        additions = sums.valid.sum(dim=1) - 1 + nodes.is_output[owner].long()
        nodes.spend(owner, cost.sum(dim=1) + self._prices.addition * additions)
        nodes.width.index_add_(0, owner, torch.ones_like(owner))

    def _feed(
        self, nodes: Nodes, owner: Tensor, value: Tensor, at: Tensor, members: Tensor
    ) -> None:
        """Takes note of the rows of the remainder that sums of the output side add to."""
        new = nodes.is_output[owner]
        nodes.fed[owner[new], value[new]] = False
        fed = nodes.is_output[at]
        nodes.fed[at[fed], members[fed]] = True

    def _summed(self, nodes: Nodes, sums: Sums) -> Numbers:
        """Returns what the sums are made of: (sums, outer)."""
        size = sums.members.shape[1]
        outer = nodes.made_of(sums.owner.repeat_interleave(size), sums.members.flatten())
        outer = outer.map(lambda part: part.view(len(sums), size, -1) * sums.valid[:, :, None])
        return (outer * sums.factors[:, :, None]).map(lambda part: part.sum(dim=1))

    def _share(self, nodes: Nodes, sums: Sums, sources: Tensor) -> None:
        """Gives rows without a majority the weight that others have taken, else could take."""
        quotients = self._quotients(nodes, sums)
        present = quotients.present()
        sizes = upright(quotients, 4)
        is_free = (sources < 0) & present.all(dim=1)
        for row in range(is_free.shape[1] if bool(is_free.any()) else 0):
            which = torch.nonzero(is_free[:, row]).flatten()
            if not len(which):
                continue
            others, is_there, chosen = sizes[which], present[which].clone(), sources[which]
            is_there[:, :, row] = False
            scores = []
            for k in range(2):
                same = is_same(others[:, k : k + 1, row : row + 1], others) & is_there
                taken = sum((same[:, j] & (chosen == j)).sum(dim=1) for j in range(2))
                scores.append(taken * (2 * same.shape[2] + 1) + same.sum(dim=(1, 2)))
            best = (scores[1] > scores[0]).long()
            score = torch.maximum(scores[0], scores[1])
            sources[which, row] = torch.where(score > 0, best, NONE)

    def _descend(self, nodes: Nodes, sums: Sums, sources: Tensor) -> None:
        """Chooses weights for rows without a majority where they make products fewer."""
        owner = sums.owner
        is_small = nodes.height[owner] * nodes.width[owner] <= MOST_DESCENT
        wants = (nodes.rule[owner] % 2 == 1) & is_small
        there = (self._quotients(nodes, sums).present() | ~sums.valid[:, :, None]).all(dim=1)
        is_free = (sources < 0) & there & wants[:, None]
        every = torch.nonzero(is_free.any(dim=1)).flatten()
        # A sum is tried out with each of its members, in all values of all rows.
        number, rows = sums.members.shape[1] + 1, sources.shape[1]
        entries = number * (nodes.entries.shape[1] + number) * rows
        size = max(1, DESCENTS * self._elements // entries)
        for which in (every[k : k + size] for k in range(0, len(every), size)):
            own, some = sources[which], sums[which]
            trial = _Trial(nodes, some, self._prices, self._variants(nodes, some), own)
            for _ in range(SWEEPS):
                for row in torch.nonzero(is_free[which].any(dim=0)).flatten().tolist():
                    at = torch.nonzero(is_free[which, row]).flatten()
                    own[at, row] = trial.improve(row, at)
            sources[which] = own

    def _variants(self, nodes: Nodes, sums: Sums) -> list[tuple[Numbers, Numbers]]:
        """Returns rows with every source: none, then those of all members."""
        shape = len(sums), nodes.entries.shape[2]
        return [
            self._taken(nodes, sums, torch.full(shape, k, device=sums.owner.device))
            for k in range(NONE, sums.members.shape[1])
        ]


class _Trial:
    """Matrices whose rows try out the sources of sums.

    Only the columns of a sum's members and of the sum itself change with the sources.

    Args:
        nodes: Whose remainders they are.
        sums: One for each matrix.
        prices: Of operations.
        variants: The entries of members and the weights of all rows, by source.
        sources: (sums, rows) to begin with.
    """

    def __init__(
        self,
        nodes: Nodes,
        sums: Sums,
        prices: Prices,
        variants: list[tuple[Numbers, Numbers]],
        sources: Tensor,
    ) -> None:
        entries = nodes.entries[sums.owner]  # (sums, values, rows)
        # (sums, sources, members and sum, rows)
        self._trials = _merged([_merged([m, w[:, None]], 1)[:, None] for m, w in variants], 1)
        self._costs = prices.of_products(self._trials)
        index, member = torch.nonzero(sums.valid).unbind(1)
        others = prices.of_products(entries)
        others[index, sums.members[index, member]] = 0
        count, number, size, rows = self._costs.shape
        # By columns: those that do not change.
        flat = entries.map(lambda part: part.flatten(0, 1))
        self._fixed = line_costs(flat, others.flatten(0, 1)).view(count, -1).sum(dim=1)
        # By rows: of every source.
        whole = entries.map(lambda part: part.transpose(1, 2)[:, None].expand(-1, number, -1, -1))
        trials = self._trials.map(lambda part: part.transpose(2, 3))
        lines = _merged([whole, trials], 3).map(lambda part: part.flatten(0, 2))
        costs = [
            others.transpose(1, 2)[:, None].expand(-1, number, -1, -1),
            self._costs.transpose(2, 3),
        ]
        by_rows = line_costs(lines, torch.cat(costs, dim=3).flatten(0, 2))
        self._rows = by_rows.view(count, number, rows)
        last = number - (size - 1 - sums.valid.sum(dim=1))
        self._is_allowed = torch.arange(number, device=last.device) < last[:, None]
        choice = (sources + 1)[:, None, :]
        self._total = self._rows.gather(1, choice)[:, 0].sum(dim=1)
        choice = choice[:, :, None, :].expand(-1, 1, size, -1)
        self._matrix = self._trials.map(lambda part: part.gather(1, choice)[:, 0])
        self._own = self._costs.gather(1, choice)[:, 0]
        self._sources = sources

    def improve(self, row: int, which: Tensor) -> Tensor:
        """Gives a row of some matrices the first source of the fewest operations.

        Returns:
            The sources: (which,).
        """
        matrix, costs = self._matrix.at(which), self._own.index_select(0, which)
        costs[:, :, row] = 0
        trials, own = self._trials[which, :, :, row], self._costs[which, :, :, row]
        flat = matrix.map(lambda part: part.flatten(0, 1))
        without = line_costs(flat, costs.flatten(0, 1)).view(len(which), -1).sum(dim=1)
        others, new = upright(matrix, 4)[:, None], upright(trials, 4)[..., None]
        known = (is_same(others, new) & (costs > 0)[:, None]).any(dim=3)
        by_columns = (own * ~known).sum(dim=2) + (without + self._fixed[which])[:, None]
        of_rows = self._rows[which, :, row]
        before = of_rows.gather(1, self._sources[which, row][:, None] + 1)[:, 0]
        by_rows = (self._total[which] - before)[:, None] + of_rows
        cost = torch.minimum(by_rows, by_columns)
        cost = cost.masked_fill(~self._is_allowed[which], torch.iinfo(cost.dtype).max // 1024)
        number = cost.shape[1]
        best = (cost * number + torch.arange(number, device=cost.device)).argmin(dim=1)
        at = torch.arange(len(which), device=which.device)
        for part, changed in zip(self._matrix.parts, trials.parts, strict=True):
            part[which, :, row] = changed[at, best]
        self._own[which, :, row] = own[at, best]
        self._total[which] = by_rows[at, best]
        self._sources[which, row] = best - 1
        return best - 1


def _merged(numbers: Sequence[Numbers], axis: int) -> Numbers:
    return Numbers(
        *(torch.cat(parts, axis) for parts in zip(*(n.parts for n in numbers), strict=True))
    )


def _units(ratios: Numbers) -> Numbers:
    """Returns the free factors nearest to ratios."""
    one = torch.ones_like(ratios.re)
    if ratios.im is None:
        return Numbers(one.copysign(ratios.re))
    is_real = ratios.re.abs() >= ratios.im.abs()
    return Numbers(one.copysign(ratios.re) * is_real, one.copysign(ratios.im) * ~is_real)
