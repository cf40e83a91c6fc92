"""Objectives: one file each."""

from fitness.objectives.base import OBJECTIVES, WORST, Objective
from fitness.objectives.coding_gain import CODING_GAIN
from fitness.objectives.error import ERROR, program_error
from fitness.objectives.frobenius import FROBENIUS
from fitness.objectives.operations import OPERATIONS
from fitness.objectives.snr import SNR
from fitness.objectives.worst_case import WORST_CASE

__all__ = [
    "CODING_GAIN",
    "ERROR",
    "FROBENIUS",
    "OBJECTIVES",
    "OPERATIONS",
    "SNR",
    "WORST",
    "WORST_CASE",
    "Objective",
    "program_error",
]
