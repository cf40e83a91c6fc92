"""The rules that a search has found, and the algorithm that they make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.rule import Rule
from dsl.grammars.recursive.vocabulary import relatives
from evosynth.engine.recursive.finding import Subject

# Rules that are kept for one subject, of which the algorithm takes the one that makes it
# cheapest: the first that is found may be dear.
MOST_RULES = 4
# Each subject's rule is chosen, the others being as they are, so many times.
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Rules for a transform and for those that they call.

    Attributes:
        name: The transform.
        radices: Into how many parts values are split.
        calls: What may be called beside the transform itself; None for its relatives.
        size: At which operations are compared.
        rules: Of each subject, several, by (family, radix).
    """

    name: str
    radices: tuple[int, ...]
    calls: tuple[str, ...] | None
    size: int
    rules: dict[tuple[str, int], tuple[Rule, ...]] = field(default_factory=dict)

    @property
    def sizes(self) -> tuple[int, int]:
        """The size at which operations are compared, and the next one, for ties."""
        return self.size, self.size * min(self.radices)

    def subjects(self) -> Iterator[Subject]:
        """Yields what rules are needed for: the transform, and whatever rules call."""
        names = [self.name]
        for name in names:
            for radix in self.radices:
                yield self._subject(name, radix)
            called = self._called(name)
            names += [other for other in called if other not in names]

    def _called(self, name: str) -> list[str]:
        found = [rule for radix in self.radices for rule in self.rules.get((name, radix), ())]
        return [called for rule in found for called, _ in rule.calls]

    def _subject(self, name: str, radix: int) -> Subject:
        calls, equal = relatives(name)
        if self.calls is not None:
            calls = equal = tuple(call for call in self.calls if call != name)
        equal = tuple(call for call in equal if not self._leads(call, name))
        return Subject(name, radix, calls, equal)

    def _leads(self, start: str, end: str) -> bool:
        """Tells whether calls of equal length lead, or could lead, from one to another."""
        reached = [start]
        for name in reached:
            if name == end:
                return True
            rules = [rule for radix in self.radices for rule in self.rules.get((name, radix), ())]
            equal = [called for rule in rules for called, ratio in rule.calls if ratio == 1]
            reached += [called for called in equal if called not in reached]
        return False

    def known(self, subject: Subject) -> tuple[Rule, ...]:
        """Returns the rules of a subject."""
        return self.rules.get((subject.family, subject.radix), ())

    def with_rules(self, subject: Subject, rules: Sequence[Rule]) -> RuleBook:
        """Returns the book with these rules for a subject, each once."""
        kept = tuple(dict.fromkeys(rules))[:MOST_RULES]
        changed = {**self.rules, (subject.family, subject.radix): kept}
        return RuleBook(self.name, self.radices, self.calls, self.size, changed)

    def algorithm(self) -> Algorithm | None:
        """Returns the cheapest algorithm that the rules make, one for each subject.

        None where a transform that is called has no rule, for any radix.
        """
        choice = {key: rules[0] for key, rules in self.rules.items() if rules}
        best = self._cost(choice)
        for _ in range(ROUNDS):
            for key, rules in self.rules.items():
                for rule in rules[1:]:
                    changed = {**choice, key: rule}
                    cost = self._cost(changed)
                    if cost is not None and (best is None or cost < best):
                        choice, best = changed, cost
        return None if best is None else self._made_of(choice)

    def _cost(self, choice: dict[tuple[str, int], Rule]) -> tuple[int, ...] | None:
        algorithm = self._made_of(choice)
        if algorithm is None:
            return None
        return algorithm_cost(algorithm, self.sizes)

    def _made_of(self, choice: dict[tuple[str, int], Rule]) -> Algorithm | None:
        """Returns the algorithm of one rule for each subject, without those not called."""
        rules: dict[str, tuple[Rule, ...]] = {}
        names = [self.name]
        for name in names:
            own = tuple(choice[name, radix] for radix in self.radices if (name, radix) in choice)
            if not own:
                return None
            rules[name] = own
            called = [call for rule in own for call, _ in rule.calls]
            names += [call for call in called if call not in names]
        try:
            return Algorithm(self.name, rules)
        except ValueError:  # calls of equal length that lead back
            return None


def algorithm_cost(algorithm: Algorithm, sizes: Sequence[int]) -> tuple[int, ...]:
    """Returns what algorithms are compared by, the lowest being the best.

    First sizes that it can do, the more the better; then operations at the sizes that are
    compared, or at the largest one up to them if it can do none of them; then steps.
    """
    counts = [algorithm.operations(n).operations for n in compared(algorithm, sizes)]
    steps = sum(len(rule.steps) for rules in algorithm.rules.values() for rule in rules)
    return (-len(algorithm.sizes), *counts, steps)


def compared(algorithm: Algorithm, sizes: Sequence[int]) -> list[int]:
    """Returns those of several sizes that an algorithm can do, or the largest below them."""
    return [n for n in sizes if algorithm.has_size(n)] or [
        max((n for n in algorithm.sizes if n <= sizes[0]), default=algorithm.sizes[-1])
    ]
