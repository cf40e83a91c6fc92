"""What is kept follows the registries: a member that was removed leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import sympy

import evosynth as es
from dsl.exact_number import Exact
from dsl.grammars.recursive.rule_values import _places
from dsl.program import Program
from dsl.vectors import VECTORS
from evosynth.approximating import approximate_target
from evosynth.conformance import restoring
from evosynth.engine.approximate.approximate_epoch import (
    ApproximateSetting,
    advance,
    losses_of,
    skeletons_of,
)
from evosynth.engine.approximate.island import ApproximateIsland, no_colony
from evosynth.engine.epoch_call import Span
from evosynth.engine.plain_data import from_plain, from_text, to_plain, to_text
from evosynth.engine.spec import Spec

DISCOVERED = Path(__file__).parents[1] / "experiments" / "discovered"


def declare(rows: int) -> None:
    def mine(computed: Any, target: Any, covariance: Any) -> Any:
        """The largest error in the first rows."""
        return np.abs(computed - target.matrix)[:, :rows].max(axis=(-2, -1))

    es.objective(mine)


def test_an_epoch_is_judged_by_the_objective_of_now() -> None:
    spec = Spec("evolve", 3, 1, 40, 12, 100, 4_000, 1)
    program = es.load(DISCOVERED / "dct2-8-41.json")
    assert isinstance(program, Program)
    for rows in (8, 1):
        with restoring():
            declare(rows)
            target = approximate_target(es.make_target("dct2", 8), 0.1, "mine")
            (skeleton,) = skeletons_of([program], target)
            setting = to_text(ApproximateSetting.of(target, spec, [program]), ApproximateSetting)
            state = to_text(ApproximateIsland((no_colony(skeleton),)), ApproximateIsland)
            after, _, _ = advance(setting, state, Span(0, 0, 400))
            (colony,) = from_text(after, ApproximateIsland).colonies
            assert np.array_equal(colony.losses, losses_of(target)(skeleton.matrices(colony.genes)))


def by_one() -> None:
    @es.primitive(grammar="recursive")
    def turn(a: Any) -> Any:
        """Moves elements to the left."""
        return a[1:] + a[:1]


def by_two() -> None:
    @es.primitive(grammar="recursive")
    def turn(a: Any) -> Any:
        """Moves elements to the left, twice."""
        return a[2:] + a[:2]


def test_steps_of_algorithms_are_those_of_now() -> None:
    taken = []
    for declared in (by_one, by_two):
        with restoring():
            declared()
            taken.append(int(_places("turn", 8, (), VECTORS.edition)[0][0][0]))
    assert taken == [1, 2]


def test_exact_numbers_that_have_no_text_keep_their_value() -> None:
    number = Exact(2 * sympy.sqrt(2) * sympy.cos(sympy.pi / 4, evaluate=False) ** 2)
    again = from_plain(to_plain(number, complex), complex)
    assert complex(again) == complex(number)
