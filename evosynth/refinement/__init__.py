"""Post-passes on finished programs: scales of values, network transposition."""

from evosynth.refinement.refine_program import ROUNDS, is_quick, refine
from evosynth.refinement.transpose import transposed, transposed_program

__all__ = ["ROUNDS", "is_quick", "refine", "transposed", "transposed_program"]
