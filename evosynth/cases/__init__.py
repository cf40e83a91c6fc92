"""Cases: what of a run depends on the kind of its target, one file for each kind."""

from evosynth.cases.algorithm_case import AlgorithmCase
from evosynth.cases.approximate_case import ApproximateCase
from evosynth.cases.base import AnyResult, AnyTarget, Case, Outcome
from evosynth.cases.choosing import case_of
from evosynth.cases.formula_case import FormulaCase
from evosynth.cases.matrix_case import MatrixCase

__all__ = [
    "AlgorithmCase",
    "AnyResult",
    "AnyTarget",
    "ApproximateCase",
    "Case",
    "FormulaCase",
    "MatrixCase",
    "Outcome",
    "case_of",
]
