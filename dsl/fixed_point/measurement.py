"""The errors that a fixed-point program makes, over inputs that are tried."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsl.fixed_point.fixed_program import FixedProgram


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured.

    Attributes:
        count: How many random inputs were tried.
        largest_error: The largest error of an output over them, in units of its last place.
        worst_cases: How many inputs were tried that make an output as large as possible.
        largest_worst_error: The largest error over these.
        snr: Decibels of the exact outputs over the errors, for the random inputs.
    """

    count: int
    largest_error: float
    worst_cases: int
    largest_worst_error: float
    snr: float


def measure(fixed: FixedProgram, count: int, rng: np.random.Generator) -> Measurement:
    """Returns the errors over random inputs and over worst cases.

    Args:
        fixed: What is tried.
        count: How many random inputs; all whole numbers in range are equally likely.
        rng: Where they come from.
    """
    largest = fixed.words.largest_input
    random = rng.integers(-largest, largest, (count, fixed.inputs), endpoint=True)
    worst = sign_vectors(fixed)
    places = np.ldexp(1.0, -np.array(fixed.output_bits))
    errors, worst_errors = (_errors(fixed, x) for x in (random, worst))
    noise = float(np.square(errors).sum())
    signal = float(np.square(exact_outputs(fixed, random)).sum())
    return Measurement(
        count,
        float((np.abs(errors) / places).max(initial=0)),
        len(worst),
        float((np.abs(worst_errors) / places).max(initial=0)),
        10 * math.log10(signal / noise) if signal and noise else math.inf,
    )


def sign_vectors(fixed: FixedProgram) -> npt.NDArray[np.int64]:
    """Returns the inputs that make each output as large and as small as possible.

    Returns:
        (2 * outputs, inputs) int64.
    """
    signs = np.where(fixed.source.code.matrix() < 0, -1, 1) * fixed.words.largest_input
    return np.concatenate([signs, -signs])


def exact_outputs(fixed: FixedProgram, x: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Returns what the source computes, as real components: (..., outputs) float64."""
    return x @ fixed.source.code.matrix().T


def _errors(fixed: FixedProgram, x: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Returns the errors of the outputs in the units of the inputs."""
    return np.ldexp(fixed.execute(x), -np.array(fixed.output_bits)) - exact_outputs(fixed, x)
