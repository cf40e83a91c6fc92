"""What becomes of two weights for one thing: regularisation, and the remainder of evolution."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict

import numpy as np

from dsl.accuracy import EXACT
from dsl.cost import dense_count
from experiments import equal_columns as matrices
from experiments import two_weights as weights
from experiments.base import EXPERIMENTS, Answer, Experiment, Row, Setup
from experiments.collinearity_figures import matrix_figure, sweep_figure, valley_figure
from experiments.equal_columns import Shared
from experiments.two_weights import Case, Paths
from gradient_baselines.training import one_thread

EVALUATIONS = 30_000


def answer(setup: Setup) -> Answer:
    """Descends into the valley with and without penalties, then shares two equal columns."""
    setup.say("two weights")
    with one_thread():
        paths = _paths(setup)
    found = [_shared(k, setup) for k in range(2 if setup.is_quick else 10)]
    tables = {
        "ends": [row for each in paths for row in _ends(each)],
        "strengths": [_summary(each) for each in paths],
        "factorisations": [row for each in found for row in each.rows],
        "evolved": [each.evolved for each in found],
    }
    figures = {
        "valley": valley_figure(paths, setup.seed),
        "strengths": sweep_figure(paths),
        "matrix": matrix_figure(found[0]),
    }
    return Answer(_finding(paths, found), tables, figures)


def _paths(setup: Setup) -> list[Paths]:
    cases = [
        Case(predictors, penalty, strength)
        for predictors in weights.PREDICTORS
        for penalty in weights.PENALTIES
        for strength in ((0.0,) if penalty == "none" else weights.STRENGTHS)
    ]
    return weights.descended(cases, setup.seed, 3_000 if setup.is_quick else 30_000)


def _ends(paths: Paths) -> list[Row]:
    ends = zip(paths.points[0].tolist(), paths.ends.tolist(), strict=True)
    return [
        asdict(paths.case) | {"start_a": s[0], "start_b": s[1], "end_a": e[0], "end_b": e[1]}
        for s, e in ends
    ]


def _summary(paths: Paths) -> Row:
    return asdict(paths.case) | {
        "mean_sum": float(paths.ends.sum(axis=1).mean()),
        "spread_of_difference": paths.spread,
        "share_with_both_weights": paths.share_split,
    }


def _shared(number: int, setup: Setup) -> Shared:
    setup.say(f"matrix {number} with two equal columns")
    seed = setup.seed + number
    matrix = matrices.equal_columns(4, seed)
    gene = matrices.first_gene(matrix)
    result = matrices.evolved(matrix, seed, EVALUATIONS)
    with one_thread():
        seeds = [100 * seed + k for k in range(5 if setup.is_quick else 20)]
        rows, factors = matrices.factored(matrix, seeds, 6_000 if setup.is_quick else 60_000)
    evolved = {
        "matrix": number,
        "dense_operations": dense_count(matrix, False).operations,
        "operations_after_one_gene": gene.operations,
        "entries_left_of_x0": int(np.count_nonzero(gene.remainder[:, 0])),
        "entries_left_of_x1": int(np.count_nonzero(gene.remainder[:, 1])),
        "operations": result.claims.operations,
        "error": result.claims.error,
        "readings_x0": matrices.readings(result.best, 0),
        "readings_x1": matrices.readings(result.best, 1),
        "seconds": result.seconds,
    }
    return Shared(
        matrix, gene.remainder, evolved, [{"matrix": number} | row for row in rows], factors
    )


def _finding(paths: Sequence[Paths], found: Sequence[Shared]) -> str:
    none = weights.chosen(paths, "equal", "none", 0.0)
    l2, l1 = (weights.chosen(paths, "equal", penalty, weights.SHOWN) for penalty in ("L2", "L1"))
    l2_end, sums = l2.ends.mean(axis=0), l1.ends.sum(axis=1)
    rows = [row for each in found for row in each.rows]
    penalised = [row for row in rows if row["strength"] > 0]
    exact = [row for row in penalised if row["error"] <= EXACT]
    split = [row for row in penalised if row["readings_x0"] + row["readings_x1"] > 2]
    programs = [each.evolved for each in found]
    reads = {row[f"readings_{x}"] for row in programs for x in ("x0", "x1")}
    often = "once" if reads == {1} else f"{_span(reads)} times"
    why = (
        ": what a stage has taken is gone from the remainder, and nothing is left for a second "
        "one to take"
    )
    cheapest = min((row["operations"] for row in exact), default=None)
    fewest = f", in {cheapest} operations at the least" if exact else ""
    return (
        f"Where y = 2 x is fitted by (a + b) x, descent without penalty ends in the valley, at "
        f"a + b = {none.ends.sum(axis=1).mean():.2f} on average, where a - b spreads over "
        f"{none.spread:.2f}. With L2 of "
        f"strength {weights.SHOWN:.2g} all {weights.STARTS} starts end with a - b within "
        f"{l2.spread:.1g} of each other, at ({l2_end[0]:.2f}, {l2_end[1]:.2f}), and "
        f"{l2.share_split:.0%} use both weights. L1 lowers the sum to {sums.mean():.2f} and "
        f"leaves ends whose a - b spreads over {l1.spread:.2f}; {l1.share_split:.0%} use both "
        f"weights. Of {len(penalised):,} products of two matrices trained with L1 on a matrix "
        f"with two equal columns, {len(split)} read these two inputs more than twice, and "
        f"{len(exact)} are exact{fewest}. Evolved programs read each of them {often} and take "
        f"{_span([row['operations'] for row in programs])} operations (matrix product: "
        f"{_span([row['dense_operations'] for row in programs])}){why if reads == {1} else ''}."
    )


def _span(numbers: Collection[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low}" if low == high else f"{low} to {high}"


COLLINEARITY = EXPERIMENTS.register(
    Experiment(
        "collinearity", "Does regularisation remove a redundant weight, or share it?", answer
    )
)
