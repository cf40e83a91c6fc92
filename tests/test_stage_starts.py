"""Where searches for wide blocks begin, and what they find at once."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.matrices import butterflies, butterflies_cost
from dsl.targets import make_target
from evosynth.engine.population import spend
from evosynth.engine.spec import Population, gene_space, no_population
from evosynth.engine.stage_starts import stage_starts, starts_for
from evosynth.engine.task import Task
from evosynth.engine.turn import evaluator_for
from evosynth.settings import OF_MATRICES, Settings
from fitness.scores import Scores


class _Subject:
    title, defaults, best_known = "any", OF_MATRICES, None


SPEC = Settings(seed=0).spec(_Subject())


@pytest.mark.parametrize("width", [33, 64, 200])
def test_starts_are_genomes_of_one_gene_repeated(width: int) -> None:
    starts = stage_starts(width, SPEC.capacity)
    space = gene_space((width, width))
    assert 4 <= len(starts) < SPEC.turn // 10
    assert len({genome.tobytes() for genome in (starts[k] for k in range(len(starts)))}) == len(
        starts
    )
    for k in range(len(starts)):
        assert space.is_valid(starts[k])
        assert len(starts[k]) == 2 * np.ceil(np.log2(width))
        assert (starts[k] == starts[k][0]).all()
    assert (stage_starts(width, 3).lengths == 3).all()


@pytest.mark.parametrize(("seed", "is_rotation"), [(0, False), (1, True)])
def test_one_of_them_takes_random_butterflies_apart(seed: int, is_rotation: bool) -> None:
    """With parameters from 1e-3 to 1e3 alone it is 866 and 890, for values differ in scale."""
    matrix = butterflies(64, seed, is_rotation)
    scores = evaluator_for(matrix, "real").evaluate(stage_starts(64, SPEC.capacity))
    assert min(scores.operations) == butterflies_cost(64) == 832


def test_only_wide_blocks_whose_magnitudes_hardly_repeat_begin_with_them() -> None:
    rng = np.random.default_rng(0)
    assert starts_for(rng.standard_normal((40, 12)), SPEC.capacity) is not None
    assert starts_for(butterflies(64, 0), SPEC.capacity) is not None
    assert starts_for(rng.standard_normal((32, 32)), SPEC.capacity) is None
    assert starts_for(make_target("dft", 64).matrix, SPEC.capacity) is None
    assert starts_for(make_target("dct2", 64).matrix, SPEC.capacity) is None


def test_a_population_begins_with_them() -> None:
    starts = stage_starts(40, SPEC.capacity)

    def evaluate(genomes: object) -> Scores:
        count = len(genomes)  # type: ignore[arg-type]
        none = np.zeros(count, np.int64)
        return Scores(np.arange(count, dtype=np.int64), np.zeros(count), none)

    def begin(task_starts: object) -> Population:
        rng = np.random.default_rng(0)
        task = Task(SPEC, gene_space((40, 40)), evaluate, rng, task_starts)  # type: ignore[arg-type]
        return spend(no_population(SPEC.capacity), task, lambda kept, left, _: (kept, left))

    with_them, without = begin(starts), begin(None)
    assert np.array_equal(with_them.genomes.genes[: len(starts)], starts.genes)
    assert not np.array_equal(without.genomes.genes[: len(starts)], starts.genes)
