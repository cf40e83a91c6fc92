"""Proposals of jumps: whole periods, cells and thresholds of what the residual does."""

from __future__ import annotations

import numpy as np

from dsl.genome import Genes
from dsl.grammars.expression.genome import USE, back, gene
from evosynth.engine.expression.folds import cell_width, whole_period
from evosynth.engine.expression.problem import Problem, appended, position_of
from evosynth.engine.expression.simple_numbers import simplest_between


def fold(problem: Problem) -> Genes | None:
    """The remainder by a whole period, then cells of it, then the remainder of those."""
    chosen = problem.value_to_work_on()
    if not chosen:
        return None
    slot, v = chosen
    rest = problem.fit.residual
    length = len(problem.genes)
    rows: list[Genes] = []

    def push(name: str, c0: float = 1.0) -> None:
        at = problem.address(slot, length) if not rows else back(1)
        rows.append(gene(position_of(name), at, c0=c0))

    period = problem.recall.of(whole_period, v, rest)
    if period:
        push("mod", period)
        v = v - period * np.floor(v / period)
    width = problem.recall.of(cell_width, v, rest)
    if width:
        push("divide", width)
        push("floor")
        v = np.floor(v / width)
        again = problem.recall.of(whole_period, v, rest) if np.ptp(v) >= 4 else None
        if again and again < np.ptp(v):
            push("mod", again)
    if not rows or length + len(rows) > problem.capacity:
        return None
    rows[-1][USE] = 1
    return np.concatenate([problem.genes, np.stack(rows)])


def edge(problem: Problem) -> Genes | None:
    """A step where it explains most."""
    chosen = problem.value_to_work_on()
    if not chosen:
        return None
    order = np.argsort(chosen[1], kind="stable")
    v, r = chosen[1][order], problem.fit.residual[order]
    total, rows = np.cumsum(r), np.arange(1, len(r) + 1)
    gain = np.zeros(len(r))
    # The residual has mean 0: what one side has, the other lacks.
    gain[:-1] = total[:-1] ** 2 * (1 / rows[:-1] + 1 / (len(r) - rows[:-1]))
    gain[:-1][np.diff(v) <= 0] = 0
    if not gain.max() > 0:
        return None
    at = int(gain.argmax())
    # A step is 0 at its threshold: the last sample below may be the threshold itself.
    threshold = float(simplest_between(float(v[at]), float(np.nextafter(v[at + 1], v[at]))))
    address = problem.address(chosen[0], len(problem.genes))
    return appended(problem, gene(position_of("step"), address, use=True, c1=-threshold))
