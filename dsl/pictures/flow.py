"""The signal-flow graph of a program, as engineers draw it.

A node is a value; its edges come from the values that it adds up, each with a constant.
Multiplications are constants on edges. Only a product that is used more than once is a
node of its own, with one edge. So are the free factors i and -i in front of a butterfly:
both of its results then differ by a sign alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from dsl.pictures.butterflies import Couple, find_couples
from dsl.pictures.numbers_as_text import plain_text
from dsl.program import Program
from dsl.straightline import UNITS, Code, Operation, Ref

Kind = Literal["input", "sum", "product", "output"]


class Edge(NamedTuple):
    """A value times a constant; the definition is that of a product without a node."""

    source: int
    factor: complex = 1 + 0j
    definition: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A value, or the place where an output leaves.

    Attributes:
        kind: What it is.
        name: As in the definitions that other formats write; of the free factors none.
        definition: For people, such as `t3 = x0 - I*x8`.
        edges: What is added up; none for inputs and zeros.
    """

    kind: Kind
    name: str
    definition: str
    edges: tuple[Edge, ...] = ()


class Pair(NamedTuple):
    """Two nodes that are the sum and the difference of the same two others."""

    plus: int
    minus: int


@dataclass(frozen=True, slots=True)
class FlowGraph:
    """Nodes, sources first: inputs come first and outputs last, both in order."""

    nodes: tuple[Node, ...]
    pairs: tuple[Pair, ...]

    @property
    def operations(self) -> tuple[Node, ...]:
        """The nodes that are neither inputs nor outputs."""
        return tuple(node for node in self.nodes if node.kind in ("sum", "product"))


def flow_graph(program: Program, *, is_told: bool = True) -> FlowGraph:
    """Returns the graph of the simplified code in the program's own domain.

    Args:
        program: For a matrix.
        is_told: Nodes and edges have their definitions, which takes most of the time.
    """
    return _Builder(program.plain_code, program.order, is_told).graph()


def turned(constant: complex, unit: int) -> complex:
    """Returns a constant times i ** unit, exactly."""
    product = constant * complex(UNITS[unit % 4]) if unit % 4 else constant
    # Adding zero turns -0.0 into 0.0, so that equal constants are written alike.
    return complex(product) + 0j if type(product) is complex else product


