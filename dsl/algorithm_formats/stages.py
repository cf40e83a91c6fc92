"""A rule for one size as stages: loops over what is stored, then calls, and so on.

Stored are the inputs, the results of calls, operands of calls that are no regular part of
something stored, and the result. All other values are computed in the loops that need them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from dsl.algorithm_formats.affine import Piece, Places, linear_map, pieces_of
from dsl.algorithm_formats.nested import call_depths
from dsl.grammars.recursive.rule import CALL, MOST_STEPS, MULTIPLY, Rule, Step
from dsl.vectors import VECTORS
from dsl.vectors.base import NOWHERE

# Values that one loop computes; where it would be more, shared ones are stored.
MOST_NODES = 400
# Loops that compute one target; where it would be more, one loop looks places up in tables.
MOST_PIECES = 64


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """Elements of a value that a loop over a target needs.

    Attributes:
        value: Its number.
        places: Which of its elements, for each element of the target; `NOWHERE` for none.
        operands: Of a value that is not stored.
    """

    value: int
    places: Places
    operands: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """A stored value's elements start, start + step, ... as an operand of a call."""

    value: int
    start: int
    step: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call: the value that it computes, what is called, on what."""

    value: int
    family: str
    length: int
    operand: View


@dataclass(slots=True)
class Stage:
    """Targets, which loops compute, and calls that follow."""

    targets: list[tuple[int, Node, list[Piece]]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)


class TooManyNodesError(Exception):
    """So many values in one loop that some must be stored."""


@dataclass(frozen=True)
class Staging:
    """A rule for n points, ready to be written as loops."""

    rule: Rule
    n: int

    @cached_property
    def lengths(self) -> list[int]:
        """The length of each value."""
        return [int(self.n * ratio) for ratio in self.rule.ratios]

    def step(self, value: int) -> Step:
        """Returns the step that computes a value."""
        return self.rule.steps[value - len(self.rule.inputs)]

    def is_call(self, value: int) -> bool:
        """Tells whether a value is the result of a call."""
        return value >= len(self.rule.inputs) and self.step(value).name == CALL

    @cached_property
    def stages(self) -> list[Stage]:
        """The stages in order; the last one computes the result."""
        try:
            return self._stages(frozenset(), MOST_NODES)
        except TooManyNodesError:
            # Of values that are read once there are no more than a rule has steps.
            return self._stages(self._shared(), MOST_STEPS**2)

    def _shared(self) -> frozenset[int]:
        uses = [k for p, s in enumerate(self.rule.steps) for k in s.operands if self._is_used(p)]
        return frozenset(k for k in uses if uses.count(k) > 1)

    def _is_used(self, position: int) -> bool:
        return self.rule.used[self.rule.value(position)]

    def _stages(self, kept: frozenset[int], most: int) -> list[Stage]:
        rule, depths = self.rule, call_depths(self.rule)
        first = len(rule.inputs)
        stages = [Stage() for _ in range(depths[rule.output] + 1)]
        stored = set(range(first))
        computed = [v for v in range(first, len(rule.ratios)) if rule.used[v]]
        stored.update(v for v in computed if self.is_call(v))
        for value in sorted(kept):
            if value not in stored:
                self._add_target(stages[depths[value]], value, stored, most)
        for value in computed:
            if self.is_call(value):
                (operand,) = self.step(value).operands
                stage = stages[depths[operand]]
                view = self._view(operand, stored)
                if view is None:
                    self._add_target(stage, operand, stored, most)
                    view = View(operand, 0, 1)
                called = self.step(value).family
                stage.calls.append(Call(value, called, self.lengths[value], view))
        if rule.output not in stored or rule.output < first:
            self._add_target(stages[-1], rule.output, stored, most)
        return stages

    def _add_target(self, stage: Stage, value: int, stored: set[int], most: int) -> None:
        known: dict[tuple[int, bytes], Node] = {}
        node = self._node(value, np.arange(self.lengths[value]), stored, known, most)
        maps = list({n.places.tobytes(): n.places for n in nodes_of(node)}.values())
        pieces = pieces_of(maps)
        if len(pieces) > MOST_PIECES:
            pieces = [Piece(0, 1, self.lengths[value])]
        stage.targets.append((value, node, pieces))
        stored.add(value)

    def _node(
        self,
        value: int,
        places: Places,
        stored: set[int],
        known: dict[tuple[int, bytes], Node],
        most: int,
    ) -> Node:
        key = (value, places.tobytes())
        if key in known:
            return known[key]
        if len(known) >= most:
            raise TooManyNodesError
        operands: tuple[Node, ...] = ()
        if value not in stored:
            step = self.step(value)
            rows = self.places(step)
            taken = [np.where(places == NOWHERE, NOWHERE, row[places]) for row in rows]
            operands = tuple(
                self._node(k, row, stored, known, most)
                for k, row in zip(step.operands, taken, strict=True)
            )
        known[key] = Node(value, places, operands)
        return known[key]

    def places(self, step: Step) -> Sequence[Places]:
        """Returns which elements of its operands a step reads."""
        length = self.lengths[step.operands[0]]
        if step.name == MULTIPLY:
            return [np.arange(length)] * 2
        return list(VECTORS.get(step.name).places(length, step.parameters))

    def _view(self, value: int, stored: set[int]) -> View | None:
        """Returns a value as a part of a stored one, if it is a regular one."""
        places: Places = np.arange(self.lengths[value])
        while value not in stored:
            step = self.step(value)
            if len(step.operands) != 1 or step.name == MULTIPLY:
                return None
            primitive = VECTORS.get(step.name)
            if primitive.factor is not None or primitive.unit(0):
                return None
            (row,) = self.places(step)
            places = np.where(places == NOWHERE, NOWHERE, row[places])
            (value,) = step.operands
        try:
            found = linear_map(places)
        except ValueError:
            return None
        return View(value, found[1], found[0] or 1) if found else None


def nodes_of(node: Node) -> list[Node]:
    """Returns a node and all below it, each once."""
    found: dict[int, Node] = {}
    pending = [node]
    while pending:
        one = pending.pop()
        if id(one) not in found:
            found[id(one)] = one
            pending += one.operands
    return list(found.values())
