"""The door: from a program to one of whole numbers."""

from __future__ import annotations

import numpy as np

from dsl.errors import UsageError
from dsl.fixed_point.drafting import draft
from dsl.fixed_point.fixed_program import FixedProgram
from dsl.fixed_point.words import LENGTHS, Words
from dsl.program import Program
from dsl.registry import brief

SCALINGS = ("common", "free")


def fixed_point(
    program: Program,
    word_length: int = 16,
    input_bits: int | None = None,
    *,
    constant_bits: int | None = None,
    scaling: str = "common",
) -> FixedProgram:
    """Returns a program of whole numbers that computes nearly the same, and never overflows.

    Args:
        program: For a matrix; on complex data both components are inputs.
        word_length: Bits of every value: 8, 16 or 32.
        input_bits: Bits of an input, from -(2^(input_bits - 1) - 1) to its negative; by
            default the word length.
        constant_bits: Bits of a multiplier; by default the word length.
        scaling: "common": all outputs are divided by the same power of two; "free": each by
            its own.

    Returns:
        A program that is proved not to overflow.

    Raises:
        UsageError: An option has no such value, the program is made of formulas, or words
            of this length leave no output with a bit that is certain.
        DataError: A value of the program is too large for any number.
    """
    if scaling not in SCALINGS:
        raise UsageError(f"unknown scaling {brief(scaling)}", f"known: {', '.join(SCALINGS)}")
    if not program.is_linear:
        raise UsageError(
            "formulas have no fixed-point form: expected a program for a matrix",
            "write the formulas as c",
        )
    words = Words(
        word_length,
        word_length if input_bits is None else input_bits,
        word_length if constant_bits is None else constant_bits,
    )
    fixed = draft(program, words, scaling == "common")
    if not _has_certain_bit(fixed):
        raise UsageError(
            f"words of {word_length} bits are too short for the program: "
            "the error of its outputs may be as large as they are",
            _longer(program, words, scaling == "common"),
        )
    return fixed


def _has_certain_bit(fixed: FixedProgram) -> bool:
    """Tells whether the largest output is larger than its error."""
    sizes = np.abs(fixed.source.code.matrix()).sum(axis=1) * fixed.words.largest_input
    return bool(max(fixed.proof.error_bounds) < sizes.max()) or not sizes.any()


def _longer(program: Program, words: Words, is_common: bool) -> str:
    """Returns a hint that names the word length that would do."""
    for length in LENGTHS:
        if length > words.length:
            longer = Words(length, words.input_bits, length)
            if _has_certain_bit(draft(program, longer, is_common)):
                return f"a word length of {length} would do"
    return f"inputs of fewer than {words.input_bits} bits may do"