class _Builder:
    def __init__(self, code: Code, order: int, is_told: bool) -> None:
        self._code, self._order, self._is_told = code, order, is_told
        self._readers: list[list[int]] = [[] for _ in range(code.inputs + len(code.operations))]
        for reader, ref in _reads(code):
            if ref.value >= 0:
                self._readers[ref.value].append(reader)
        self._names = self._value_names()
        self._nodes: list[Node] = []
        self._places: dict[int, Edge] = {}
        self._texts: dict[tuple[type, complex], str] = {}

    def graph(self) -> FlowGraph:
        """Returns the graph."""
        code = self._code
        couples: dict[int, Couple] = {}
        for couple in find_couples(code, self._readers):
            couples |= {couple.plus: couple, couple.minus: couple}
        for k in range(code.inputs):
            self._add(k, Node("input", f"x{k}", f"x{k}"))
        pairs: list[Pair] = []
        for value, operation in enumerate(code.operations, code.inputs):
            if operation.kind == "scale":
                self._product(value, operation)
            elif value in couples:
                self._half(value, couples[value], pairs)
            else:
                edges = [self._edge(ref) for ref in operation.operands if ref.value >= 0]
                self._add(value, Node("sum", self._names[value], self._text(value), tuple(edges)))
        for k, ref in enumerate(code.outputs):
            edges = [self._edge(ref)] if ref.value >= 0 else []
            text = self._names[ref.value] if ref.value >= 0 else "0"
            text = f"y{k}" if text == f"y{k}" else f"y{k} = {_term(ref, text)}"
            self._nodes.append(Node("output", f"y{k}", text, tuple(edges)))
        return FlowGraph(tuple(self._nodes), tuple(pairs))

    def _half(self, value: int, couple: Couple, pairs: list[Pair]) -> None:
        """Adds one of the nodes of a butterfly, before the first of them its free factor."""
        first = min(couple.plus, couple.minus)
        if value == first and couple.turn:
            self._turn(couple.b, couple.turn)
        lower = self._edge(Ref(couple.b))
        if value == couple.minus:
            lower = lower._replace(factor=turned(lower.factor, 2))
        edges = (self._edge(Ref(couple.a)), lower)
        place = self._add(value, Node("sum", self._names[value], self._text(value), edges))
        if value != first:
            mate = self._places[first].source
            pairs.append(Pair(mate, place) if value == couple.minus else Pair(place, mate))

    def _turn(self, value: int, unit: int) -> None:
        """Puts a free factor between a value and those who read it."""
        edge = self._places[value]
        node = self._nodes[edge.source]
        if node.kind == "product" and edge.factor == 1:
            (inner,) = node.edges
            turned_edge = inner._replace(factor=turned(inner.factor, unit))
            text = f"{_term(Ref(0, unit), node.name)}, where {node.definition}"
            self._nodes[edge.source] = replace(node, definition=text, edges=(turned_edge,))
        else:
            text = _term(Ref(0, unit), self._names[value])
            edges = (edge._replace(factor=turned(edge.factor, unit)),)
            self._add(value, Node("product", "", text, edges))

    def _product(self, value: int, operation: Operation) -> None:
        edge = self._edge(operation.left)
        factor = turned(operation.constant, operation.left.unit)
        edge = Edge(edge.source, factor, self._text(value))
        if self._is_inside_edge(value):
            self._places[value] = edge
        else:
            node = Node("product", self._names[value], self._text(value), (edge,))
            self._add(value, node)

    def _is_inside_edge(self, value: int) -> bool:
        """Says whether a product has one reader, which adds nothing but it and a plain value."""
        last = self._code.inputs + len(self._code.operations)
        readers = self._readers[value]
        if len(readers) != 1 or readers[0] >= last:
            return len(readers) == 1
        operation = self._operation(readers[0])
        products = [ref for ref in operation.operands if self._is_product(ref.value)]
        return operation.kind == "add" and (
            len(products) == 1 or len(self._readers[self._operation(value).left.value]) > 1
        )

    def _is_product(self, value: int) -> bool:
        return value >= self._code.inputs and self._operation(value).kind == "scale"

    def _add(self, value: int, node: Node) -> int:
        self._nodes.append(node)
        self._places[value] = Edge(len(self._nodes) - 1)
        return len(self._nodes) - 1

    def _edge(self, ref: Ref) -> Edge:
        edge = self._places[ref.value]
        return edge._replace(factor=turned(edge.factor, ref.unit))

    def _operation(self, value: int) -> Operation:
        return self._code.operations[value - self._code.inputs]

    def _text(self, value: int) -> str:
        """Returns the definition of an operation's value, if there are to be any."""
        if not self._is_told:
            return ""
        operation, names = self._operation(value), [*self._names, "0"]
        terms = [_term(ref, names[ref.value]) for ref in operation.operands]
        if operation.kind == "scale":
            return f"{names[value]} = ({self._constant(operation.constant)})*{terms[0]}"
        joined = f"{terms[0]} + {terms[1]}".replace("+ -", "- ")
        return f"{names[value]} = {joined}"

    def _constant(self, constant: complex) -> str:
        # An exact number equals the double that it is nearest to, but has another text.
        key = type(constant), constant
        if key not in self._texts:
            self._texts[key] = plain_text(constant, self._order)
        return self._texts[key]

    def _value_names(self) -> list[str]:
        """Names each value as `dsl.formats.let_form` does."""
        code = self._code
        direct = {
            ref.value: f"y{k}"
            for k, ref in enumerate(code.outputs)
            if ref.value >= code.inputs and not ref.unit and len(self._readers[ref.value]) == 1
        }
        names = [f"x{k}" for k in range(code.inputs)]
        count = 0
        for value in range(code.inputs, code.inputs + len(code.operations)):
            count += value not in direct
            names.append(direct.get(value, f"t{count}"))
        return names


def _reads(code: Code) -> Iterator[tuple[int, Ref]]:
    """Names who reads what; outputs are numbered after the values."""
    for value, operation in enumerate(code.operations, code.inputs):
        yield from ((value, ref) for ref in operation.operands)
    yield from enumerate(code.outputs, code.inputs + len(code.operations))


def _term(ref: Ref, name: str) -> str:
    return ("", "I*", "-", "-I*")[ref.unit] + name
