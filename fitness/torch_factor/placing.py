"""Where genes may put their blocks, for many genes at once."""

from __future__ import annotations

import torch
from torch import Tensor

from dsl.patterns import PATTERNS
from dsl.primitives import Primitive
from fitness.place_tables import listed_places, listed_tuples
from fitness.torch_factor.block_formulas import BlockFormulas
from fitness.torch_factor.nodes import Nodes, expanded

LISTED, ALL, ONE = range(3)
REACHES = {"listed": LISTED, "all": ALL, "one": ONE}


class Placing:
    """Lists places by the rules of the patterns.

    Args:
        blocks: All primitives.
        shape: Of the target.
        device: Where to work.

    Attributes:
        is_stage: (patterns,) bool whether places are candidates that must each pay.
        reach: (patterns,) int64 how a pattern says where its places are.
    """

    def __init__(
        self, blocks: tuple[Primitive, ...], shape: tuple[int, ...], device: torch.device
    ) -> None:
        self.is_stage = torch.tensor([rule.is_stage for rule in PATTERNS], device=device)
        self.reach = torch.tensor([REACHES[rule.reach] for rule in PATTERNS], device=device)
        self._base = torch.tensor(shape[::-1], device=device)
        self._span, self._pairs = (torch.tensor(t, device=device) for t in listed_places(shape))
        self._tuple_span, self._tuples = (
            torch.tensor(t, device=device) for t in listed_tuples(blocks, shape)
        )
        self._numbers = {block: k for k, block in enumerate(b for b in blocks if not b.is_pairwise)}

    def base(self, nodes: Nodes) -> Tensor:
        """Returns how many values of the target each node's side has: (nodes,)."""
        return self._base[nodes.is_output.long()]

    def places(self, nodes: Nodes, formulas: BlockFormulas) -> tuple[Tensor, Tensor]:
        """Returns where the genes of nodes may put a block.

        Returns:
            (places,) the node, and (places, points) the values; in a node in the order in
            which the definition lists them.
        """
        block = formulas.block
        if not block.is_pairwise:
            return self._tuples_of(nodes, block)
        stage = self.is_stage[nodes.rule]
        if block.points == 1:
            return self._singles(nodes, stage)
        reach = self.reach[nodes.rule]
        parts = [
            self.listed(nodes, torch.nonzero(reach == LISTED).flatten()),
            self._all_pairs(nodes, torch.nonzero(reach == ALL).flatten()),
            self._one_pair(nodes, torch.nonzero(reach == ONE).flatten()),
        ]
        owner, places = (torch.cat(part) for part in zip(*parts, strict=True))
        if formulas.derived.is_ordered:
            return _both_ways(owner, places, stage[owner])
        return owner, places

    def listed(self, nodes: Nodes, which: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the pairs of nodes whose patterns list them."""
        side, base = nodes.is_output[which].long(), self.base(nodes)[which]
        i, j = nodes.first[which] % base, nodes.second[which] % base
        span = self._span[side, nodes.rule[which], i, j % self._span.shape[3]]
        owner, position = expanded(span[:, 1] - span[:, 0])
        return which[owner], self._pairs[span[owner, 0] + position]

    def _all_pairs(self, nodes: Nodes, which: Tensor) -> tuple[Tensor, Tensor]:
        device = which.device
        if not len(which):
            return which, torch.zeros(0, 2, dtype=torch.int64, device=device)
        most = nodes.entries.shape[1]
        pairs = torch.triu_indices(most, most, 1, device=device).T
        inside = pairs[:, 1] < nodes.width[which, None]
        owner, pair = torch.nonzero(inside).unbind(1)
        return which[owner], pairs[pair]

    def _one_pair(self, nodes: Nodes, which: Tensor) -> tuple[Tensor, Tensor]:
        width = nodes.width[which]
        places = torch.stack([nodes.first[which] % width, nodes.second[which] % width], dim=1)
        differ = places[:, 0] != places[:, 1]
        return which[differ], places[differ]

    def _singles(self, nodes: Nodes, stage: Tensor) -> tuple[Tensor, Tensor]:
        owner, position = expanded(torch.where(stage, nodes.width, 1))
        own = (nodes.first % nodes.width)[owner]
        return owner, torch.where(stage[owner], position, own)[:, None]

    def _tuples_of(self, nodes: Nodes, block: Primitive) -> tuple[Tensor, Tensor]:
        """Returns the places of a block that is not pairwise: among the target's own values."""
        base = self.base(nodes)
        i, j = nodes.first % base, nodes.second % base
        is_one = (self.reach[nodes.rule] == ONE) & (block.points > 1)
        side, number = nodes.is_output.long(), self._numbers[block]
        span = self._tuple_span[side, number, nodes.rule, i, j % self._tuple_span.shape[4]]
        owner, position = expanded(torch.where(is_one, 0, span[:, 1] - span[:, 0]))
        listed = self._tuples[span[owner, 0] + position, : block.points]
        which = torch.nonzero(is_one).flatten()
        steps = torch.arange(block.points, device=i.device)
        single = ((i + steps[:, None] * (j - i)) % base).T[which]
        ordered = single.sort(dim=1).values
        differ = (ordered[:, 1:] != ordered[:, :-1]).all(dim=1)
        return torch.cat([owner, which[differ]]), torch.cat([listed, single[differ]])


def _both_ways(owner: Tensor, places: Tensor, stage: Tensor) -> tuple[Tensor, Tensor]:
    """Adds to every pair of a stage the same the other way round, next to it."""
    again, turned = expanded(1 + stage.long())
    pairs = places[again]
    return owner[again], torch.where(turned[:, None] == 1, pairs.flip(1), pairs)
