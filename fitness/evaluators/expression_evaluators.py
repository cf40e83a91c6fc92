"""The evaluators of the `expression` grammar by name."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from dsl.errors import UsageError
from dsl.grammars.expression.genome import Tapes
from dsl.registry import brief
from fitness.evaluators.expression_evaluator import ExpressionEvaluator, Fits
from fitness.evaluators.expression_reference import ExpressionReference

NAMES = ("numba", "torch", "reference")


class FormulaEvaluator(Protocol):
    """Scores genomes of the `expression` grammar on samples."""

    def evaluate(self, tapes: Tapes) -> Fits:
        """Fits the weights of every genome to y."""
        ...

    def mean_squares(self, tapes: Tapes) -> npt.NDArray[np.float64]:
        """Returns the mean squared difference of each genome's last live value and y."""
        ...

    def values(
        self, tapes: Tapes, position: int, x: npt.ArrayLike | None = None
    ) -> npt.NDArray[np.float64]:
        """Returns the values of one genome's genes: (capacity, rows); nan where not live."""
        ...


def expression_evaluator(
    name: str, x: npt.ArrayLike, y: npt.ArrayLike, threads: int, device: str = "auto"
) -> FormulaEvaluator:
    """Returns the evaluator of that name for samples.

    Args:
        name: "numba", "torch" or "reference".
        x: (rows, inputs) samples.
        y: (rows,) what the formula should give.
        threads: How many threads share a population.
        device: Where torch works; the others have no use for it.

    Raises:
        UsageError: There is no evaluator, or no device, of that name.
        EnvironmentMismatchError: torch is not installed, or cannot use the device.
        ValueError: The samples do not fit, or are not finite.
    """
    if name == "numba":
        return ExpressionEvaluator(x, y, threads)
    if name == "reference":
        return ExpressionReference(x, y, threads)
    if name != "torch":
        raise UsageError(f"unknown evaluator {brief(name)}", f"known: {', '.join(NAMES)}")
    from fitness.torch_devices import device_named  # torch takes seconds to import

    device_named(device)  # says what is missing before torch is imported anywhere else
    from fitness.torch_expression.evaluator import BatchedExpressionEvaluator

    return BatchedExpressionEvaluator(x, y, threads, device)
