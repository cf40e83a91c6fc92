"""Formats of algorithms: a program for every size as text."""

from __future__ import annotations

from typing import Any

from dsl.formats.base import Format, written_in
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.registry import Registry

ALGORITHM_FORMATS: Registry[Format] = Registry("format of algorithms")


def render_algorithm(algorithm: Algorithm, form: str, /, **options: Any) -> str:
    """Returns an algorithm in a format.

    Raises:
        UsageError: There is no such format, it does not take an option, or it is for one
            size that the algorithm cannot do.
    """
    return written_in(ALGORITHM_FORMATS, algorithm, form, options)
