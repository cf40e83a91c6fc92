"""What exact formulas lend to those of other outputs: values, to be used like inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dsl.grammars.expression.build import Loan
from dsl.grammars.expression.values import steps_of, values
from evosynth.engine.expression.front import Found

Array = npt.NDArray[np.float64]

# Values that an exact formula lends.
MOST_LENT = 4


def with_loans(x: Array, loans: Sequence[Loan]) -> Array:
    """Returns inputs, (inputs, rows), and below them what loans are on the same rows."""
    columns = list(x)
    for loan in loans:
        known = np.stack(columns[: len(x) + len(loan.loans)])
        columns.append(values(steps_of(loan.genes, len(known)), known)[loan.slot])
    return np.stack(columns)


def lent_by(found: Found, known: Sequence[Loan], inputs: int) -> list[Loan]:
    """Returns the last values of a formula.

    Args:
        found: The formula.
        known: Loans, of which it could use the first ones.
        inputs: Of the target.
    """
    first = inputs + found.loans
    steps = [s for s in steps_of(found.genes, first) if s.name != "constant"]
    own = tuple(known[: found.loans])
    return [Loan(found.genes, first + step.position, own) for step in steps[-MOST_LENT:]]
