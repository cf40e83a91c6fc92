"""Signal-flow graphs for Graphviz."""

from __future__ import annotations

import json
from collections.abc import Iterator

from dsl.formats.base import FORMATS, Format
from dsl.formats.formula_graph import formula_nodes
from dsl.pictures.flow import Edge, FlowGraph, Node, flow_graph
from dsl.pictures.numbers_as_text import plain_text
from dsl.program import Program

SHAPES = {
    "input": "shape=plaintext",
    "output": "shape=plaintext",
    "sum": 'shape=circle, label="+"',
    "product": 'shape=point, label=""',
}


def write(program: Program) -> str:
    """Writes a `digraph` from left to right; constants other than 1 are labels of edges.

    Of formulas every value is a node.
    """
    head = [
        f"digraph {json.dumps(program.name)} {{",
        "rankdir=LR; node [width=0.2, height=0.2, margin=0.02]; edge [arrowsize=0.5];",
    ]
    body = _signal_flow(program) if program.is_linear else formula_nodes(program)
    return "".join(f"{line}\n" for line in [*head, *body, "}"])


def _signal_flow(program: Program) -> list[str]:
    graph = flow_graph(program)
    names = _identifiers(graph)
    return [
        *_nodes(graph, names),
        *_edges(graph, names, program.order),
        _rank("source", [names[k] for k, n in enumerate(graph.nodes) if n.kind == "input"]),
        _rank("sink", [names[k] for k, n in enumerate(graph.nodes) if n.kind == "output"]),
    ]


def _identifiers(graph: FlowGraph) -> list[str]:
    """Names the nodes; an output's node is not the value of the same name."""
    return [
        f"out_{node.name}" if node.kind == "output" else node.name or f"turn{k}"
        for k, node in enumerate(graph.nodes)
    ]


def _nodes(graph: FlowGraph, names: list[str]) -> Iterator[str]:
    for name, node in zip(names, graph.nodes, strict=True):
        yield f"{name} [{SHAPES[node.kind]}, {_hints(node)}];"


def _hints(node: Node) -> str:
    hints = f"tooltip={json.dumps(node.definition)}"
    is_terminal = node.kind in ("input", "output")
    return f"label={json.dumps(node.name)}, {hints}" if is_terminal else hints


def _edges(graph: FlowGraph, names: list[str], order: int) -> Iterator[str]:
    for name, node in zip(names, graph.nodes, strict=True):
        for edge in node.edges:
            yield f"{names[edge.source]} -> {name}{_label(edge, order)};"


def _label(edge: Edge, order: int) -> str:
    if edge.factor == 1:
        return ""
    return f" [label={json.dumps(plain_text(edge.factor, order))}]"


def _rank(rank: str, names: list[str]) -> str:
    return f"{{ rank={rank}; {' '.join(f'{name};' for name in names)} }}"


DOT = FORMATS.register(Format("dot", ".dot", write, "the signal-flow graph for Graphviz"))
