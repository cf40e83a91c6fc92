"""What evosynth enters into a comparison: the program of a run, measured as rivals are."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from dsl.errors import DataError
from dsl.formats import json_format
from dsl.metrics import measure
from dsl.program import Program
from dsl.samples import SampledTarget
from evosynth.algorithm_verification import AlgorithmVerification
from evosynth.api import verify
from evosynth.fronts import PointVerification
from evosynth.runs import formula_claims, program_file, read_document
from evosynth.runs.folder import CONFIGURATION, FRONT
from evosynth.runs.untrusted_json import read_json
from fitness.objectives import program_error
from gradient_baselines.base import AnyTarget, Fit, Model


def target_of(run: Path) -> AnyTarget:
    """Returns what a run was to compute; samples are made again, or read.

    Raises:
        DataError: The file holds no valid program, or no target.
    """
    # Of an algorithm for every size it says what to do.
    document = read_document(program_file(run))
    if document.approximate is not None:
        return document.approximate.target.target
    verification = verify(run)
    assert not isinstance(verification, AlgorithmVerification | PointVerification)
    return verification.target


def fit_of(run: Path, target: AnyTarget) -> Fit:
    """Returns what a run found, all figures measured again.

    Args:
        run: A run folder or program file.
        target: What it was to compute.

    Raises:
        DataError: It holds no valid program.
    """
    chosen = model_of(read_document(program_file(run)).program, target, "")
    others = [model_of(p, target, f"front {k}") for k, p in enumerate(_front(run, target), 1)]
    return Fit((chosen, *others), _seconds(run), ())


def model_of(program: Program, target: AnyTarget, setting: str) -> Model:
    """Measures a program; its parameters are its distinct constants."""
    constants = measure(program.code).constants
    if isinstance(target, SampledTarget):
        claims = formula_claims(program, target)
        inside = claims.error if claims.validation_error is None else claims.validation_error
        outside = inside if claims.test_error is None else claims.test_error
        return Model(setting, inside, outside, constants, constants, claims.operations)
    error = program_error(program, target)
    return Model(setting, error, error, constants, constants, program.count.operations)


def _front(run: Path, target: AnyTarget) -> list[Program]:
    """Returns the other programs of a run's front, where they compute all outputs."""
    path = run / FRONT
    if not path.is_file():
        return []
    try:
        points = read_json(path)["programs"]
        programs = [json_format.from_data(point["program"]) for point in points]
    except (DataError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"'{path}' holds no front: {error}", "repeat the run") from error
    outputs = len(target.outputs) if isinstance(target, SampledTarget) else len(target.matrix)
    return [program for program in programs if len(program.outputs) == outputs]


def _seconds(run: Path) -> float:
    """Returns how long a run took; nan if nothing says so."""
    path = run / CONFIGURATION
    if not path.is_file():
        return math.nan
    try:
        seconds: Any = read_json(path)["result"]["seconds"]
        return float(seconds)
    except (DataError, ValueError, KeyError, TypeError):
        return math.nan
