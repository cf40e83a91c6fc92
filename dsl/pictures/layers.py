"""Columns of a signal-flow graph: every node stands to the right of what it reads.

Additions stand as deep as the longest chain of additions before them. Products stand
between two such columns, as near to their readers as they can.
"""

from __future__ import annotations

from dsl.pictures.flow import FlowGraph

Depth = tuple[int, int]


def layers(graph: FlowGraph) -> list[int]:
    """Returns the column of every node, from 0, without gaps; outputs share the last."""
    depths: list[Depth] = []
    for node in graph.nodes:
        sources = [depths[edge.source] for edge in node.edges]
        if node.kind == "product":
            deepest = max(sources)
            depths.append((deepest[0], deepest[1] + 1))
        else:
            depths.append((1 + max((depth for depth, _ in sources), default=-1), 0))
    _move_products(graph, depths)
    last = (1 + max(depth for depth, _ in depths), 0)
    depths = [
        last if node.kind == "output" else depth
        for node, depth in zip(graph.nodes, depths, strict=True)
    ]
    columns = {depth: column for column, depth in enumerate(sorted(set(depths)))}
    return [columns[depth] for depth in depths]


def _move_products(graph: FlowGraph, depths: list[Depth]) -> None:
    """Moves products to the column before their first reader."""
    limits: dict[int, int] = {}
    for k in reversed(range(len(graph.nodes))):
        node = graph.nodes[k]
        if node.kind == "product" and k in limits:
            depths[k] = (max(limits[k], depths[k][0]), depths[k][1])
        # Products of products keep their order within a column.
        limit = depths[k][0] - (node.kind != "product")
        for edge in node.edges:
            limits[edge.source] = min(limit, limits.get(edge.source, limit))
