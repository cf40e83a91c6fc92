"""The values of many formulas on a tile of samples: a few calls per step of a schedule."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from dsl.grammars.expression.genome import constant
from dsl.scalars import SCALARS
from dsl.scalars.derived import derive_scalar
from fitness.torch_expression.functions import function_of
from fitness.torch_expression.schedule import Schedule, Step

# Sums of numbers that are made smaller by this factor are finite if the numbers are.
TINY = 2.0**-60


class Memory(threading.local):
    """Memory for numbers; on the CPU each thread keeps its own, since fresh pages are slow."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._kept: dict[str, torch.Tensor] = {}

    def numbers(self, use: str, count: int) -> torch.Tensor:
        """Returns memory for (count,) float64 that is valid until the next call for this use."""
        if self.device.type != "cpu":
            return torch.empty(count, dtype=torch.float64, device=self.device)
        kept = self._kept.get(use)
        if kept is None or len(kept) < count:
            kept = self._kept[use] = torch.empty(count, dtype=torch.float64, device=self.device)
        return kept[:count]


class Launches:
    """Makes the values of a schedule, tile by tile, in memory that is taken once.

    Attributes:
        width: Samples of a tile, at most.
        row_of: (capacity, population) row of each gene's value; zeros where it is not live.
        zeros: A row of zeros.

    Args:
        schedule: What to make.
        inputs: Number of inputs.
        width: Samples of a tile, at most.
        memory: Where.
        guard: Make what follows from infinity nan, sample by sample, instead of taking notes.
    """

    def __init__(
        self,
        schedule: Schedule,
        inputs: int,
        width: int,
        memory: Memory,
        *,
        guard: bool = False,
    ) -> None:
        self._schedule, self._inputs, self._guard = schedule, inputs, guard
        self.width, self.row_of, self.zeros = width, schedule.row_of, inputs
        operands = [_operands(schedule, step) for step in schedule.steps]
        self._sizes = [len(rows) for rows in operands]
        together = np.concatenate([np.zeros(0, np.int64), *operands])
        self._operands = torch.from_numpy(together).to(memory.device).split_with_sizes(self._sizes)
        is_valid = np.isfinite(schedule.constants)
        constants = np.where(is_valid, schedule.constants, np.nan)
        first_checks = np.where(is_valid.all(axis=1), 0.0, np.nan)
        self._constants = torch.from_numpy(constants).to(memory.device)
        self._checks = torch.from_numpy(first_checks).to(memory.device)
        self._values = memory.numbers("values", schedule.rows * width)
        self._gathered = memory.numbers("operands", max(self._sizes, default=0) * width)
        self._tiny = self._constants.new_full((width,), TINY)
        self._bound: list[Callable[[], object]] = []
        self._tile = self._values[:0].view(0, 0)

    def run(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the values of all rows: (rows, samples), overwritten by the next call.

        Args:
            x: (inputs, samples) float64.
        """
        width = x.shape[1]
        if self._tile.shape[1] != width:
            self._tile = self._values[: self._schedule.rows * width].view(-1, width)
            self._tile[self._inputs] = 0.0
            self._bound = []
            calls: Iterable[Callable[[], object]] = (
                self._calls()
            )  # not kept: a second tile may never come
        else:
            self._bound = calls = self._bound or list(self._calls())
        self._tile[: self._inputs] = x
        for call in calls:
            call()
        return self._tile

    def invalid(self) -> torch.Tensor:
        """Returns 0 for each genome, nan if an operand was not finite and that might be hidden.

        Of all tiles so far: (population,) float64.
        """
        rows = torch.from_numpy(self.row_of).to(self._checks.device)
        return self._checks.take(rows).sum(0) * 0.0

    def _calls(self) -> Iterator[Callable[[], object]]:
        """Yields the calls that make the values of a tile; constants are there at once."""
        steps, width = self._schedule.steps, self._tile.shape[1]
        parts = [self._inputs + 1, *(step.stop - step.start for step in steps)]
        outputs = self._tile.split_with_sizes(parts)[1:]
        constants = self._constants[..., None].split_with_sizes(parts)[1:]
        checks = self._checks.split_with_sizes(parts)[1:]
        gathered = self._gathered[: max(self._sizes, default=0) * width].view(-1, width)
        members = tuple(SCALARS)
        for k, (step, out) in enumerate(zip(steps, outputs, strict=True)):
            c0, c1 = constants[k].unbind(1)
            if step.primitive == constant():
                out.copy_(c0)
                continue
            member, count = members[step.primitive], parts[k + 1]
            operands = gathered.narrow(0, 0, self._sizes[k])
            yield partial(torch.index_select, self._tile, 0, self._operands[k], out=operands)
            both = operands.split_with_sizes([count] * (self._sizes[k] // count))
            if step.has_constants and member.arity == 1:
                yield partial(torch.addcmul, c1, operands, c0, out=operands)
            if derive_scalar(member.name).hides_infinity:
                yield from self._watches(both, checks[k])
            others = (c0,) if step.has_constants and member.arity == 2 else both[1:]
            yield partial(function_of(member), both[0], *others, out)

    def _watches(
        self, operands: Sequence[torch.Tensor], check: torch.Tensor
    ) -> Iterator[Callable[[], object]]:
        """Yields calls that notice operands that are not finite: (values, samples) each."""
        tiny = self._tiny[: self._tile.shape[1]]
        for part in operands:
            yield partial(_spoil, part) if self._guard else partial(check.addmv_, part, tiny)


def _operands(schedule: Schedule, step: Step) -> npt.NDArray[np.int64]:
    """Returns the rows that a step reads: first operands, then second ones."""
    part = slice(step.start, step.stop)
    if step.primitive == constant():
        return np.zeros(0, np.int64)
    if step.has_constants or list(SCALARS)[step.primitive].arity == 1:
        return schedule.left[part]
    return np.concatenate([schedule.left[part], schedule.right[part]])


def _spoil(operands: torch.Tensor) -> None:
    """Makes nan of infinity, in place."""
    operands += operands - operands
