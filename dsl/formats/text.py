"""The listing: a program as people read it and as it is read back."""

from __future__ import annotations

import re

from dsl.errors import DataError
from dsl.exact import parse_constant
from dsl.formats.base import FORMATS, Format
from dsl.plain_constants import text_of_constant
from dsl.program import MOST_INSTRUCTIONS, MOST_OPERANDS, Instruction, Program

HEADER = re.compile(r"program (\w+): (\w+), (\d+) (real|complex) inputs")
LINE = re.compile(r"((?:v\d+ )+)= (\S+)((?: v\d+)*)(?: \((.*)\))?")
# What ends a line for str.splitlines.
LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
LONGEST_LINE = 1 << 20


def write(program: Program) -> str:
    """Writes one line per instruction; `parse` gives the same program back."""
    return listing(program)


def listing(program: Program, *remarks: str) -> str:
    """Writes the same with remarks, each a line long, below the count."""
    count = program.count
    functions = f", {count.functions} of functions" if count.functions else ""
    lines = [
        f"program {program.name}: {program.grammar}, {program.inputs} {program.domain} inputs",
        f"# {count.operations} real operations when simplified: "
        f"{count.additions} additions, {count.multiplications} multiplications{functions}",
        *(f"# {remark}" for remark in remarks),
    ]
    stage = -1
    firsts = program.first_results
    for instruction, first, end in zip(program.instructions, firsts, firsts[1:], strict=False):
        if instruction.stage != stage:
            stage = instruction.stage
            lines.append(f"stage {stage}")
        lines.append("  " + _line(instruction, range(first, end), program.constants_order))
    lines.append("outputs " + " ".join(f"v{k}" for k in program.outputs))
    return "\n".join(lines) + "\n"


def _line(instruction: Instruction, results: range, order: int | None) -> str:
    names = " ".join(f"v{k}" for k in results)
    operands = "".join(f" v{k}" for k in instruction.operands)
    constants = ", ".join(text_of_constant(c, order) for c in instruction.constants)
    return f"{names} = {instruction.name}{operands}" + (f" ({constants})" if constants else "")


def parse(text: str) -> Program:
    """Reads a listing.

    Raises:
        DataError: The text is not a listing, or not of a valid program; the message
            names the line.
    """
    lines = _lines(text)
    header = HEADER.fullmatch(lines[0]) if lines else None
    if header is None:
        raise DataError("line 1: expected 'program NAME: GRAMMAR, N real|complex inputs'")
    name, grammar, inputs, domain = header.groups()
    instructions: list[Instruction] = []
    outputs: tuple[int, ...] = ()
    stage = 0
    defined = _number(inputs, 1)
    for number, line in enumerate(lines[1:], 2):
        if outputs and line:
            raise DataError(f"line {number}: expected nothing after the outputs")
        if line.startswith("stage "):
            stage = _number(line.removeprefix("stage "), number)
        elif line.startswith("outputs "):
            outputs = _values(line.removeprefix("outputs "), number)
        elif line and not line.startswith("#"):
            instruction, results = _parse_line(line, stage, number)
            if results != tuple(range(defined, defined + len(results))):
                raise DataError(f"line {number}: expected results from v{defined} on")
            defined += len(results)
            instructions.append(instruction)
    try:
        program = Program(
            grammar,
            "real" if domain == "real" else "complex",
            _number(inputs, 1),
            tuple(instructions),
            outputs,
            name,
        )
    except ValueError as error:
        raise DataError(f"not a valid program: {error}") from error
    if program.first_results[-1] != defined:
        raise DataError("not a valid program: an instruction names the wrong number of results")
    return program


def _lines(text: str) -> list[str]:
    """Returns the lines of a text that is no larger than any listing: counted, not yet split."""
    if sum(map(text.count, LINE_ENDS)) > 2 * MOST_INSTRUCTIONS:
        raise DataError(f"expected at most {MOST_INSTRUCTIONS} instructions")
    if text.count(" v") + text.count(",") > 2 * MOST_OPERANDS:
        raise DataError(f"expected at most {MOST_OPERANDS} operands")
    lines = [line.strip() for line in text.splitlines()]
    for number, line in enumerate(lines, 1):
        if len(line) > LONGEST_LINE:
            raise DataError(f"line {number}: expected at most {LONGEST_LINE} characters")
    return lines


def _parse_line(line: str, stage: int, number: int) -> tuple[Instruction, tuple[int, ...]]:
    match = LINE.fullmatch(line)
    if match is None:
        raise DataError(
            f"line {number}: expected 'v2 v3 = NAME v0 v1 (CONSTANT)', got {line[:60]!r}"
        )
    results, name, operands, constants = match.groups()
    try:
        numbers = tuple(parse_constant(part) for part in (constants or "").split(",") if part)
    except ValueError as error:
        raise DataError(f"line {number}: {error}") from error
    instruction = Instruction(name, _values(operands, number), numbers, stage)
    return instruction, _values(results, number)


def _values(text: str, number: int) -> tuple[int, ...]:
    parts = text.split()
    if not all(re.fullmatch(r"v\d+", part) for part in parts):
        raise DataError(f"line {number}: expected values such as v12, got {text[:60]!r}")
    return tuple(_number(part[1:], number) for part in parts)


def _number(text: str, line: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise DataError(f"line {line}: expected a number of at most 9 digits, got {text[:20]!r}")
    return int(text)


TEXT = FORMATS.register(Format("text", ".txt", write, "listing of the stages; can be read back"))
