"""Finding a rule: an island's epoch as a pure function of its state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsl.grammars.recursive.families import family, matrix_in
from dsl.grammars.recursive.rule import CALL, Rule
from dsl.grammars.recursive.vocabulary import Operation, rule_of, vocabulary
from dsl.vectors import VECTORS
from dsl.vectors.fields import RESIDUES
from evosynth.engine.recursive.finding_kernel import breed
from fitness.evaluators.recursive_kernel import MOST_HINTS, OPERANDS, Tables, scratch
from fitness.evaluators.recursive_tables import level_ratios, search_sizes, tables
from fitness.evaluators.recursive_unaided_kernel import Ladder, ladder

Whole = npt.NDArray[np.int64]

# How often a child gets a step that its parent's evaluation proposed, where sums of two and
# of three terms are sought; they help the latter most.
HINT_ODDS, WIDE_HINT_ODDS = 0.1, 0.3
# Sums of three terms are sought at a larger size, where few are a coincidence. That takes
# so many times longer.
SLOWER = 4


@dataclass(frozen=True, slots=True)
class FindingOptions:
    """What an island's search is made of; all but the default is for comparison.

    Attributes:
        terms: Of how many terms sums are sought: 2, or 3 at a larger size.
        is_graded: Elements that are sums of few terms count as near.
        has_oracle: Calls are answered by the true transform; otherwise by the genome.
        hint_odds: How often a child gets a step that its parent's evaluation proposed.
        size_weight: What each step adds to the fitness.
        is_blind: Genomes are random, not bred.
        population: Genomes.
        capacity: Most steps of a genome.
        restart: An island that has found nothing in so many evaluations begins anew; one
            that seeks sums of three terms, in twice as many.
    """

    terms: int = 2
    is_graded: bool = True
    has_oracle: bool = True
    hint_odds: float = HINT_ODDS
    size_weight: float = 0.0
    is_blind: bool = False
    population: int = 1_000
    capacity: int = 20
    restart: int = 25_000

    def widened(self) -> FindingOptions:
        """Returns options for sums of three terms, which take more steps."""
        return replace(self, terms=3, capacity=self.capacity + 8, hint_odds=WIDE_HINT_ODDS)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule is sought for.

    Attributes:
        family: The transform.
        radix: Into how many parts values are split.
        calls: Other transforms that may be called on shorter values,
        equal_length: and those of them that may be called on values of length n.
    """

    family: str
    radix: int
    calls: tuple[str, ...] = ()
    equal_length: tuple[str, ...] = ()

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The steps that genes choose from."""
        return vocabulary(self.family, self.radix, self.calls, self.equal_length)


@dataclass(frozen=True, slots=True, eq=False)
class FindingIsland:
    """A population that seeks a rule.

    Attributes:
        genomes: (population, capacity, fields) int64 steps.
        lengths: (population,) steps of each.
        fitness: (population,) 0 where a genome is complete.
        results: (population,) the value that is the result.
        hints: (population, 1 + hints, 3) proposed steps.
        filled: Members that exist.
        spent: Evaluations since the population began.
    """

    genomes: Whole
    lengths: Whole
    fitness: npt.NDArray[np.float64]
    results: Whole
    hints: Whole
    filled: int = 0
    spent: int = 0

    @property
    def best(self) -> float:
        """The lowest fitness; infinite if there is none."""
        return float(self.fitness[: self.filled].min(initial=np.inf))


def start_island(subject: Subject, options: FindingOptions) -> FindingIsland:
    """Returns a population without members."""
    fields = OPERANDS + max(operation.arity for operation in subject.operations)
    count = options.population
    return FindingIsland(
        np.zeros((count, options.capacity, fields), np.int64),
        np.zeros(count, np.int64),
        np.full(count, np.inf),
        np.zeros(count, np.int64),
        np.zeros((count, 1 + MOST_HINTS, 3), np.int64),
    )


def advance(
    island: FindingIsland,
    subject: Subject,
    options: FindingOptions,
    evaluations: int,
    rng: np.random.Generator,
) -> tuple[FindingIsland, int, Rule | None]:
    """Lets a population breed until it has found a rule or made its evaluations.

    Returns:
        The population afterwards, the evaluations made, and the rule if one was found; a
        population that found one, or nothing for long, begins anew.
    """
    if island.spent >= options.restart * (2 if options.terms == 3 else 1):
        island = start_island(subject, options)
    genomes, lengths = island.genomes.copy(), island.lengths.copy()
    fitness, results, hints = island.fitness.copy(), island.results.copy(), island.hints.copy()
    small, large = _sizes(subject, options)
    here, there = (_tables(subject, n) for n in (small, large))
    inputs = len(family(subject.family).inputs)
    filled, made, complete = breed(
        genomes,
        lengths,
        fitness,
        results,
        hints,
        island.filled,
        evaluations,
        here,
        there,
        scratch(options.capacity, inputs, small),
        scratch(options.capacity, inputs, large),
        options.terms,
        options.is_graded,
        options.is_blind,
        options.size_weight,
        options.hint_odds,
        _ladder(subject, options),
        rng,
    )
    if complete >= 0:
        genome = genomes[complete, : lengths[complete]]
        ratios = family(subject.family).inputs
        rule = rule_of(genome, int(results[complete]), subject.operations, ratios)
        return start_island(subject, options), made, rule
    spent = island.spent + made
    return FindingIsland(genomes, lengths, fitness, results, hints, filled, spent), made, None


def _sizes(subject: Subject, options: FindingOptions) -> tuple[int, int]:
    small, large = search_sizes(subject.radix)
    if options.terms == 3 and subject.radix == 2:
        return 2 * small, 2 * large
    return small, large


def _tables(subject: Subject, n: int) -> Tables:
    """Returns the tables of a size; the probes are the same in every run."""
    return _kept_tables(subject, n, VECTORS.edition)


@lru_cache(maxsize=16)
def _kept_tables(subject: Subject, n: int, edition: int) -> Tables:
    # Of few points, values cannot be all fractions long.
    ratios = [ratio for ratio in level_ratios(subject.radix) if (n * ratio).denominator == 1]
    rng = np.random.default_rng(n)
    return tables(subject.family, subject.operations, n, ratios, rng)


def _ladder(subject: Subject, options: FindingOptions) -> Ladder | None:
    """Returns the sizes from the smallest on, with memory of its own for each epoch.

    None where there is an oracle, or no call that a genome could answer.
    """
    if options.has_oracle or not family(subject.family).is_linear:
        return None
    _, large = _sizes(subject, options)
    sizes = [subject.radix]
    while sizes[-1] < large:
        sizes.append(sizes[-1] * subject.radix)
    own = [(step.name, step.family) for step in subject.operations].index((CALL, subject.family))
    truths = [matrix_in(subject.family, n, RESIDUES) for n in (1, *sizes[:-1])]
    return ladder([_tables(subject, n) for n in sizes], own, truths, options.capacity)
