"""One turn of one island that searches for formulas, as a pure function."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from deap import tools

from dsl.genome import Genes, Genomes
from dsl.grammars.expression.genome import FIELDS, gene, reference, tapes
from dsl.scalars import SCALARS
from evosynth.engine.expression.problem import Problem, compacted
from evosynth.engine.expression.proposals import OPENINGS, propose
from evosynth.engine.expression.recall import Recall
from evosynth.engine.expression.recognition import EXACT_FIT
from evosynth.engine.expression.scoring import in_steps, operation_counts
from evosynth.engine.expression.solving import fit, polish
from evosynth.engine.expression.space import FormulaSpace
from evosynth.engine.individual import Fitness
from evosynth.engine.means import Means
from evosynth.engine.population import joined
from evosynth.engine.spec import Population, Purpose, Spec, no_population
from evosynth.engine.variation import mutate, random_genomes, splice
from fitness.evaluators.expression_evaluators import FormulaEvaluator, expression_evaluator
from fitness.objectives import WORST

Array = npt.NDArray[np.float64]

# Of the evaluations of a turn, the share whose constants are solved one genome at a time:
# each takes as long as a thousand others.
SOLVED_SHARE = 0.08
# Proposals that start from nothing rather than from a formula.
FRESH_ODDS = 0.2
CROSSOVER_ODDS = 0.3
LONGEST_START = 4
# Constants are solved on this many rows; errors are of all that the search sees.
SOLVING_ROWS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What one output is fitted on.

    Attributes:
        x: (inputs, rows) the inputs, then what other formulas lend.
        y: (rows,).
        evaluator: Of populations on these rows.
        exact: An error up to this is rounding.
    """

    x: Array
    y: Array
    evaluator: FormulaEvaluator
    exact: float = EXACT_FIT

    @classmethod
    def of(cls, x: Array, y: Array, means: Means, exact: float = EXACT_FIT) -> Rows:
        """Takes samples: (inputs, rows) and (rows,)."""
        evaluator = expression_evaluator(means.evaluator, x.T, y, means.threads, means.device)
        return cls(x, y, evaluator, exact)


def run_turn(
    rows: Rows, spec: Spec, population: Population, turn: int, island: int, recall: Recall
) -> tuple[Population, int]:
    """Returns the population of one output after a turn, and the evaluations made.

    The result depends on the arguments alone; `recall` only saves time.
    """
    rng = spec.generator(Purpose.TURN, turn, island)
    if population.stale >= spec.restart:
        population = no_population(spec.capacity, len(FIELDS))
    best = _standing(population)
    space = FormulaSpace(len(rows.x))
    children = []
    if not len(population.genomes):
        children.append(_simple_genomes(space, spec))
    left = spec.turn - sum(map(len, children))
    solved = _solved(rows, replace(spec, turn=left), population, rng, recall) if left else []
    if solved:
        children.append(_packed(solved, spec.capacity))
    made = sum(map(len, children))
    if made < spec.turn:
        children.append(_varied(population, spec.turn - made, spec, space, rng))
    for genomes in children:
        population = joined(population, score(rows, genomes))
    count = sum(map(len, children))
    population = survivors(population, spec.population)
    is_better = _standing(population) < best
    return replace(population, stale=0 if is_better else population.stale + count), count


def score(rows: Rows, genomes: Genomes) -> Population:
    """Evaluates genomes."""
    tape = tapes(genomes, len(rows.x))
    fits = rows.evaluator.evaluate(tape)
    return Population(
        genomes, in_steps(fits.errors, rows.exact), operation_counts(tape, fits.weights)
    )


