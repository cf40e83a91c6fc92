"""Evaluators: one file each."""

from fitness.evaluators.base import EVALUATORS, Evaluator, EvaluatorKind, Scores
from fitness.evaluators.numba_evaluator import NUMBA
from fitness.evaluators.reference import REFERENCE

__all__ = ["EVALUATORS", "NUMBA", "REFERENCE", "Evaluator", "EvaluatorKind", "Scores"]
