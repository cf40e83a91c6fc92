"""One turn of one island, as a pure function."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dsl.grammars.factor.decode import Decoding
from dsl.grammars.factor.known_blocks import KnownBlocks
from dsl.grammars.factor.remainder import prices_for
from dsl.primitives import PRIMITIVES
from dsl.straightline import Domain
from dsl.targets.base import Target
from evosynth.engine.blocks import SPLITS, Block, Forest, Grower, uses
from evosynth.engine.means import ONE_THREAD, Means
from evosynth.engine.population import score
from evosynth.engine.spec import Population, Purpose, Spec, gene_space
from evosynth.engine.stage_starts import starts_for
from evosynth.engine.task import Task
from evosynth.strategies import STRATEGIES
from fitness.evaluators import EVALUATORS, Evaluator

# The share of turns that go to the target itself, and to blocks that its best program may
# not need. The rest goes to blocks of its best program. Of either that is taken on which
# least effort was spent for what it costs.
ROOT_SHARE = 0.6
OTHERS_SHARE = 0.1

# Of wider targets a turn takes so long that they get fewer.
WIDE = 32

# Genomes of a turn that are made splits, and how many are remembered.
OFFERS = 4
MEMORY = 16

# Populations of blocks narrower than this are not worth a second thread.
WORTH_THREADS = 12


def run_turn(
    domain: Domain,
    spec: Spec,
    forest: Forest,
    turn: int,
    island: int,
    means: Means = ONE_THREAD,
) -> tuple[Forest, int]:
    """Returns an island's forest after a turn, and how many evaluations that took.

    The result depends on the arguments alone, and not on `means`.
    """
    rng = spec.generator(Purpose.TURN, turn, island)
    index = _choose(forest, rng)
    block = forest.blocks[index]
    width = max(block.matrix.shape)
    used = means if width >= WORTH_THREADS else means.with_threads(1)
    evaluator = evaluator_for(block.matrix, domain, used)
    known = forest.known(index)
    task = Task(
        replace(spec, turn=turn_size(spec, width)),
        gene_space(block.matrix.shape),
        lambda genomes: evaluator.evaluate(genomes, known),
        rng,
        starts_for(block.matrix, spec.capacity),
    )
    population = _rescored(block, forest, task)
    population = STRATEGIES.get(spec.strategy).advance(population, task)
    made = task.spec.turn
    changed = replace(
        block, population=population, version=forest.version, effort=block.effort + made
    )
    return _harvested(forest, index, changed, evaluator, known, domain, spec), made


def turn_size(spec: Spec, width: int) -> int:
    """Returns fewer evaluations for wider blocks, whose evaluations take longer."""
    return max(spec.turn // 10, int(spec.turn * min(1.0, (16 / width) ** 2)), 1)


def _choose(forest: Forest, rng: np.random.Generator) -> int:
    """Returns the block to work on."""
    share = rng.random()
    width = max(forest.blocks[0].matrix.shape)
    if share < ROOT_SHARE * min(1.0, WIDE / width) and forest.is_connected:
        return 0
    used = sorted(set(uses(forest)))
    inner = used if share < 1 - OTHERS_SHARE else forest.reachable()[1:]
    if not inner:
        return 0  # there is nothing else
    return min(inner, key=lambda k: forest.blocks[k].effort / max(forest.costs[k], 1))


def _rescored(block: Block, forest: Forest, task: Task) -> Population:
    """Returns a block's population at present costs."""
    population = block.population
    if block.version == forest.version or not len(population.genomes):
        return population
    return replace(score(population.genomes, task), stale=population.stale)


def _harvested(
    forest: Forest,
    index: int,
    block: Block,
    evaluator: Evaluator,
    known: KnownBlocks,
    domain: Domain,
    spec: Spec,
) -> Forest:
    """Makes splits of a block's best genomes."""
    population = block.population
    ranks = population.ranks()
    is_full = len(block.splits) == SPLITS
    limit = forest.cost_of(block.splits[-1]) if is_full else block.dense
    chosen: list[Decoding] = []
    offered = list(block.offered)
    for k in np.argsort(ranks, kind="stable").tolist():
        if ranks[k] >= limit or len(chosen) == OFFERS:
            break
        genome = population.genomes[k]
        if genome.tobytes() not in offered:
            offered.append(genome.tobytes())
            chosen.append(evaluator.decode(genome, known))
    changed = replace(block, offered=tuple(offered[-MEMORY:]))
    blocks = (*forest.blocks[:index], changed, *forest.blocks[index + 1 :])
    grower = Grower(replace(forest, blocks=blocks), prices_for(domain == "complex"), spec)
    for decoding in chosen:
        grower.split(index, decoding)
    return grower.finish()


def evaluator_for(
    matrix: npt.NDArray[np.generic], domain: Domain, means: Means = ONE_THREAD
) -> Evaluator:
    """Returns an evaluator for a matrix; the last ones are kept."""
    contents = matrix.tobytes(), matrix.shape, matrix.dtype.str
    return _evaluator(contents, domain, means, PRIMITIVES.edition)


@lru_cache(maxsize=64)
def _evaluator(
    contents: tuple[bytes, tuple[int, ...], str], domain: Domain, means: Means, edition: int
) -> Evaluator:
    """Returns an evaluator for a matrix and the primitives of an edition: those of now."""
    entries, shape, dtype = contents
    matrix = np.frombuffer(entries, dtype).reshape(shape)
    target = Target("block", shape[1], matrix, domain)
    return EVALUATORS.get(means.evaluator).make(target, means.threads, means.device)
