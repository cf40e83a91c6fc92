"""The data flow of formulas for Graphviz: a node per value, labelled by what makes it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dsl.plain_constants import plain_text
from dsl.program import Program
from dsl.scalars.derived import derive_scalar
from dsl.straightline import ZERO_VALUE, Code, Operation, Ref

NAMES = {"add": "+", "multiply": "*", "divide": "/"}


def formula_nodes(program: Program) -> Iterator[str]:
    """Yields the lines of nodes, each followed by its edges, then the ranks."""
    code = program.plain_code
    for k in range(code.inputs):
        yield f'x{k} [shape=plaintext, label="x{k}"];'
    refs = [ref for operation in code.operations for ref in operation.operands]
    if any(ref.value == ZERO_VALUE for ref in [*refs, *code.outputs]):
        yield 'zero [shape=plaintext, label="0"];'
    for value, operation in enumerate(code.operations, code.inputs):
        look = "plaintext" if operation.kind == "constant" else "ellipse"
        yield f"{_name(value, code)} [shape={look}, label={json.dumps(_label(operation))}];"
        for ref, operand in zip(operation.operands, _operand_names(operation), strict=True):
            yield f"{_name(ref.value, code)} -> {_name(value, code)}{_edge_label(ref, operand)};"
    for k, ref in enumerate(code.outputs):
        yield f'out_y{k} [shape=plaintext, label="y{k}"];'
        yield f"{_name(ref.value, code)} -> out_y{k}{_edge_label(ref, '')};"
    yield _rank("source", [f"x{k}" for k in range(code.inputs)])
    yield _rank("sink", [f"out_y{k}" for k in range(len(code.outputs))])


def _name(value: int, code: Code) -> str:
    if value == ZERO_VALUE:
        return "zero"
    return f"x{value}" if value < code.inputs else f"t{value - code.inputs + 1}"


def _label(operation: Operation) -> str:
    if operation.kind == "constant":
        return plain_text(operation.constant.real)
    if operation.kind == "scale":
        return f"* {plain_text(operation.constant.real)}"
    name = "add" if operation.kind == "add" else operation.function
    return NAMES.get(name, name)


def _operand_names(operation: Operation) -> list[str]:
    """Names the operands of functions that tell them apart."""
    if operation.kind != "apply" or len(operation.operands) == 1:
        return [""] * len(operation.operands)
    derived = derive_scalar(operation.function)
    return ["", ""] if derived.is_commutative else [str(symbol) for symbol in derived.symbols]


def _edge_label(ref: Ref, operand: str) -> str:
    text = f"-{operand}" if ref.unit and operand else "-1" if ref.unit else operand
    return f' [label="{text}"]' if text else ""


def _rank(rank: str, names: list[str]) -> str:
    return f"{{ rank={rank}; {' '.join(f'{name};' for name in names)} }}"
