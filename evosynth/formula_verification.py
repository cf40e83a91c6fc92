"""What a file of formulas claims, and what is true."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from dsl.errors import DataError, StorageError, UsageError
from dsl.program import Program
from dsl.samples import SampledTarget, rebuild_sampled_target
from evosynth.formula_result import RECOVERED
from evosynth.runs import FormulaClaims, FormulaRecord, formula_claims

COUNTS = ("operations", "additions", "multiplications", "functions")
ERRORS = ("error", "validation_error", "test_error")
# Errors below the first are rounding; others depend on the machine in their last digits only.
ROUNDING, SAME = 1e-9, 1e-6


@dataclass(frozen=True, slots=True)
class FormulaVerification:
    """What a file of formulas claims, and what is true.

    Attributes:
        claimed: What the file says.
        found: The same, recomputed from the program and the samples.
        target: The samples.
    """

    claimed: FormulaClaims
    found: FormulaClaims
    target: SampledTarget

    @property
    def subject(self) -> str:
        """What was compared with."""
        return f"{self.target.title} ({self.target.convention})"

    @property
    def judged_by(self) -> str:
        """The rows that tell most (`FormulaClaims.judged`)."""
        return self.found.judged[0]

    @property
    def r2(self) -> float:
        """The coefficient of determination on these rows."""
        error = self.found.judged[1]
        return 1 - error * error

    @property
    def problems(self) -> list[str]:
        """What is wrong, one line each; empty if the file is right."""
        lines = [
            f"{name.replace('_', ' ')}: the file claims {getattr(self.claimed, name)}, "
            f"the program has {getattr(self.found, name)}"
            for name in (*COUNTS, *ERRORS)
            if not _is_same(getattr(self.claimed, name), getattr(self.found, name))
        ]
        if self.target.is_exact and not self.r2 > RECOVERED:
            lines.append(
                f"R^2 {self.r2} on {self.judged_by} rows: not the formula that made the samples"
            )
        return lines

    @property
    def is_verified(self) -> bool:
        """The claims are true, and the formula is the target's where the target is one."""
        return not self.problems


def _is_same(claimed: float | None, found: float | None) -> bool:
    if claimed is None or found is None or isinstance(claimed, int) or math.isinf(found):
        return claimed == found
    return abs(claimed - found) <= max(ROUNDING, SAME * found)


def verify_formula(source: Path, program: Program, record: FormulaRecord) -> FormulaVerification:
    """Recomputes what a file claims of a formula.

    Raises:
        DataError: The samples cannot be made again, or are not those of the file.
    """
    if not record.source:
        raise DataError(
            f"'{source}': its samples were arrays, which the file does not hold",
            "verify in Python what was fitted there",
        )
    try:
        target = rebuild_sampled_target(record.source)
    except (UsageError, DataError, StorageError) as error:
        raise DataError(f"'{source}', its samples: {error}", error.hint) from error
    if target.digest != record.digest:
        raise DataError(
            f"'{source}': the samples are not those that the formula was found for",
            "a data file has changed, or the machine computes other last digits",
        )
    shape = (program.inputs, len(program.outputs))
    if shape != (len(target.inputs), len(target.outputs)):
        raise DataError(
            f"'{source}': the program has {shape[0]} inputs and {shape[1]} outputs, "
            f"its samples {len(target.inputs)} and {len(target.outputs)}"
        )
    return FormulaVerification(record.claims, formula_claims(program, target), target)
