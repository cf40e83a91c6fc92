"""Comparisons with rivals that are trained by gradient."""

from evosynth.comparison.comparing import BUDGET, FOLDER, compare
from evosynth.comparison.outcome import Comparison
from evosynth.comparison.rivals import all_rivals

__all__ = ["BUDGET", "FOLDER", "Comparison", "all_rivals", "compare"]
