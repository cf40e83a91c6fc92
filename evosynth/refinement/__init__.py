"""Post-passes on finished programs: scales of values, network transposition."""

from evosynth.refinement.refine_program import ROUNDS, refine
from evosynth.refinement.transpose import transposed, transposed_program

__all__ = ["ROUNDS", "refine", "transposed", "transposed_program"]
