"""Formats: one file each."""

from dsl.formats.base import FORMATS, Format, format_for, render
from dsl.formats.json_format import JSON
from dsl.formats.latex_format import LATEX
from dsl.formats.sympy_format import SYMPY
from dsl.formats.text import TEXT

__all__ = ["FORMATS", "JSON", "LATEX", "SYMPY", "TEXT", "Format", "format_for", "render"]
