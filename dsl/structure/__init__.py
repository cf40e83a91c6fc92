"""What is special about a matrix: blocks, shifts, symmetry, ranks, one file for each."""

from dsl.structure.base import Finding
from dsl.structure.report import Structure, find_structure

__all__ = ["Finding", "Structure", "find_structure"]
