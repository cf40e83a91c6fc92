"""A formula with the samples it describes and what is claimed of it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.accuracy import deviation
from dsl.errors import DataError
from dsl.formats import json_format
from dsl.program import Program
from dsl.samples import SampledTarget, Samples

# Rows at a time: memory does not grow with the samples.
BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class FormulaClaims:
    """What a file says of its formulas.

    Errors are root mean square errors over the standard deviation of y, the largest of all
    outputs; R^2 is one less their square. They are infinite where a value is not finite.

    Attributes:
        operations: All operations.
        additions: Real additions.
        multiplications: Real multiplications.
        functions: Operations of functions.
        error: On the training rows.
        validation_error: On the rows that the formula was chosen by; None without any.
        test_error: On rows that nothing was chosen by; None without any.
    """

    operations: int
    additions: int
    multiplications: int
    functions: int
    error: float
    validation_error: float | None = None
    test_error: float | None = None

    @property
    def judged(self) -> tuple[str, float]:
        """The rows that tell most, "unseen", "validation" or "training", and the error on them."""
        if self.test_error is not None:
            return "unseen", self.test_error
        if self.validation_error is not None:
            return "validation", self.validation_error
        return "training", self.error


@dataclass(frozen=True, slots=True)
class FormulaRecord:
    """What a file says of a formula's samples.

    Attributes:
        source: Plain data from which the samples can be made again; empty for arrays.
        digest: Of the samples.
        claims: What is claimed of the program.
    """

    source: dict[str, Any]
    digest: str
    claims: FormulaClaims


def formula_claims(program: Program, target: SampledTarget) -> FormulaClaims:
    """Recomputes operations and errors from the program alone."""
    count = program.count
    return FormulaClaims(
        count.operations,
        count.additions,
        count.multiplications,
        count.functions,
        *(None if s is None else formula_error(program, s) for s in _sets(target)),  # type: ignore[arg-type]
    )


def _sets(target: SampledTarget) -> tuple[Samples | None, ...]:
    return target.train, target.validation, target.test


def formula_error(program: Program, samples: Samples) -> float:
    """Returns the largest error of an output, over the standard deviation of its values."""
    squares = np.zeros(samples.y.shape[1])
    for start in range(0, len(samples), BLOCK):
        rows = slice(start, start + BLOCK)
        with np.errstate(over="ignore"):
            squares += ((program.execute(samples.x[rows]) - samples.y[rows]) ** 2).sum(axis=0)
    return deviation(squares / len(samples), samples.y)


def predictions(program: Program, x: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Runs a program on many rows, some at a time: (rows, inputs) -> (rows, outputs)."""
    data = np.asarray(x, np.float64)
    blocks = [program.execute(data[k : k + BLOCK]) for k in range(0, len(data), BLOCK)]
    return np.concatenate(blocks) if blocks else np.zeros((0, len(program.outputs)))


def write_formula_document(program: Program, target: SampledTarget, claims: FormulaClaims) -> str:
    """Writes a program, where its samples come from, and its claims as JSON."""
    head = {name: _plain(value) for name, value in asdict(claims).items()}
    where = {
        "name": target.name,
        "title": target.title,
        "inputs": target.inputs,
        "outputs": target.outputs,
        "samples": target.source,
        "digest": target.digest,
    }
    return (
        f'{{"claims": {json.dumps(head)},\n"target": {json.dumps(where)},\n'
        f'"program": {json_format.write(program).rstrip()}}}\n'
    )


def _plain(value: float | None) -> float | str | None:
    """JSON has no infinity."""
    return "infinite" if value == math.inf else value


def read_formula_record(data: dict[str, Any]) -> FormulaRecord:
    """Reads what a file says of a formula.

    Raises:
        DataError: It is not valid.
    """
    try:
        target, claims = data["target"], data["claims"]
        source, digest = target["samples"], target["digest"]
        if not isinstance(source, dict) or not isinstance(digest, str):
            raise ValueError("expected the samples' source and digest")
        names = ("operations", "additions", "multiplications", "functions")
        if not all(type(claims[name]) is int for name in names):
            raise ValueError("expected whole numbers of operations")
        counts = [claims[name] for name in names]
        errors = [_error(claims[name]) for name in ("error", "validation_error", "test_error")]
        if errors[0] is None:
            raise ValueError("expected an error")
        return FormulaRecord(source, digest, FormulaClaims(*counts, *errors))
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as problem:
        raise DataError(f"not a valid formula file: {problem!r}"[:200]) from problem


def _error(value: Any) -> float | None:
    if value is None:
        return None
    number = math.inf if value == "infinite" else float(value)
    if not number >= 0:
        raise ValueError("expected errors of at least 0")
    return number
