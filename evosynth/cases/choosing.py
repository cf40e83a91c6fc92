"""Which case a target is."""

from __future__ import annotations

from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.samples import SampledTarget
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.cases.algorithm_case import AlgorithmCase
from evosynth.cases.approximate_case import ApproximateCase
from evosynth.cases.base import AnyTarget, Case
from evosynth.cases.formula_case import FormulaCase
from evosynth.cases.matrix_case import MatrixCase


def case_of(target: AnyTarget) -> Case:
    """Returns the target's case."""
    if isinstance(target, SampledTarget):
        return FormulaCase(target)
    if isinstance(target, RecursiveTarget):
        return AlgorithmCase(target)
    if isinstance(target, ApproximateTarget):
        return ApproximateCase(target)
    return MatrixCase(target)
