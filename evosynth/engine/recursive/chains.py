"""Rules of an algorithm that islands make cheaper, one rule in an epoch."""

from __future__ import annotations

from typing import TypeAlias

from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.rule import Rule
from evosynth.engine.recursive import cheapening
from evosynth.engine.recursive.cheapening import CheapeningOptions, CheapeningState, CheapeningTask

# A rule: what it computes, and which of the family's rules it is.
Key: TypeAlias = tuple[str, int]


class Chains:
    """Searches for cheaper rules: for each rule, one of every island.

    Args:
        islands: How many.
        options: How they go.

    Attributes:
        tasks: What is made cheaper.
        states: Where each island stands.
        turns: Epochs of single islands so far, which decide whose turn it is.
    """

    def __init__(self, islands: int, options: CheapeningOptions) -> None:
        self.tasks: dict[Key, CheapeningTask] = {}
        self.states: dict[Key, list[CheapeningState]] = {}
        self.turns = 0
        self._islands = islands
        self._options = options

    @property
    def key(self) -> Key | None:
        """The rule whose turn it is; None if no rule can be made cheaper."""
        keys = list(self.states)
        return keys[self.turns // self._islands % len(keys)] if keys else None

    def begin(self, algorithm: Algorithm) -> None:
        """Takes all rules of an algorithm that do the sizes that count."""
        for name, rules in algorithm.rules.items():
            for index, rule in enumerate(rules):
                if self.task(algorithm, (name, index)).cost(rule) is not None:
                    self._start(algorithm, (name, index))

    def take_in(self, key: Key, island: int, state: CheapeningState) -> Rule | None:
        """Takes in what an island came to; returns its rule if it is cheaper than before."""
        self.turns += 1
        before = self.states[key][island]
        self.states[key][island] = state
        return state.best.rule if state.best.cost < before.best.cost else None

    def renew(self, algorithm: Algorithm, changed: Key) -> None:
        """Begins anew with all rules but a changed one: their costs depend on it."""
        for key in self.states:
            if key != changed:
                self._start(algorithm, key)

    def task(
        self, algorithm: Algorithm, key: Key, sizes: tuple[int, ...] | None = None
    ) -> CheapeningTask:
        """Returns what has to be known to make one rule of an algorithm cheaper.

        Args:
            algorithm: It.
            key: Of the rule.
            sizes: Those that count; by default those of the rule as it is.
        """
        name, index = key
        others = dict(algorithm.rules)
        own = others[name]
        others[name] = own[:index] + own[index + 1 :]
        chosen = sizes or cheapening.sizes_that_count(own[index])
        return CheapeningTask(name, chosen, others, self._options)

    def _start(self, algorithm: Algorithm, key: Key) -> None:
        name, index = key
        self.tasks[key] = self.task(algorithm, key)
        start = cheapening.begin(self.tasks[key], algorithm.rules[name][index])
        self.states[key] = [start] * self._islands
