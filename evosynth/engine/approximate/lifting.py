"""Rotations as three lifting steps, whose constants may be rounded without losing the inverse.

x + p y, y + q x, x + p y with q = -sin t and p = (1 - cos t) / sin t rotate a pair by t
[DaubechiesSweldens1998]. With any p and q the determinant is 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from dsl.cost import SAME
from dsl.straightline import ZERO, ZERO_VALUE, Code, CodeWriter, Ref
from evosynth.refinement.flow import Flow


class Rotation(NamedTuple):
    """Two nodes that are a rotation of two others: cos x + sin y and cos y - sin x."""

    first: int
    second: int
    x: int
    y: int
    cos: float
    sin: float


def rotations(flow: Flow) -> Iterator[Rotation]:
    """Yields the rotations of a graph of real data, none of which share a result."""
    terms: dict[int, dict[int, float]] = {}
    for edge in flow.edges:
        row = terms.setdefault(edge.target, {})
        row[edge.source] = row.get(edge.source, 0.0) + complex(edge.constant).real
    pairs: dict[tuple[int, ...], list[int]] = {}
    for node, row in terms.items():
        if len(row) == 2:
            pairs.setdefault(tuple(sorted(row)), []).append(node)
    for (x, y), nodes in pairs.items():
        if len(nodes) == 2 and (found := _rotation(nodes, x, y, terms)) is not None:
            yield found


def _rotation(
    nodes: list[int], x: int, y: int, terms: dict[int, dict[int, float]]
) -> Rotation | None:
    for first, second in (nodes, nodes[::-1]):
        cos, sin = terms[first][x], terms[first][y]
        is_turned = abs(terms[second][y] - cos) <= SAME and abs(terms[second][x] + sin) <= SAME
        is_unit = abs(cos * cos + sin * sin - 1) <= SAME
        if is_turned and is_unit and min(abs(cos), abs(sin)) > SAME:
            return Rotation(first, second, x, y, cos, sin)
    return None


def lifted(flow: Flow) -> Code | None:
    """Returns code of the same matrix with every rotation in lifting steps; None without any."""
    found = {} if flow.domain == "complex" else {r.first: r for r in rotations(flow)}
    if not found:
        return None
    found |= {rotation.second: rotation for rotation in found.values()}
    writer = CodeWriter(flow.domain, flow.inputs)
    values: dict[int, Ref] = {k: Ref(k) for k in range(flow.inputs)}
    incoming: dict[int, list[tuple[int, complex]]] = {}
    for source, target, constant in flow.edges:
        incoming.setdefault(target, []).append((source, constant))
    for node in range(flow.inputs, flow.nodes):
        if node in values:
            continue
        if node in found:
            _lift(writer, values, found[node])
            continue
        total = ZERO
        for source, constant in incoming.get(node, ()):
            term = writer.scale(constant, values[source])
            total = term if total.value == ZERO_VALUE else writer.add(total, term)
        values[node] = total
    return writer.finish([values[k] for k in range(flow.nodes - flow.outputs, flow.nodes)])


def _lift(writer: CodeWriter, values: dict[int, Ref], rotation: Rotation) -> None:
    """Writes both results of a rotation; beyond a right angle, of the opposite one."""
    turn = 2 if rotation.cos < 0 else 0
    cos, sin = (-rotation.cos, -rotation.sin) if turn else (rotation.cos, rotation.sin)
    p, q = (1 - cos) / sin, -sin
    x, y = values[rotation.x], values[rotation.y]
    x = writer.add(x, writer.scale(p, y))
    y = writer.add(y, writer.scale(q, x))
    x = writer.add(x, writer.scale(p, y))
    values[rotation.first], values[rotation.second] = x.times(turn), y.times(turn)