def survivors(population: Population, count: int) -> Population:
    """Returns at most so many, all different in error or operations (DEAP's NSGA-II)."""
    keys = np.column_stack([population.errors, population.operations])
    _, first = np.unique(keys, axis=0, return_index=True)
    kept = np.sort(first[population.errors[first] < WORST])
    if len(kept) > count:
        points = [_Point(int(k), *keys[k].tolist()) for k in kept]
        chosen = tools.selNSGA2(points, count, nd="log")
        kept = np.array(sorted(point.position for point in chosen))
    return Population(
        population.genomes.take(kept),
        population.errors[kept],
        population.operations[kept],
        population.stale,
    )


class _Point:
    """A member of a population as DEAP's selection sees it."""

    def __init__(self, position: int, error: float, operations: float) -> None:
        self.position = position
        self.fitness = Fitness((error, operations))


def _standing(population: Population) -> tuple[float, float]:
    """Returns the smallest error, and the fewest operations with it."""
    if not len(population.errors):
        return np.inf, np.inf
    error = population.errors.min()
    return float(error), float(population.operations[population.errors == error].min())


def _simple_genomes(space: FormulaSpace, spec: Spec) -> Genomes:
    """Returns what should not be left to chance: each function of each input alone."""
    nothing = np.zeros((0, len(FIELDS)), np.int16)
    unary = [k for k, member in enumerate(SCALARS) if member.arity == 1]
    rows = [nothing]
    for k in range(min(space.inputs, spec.turn // (2 * len(unary) + 1))):
        rows.append(gene(reference(), k, use=True)[None])
        rows += [gene(f, k, use=True, c0=sign)[None] for f in unary for sign in (1.0, -1.0)]
    return _packed(rows[: spec.turn], spec.capacity)


def _solved(
    rows: Rows, spec: Spec, population: Population, rng: np.random.Generator, recall: Recall
) -> list[Genes]:
    """Returns formulas with one proposal each, and constants solved."""
    x, y = np.ascontiguousarray(rows.x[:, :SOLVING_ROWS]), rows.y[:SOLVING_ROWS]
    nothing = np.zeros((0, len(FIELDS)), np.int16)
    found = []
    for turn in range(max(1, round(SOLVED_SHARE * spec.turn))):
        is_fresh = not len(population.genomes) or rng.random() < FRESH_ODDS
        is_fresh = is_fresh or spec.strategy == "random"
        genes = nothing if is_fresh else population.genomes[_parents(population, 1, rng)[0]]
        start = fit(genes, x, y)
        if start is None:
            continue
        problem = Problem(start, x, y, spec.capacity, rng, recall)
        is_opening = not len(population.genomes) and turn < len(OPENINGS)
        proposed = OPENINGS[turn](problem) if is_opening else propose(problem)
        polished = None if proposed is None else polish(compacted(proposed, len(x)), x, y)
        if polished is not None:
            found.append(polished.genes)
    return found


def _varied(
    population: Population, count: int, spec: Spec, space: FormulaSpace, rng: np.random.Generator
) -> Genomes:
    """Returns children whose constants are as they were: inherited or drawn."""
    if spec.strategy == "random" or not len(population.genomes):
        return random_genomes(count, spec.capacity, LONGEST_START, space, rng)
    parents = population.genomes.take(_parents(population, count, rng))
    if spec.strategy != "hill-climb":
        mates = population.genomes.take(_parents(population, count, rng))
        parents = splice(parents, mates, CROSSOVER_ODDS, rng)
    return mutate(parents, space, rng)


def _parents(population: Population, count: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Draws pairs and takes the one that dominates, if one does: (count,) positions."""
    one, two = rng.integers(0, len(population.genomes), (2, count))
    errors, operations = population.errors, population.operations
    is_two_better = (errors[two] <= errors[one]) & (operations[two] <= operations[one])
    return np.asarray(np.where(is_two_better, two, one))


def _packed(genomes: Iterable[Genes], capacity: int) -> Genomes:
    rows = list(genomes)
    genes = np.zeros((len(rows), capacity, len(FIELDS)), np.int16)
    for k, row in enumerate(rows):
        genes[k, : len(row)] = row
    return Genomes(genes, np.array([len(row) for row in rows], np.int16))
