"""Vectors with the ways to compute them, and the cheapest of these as a rule."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from dsl.grammars.recursive.rule import CALL, Rule, Step
from dsl.grammars.recursive.rule_draft import Draft, Turned
from dsl.vectors.fields import RESIDUES
from evosynth.engine.recursive.held_values import Residues, units_of

# What a step costs that is no operation: of equally cheap rules the shortest is the best.
SHORT = 1e-3


@dataclass(frozen=True, slots=True)
class Way:
    """How a vector is computed from others.

    Attributes:
        step: Its operands are numbers of vectors.
        units: Powers of i by which the operands are multiplied before.
        turn: Power of i by which the result is multiplied.
    """

    step: Step
    units: tuple[int, ...]
    turn: int


class Derivations:
    """Vectors of residues, equal ones once, with all ways to compute them that are known.

    Vectors that differ by a power of i are equal. Vector 0 is the input.

    Args:
        inputs: (total,) the input at all sizes, one after the other.
        is_complex: Of the data.
    """

    def __init__(self, inputs: Residues, is_complex: bool) -> None:
        self.units = units_of(is_complex)
        self.values: list[Residues] = []
        self.ratios: list[Fraction] = []
        self.ways: list[list[Way]] = []
        self._known: dict[tuple[Fraction, bytes], int] = {}
        self.input_turn = self._add(inputs, Fraction(1))[1]

    def _canonical(self, vector: Residues) -> tuple[Residues, int]:
        """Returns the vector times the power of i that stands for all, and that power."""
        places = np.flatnonzero(vector)
        if not len(places):
            return vector, 0
        first = vector[places[0]]
        turns = [int(RESIDUES.turned(first, unit)) for unit in self.units]
        unit = self.units[int(np.argmin(turns))]
        return RESIDUES.turned(vector, unit), unit

    def _add(self, vector: Residues, ratio: Fraction) -> tuple[int, int]:
        canonical, turn = self._canonical(vector)
        key = (ratio, canonical.tobytes())
        if key not in self._known:
            self._known[key] = len(self.values)
            self.values.append(canonical)
            self.ratios.append(ratio)
            self.ways.append([])
        return self._known[key], turn

    def find(self, vector: Residues, ratio: Fraction) -> tuple[int, int] | None:
        """Returns a vector's number and the power of i by which it is that vector's value."""
        canonical, turn = self._canonical(vector)
        number = self._known.get((ratio, canonical.tobytes()))
        return None if number is None else (number, -turn % 4)

    def add(
        self, vector: Residues, ratio: Fraction, step: Step, units: tuple[int, ...] = ()
    ) -> int | None:
        """Adds a way to compute a vector; returns its number if it is a new vector."""
        before = len(self.values)
        number, turn = self._add(vector, ratio)
        if number not in step.operands:
            self.ways[number].append(Way(step, units or (0,) * len(step.operands), turn))
        return number if number == before else None

    def cheapest(self, prices: dict[str, float], lengths: dict[Fraction, int]) -> Cheapest:
        """Returns the cheapest way to each vector, what several steps need counted once."""
        return Cheapest(self, prices, lengths)


class Cheapest:
    """The cheapest ways, each found from cheaper vectors only: nothing computes itself.

    Args:
        derivations: The vectors.
        prices: Operations per element of a step, by its name; of calls, by their family,
            per element and level of halving.
        lengths: Of vectors, by their ratio.
    """

    def __init__(
        self,
        derivations: Derivations,
        prices: dict[str, float],
        lengths: dict[Fraction, int],
    ) -> None:
        self._all = derivations
        self._prices = prices
        self._lengths = lengths
        self._ways: dict[int, Way | None] = {}
        self._needs: dict[int, frozenset[int]] = {}
        self._own: dict[int, float] = {}
        self._settle()

    def _price(self, step: Step, ratio: Fraction) -> float:
        length = self._lengths[ratio]
        if step.name == CALL:
            return self._prices[CALL] * length * max(1.0, np.log2(length)) + SHORT
        return self._prices.get(step.name, 0.0) * length + SHORT

    def _settle(self) -> None:
        readers: dict[int, list[tuple[int, Way]]] = {}
        for number, ways in enumerate(self._all.ways):
            for way in ways:
                for operand in set(way.step.operands):
                    readers.setdefault(operand, []).append((number, way))
        queue: list[tuple[float, int, int, Way | None, frozenset[int], float]] = []
        heapq.heappush(queue, (0.0, 0, 0, None, frozenset(), 0.0))
        count = 0
        while queue:
            _, _, number, chosen, needs, own = heapq.heappop(queue)
            if number in self._ways:
                continue
            self._ways[number], self._own[number] = chosen, own
            self._needs[number] = needs | {number}
            for reader, found in readers.get(number, ()):
                operands = found.step.operands
                if reader in self._ways or not all(k in self._ways for k in operands):
                    continue
                union = frozenset().union(*(self._needs[k] for k in operands))
                price = self._price(found.step, self._all.ratios[reader])
                total = sum(self._own[k] for k in union) + price
                count += 1
                heapq.heappush(queue, (total, count, reader, found, union, price))

    def needs(self, number: int) -> list[int]:
        """Returns the vectors that one is computed from, itself last, in order."""
        order = {k: place for place, k in enumerate(self._ways)}
        return sorted(self._needs[number], key=order.__getitem__)

    def way(self, number: int) -> Way | None:
        """Returns how a vector is computed; None for the input."""
        return self._ways[number]

    def rule(self, number: int, unit: int) -> Rule:
        """Returns the rule whose result is a vector times a power of i."""
        draft = Draft((Fraction(1),))
        written: dict[int, Turned] = {}
        for k in self.needs(number):
            chosen = self._ways[k]
            if chosen is None:
                written[k] = (0, self._all.input_turn)
                continue
            value, turn = _written(draft, chosen, written)
            written[k] = (value, (turn + chosen.turn) % 4)
        value, turn = written[number]
        return draft.rule(draft.turned(value, turn + unit))


def _written(draft: Draft, way: Way, written: dict[int, Turned]) -> Turned:
    step = way.step
    operands = [
        (written[k][0], (written[k][1] + unit) % 4)
        for k, unit in zip(step.operands, way.units, strict=True)
    ]
    if step.name == "add":
        return draft.sum(*operands)
    common = operands[0][1]
    numbers = [draft.turned(value, unit - common) for value, unit in operands]
    return draft.like(step, *numbers), common
