"""Objectives: one file each, in order of precedence."""

from fitness.objectives.base import OBJECTIVES, WORST, Objective
from fitness.objectives.error import ERROR, program_error
from fitness.objectives.operations import OPERATIONS

__all__ = [
    "ERROR",
    "OBJECTIVES",
    "OPERATIONS",
    "WORST",
    "Objective",
    "program_error",
]
