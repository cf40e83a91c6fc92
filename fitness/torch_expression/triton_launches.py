"""The values of many formulas on a tile of samples: one call of a Triton kernel."""

from __future__ import annotations

import warnings
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch

from dsl.grammars.expression.genome import Tapes
from dsl.scalars import SCALARS
from dsl.scalars.base import Scalar
from fitness.torch_expression.launches import Memory
from fitness.torch_expression.triton_kernel import is_available, kernel

# Samples of a block, and programs that work at a time: enough for every part of an
# accelerator, few enough for the values that they keep to stay in its cache.
BLOCK, PROGRAMS = 256, 2048


class TritonLaunches:
    """Makes the values of the terms of a population, tile by tile; as `Launches`.

    Attributes:
        width: Samples of a tile, at most.
        row_of: (capacity, population) row of each term's value; zeros where there is none.
        zeros: A row of zeros.

    Args:
        tapes: The population.
        width: Samples of a tile, at most.
        memory: Where.
    """

    def __init__(self, tapes: Tapes, width: int, memory: Memory) -> None:
        population = len(tapes.is_live)
        self.width, self.zeros = width, 0
        live = tapes.is_live
        is_term = tapes.is_term & live
        rows = np.where(is_term, np.cumsum(is_term).reshape(is_term.shape), -1)
        self.row_of = np.maximum(rows, self.zeros).T
        self._inputs, self._memory = tapes.inputs, memory
        counts = live.sum(axis=1)
        self._depth = int(counts.max(initial=1))
        inputs = np.broadcast_to(np.arange(tapes.inputs), (population, tapes.inputs))
        # Of a formula the live values alone are kept, one after the other.
        places = np.hstack([inputs, tapes.inputs + np.cumsum(live, axis=1) - 1])
        left = np.take_along_axis(places, tapes.left.astype(np.int64), 1)
        right = np.take_along_axis(places, np.maximum(tapes.right, 0).astype(np.int64), 1)
        right[tapes.right < 0] = -1
        starts = np.concatenate([[0], np.cumsum(counts)])
        fields = (tapes.primitives, left, right, rows)
        code = (starts, *(field[live] for field in fields))
        self._code = [self._held(array.astype(np.int32)) for array in code]
        self._constants = self._held(tapes.constants[live])
        self._values = memory.numbers("values", (int(is_term.sum()) + 1) * width)
        self._kept = memory.numbers("kept", PROGRAMS * self._depth * BLOCK)
        self._invalid = torch.zeros(population, dtype=torch.float64, device=memory.device)

    def run(self, x: torch.Tensor) -> torch.Tensor:
        """Returns the values of all rows: (rows, samples), overwritten by the next call.

        Args:
            x: (inputs, samples) float64.
        """
        samples = x.shape[1]
        values = self._values[: len(self._values) // self.width * samples].view(-1, samples)
        values[self.zeros] = 0.0
        blocks = -(-samples // BLOCK)
        items = len(self._invalid) * blocks
        kernel(tuple(SCALARS))[(min(items, PROGRAMS),)](
            *self._code,
            self._constants,
            x,
            self._kept,
            values,
            self._invalid,
            items,
            blocks,
            samples,
            x.stride(0),
            self._inputs,
            self._depth,
            SIZE=BLOCK,
            enable_fp_fusion=False,
        )
        return values

    def invalid(self) -> torch.Tensor:
        """Returns 0 for each genome, nan if a value or an operand was not finite so far."""
        return torch.zeros_like(self._invalid).masked_fill_(self._invalid > 0.0, torch.nan)

    def _held(self, array: npt.NDArray[np.int32] | npt.NDArray[np.float64]) -> torch.Tensor:
        return torch.from_numpy(np.array(array, order="C")).to(self._memory.device)


def is_usable(device: torch.device) -> bool:
    """Says whether the kernel can be compiled and run on a device, with what is registered now.

    Triton may be missing, or need a C compiler that is not there. Then there is a warning,
    once, and formulas are worked off without it.
    """
    return device.type == "cuda" and is_available() and _is_tried(device, tuple(SCALARS))


@lru_cache(maxsize=8)
def _is_tried(device: torch.device, scalars: tuple[Scalar, ...]) -> bool:
    try:
        with torch.cuda.device(device):
            TritonLaunches(_SMALL, 1, Memory(device)).run(torch.ones(1, 1, device=device).double())
    except Exception as error:  # of Triton, of a C compiler, of a driver
        told = (str(error).splitlines() or [""])[0][:200]
        warnings.warn(f"no Triton on {device}, which would be faster: {told}", stacklevel=2)
        return False
    return True


_NOTHING = np.zeros((1, 1), np.int16)
_SMALL = Tapes(
    1, _NOTHING, _NOTHING, _NOTHING, np.ones((1, 1, 2)), _NOTHING == 0, _NOTHING == 0, _NOTHING[0]
)
