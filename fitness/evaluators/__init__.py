"""Evaluators: one file each."""

from fitness.evaluators.base import EVALUATORS, Evaluator, EvaluatorKind
from fitness.evaluators.numba_evaluator import NUMBA
from fitness.evaluators.reference import REFERENCE
from fitness.evaluators.torch_evaluator import TORCH
from fitness.scores import Scores

__all__ = ["EVALUATORS", "NUMBA", "REFERENCE", "TORCH", "Evaluator", "EvaluatorKind", "Scores"]
