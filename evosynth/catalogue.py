"""What there is to choose from, as plain data."""

from __future__ import annotations

from typing import Any

from dsl.derive import derive
from dsl.formats import FORMATS
from dsl.patterns import PATTERNS
from dsl.primitives import PRIMITIVES
from dsl.targets import TARGETS, known_counts


def targets() -> list[dict[str, Any]]:
    """Returns every registered target: name, convention, sizes, kind of input, best known."""
    return [
        {
            "name": family.name,
            "summary": family.summary,
            "convention": family.convention,
            "sizes": family.sizes,
            "input": family.domain,
            "best_known": {
                str(n): {"operations": known.operations, "source": known.source}
                for n, known in known_counts(family.name).items()
            },
        }
        for family in TARGETS
    ]


def formats() -> list[dict[str, Any]]:
    """Returns every format: name, suffix of files, options, summary."""
    return [
        {
            "name": form.name,
            "suffix": form.suffix,
            "options": list(form.options),
            "summary": form.summary,
        }
        for form in FORMATS
    ]


def primitives() -> list[dict[str, Any]]:
    """Returns every primitive with its matrix and what is derived from it."""
    return [
        {
            "name": block.name,
            "kind": "block",
            "summary": block.summary,
            "points": block.points,
            "matrix": str(derive(block).matrix.tolist()),
            "candidates": [str(candidate) for candidate in derive(block).candidates],
        }
        for block in PRIMITIVES
    ] + [{"name": rule.name, "kind": "pattern", "summary": rule.summary} for rule in PATTERNS]
