"""What blocks of a remainder are known to cost, found by their fingerprints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.grammars.factor.equivalence import fingerprint

# Fingerprints within this of each other are taken for equal: rounding stays far below.
NEAR = 1e-9


# A program for the transpose of an m x n block takes m - n additions more, so that blocks
# that are not square are told from their transposes by this times m - n.
TILT = 1e-3


def tilted(value: float, shape: tuple[int, ...]) -> float:
    """Returns a block's fingerprint with the orientation of its shape."""
    return value * (1.0 + TILT * (shape[0] - shape[1]))


@dataclass(frozen=True, slots=True)
class KnownBlocks:
    """Blocks that programs are known for.

    Attributes:
        fingerprints: (blocks,) float64, tilted, ascending.
        operations: (blocks,) int64 of the programs.
    """

    fingerprints: npt.NDArray[np.float64]
    operations: npt.NDArray[np.int64]

    def cost(self, block: npt.NDArray[Any], estimate: int) -> int:
        """Returns the operations known for a block, if they are fewer than the estimate."""
        if not len(self.fingerprints):
            return estimate
        wanted = tilted(fingerprint(block), block.shape)
        first = np.searchsorted(self.fingerprints, wanted * (1 - NEAR))
        for index in range(first, len(self.fingerprints)):
            if self.fingerprints[index] > wanted * (1 + NEAR):
                break
            estimate = min(estimate, int(self.operations[index]))
        return estimate


NOTHING_KNOWN = KnownBlocks(np.zeros(0), np.zeros(0, np.int64))
