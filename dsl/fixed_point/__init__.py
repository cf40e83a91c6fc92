"""Programs of whole numbers, proved not to overflow."""

from dsl.fixed_point.fixed_program import FixedProgram, Step, Term
from dsl.fixed_point.making import fixed_point
from dsl.fixed_point.measurement import Measurement, sign_vectors
from dsl.fixed_point.proof import Proof, UnprovedError, prove_no_overflow
from dsl.fixed_point.words import LENGTHS, Words

__all__ = [
    "LENGTHS",
    "FixedProgram",
    "Measurement",
    "Proof",
    "Step",
    "Term",
    "UnprovedError",
    "Words",
    "fixed_point",
    "prove_no_overflow",
    "sign_vectors",
]
