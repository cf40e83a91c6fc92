"""Targets: families one file each, and matrices from files."""

from dsl.targets.base import (
    TARGETS,
    Target,
    TargetFamily,
    interleave,
    make_target,
    target_family,
)
from dsl.targets.dct2 import dct2
from dsl.targets.dft import dft
from dsl.targets.exact_matrix import ExactMatrix
from dsl.targets.idft import idft
from dsl.targets.known import Known, best_known, known_counts
from dsl.targets.matrix_file import load_matrix
from dsl.targets.memory import capacity_for, memory_limit, search_memory
from dsl.targets.wht import wht

__all__ = [
    "TARGETS",
    "ExactMatrix",
    "Known",
    "Target",
    "TargetFamily",
    "best_known",
    "capacity_for",
    "dct2",
    "dft",
    "idft",
    "interleave",
    "known_counts",
    "load_matrix",
    "make_target",
    "memory_limit",
    "search_memory",
    "target_family",
    "wht",
]
