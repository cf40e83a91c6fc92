"""C99 of whole numbers alone: no floating point, no overflow, the same bits everywhere."""

from __future__ import annotations

import math
import re

import numpy as np
import numpy.typing as npt

from dsl.display import plural, shape
from dsl.errors import UsageError
from dsl.fixed_point import FixedProgram, fixed_point, sign_vectors
from dsl.formats.base import FORMATS, Format
from dsl.formats.c_fixed_steps import statements
from dsl.formats.c_format import COMPLEX_NUMBERS, function_name
from dsl.formats.c_templates import FIXED_NAMES, filled, template
from dsl.program import Program
from dsl.registry import brief

# Longer names end compilers' patience.
LONGEST_NAME = 60
# Numbers of the test's vectors, and random vectors among them.
MOST_NUMBERS = 1 << 16
TESTED = 16
HEADER = """\
/*
 * {name}: {shape}, fixed point in words of {length} bits.
 * {operations}
 * Written by evosynth.
 *
 *   {name}        x[{n}], y[{m}]: one vector
 *   {name}_batch  x[count][{n}], y[count][{m}]: vectors as rows, one after the other
 *{numbers}
 * input:    whole numbers from {least} to {most}, no others
 * output:   {scale}
 * overflow: none, for any such input (proved)
 * error:    at most {bound} units of an output's last place (proved)
 * measured: {measured}
 * noise:    {noise}
 *
 * C99; the same bits on every machine. x and y must not overlap.
 */"""
FACT = re.compile(r"^ \* ((?:input|output|overflow|error|measured|noise): .*)$", re.MULTILINE)


def write(
    program: Program,
    *,
    name: str | None = None,
    main: bool = False,
    word_length: int = 16,
    input_bits: int | None = None,
    constant_bits: int | None = None,
    scaling: str = "common",
    shift_add: bool = False,
) -> str:
    """Writes a C file with functions of whole numbers for one vector and for batches of rows.

    Args:
        program: What the functions compute, up to rounding.
        name: Of the first function, and how the other begins; by default the program's
            with _q15 (of words of 16 bits) after it.
        main: Also write a test that compares results with those of this machine.
        word_length: Bits of values: 8, 16 or 32.
        input_bits: Bits of inputs; by default the word length.
        constant_bits: Bits of multipliers; by default the word length.
        scaling: "common" or "free": outputs are divided by one power of two, or by one each.
        shift_add: Products are sums of products by powers of two.

    Raises:
        UsageError: An option has no such value, the program is made of formulas, or the
            words are too short for it.
    """
    for option, value in (("main", main), ("shift_add", shift_add)):
        if not isinstance(value, bool):
            raise UsageError(f"expected {option} to be true or false, got {brief(value)}")
    fixed = fixed_point(
        program, word_length, input_bits, constant_bits=constant_bits, scaling=scaling
    )
    parts = _parts(fixed, _name(program, name, word_length), shift_add)
    names = ("fixed.c", "fixed_test_main.c") if main else ("fixed.c",)
    return filled("\n".join(map(template, names)), parts)


def _name(program: Program, wanted: str | None, word_length: int) -> str:
    if wanted is not None:
        return function_name(program, wanted, FIXED_NAMES)
    return f"{function_name(program, None, FIXED_NAMES)[:LONGEST_NAME]}_q{word_length - 1}"


def _parts(fixed: FixedProgram, name: str, is_shift_add: bool) -> dict[str, str]:
    """Returns what replaces each of the words of the templates."""
    vectors = _vectors(fixed)
    wide = fixed.words.wide_length
    parts = {
        "NAME": name,
        "@word": f"int{fixed.words.length}_t",
        "@wide": f"int{wide}_t",
        "@macro": f"INT{wide}_C",
        "@highest": str(wide - 1),
        "@inputs": str(fixed.inputs),
        "@outputs": str(len(fixed.outputs)),
        "@header": _header(fixed, name),
        "@statements": statements(fixed, is_shift_add),
        "@vectors": _rows(vectors),
        "@expected": _rows(fixed.execute(vectors)),
    }
    is_rounded = any(step.shift for step in fixed.steps)
    return parts | {"@rounding": filled(template("fixed_rounding.c"), parts) if is_rounded else ""}


def _header(fixed: FixedProgram, name: str) -> str:
    measurement, words = fixed.measure(), fixed.words
    largest_error = max(measurement.largest_error, measurement.largest_worst_error)
    return HEADER.format(
        name=name,
        shape=shape(fixed.source),
        length=words.length,
        operations=_operations(fixed),
        n=fixed.inputs,
        m=len(fixed.outputs),
        numbers=f"\n *{COMPLEX_NUMBERS}" if fixed.source.domain == "complex" else "",
        least=-words.largest_input,
        most=words.largest_input,
        scale=_scale(fixed),
        bound=f"{math.ceil(fixed.error_bound * 100) / 100:.2f}",
        measured=f"at most {largest_error:.2f} over {measurement.count:,} random inputs and "
        f"{measurement.worst_cases:,} that make an output largest",
        noise="none over the same random inputs"
        if math.isinf(measurement.snr)
        else f"{measurement.snr:.1f} dB below the outputs, over the same random inputs",
    )


def _operations(fixed: FixedProgram) -> str:
    """Returns a line that says what the function does how often."""
    multipliers = [abs(term.multiplier) for step in fixed.steps for term in step.terms]
    additions = sum(max(0, len(step.terms) - 1) for step in fixed.steps)
    products = sum(m & (m - 1) != 0 for m in multipliers)
    shifts = sum(m > 1 and m & (m - 1) == 0 for m in multipliers)
    roundings = sum(step.shift > 0 for step in fixed.steps)
    return (
        f"{plural(additions, 'addition')}, {plural(products, 'multiplication')}, "
        f"{plural(shifts, 'shift')} to the left, {plural(roundings, 'rounding shift')}."
    )


def _scale(fixed: FixedProgram) -> str:
    """Says by which power of two the outputs are divided."""
    bits = fixed.output_bits
    if len(set(bits)) == 1:
        return f"what the program computes of x, times 2^{bits[0]}"
    return f"what the program computes of x, times 2 to the {', '.join(map(str, bits))}"


def _vectors(fixed: FixedProgram) -> npt.NDArray[np.int64]:
    """Returns random inputs and such that make outputs largest, not too many."""
    largest, most = fixed.words.largest_input, MOST_NUMBERS // (fixed.inputs + len(fixed.outputs))
    random = np.random.default_rng(0).integers(
        -largest, largest, (TESTED, fixed.inputs), endpoint=True
    )
    return np.concatenate([random, sign_vectors(fixed)])[: max(1, most)]


def _rows(vectors: npt.NDArray[np.int64]) -> str:
    """Returns arrays of numbers, one vector per line."""
    return ",\n".join(f"    {{{', '.join(map(str, row))}}}" for row in vectors.tolist())


def remark(text: str) -> str:
    """Returns what people should know of a file that was written."""
    return "\n".join(FACT.findall(text))


C_FIXED = FORMATS.register(
    Format("c-fixed", ".c", write, "C99 of whole numbers, proved not to overflow", remark)
)
