"""What there is to choose from, as plain data."""

from __future__ import annotations

from typing import Any

from dsl.algorithm_formats import ALGORITHM_FORMATS
from dsl.costs import COSTS
from dsl.derive import derive
from dsl.formats import FORMATS
from dsl.grammars.factor.instructions import SUM
from dsl.grammars.recursive.families import POLYNOMIAL_PRODUCT
from dsl.grammars.recursive.recursive_target import is_recursive
from dsl.patterns import PATTERNS
from dsl.primitives import PRIMITIVES
from dsl.samples import sampled_families
from dsl.scalars import SCALARS
from dsl.scalars.derived import derive_scalar
from dsl.targets import SCALINGS, TARGETS, Scaling, known_counts
from dsl.vectors import VECTORS
from evosynth.plugins.installed import load_installed
from fitness.objectives import OBJECTIVES

SHARED_SUM = "A new value, a sum of factors times values, made once for all rows that use it"


def targets() -> list[dict[str, Any]]:
    """Returns every registered transform: name, convention, sizes, kind of input, best known.

    "best_known" is of programs that compute the transform itself, "best_known_up_to" of
    those that compute it up to one common factor, or up to a factor per output.
    """
    load_installed()
    return [
        {
            "name": family.name,
            "summary": family.summary,
            "convention": family.convention,
            "sizes": family.sizes,
            "input": family.domain,
            "exact": family.is_exact,
            "takes_kernel": family.takes_kernel,
            "recursive": is_recursive(family.name),
            "best_known": _counts(family.name, "exact"),
            "best_known_up_to": {
                scaling: _counts(family.name, scaling) for scaling in SCALINGS[1:]
            },
        }
        for family in TARGETS
    ]


def products() -> list[dict[str, Any]]:
    """Returns what only algorithms for every size compute: name, summary, convention, input."""
    family = POLYNOMIAL_PRODUCT
    return [
        {
            "name": family.name,
            "summary": family.title,
            "convention": family.convention,
            "sizes": "even n from 2",
            "input": family.domain,
            "recursive": True,
        }
    ]


def functions() -> list[dict[str, Any]]:
    """Returns every function that is known by samples: name, convention, parameters."""
    return sampled_families()


def _counts(name: str, scaling: Scaling) -> dict[str, dict[str, Any]]:
    return {
        str(n): {"operations": known.operations, "source": known.source}
        for n, known in known_counts(name, scaling).items()
    }


def formats() -> list[dict[str, Any]]:
    """Returns every format: what it is of, name, suffix of files, options, summary.

    Of a "program", or of an "algorithm" for every size, whose program of one size has the
    others.
    """
    load_installed()
    kinds = {"program": FORMATS, "algorithm": ALGORITHM_FORMATS}
    return [
        {
            "of": kind,
            "name": form.name,
            "suffix": form.suffix,
            "options": list(form.options),
            "summary": form.summary,
        }
        for kind, known in kinds.items()
        for form in known
    ]


def costs() -> list[dict[str, Any]]:
    """Returns what programs can be counted by: name, unit, word length by default, summary."""
    load_installed()
    return [
        {
            "name": cost.name,
            "unit": cost.unit,
            "word_length": cost.word_length,
            "summary": cost.summary,
        }
        for cost in COSTS
    ]


def objectives() -> list[dict[str, Any]]:
    """Returns what approximate programs can be measured by.

    Returns:
        For each its name, whether it is in dB, where more is better, the covariance of the
        inputs by default, and a summary.
    """
    load_installed()
    return [
        {
            "name": objective.name,
            "decibel": objective.is_decibel,
            "covariance": objective.covariance or None,
            "summary": objective.summary,
        }
        for objective in OBJECTIVES
        if objective.of_matrices is not None
    ]


def primitives() -> list[dict[str, Any]]:
    """Returns every primitive with its matrix and what is derived from it."""
    load_installed()
    return (
        [
            {
                "name": block.name,
                "kind": "block",
                "summary": block.summary,
                "points": block.points,
                "matrix": str(derive(block).matrix.tolist()),
                "candidates": [str(candidate) for candidate in derive(block).candidates],
            }
            for block in PRIMITIVES
        ]
        + [{"name": SUM, "kind": "sum", "summary": SHARED_SUM}]
        + [{"name": rule.name, "kind": "pattern", "summary": rule.summary} for rule in PATTERNS]
        + [
            {
                "name": scalar.name,
                "kind": "scalar",
                "summary": scalar.summary,
                "operands": scalar.arity,
                "operations": derive_scalar(scalar.name).operations,
                "expression": str(derive_scalar(scalar.name).expression),
            }
            for scalar in SCALARS
        ]
        + [
            {
                "name": step.name,
                "kind": "vector",
                "summary": step.summary,
                "parameters": list(step.parameters),
            }
            for step in VECTORS
        ]
    )


def baselines() -> list[dict[str, Any]]:
    """Returns the rivals that train by gradient descent.

    Returns:
        For each its name, kind of target, summary, and what it is told beforehand.

    Raises:
        EnvironmentMismatchError: PyTorch is not installed.
    """
    load_installed()
    from evosynth.comparison.rivals import all_rivals  # PyTorch: who asks pays

    return [
        {"name": rival.name, "kind": rival.kind, "summary": rival.summary, "told": rival.told}
        for rival in all_rivals()
    ]
