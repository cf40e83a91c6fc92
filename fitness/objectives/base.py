"""What an objective is: a number to be minimised, for genomes and for programs."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.covariance import Covariance
from dsl.errors import EnvironmentMismatchError, EvosynthError
from dsl.program import Program
from dsl.registry import Registry
from dsl.targets.base import Target
from fitness.gate import CONTRACT, WORST, check_array, gate
from fitness.scores import Scores

__all__ = ["OBJECTIVES", "WORST", "Objective", "gate"]

# Below it a loss is no double.
LEAST_DECIBEL = -3_000.0

Losses = npt.NDArray[np.float64]
OfScores = Callable[[Scores], Losses]
OfMatrices = Callable[[npt.NDArray[Any], Target, Covariance | None], Losses]


@dataclass(frozen=True, slots=True)
class Objective:
    """A number to be minimised, the loss.

    Attributes:
        name: What logs and fronts call it.
        of_scores: Scores of a population -> (population,) float64. What is no finite number
            of at least 0 becomes the worst there is.
        of_program: The same number recomputed from a program alone.
        summary: One line for people.
        of_matrices: What programs compute, (P, m, n) real or complex, the target and the
            covariance of its inputs -> (P,) float64, gated alike. None where a matrix does
            not tell.
        covariance: Of the inputs, as text, where none is given (`dsl.covariance`); "" where
            it makes no difference.
        is_decibel: People see -10 log10 of it, in dB, and more is better.
    """

    name: str
    of_scores: OfScores
    of_program: Callable[[Program, Target], float]
    summary: str
    of_matrices: OfMatrices | None = None
    covariance: str = ""
    is_decibel: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "of_scores", _gated(self.name, self.of_scores))
        if self.of_matrices is not None:
            gated = _gated_matrices(self.name, self.of_matrices)
            object.__setattr__(self, "of_matrices", gated)

    def figure(self, loss: float) -> float:
        """Returns what people see for a loss."""
        if not self.is_decibel:
            return loss
        return -10.0 * math.log10(loss) if loss > 0 else math.inf

    def loss_of(self, figure: float) -> float:
        """Returns the loss of which people see this."""
        if not self.is_decibel:
            return figure
        return 10.0 ** (-figure / 10.0) if figure > LEAST_DECIBEL else math.inf

    def shown(self, loss: float) -> str:
        """Returns a loss as people read it, such as "8.83 dB"."""
        if loss >= WORST:
            return "none"
        if not self.is_decibel:
            return f"{loss:.3g}"
        return f"{round(self.figure(loss), 2) + 0.0:.2f} dB"  # not -0.00

    @property
    def direction(self) -> str:
        """In what it is measured as people see it, and which way is better."""
        return "in dB, more is better" if self.is_decibel else "a loss, less is better"

    def loss_of_nothing(self, target: Target, covariance: Covariance | None = None) -> float:
        """Returns the loss of a program without operations, whatever the target's entries are.

        Its outputs are zero. Where that is the worst there is, as of objectives that ask for
        an inverse, its outputs are its inputs.
        """
        assert self.of_matrices is not None, "of objectives of matrices"
        copies = np.eye(*target.matrix.shape, dtype=target.matrix.dtype)
        zeros, inputs = self.of_matrices(np.stack([0 * copies, copies]), target, covariance)
        return float(zeros if zeros < WORST else inputs)


def _gated(name: str, of_scores: OfScores) -> OfScores:
    """Returns the same objective behind the gate."""

    @functools.wraps(of_scores)
    def gated(scores: Scores) -> Losses:
        values = of_scores(scores)
        check_array(values, len(scores.errors), np.float64, f"objective '{name}'")
        return gate(values)

    return gated


def _gated_matrices(name: str, of_matrices: OfMatrices) -> OfMatrices:
    """Returns the same objective behind the gate; what overflows is the worst."""

    @functools.wraps(of_matrices)
    def gated(
        computed: npt.NDArray[Any], target: Target, covariance: Covariance | None = None
    ) -> Losses:
        matrices = computed.view()
        matrices.setflags(write=False)
        try:
            with np.errstate(all="ignore"):
                values = of_matrices(matrices, target, covariance)
        except EvosynthError:
            raise
        except Exception as error:  # a stranger's function
            told = f"{type(error).__name__}: {error}".split("\n")[0][:100]
            raise EnvironmentMismatchError(f"objective '{name}': {told}", CONTRACT) from error
        check_array(values, len(computed), np.float64, f"objective '{name}'")
        return gate(values)

    return gated


def unscored(scores: Scores) -> Losses:
    """Returns the worst for every genome: error and operations do not tell this objective."""
    return np.full(len(scores.errors), WORST)


def of_one(of_matrices: OfMatrices) -> Callable[[Program, Target], float]:
    """Returns the same objective of a program, with the inputs' covariance left to it."""

    def of_program(program: Program, target: Target) -> float:
        with np.errstate(all="ignore"):
            return float(gate(of_matrices(program.matrix()[None], target, None))[0])

    return of_program


OBJECTIVES: Registry[Objective] = Registry("objective")
