"""A signal-flow graph whose constants are still to be chosen: what an approximation is of.

A genome holds one gene for every edge, the number of its choice. All genomes of a
population are computed together, node by node.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.costs import Cost
from dsl.grammars.factor.from_code import program_from_code
from dsl.program import Program
from dsl.simplify import simplify
from evosynth.engine.approximate.choices import Choices, choices_of
from evosynth.refinement.flow import Edge, Flow, code_of, flow_of

Genes = npt.NDArray[np.int16]

# Bytes of the values of all nodes that are kept at once.
MOST_BYTES = 1 << 26


@dataclass(frozen=True)
class Skeleton:
    """A graph and the choices of its edges.

    Attributes:
        flow: The graph, with its exact constants.
        choices: What they may become.
        addition: The price of one addition.
    """

    flow: Flow
    choices: Choices
    addition: float

    @classmethod
    def of(cls, program: Program, cost: Cost) -> Skeleton:
        """Returns the skeleton of a program as it stands, its choices priced by a cost."""
        flow = flow_of(program.lower())
        is_complex = flow.domain == "complex"
        constants = [edge.constant for edge in flow.edges]
        choices = choices_of(constants, cost, is_complex=is_complex)
        return cls(flow, choices, cost.addition_price(is_complex=is_complex))

    @property
    def size(self) -> int:
        """How many genes a genome has."""
        return len(self.flow.edges)

    @cached_property
    def incoming(self) -> list[list[int]]:
        """The edges that lead to each node."""
        return self._edges_by([edge.target for edge in self.flow.edges])

    @cached_property
    def outgoing(self) -> list[list[int]]:
        """The edges that lead from each node."""
        return self._edges_by([edge.source for edge in self.flow.edges])

    @cached_property
    def groups(self) -> list[npt.NDArray[np.intp]]:
        """Edges that change well together: of one size, of one sum, of one source."""
        sizes = np.round(np.abs([complex(edge.constant) for edge in self.flow.edges]), 9)
        alike = [np.flatnonzero(sizes == size) for size in np.unique(sizes)]
        ends = [np.array(edges) for edges in (*self.incoming, *self.outgoing) if len(edges) > 1]
        return alike + ends

    def _edges_by(self, ends: list[int]) -> list[list[int]]:
        found: list[list[int]] = [[] for _ in range(self.flow.nodes)]
        for edge, end in enumerate(ends):
            found[end].append(edge)
        return found

    def weights(self, genes: Genes) -> npt.NDArray[Any]:
        """Returns the constants that genomes choose: (population, edges)."""
        return self.choices.values[np.arange(self.size), genes]

    def matrices(self, genes: Genes) -> npt.NDArray[Any]:
        """Returns the matrices that genomes compute: (population, outputs, inputs)."""
        flow, weights = self.flow, self.weights(genes)
        each = flow.nodes * flow.inputs * weights.itemsize
        step = max(1, MOST_BYTES // each)
        parts = [self._matrices(weights[k : k + step]) for k in range(0, len(genes), step)]
        return np.concatenate(parts) if parts else self._matrices(weights)

    def _matrices(self, weights: npt.NDArray[Any]) -> npt.NDArray[Any]:
        flow = self.flow
        forms = np.zeros((flow.nodes, len(weights), flow.inputs), weights.dtype)
        for k in range(flow.inputs):
            forms[k, :, k] = 1
        for node in range(flow.inputs, flow.nodes):
            for edge in self.incoming[node]:
                forms[node] += weights[:, edge, None] * forms[flow.edges[edge].source]
        return forms[flow.nodes - flow.outputs :].transpose(1, 0, 2)

    def used(self, genes: Genes) -> npt.NDArray[np.bool_]:
        """Returns which edges lead from an input to an output: (edges, population)."""
        flow = self.flow
        present = genes.T != 0
        fed = np.zeros((flow.nodes, len(genes)), np.bool_)
        fed[: flow.inputs] = True
        for node in range(flow.inputs, flow.nodes):
            for edge in self.incoming[node]:
                fed[node] |= present[edge] & fed[flow.edges[edge].source]
        read = np.zeros_like(fed)
        read[flow.nodes - flow.outputs :] = True
        for node in reversed(range(flow.nodes)):
            for edge in self.outgoing[node]:
                read[node] |= present[edge] & read[flow.edges[edge].target]
        sources = [edge.source for edge in flow.edges]
        targets = [edge.target for edge in flow.edges]
        used: npt.NDArray[np.bool_] = present & fed[sources] & read[targets]
        return used

    def costs(self, genes: Genes) -> npt.NDArray[np.float64]:
        """Returns what genomes cost at most, equal products of a value counted once."""
        used = self.used(genes)
        edges = np.arange(self.size)[:, None]
        prices, keys = self.choices.prices[edges, genes.T], self.choices.keys[edges, genes.T]
        total = np.zeros(len(genes))
        for leading in self.incoming:
            if len(leading) > 1:
                total += self.addition * np.maximum(used[leading].sum(axis=0) - 1, 0)
        for leaving in self.outgoing:
            for position, edge in enumerate(leaving):
                is_new = used[edge].copy()
                for other in leaving[:position]:
                    is_new &= ~(used[other] & (keys[edge] == keys[other]))
                total += is_new * prices[edge]
        return total

    def program(self, genes: Genes, name: str) -> Program:
        """Writes one genome, (edges,), as a program."""
        flow, weights = self.flow, self.weights(genes[None])[0]
        used = self.used(genes[None])[:, 0]
        is_exact = genes == self.choices.nearest
        edges = tuple(
            Edge(edge.source, edge.target, edge.constant if keep and near else complex(weight))
            for edge, weight, live, keep, near in zip(
                flow.edges, weights, used, is_exact, self._is_near, strict=True
            )
            if live
        )
        graph = Flow(flow.domain, flow.inputs, flow.nodes, flow.outputs, edges)
        return program_from_code(simplify(code_of(graph)), name)

    @cached_property
    def _is_near(self) -> npt.NDArray[np.bool_]:
        """Tells where the nearest choice is the constant itself, which may be an exact number."""
        exact = np.array([complex(edge.constant) for edge in self.flow.edges])
        chosen = self.weights(self.choices.nearest[None].astype(np.int16))[0]
        near: npt.NDArray[np.bool_] = np.abs(chosen - exact) <= 1e-14 * np.abs(exact)
        return near
