"""What a run found for samples: a formula for every output, and the front behind them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.display import html_table
from dsl.errors import DataError
from dsl.formats import json_format
from dsl.grammars.expression.build import build_formulas
from dsl.metrics import Metrics, measure
from dsl.program import Program
from dsl.samples import SampledTarget
from evosynth.ending import Ending
from evosynth.engine.expression.formula_breeding import FormulaBreeding
from evosynth.engine.expression.selection import Candidate
from evosynth.runs import FormulaClaims, formula_claims, predictions

# Formulas with a larger coefficient of determination on unseen rows are those that made them.
RECOVERED = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A formula that no other one beats in both respects.

    Attributes:
        output: Name of the output that it describes.
        operations: Of its program.
        error: On training rows: root mean square error over the standard deviation of y.
        validation_error: The same on the rows that the formula was chosen by.
        program: The formula as a program with one output.
    """

    output: str
    operations: int
    error: float
    validation_error: float
    program: Program


@dataclass(frozen=True, slots=True)
class FormulaResult:
    """What a run found for samples.

    Attributes:
        target: What had to be described.
        seed: With which the same run can be repeated.
        best: The chosen formulas as a program; call it on arrays of shape (..., inputs).
        claims: Its operations and errors, recomputed from the program alone.
        front: Formulas by output and number of operations.
        evaluations: Genomes evaluated.
        seconds: Wall-clock time, from the start of the search to the finished program.
        stopped_by: "goal", "evaluations", "time", "patience" or "interrupt".
        folder: Where the run is stored, if it is.
        logbook: DEAP's logbook, one record per epoch and island.
        notices: What the user should know about the rows, or went wrong without harm.
    """

    target: SampledTarget
    seed: int
    best: Program
    claims: FormulaClaims
    front: tuple[FrontPoint, ...]
    evaluations: int
    seconds: float
    stopped_by: str
    folder: Path | None
    logbook: Any
    notices: tuple[str, ...] = ()

    @property
    def judged_by(self) -> str:
        """The rows that tell most (`FormulaClaims.judged`)."""
        return self.claims.judged[0]

    @property
    def r2(self) -> float:
        """The coefficient of determination on these rows, the smallest of all outputs."""
        error = self.claims.judged[1]
        return 1 - error * error

    @property
    def is_verified(self) -> bool:
        """The formula describes unseen rows as exactly as the samples allow.

        Where the values are those of a formula, R^2 on unseen rows is above 1 - 1e-9;
        elsewhere every value is finite.
        """
        return self.r2 > RECOVERED if self.target.is_exact else math.isfinite(self.r2)

    @property
    def metrics(self) -> Metrics:
        """Depth, values alive at once and constants of the program's real code."""
        return measure(self.best.code)

    def sympy(self) -> list[Any]:
        """Returns a SymPy expression for every output, in the names of the inputs."""
        return named_expressions(self.best, self.target.inputs)

    def predict(self, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Returns the values at places: (rows, inputs) -> (rows, outputs)."""
        return predictions(self.best, x)

    def __repr__(self) -> str:
        return (
            f"<FormulaResult {self.target.title}: {self.claims.operations} operations, "
            f"R^2 {self.r2:.6g} on {self.judged_by} rows, seed {self.seed}>"
        )

    def _repr_html_(self) -> str:
        """Returns the result as notebooks show it: a table of `to_dict`."""
        return html_table(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain data, as `evosynth run --json` prints it."""
        claims = {
            name: None if value == math.inf else value
            for name, value in asdict(self.claims).items()
        }
        return {
            "target": self.target.name,
            "samples": self.target.source,
            "seed": self.seed,
            "formulas": dict(zip(self.target.outputs, map(str, self.sympy()), strict=True)),
            **claims,
            **asdict(self.metrics),
            "r2": self.r2 if math.isfinite(self.r2) else None,
            "verified": self.is_verified,
            "front": [
                {
                    "output": point.output,
                    "operations": point.operations,
                    "error": point.error,
                    "validation_error": _finite(point.validation_error),
                    "formula": str(named_expressions(point.program, self.target.inputs)[0]),
                }
                for point in self.front
            ],
            "evaluations": self.evaluations,
            "seconds": round(self.seconds, 3),
            "stopped_by": self.stopped_by,
            "run": str(self.folder) if self.folder else None,
        }


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def named_expressions(program: Program, inputs: tuple[str, ...]) -> list[Any]:
    """Returns a SymPy expression for every output, in symbols of these names."""
    from dsl.formats.let_form import symbolic_outputs, with_names  # SymPy: who asks pays

    return with_names(symbolic_outputs(program), inputs)


def finish_formula(breeding: FormulaBreeding, ending: Ending) -> FormulaResult:
    """Returns what a search found, measured on all rows.

    Raises:
        DataError: No formula was valid on all rows.
    """
    target, best = breeding.target, breeding.best
    if best is None:
        raise DataError(f"no formula for {target.title} was found")
    return FormulaResult(
        target,
        ending.seed,
        best,
        formula_claims(best, target),
        tuple(_front(breeding)),
        ending.evaluations,
        ending.seconds(),
        ending.stopped_by,
        ending.folder,
        ending.logbook,
        target.notices,
    )


def _front(breeding: FormulaBreeding) -> list[FrontPoint]:
    target = breeding.target
    points = []
    for name, candidates in zip(target.outputs, breeding.candidates, strict=True):
        least = math.inf
        for each in sorted(candidates, key=lambda c: (c.operations, c.error)):
            if each.error < least:
                least = each.error
                points.append(_point(name, each, target))
    return points


def _point(name: str, candidate: Candidate, target: SampledTarget) -> FrontPoint:
    program = build_formulas([candidate.formula], len(target.inputs), target.identifier)
    validation = float(np.sqrt(np.mean(candidate.squares)))
    return FrontPoint(name, candidate.operations, candidate.error, validation, program)


def formula_front(result: FormulaResult) -> list[dict[str, Any]]:
    """Returns the front's programs as plain data."""
    return [
        {
            "output": point.output,
            "error": point.error,
            "validation_error": _finite(point.validation_error),
            "operations": point.operations,
            "program": json_format.to_data(point.program),
        }
        for point in result.front
    ]
