"""What evaluators return and objectives read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Scores:
    """Objectives of a population.

    Attributes:
        operations: (population,) int64 operations of the decoded program.
        errors: (population,) float64 largest relative error of a row of the target.
        prefixes: (population,) int64 number of genes that the program uses.
    """

    operations: npt.NDArray[np.int64]
    errors: npt.NDArray[np.float64]
    prefixes: npt.NDArray[np.int64]
