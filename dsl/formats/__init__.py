"""Formats: one file each."""

from dsl.formats.base import FORMATS, Format, format_for, render
from dsl.formats.c_fixed_format import C_FIXED
from dsl.formats.c_format import C99
from dsl.formats.dot_format import DOT
from dsl.formats.json_format import JSON
from dsl.formats.latex_format import LATEX
from dsl.formats.numba_format import NUMBA
from dsl.formats.numpy_format import NUMPY
from dsl.formats.svg_format import SVG
from dsl.formats.sympy_format import SYMPY
from dsl.formats.text import TEXT
from dsl.formats.torch_format import TORCH

__all__ = [
    "C99",
    "C_FIXED",
    "DOT",
    "FORMATS",
    "JSON",
    "LATEX",
    "NUMBA",
    "NUMPY",
    "SVG",
    "SYMPY",
    "TEXT",
    "TORCH",
    "Format",
    "format_for",
    "render",
]
