"""Where there is a slope between the matrix and the FFT, and where there is a cliff."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

import evosynth as es
from dsl.accuracy import EXACT
from dsl.cost import dense_count
from dsl.factors import factors
from dsl.program import Program
from evosynth.charts import BLUE, GREEN, ORANGE, new_figure
from experiments.base import EXPERIMENTS, Answer, Experiment, Row, Setup
from gradient_baselines.transforms.near_fft import true_factors

Matrix = npt.NDArray[Any]

# Of the L1 penalty along the straight line, on the scale of a loss that is 1 for no output.
STRENGTH = 1e-3
POINTS = 201


def answer(setup: Setup) -> Answer:
    """Follows evolution, and walks straight through weight space between the same ends."""
    n, seeds = (16, 3) if setup.is_quick else (32, 20)
    target = es.make_target("dft", n)
    dense = product_cost(target.matrix)
    climbs, best = [], None
    for seed in range(setup.seed, setup.seed + seeds):
        setup.say(f"evolving the {n}-point DFT, seed {seed}")
        result, climb = climbed(target, seed, dense)
        climbs.append((seed, climb))
        if best is None or result.claims.operations < best.claims.operations:
            best = result
    assert best is not None
    stages = stage_costs(best.best, target.matrix)
    line = straight_line(target.matrix)
    return Answer(
        finding(n, climbs, stages, line),
        {
            "evolution": [
                {"seed": seed, "evaluations": e, "operations": o}
                for seed, climb in climbs
                for e, o in climb
            ],
            "stages": stages,
            "straight_line": line,
        },
        {"slope": draw_slope(n, climbs, stages), "cliff": draw_cliff(n, line)},
    )


def climbed(target: Any, seed: int, dense: int) -> tuple[Any, list[tuple[int, int]]]:
    """Searches; returns what was found, and (evaluations, operations of the best) on the way."""
    climb = [(0, dense)]

    def watch(snapshot: Any) -> None:
        if snapshot.operations is not None and snapshot.operations < climb[-1][1]:
            climb.append((snapshot.evaluations, snapshot.operations))

    result = es.run(target, seed=seed, evaluations=20_000, goal="best-known", report=watch)
    if result.claims.operations < climb[-1][1]:  # refined after the search
        climb.append((result.evaluations, result.claims.operations))
    return result, climb


def stage_costs(program: Program, matrix: Matrix) -> list[Row]:
    """Returns what an exact program costs after each of its stages was moved out of the matrix.

    Args:
        program: Computes the matrix; its factors are applied one after the other.
        matrix: (n, n).

    Returns:
        For 0, 1, 2 ... stages their operations, those of the product with the remainder,
        the remainder's non-zero entries, and the error of it all.
    """
    found = [factor.matrix() for factor in factors(program)]
    rows = []
    for k in range(len(found) + 1):
        done = found[:k]
        left = reduce(np.matmul, reversed(found[k:]), np.eye(len(matrix)))
        left = np.where(np.abs(left) < 1e-12, 0, left)
        whole = reduce(np.matmul, [left, *reversed(done)])
        rows.append(
            {
                "stages": k,
                "operations_of_stages": sum(
                    dense_count(f, is_complex=True).operations for f in done
                ),
                "operations_of_remainder": dense_count(left, is_complex=True).operations,
                "non_zeros_of_remainder": int(np.count_nonzero(left)),
                "error": float(np.linalg.norm(whole - matrix) / np.linalg.norm(matrix)),
            }
        )
    return rows


def product_cost(matrix: Matrix) -> int:
    """Returns the operations of a matrix product, nothing shared."""
    return dense_count(matrix, is_complex=True).operations


def straight_line(matrix: Matrix) -> list[Row]:
    """Walks from the dense solution to the FFT, both spread over as many layers.

    Returns:
        At places t from 0, where the first layer is the matrix and the others do nothing, to
        1, where they are the FFT's: the loss, relative to the loss of no output, the loss
        with an L1 penalty, and the entries that are not zero.
    """
    fast = true_factors(matrix)
    assert fast is not None
    unit = np.eye(len(matrix))
    dense = [np.asarray(matrix), *[unit] * (len(fast) - 1)]
    size = np.linalg.norm(matrix) ** 2
    rows = []
    for t in np.linspace(0, 1, POINTS):
        layers = [(1 - t) * one + t * other for one, other in zip(dense, fast, strict=True)]
        loss = np.linalg.norm(reduce(np.matmul, layers) - matrix) ** 2 / size
        weight = sum(float(np.abs(layer).sum()) for layer in layers)
        rows.append(
            {
                "t": float(t),
                "loss": float(loss),
                "loss_with_l1": float(loss + STRENGTH * weight),
                "non_zeros": sum(int(np.count_nonzero(np.abs(layer) > 1e-12)) for layer in layers),
            }
        )
    return rows


def finding(n: int, climbs: list[Any], stages: list[Row], line: list[Row]) -> str:
    """Says where the slope is."""
    ends = [climb[-1] for _, climb in climbs]
    return (
        f"{_stages_told(n, [total(row) for row in stages])} From the matrix product itself, at 0 "
        f"evaluations, {len(climbs)} runs came to {_span([o for _, o in ends])} operations, within "
        f"{_span([e for e, _ in ends])} evaluations. {_line_told(line)}"
    )


def _stages_told(n: int, totals: list[int]) -> str:
    """Says what the stages of the best program do to the count."""
    steps = list(pairwise(totals))
    falls = sum(after < before for before, after in steps)
    rises = sum(after > before for before, after in steps)
    level = len(steps) - falls - rises
    verdict = ": a slope" + " with level parts" * (level > 0) if falls and not rises else ""
    return (
        f"After 0, 1, 2 ... of its {len(steps)} stages, with the remainder as a plain matrix "
        f"product, the best program of the {n}-point DFT costs "
        f"{', '.join(f'{each:,}' for each in totals)} operations. The first of these is the "
        f"matrix product itself. Stages that lower the count: {falls}, leave it: {level}, raise "
        f"it: {rises}{verdict}."
    )


def _line_told(line: list[Row]) -> str:
    """Says what loss and count are on the straight line."""
    peak = max(line, key=lambda row: row["loss"])
    dearest = max(row["loss_with_l1"] for row in line)
    losses = [line[0]["loss"], line[-1]["loss"]]
    barrier = ": a barrier" if peak["loss"] > max(losses) + EXACT else ""
    with_l1 = [line[0]["loss_with_l1"], line[-1]["loss_with_l1"]]
    is_steady = dearest <= max(with_l1)
    first, *between, last = (row["non_zeros"] for row in line)
    cliff = (
        ": a cliff, whose reward comes at the last point alone"
        if min(between) >= first > last
        else ""
    )
    return (
        f"On the straight line in weight space from the matrix to the factors of the radix-2 FFT "
        f"the loss is {_rounded(losses[0])} and {_rounded(losses[1])} at the ends and at most "
        f"{peak['loss']:.2g} (1 is the loss of no output), at t = {peak['t']:.2f}{barrier}. With "
        f"L1 it is {with_l1[0]:.2g} at the matrix, {with_l1[1]:.2g} at the FFT and "
        f"{'no more between' if is_steady else f'up to {dearest:.2g} between'}. The entries that "
        f"are not zero are {first} at the matrix, {last} at the FFT and {_span(between)} "
        f"between{cliff}."
    )


def _rounded(loss: float) -> str:
    return "0" if loss <= EXACT else f"{loss:.2g}"


def _span(numbers: list[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def total(row: Row) -> int:
    """Returns the operations of stages and remainder."""
    return int(row["operations_of_stages"] + row["operations_of_remainder"])


def draw_slope(n: int, climbs: list[Any], stages: list[Row]) -> Any:
    """Draws operations over evaluations and over stages."""
    figure, (left, right) = new_figure(1, 2, width=8.0, height=4.4, sharey=True)
    for seed, climb in climbs:
        places, counts = np.array(climb).T
        left.step(
            np.maximum(places, 1), counts, where="post", marker="o", ms=4, label=f"seed {seed}"
        )
    left.set(yscale="log", xlabel="evaluations", ylabel="real operations")
    left.set_title(f"evolution, {n}-point DFT", fontsize="medium")
    if len(climbs) <= 5:
        left.legend()
    k = [row["stages"] for row in stages]
    done = [row["operations_of_stages"] for row in stages]
    right.plot(
        k, [total(row) for row in stages], color=BLUE, marker="o", label="stages and remainder"
    )
    right.plot(k[1:], done[1:], color=GREEN, marker="s", linestyle="--", label="stages alone")
    right.set(xlabel="stages moved out of the matrix")
    right.set_title("the best program, stage by stage", fontsize="medium")
    right.legend()
    return figure


def draw_cliff(n: int, line: list[Row]) -> Any:
    """Draws loss and non-zeros along the straight line."""
    figure, (top, bottom) = new_figure(2, 1, width=8.0, height=5.4, sharex=True)
    t = [row["t"] for row in line]
    top.plot(t, [row["loss"] for row in line], color=BLUE, label="loss")
    with_l1 = [row["loss_with_l1"] for row in line]
    top.plot(t, with_l1, color=ORANGE, label=f"loss + {STRENGTH:g} L1")
    top.set_ylabel("loss (1: no output)")
    top.legend()
    top.set_title(f"straight line from the {n} x {n} matrix to the FFT", fontsize="medium")
    bottom.plot(t, [row["non_zeros"] for row in line], color=GREEN, marker=".", ms=3)
    bottom.set(xlabel="place on the line: 0 the matrix, 1 the FFT", ylabel="non-zero entries")
    bottom.set_ylim(bottom=0)
    return figure


SLOPE = EXPERIMENTS.register(
    Experiment("slope", "Is there a slope from the matrix to the FFT, and where?", answer)
)
