"""Remainders that genes are being applied to, many at a time."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fitness.torch_factor.arithmetic import Numbers


@dataclass(slots=True, eq=False)
class Nodes:
    """Remainders as the sides see them that their genes act on, one gene for each.

    With the stages on the other side left out, a remainder K has followed from the target as
    K C, where C are the stages that were moved out; on the output side the same holds for the
    transposes. Both are changed in place.

    Attributes:
        entries: (nodes, values, rows) K transposed: every value of the side has its entries
            beside each other.
        outer: (nodes, values, outer) C: what each value is made of.
        width: (nodes,) int64 values in use: those of the target, then sums.
        height: (nodes,) int64 rows in use.
        is_output: (nodes,) bool which side it is.
        fed: (nodes, rows of the remainder) bool, those that sums on the output side add to.
        spent: (nodes,) int64 operations of the steps.
        changed: (nodes,) bool whether the gene has done anything.
        rule, first, second, choice: (nodes,) int64 fields of the gene.
    """

    entries: Numbers
    outer: Numbers
    width: Tensor
    height: Tensor
    is_output: Tensor
    fed: Tensor
    spent: Tensor
    changed: Tensor
    rule: Tensor
    first: Tensor
    second: Tensor
    choice: Tensor

    def __len__(self) -> int:
        return len(self.width)

    def part(self, start: int, end: int) -> Nodes:
        """Returns some of the nodes: views, so that what changes there changes here."""
        span = slice(start, end)
        others = (getattr(self, name)[span] for name in self.__slots__[2:])
        return Nodes(self.entries[span], self.outer[span], *others)

    def of_values(self, nodes: Tensor, values: Tensor) -> Numbers:
        """Returns the entries of values of nodes, in pairs: (places, rows)."""
        return _read(self.entries, nodes, values)

    def put(self, nodes: Tensor, values: Tensor, entries: Numbers) -> None:
        """Writes the entries of values of nodes: (places, rows)."""
        _write(self.entries, nodes, values, entries)

    def made_of(self, nodes: Tensor, values: Tensor) -> Numbers:
        """Returns what values of nodes are made of, in pairs: (places, outer)."""
        return _read(self.outer, nodes, values)

    def make_of(self, nodes: Tensor, values: Tensor, outer: Numbers) -> None:
        """Writes what values of nodes are made of: (places, outer)."""
        _write(self.outer, nodes, values, outer)

    def spend(self, nodes: Tensor, operations: Tensor) -> None:
        """Takes note of steps that were moved out, and of their operations."""
        self.spent.index_add_(0, nodes, operations)
        self.changed.index_fill_(0, nodes, value=True)


def _read(numbers: Numbers, nodes: Tensor, values: Tensor) -> Numbers:
    index = nodes * numbers.shape[1] + values
    return numbers.map(lambda part: part.flatten(0, 1).index_select(0, index))


def _write(numbers: Numbers, nodes: Tensor, values: Tensor, new: Numbers) -> None:
    index = nodes * numbers.shape[1] + values
    for part, of_new in zip(numbers.parts, new.parts, strict=True):
        part.flatten(0, 1).index_copy_(0, index, of_new)


def expanded(lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the owner of every element of lists of some lengths, and its position in them."""
    owner = torch.repeat_interleave(lengths)
    position = torch.arange(len(owner), device=lengths.device)
    return owner, position - (lengths.cumsum(0) - lengths)[owner]
