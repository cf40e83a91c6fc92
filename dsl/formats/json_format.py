"""Programs as JSON: plain data, nothing in it is ever executed."""

from __future__ import annotations

import json
from typing import Any

from dsl.errors import DataError
from dsl.exact import parse_constant
from dsl.formats.base import FORMATS, Format
from dsl.plain_constants import text_of_constant
from dsl.program import (
    MOST_INSTRUCTIONS,
    MOST_OPERANDS,
    MOST_VALUES,
    Instruction,
    Program,
)
from dsl.registry import brief

VERSION = 1


def to_data(program: Program) -> dict[str, Any]:
    """Returns a program as plain data.

    A constant is the text of an exact number, or of a decimal where none was recognised.
    """
    order = program.constants_order
    return {
        "format": "evosynth-program",
        "version": VERSION,
        "name": program.name,
        "grammar": program.grammar,
        "domain": program.domain,
        "inputs": program.inputs,
        "instructions": [
            [
                instruction.name,
                list(instruction.operands),
                [text_of_constant(c, order) for c in instruction.constants],
                instruction.stage,
            ]
            for instruction in program.instructions
        ],
        "outputs": list(program.outputs),
    }


def from_data(data: Any) -> Program:
    """Returns the program that plain data describe.

    Raises:
        DataError: The data describe none; the message names the position.
    """
    if not isinstance(data, dict) or data.get("format") != "evosynth-program":
        raise DataError("expected an evosynth program")
    if data.get("version") != VERSION:
        raise DataError(
            f"expected program version {VERSION}, got {brief(data.get('version'))}",
            "use the version of evosynth that wrote it",
        )
    try:
        _check_size(data["instructions"], data["outputs"])  # before anything is built from them
        return Program(
            _text(data["grammar"]),
            data["domain"],
            _integer(data["inputs"]),
            tuple(_instruction(k, item) for k, item in enumerate(data["instructions"])),
            tuple(_integer(k) for k in data["outputs"]),
            _text(data["name"]),
        )
    except KeyError as error:
        raise DataError(f"program without {error}") from error
    except (TypeError, ValueError) as error:
        raise DataError(f"not a valid program: {error}") from error


def _check_size(instructions: Any, outputs: Any) -> None:
    if len(instructions) > MOST_INSTRUCTIONS:
        raise ValueError(f"expected at most {MOST_INSTRUCTIONS} instructions")
    if len(outputs) > MOST_VALUES:
        raise ValueError(f"expected at most {MOST_VALUES} outputs")
    most = MOST_OPERANDS
    for position, item in enumerate(instructions):
        if isinstance(item, list):
            most -= sum(len(part) for part in item if isinstance(part, list | str))
        if most < 0:
            raise ValueError(f"instruction {position}: expected at most {MOST_OPERANDS} operands")


def _instruction(position: int, item: Any) -> Instruction:
    try:
        name, operands, constants, stage = item
        return Instruction(
            _text(name),
            tuple(_integer(k) for k in operands),
            tuple(parse_constant(_text(c)) for c in constants),
            _integer(stage),
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"instruction {position}: {error}") from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected text, got {type(value).__name__}")
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"expected an integer, got {type(value).__name__}")
    return value


def write(program: Program) -> str:
    """Writes a program as JSON, one instruction per line."""
    data = to_data(program)
    rows = [json.dumps(row) for row in data.pop("instructions")]
    outputs = data.pop("outputs")
    head = json.dumps(data)[:-1]
    body = ",\n  ".join(rows)
    return f'{head},\n "instructions": [\n  {body}],\n "outputs": {json.dumps(outputs)}}}\n'


JSON = FORMATS.register(Format("json", ".json", write, "plain data; can be read back"))
