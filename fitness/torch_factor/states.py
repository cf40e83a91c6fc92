"""The remainders that genes of many genomes lead to, each kept once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from fitness.torch_factor.arithmetic import Numbers
from fitness.torch_factor.nodes import Nodes
from fitness.torch_factor.prices import Prices
from fitness.torch_factor.remainders import KnownCosts, remainder_costs


@dataclass(frozen=True, slots=True)
class Layout:
    """How large the arrays of a state are.

    Attributes:
        shape: Of the target: (m, n).
        width: Rows and columns of a remainder, with room for sums.
        is_complex: The target is complex.
    """

    shape: tuple[int, int]
    width: int
    is_complex: bool

    @property
    def outer(self) -> int:
        """Inputs or outputs of the target, whichever are more."""
        return max(self.shape)

    @property
    def state_bytes(self) -> int:
        """Memory of one state."""
        numbers = self.width * self.width + 2 * self.width * self.outer
        return numbers * (16 if self.is_complex else 8) + self.width + 64


class States:
    """Remainders K of the target A = L K C, with the stages L and C that were moved out.

    Args:
        layout: Sizes.
        start: (m, n) the target, rounding noise cleared.
        capacity: Most states.
        prices: Of operations.
        known: What components are known to cost at most.
        device: Where they are.

    Attributes:
        layout: Sizes.
        count: States that there are; the first one is the target.
        sums: (capacity,) int64 how many sums a side has made, of the side that made more.
        operations: (capacity,) int64 of the steps and the remainder.
    """

    def __init__(
        self,
        layout: Layout,
        start: npt.NDArray[np.generic],
        capacity: int,
        prices: Prices,
        known: KnownCosts,
        device: torch.device,
    ) -> None:
        self.layout, self._prices, self._known = layout, prices, known
        width, outer = layout.width, layout.outer
        rows, columns = layout.shape

        def planes(*shape: int) -> Numbers:
            count = 2 if layout.is_complex else 1
            if device.type == "cpu":  # whose memory becomes zero where and when it is used
                return Numbers(*(torch.from_numpy(np.zeros(shape)) for _ in range(count)))
            parts = (torch.zeros(shape, dtype=torch.float64, device=device) for _ in range(count))
            return Numbers(*parts)

        def whole(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=torch.int64, device=device)

        self._remainders = planes(capacity, width, width)
        # By side: C, and L transposed.
        self._outer = planes(capacity, 2, width, outer)
        self._fed = torch.zeros(capacity, width, dtype=torch.bool, device=device)
        self._used = whole(capacity, 2)
        self._spent = whole(capacity)
        self.sums = whole(capacity)
        self.operations = whole(capacity)
        matrix = Numbers.of(start, device)
        for part, of_target in zip(self._remainders.parts, matrix.parts, strict=True):
            part[0, :rows, :columns] = of_target
        for side, size in enumerate((columns, rows)):
            self._outer.re[0, side, :size, :size] = torch.eye(size, device=device)
            self._used[0, 1 - side] = size
        self.count = 1
        self._count_operations(0, 1, max(layout.shape))

    def open(
        self,
        states: Tensor,
        genes: Sequence[Tensor],
        runs: Sequence[tuple[int, int]],
        width: int,
    ) -> Nodes:
        """Returns remainders, as their sides see them, for genes to act on.

        Args:
            states: (nodes,) which ones.
            genes: (nodes,) each: pattern, first, second and choice of a gene for each.
            runs: How many nodes in a row are of one side: (side, length).
            width: Rows and columns that are enough for them, and for what the genes add.
        """
        sides = torch.repeat_interleave(
            torch.tensor([side for side, _ in runs], device=states.device),
            torch.tensor([length for _, length in runs], device=states.device),
        )
        entries = self._remainders.map(lambda part: _turned(part[:, :width, :width], states, runs))
        index = 2 * states + sides
        outer = self._outer.map(lambda part: part.flatten(0, 1)[:, :width].index_select(0, index))
        used = self._used[states]
        own = (1 - sides)[:, None]
        return Nodes(
            entries,
            outer,
            used.gather(1, own)[:, 0],
            used.gather(1, 1 - own)[:, 0],
            sides == 1,
            self._fed[states, :width],
            self._spent[states],
            torch.zeros_like(sides, dtype=torch.bool),
            *genes,
        )

    def close(self, states: Tensor, nodes: Nodes) -> Tensor:
        """Takes in what has changed.

        Args:
            states: (nodes,) what the nodes were opened as.
            nodes: After their genes.

        Returns:
            (nodes,) which states they are now.
        """
        changed = nodes.changed
        inputs = torch.nonzero(changed & ~nodes.is_output).flatten()
        outputs = torch.nonzero(changed & nodes.is_output).flatten()
        first, last = self.count, self.count + len(inputs) + len(outputs)
        middle = first + len(inputs)
        which = torch.cat([inputs, outputs])
        after = states.clone()
        after[which] = torch.arange(first, last, device=states.device)
        width = nodes.entries.shape[1]
        for part, new in zip(self._remainders.parts, nodes.entries.parts, strict=True):
            part[first:middle, :width, :width] = new[inputs].transpose(1, 2)
            part[middle:last, :width, :width] = new[outputs]
        before = states[which]
        side = nodes.is_output[which].long()
        at = torch.arange(first, last, device=states.device)
        for part, new in zip(self._outer.parts, nodes.outer.parts, strict=True):
            flat = part.flatten(0, 1)
            flat[2 * at + side, :width] = new[which]
            flat[2 * at + 1 - side, :width] = flat[2 * before + 1 - side, :width]
        used = torch.stack([nodes.height[which], nodes.width[which]], dim=1)
        self._used[first:last] = torch.where(side[:, None] == 1, used.flip(1), used)
        self._fed[first:last, :width] = nodes.fed[which]
        self._spent[first:last] = nodes.spent[which]
        sums = self._used[first:last] - torch.tensor(self.layout.shape, device=states.device)
        self.sums[first:last] = sums.amax(dim=1)
        self._count_operations(first, last, width)
        self.count = last
        return after

    def errors(self, states: Tensor, target: npt.NDArray[np.generic]) -> Tensor:
        """Returns the largest relative error of a row of L K C: (states,) float64."""
        rows, columns = self.layout.shape
        inner = _complex(self._remainders[states])
        outer = _complex(self._outer[states])
        product = torch.bmm(outer[:, 1].transpose(1, 2), torch.bmm(inner, outer[:, 0]))
        wanted = torch.tensor(np.array(target), device=states.device)
        wrong = (product[:, :rows, :columns] - wanted).abs().square().sum(dim=2)
        size = wanted.abs().square()
        whole = size.sum(dim=1)
        largest = size.max()
        scale = torch.where(whole > 1e-28 * largest, whole, largest)
        return (wrong / scale).amax(dim=1).sqrt()

    def _count_operations(self, first: int, last: int, width: int) -> None:
        if first < last:
            remainders = self._remainders[first:last, :width, :width]
            fed = self._fed[first:last, :width]
            costs = remainder_costs(remainders, fed, self._prices, self._known)
            self.operations[first:last] = self._spent[first:last] + costs


def _turned(part: Tensor, states: Tensor, runs: Sequence[tuple[int, int]]) -> Tensor:
    """Returns matrices, transposed where their side is that of the input."""
    picked = torch.empty(len(states), *part.shape[1:], dtype=part.dtype, device=part.device)
    start = 0
    for side, length in runs:
        end = start + length
        some = part.index_select(0, states[start:end])
        picked[start:end] = some if side else some.transpose(1, 2)
        start = end
    return picked


def _complex(numbers: Numbers) -> Tensor:
    return numbers.re if numbers.im is None else torch.complex(numbers.re, numbers.im)
