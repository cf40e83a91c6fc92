"""Which of the proposed places blocks go to: greedy matching for many genomes at once."""

from __future__ import annotations

import torch
from torch import Tensor


def match(nodes: Tensor, places: Tensor, gains: Tensor, count: int, width: int) -> Tensor:
    """Chooses the place of largest gain, the first of equals, and strikes what overlaps it.

    A place that is the best of all that share a value with it is chosen by the greedy
    algorithm whatever happens elsewhere, so that many are chosen at a time.

    Args:
        nodes: (proposals,) to whom each belongs, from 0 to count - 1.
        places: (proposals, points) the values that a block there acts on.
        gains: (proposals,) int64, at least 0.
        count: Of nodes.
        width: Most values of a node.

    Returns:
        The chosen proposals, in no particular order: (chosen,) int64.
    """
    total = len(nodes)
    values = nodes[:, None] * width + places
    keys = gains * total + torch.arange(total - 1, -1, -1, device=nodes.device)
    left = torch.arange(total, device=nodes.device)
    chosen = []
    best = torch.empty(count * width, dtype=torch.int64, device=nodes.device)
    taken = torch.zeros(count * width, dtype=torch.bool, device=nodes.device)
    while len(left):
        best.fill_(-1)
        here, key = values[left], keys[left]
        spread = key[:, None].expand_as(here).reshape(-1)
        best.scatter_reduce_(0, here.reshape(-1), spread, "amax")
        wins = (best[here] == key[:, None]).all(dim=1)
        chosen.append(left[wins])
        taken[here[wins].reshape(-1)] = True
        left = left[~taken[here].any(dim=1)]
    return torch.cat(chosen) if chosen else left
