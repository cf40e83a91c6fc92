"""Signal-flow graphs: every value a node, every product by a constant an edge.

A node is the sum of what its edges bring. Where node v is computed times s_v, the edge of
constant w from u to v has the constant w s_v / s_u, and the matrix is the same as long as
the scales of inputs and outputs are 1. A value that is summed and read more than once has
two nodes, the sum and what is read, joined by an edge of constant 1: it may be read at
another scale than it is summed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dsl.straightline import UNITS, ZERO, ZERO_VALUE, Code, CodeWriter, Domain, Ref
from evosynth.refinement.arithmetic import is_near, product, turned


class Edge(NamedTuple):
    """A term of a sum: the value at `source` times a constant is added at `target`."""

    source: int
    target: int
    constant: complex


@dataclass(frozen=True, slots=True)
class Flow:
    """A signal-flow graph. Nodes are numbered so that edges lead to larger numbers.

    Attributes:
        domain: "real" or "complex" data.
        inputs: Nodes 0 to inputs - 1 are the inputs.
        nodes: Number of nodes. The last ones are the outputs, in order.
        outputs: Number of outputs.
        edges: In order of their targets.
    """

    domain: Domain
    inputs: int
    nodes: int
    outputs: int
    edges: tuple[Edge, ...]

    def with_constants(self, constants: Sequence[complex]) -> Flow:
        """Returns the graph with other constants on its edges, in order."""
        edges = tuple(
            edge._replace(constant=constant)
            for edge, constant in zip(self.edges, constants, strict=True)
        )
        return Flow(self.domain, self.inputs, self.nodes, self.outputs, edges)


def flow_of(code: Code) -> Flow:
    """Returns the graph of straight-line code.

    Products that are read once and turns by a power of i are no nodes of their own.
    """
    return _Reader(code).flow()


class _Reader:
    """Reads code value by value; each is a node times a constant."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self._uses = Counter(ref.value for op in code.operations for ref in op.operands)
        self._uses.update(ref.value for ref in code.outputs)
        self._edges: list[Edge] = []
        self._nodes = code.inputs
        self._places: list[tuple[int, complex]] = [(k, 1) for k in range(code.inputs)]

    def flow(self) -> Flow:
        """Returns the whole graph."""
        code = self._code
        for value in range(code.inputs, code.inputs + len(code.operations)):
            self._places.append(self._place(value))
        for ref in code.outputs:
            self._sum((ref,))
        return Flow(code.domain, code.inputs, self._nodes, len(code.outputs), tuple(self._edges))

    def _place(self, value: int) -> tuple[int, complex]:
        """Returns where the result of an operation is; adds nodes where it needs some."""
        operation, is_shared = (
            self._code.operations[value - self._code.inputs],
            self._uses[value] > 1,
        )
        terms = [ref for ref in operation.operands if self._is_present(ref)]
        if not terms:
            return ZERO_VALUE, 1
        if len(terms) == 2:
            node = self._sum(operation.operands)
            return (self._join(node, 1) if is_shared else node), 1
        source, constant = self._read(terms[0])
        if operation.kind == "scale":
            constant = product(constant, operation.constant)
            if is_shared:
                return self._join(source, constant), 1
        return source, constant

    def _is_present(self, ref: Ref) -> bool:
        return ref.value != ZERO_VALUE and self._places[ref.value][0] != ZERO_VALUE

    def _read(self, ref: Ref) -> tuple[int, complex]:
        node, constant = self._places[ref.value]
        return node, product(constant, UNITS[ref.unit])

    def _sum(self, refs: tuple[Ref, ...]) -> int:
        """Adds a node that is the sum of what is present."""
        for ref in refs:
            if self._is_present(ref):
                source, constant = self._read(ref)
                self._edges.append(Edge(source, self._nodes, constant))
        self._nodes += 1
        return self._nodes - 1

    def _join(self, source: int, constant: complex) -> int:
        """Adds a node that is another one times a constant."""
        self._edges.append(Edge(source, self._nodes, constant))
        self._nodes += 1
        return self._nodes - 1


def code_of(flow: Flow) -> Code:
    """Returns straight-line code for a graph; equal products of a node are made once."""
    writer = CodeWriter(flow.domain, flow.inputs)
    values = [Ref(k) if k < flow.inputs else ZERO for k in range(flow.nodes)]
    products: list[list[tuple[complex, Ref]]] = [[] for _ in range(flow.nodes)]
    for source, target, constant in flow.edges:
        turn, size = turned(constant)
        known = next((ref for c, ref in products[source] if is_near(c, size)), None)
        if known is None:
            known = writer.scale(size, values[source])
            products[source].append((size, known))
        term, total = known.times(turn), values[target]
        values[target] = term if total.value == ZERO_VALUE else writer.add(total, term)
    return writer.finish(values[flow.nodes - flow.outputs :])
