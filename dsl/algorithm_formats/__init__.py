"""Formats of algorithms: one file each."""

from dsl.algorithm_formats.base import ALGORITHM_FORMATS, render_algorithm
from dsl.algorithm_formats.c_format import C99_LOOPS
from dsl.algorithm_formats.json_format import JSON
from dsl.algorithm_formats.latex_format import LATEX
from dsl.algorithm_formats.python_format import PYTHON
from dsl.algorithm_formats.sympy_format import SYMPY
from dsl.algorithm_formats.text import TEXT

__all__ = [
    "ALGORITHM_FORMATS",
    "C99_LOOPS",
    "JSON",
    "LATEX",
    "PYTHON",
    "SYMPY",
    "TEXT",
    "render_algorithm",
]
