"""Exclusive or and a cell of the Game of Life: small networks, and evolved programs.

That networks need many times the units that would do for the Game of Life is known of
convolutional ones [SpringerKenyon2021].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import evosynth as es
from dsl.accuracy import EXACT
from evosynth.formula_result import FrontPoint, named_expressions
from experiments import boolean_networks as networks
from experiments.base import EXPERIMENTS, Answer, Experiment, Row, Setup
from experiments.boolean_figures import operations_figure, success_figure
from experiments.boolean_rows import (
    Table,
    counted_life_cell,
    exclusive_or,
    life_cell,
    two_unit_logits,
)
from gradient_baselines.training import one_thread


def answer(setup: Setup) -> Answer:
    """Trains networks of growing width on all rows, and evolves programs from the same rows."""
    xor, life, counted = exclusive_or(), life_cell(), counted_life_cell()
    trained: list[Row] = []
    with one_thread():
        for name, widths in _widths(setup).items():
            chosen = xor if name == "xor" else life
            for activation in networks.TRIED:
                for hidden in widths:
                    setup.say(f"{chosen.name}: {hidden} hidden units, {activation}")
                    trained += networks.trained(chosen, hidden, activation, setup)
    evolved = []
    for table, few, evaluations in ((xor, 5, 10_000), (life, 2, 60_000), (counted, 2, 40_000)):
        seeds = few if setup.is_quick else 20
        for seed in range(setup.seed, setup.seed + seeds):
            setup.say(f"evosynth, {table.name}, seed {seed}")
            evolved.append(_evolved(table, seed, evaluations * (1 if setup.is_quick else 4)))
    by_hand = {each.name: each.share_right(two_unit_logits(each) + 0.5) for each in (xor, life)}
    return Answer(
        _finding(trained, evolved, by_hand),
        {"networks": trained, "programs": evolved},
        {
            "success": success_figure(trained, evolved),
            "operations": operations_figure(trained, evolved, by_hand),
        },
    )


def _widths(setup: Setup) -> dict[str, tuple[int, ...]]:
    life = (2, 4, 8, 16) if setup.is_quick else (2, 3, 4, 6, 8, 12, 16, 32, 64)
    return {"xor": (2, 3, 4, 8), "life": life}


def _evolved(table: Table, seed: int, evaluations: int) -> Row:
    target = es.from_arrays(
        table.x, table.y, inputs=table.inputs, outputs=("next",), seed=seed, holdout="none"
    )
    result = es.run(target, seed=seed, evaluations=evaluations)

    def share(point: FrontPoint) -> float:
        return table.share_right(point.program(table.x)[:, 0])

    best = max(result.front, key=lambda point: (share(point), -point.operations))
    return {
        "task": table.name,
        "seed": seed,
        "share_right": share(best),
        "is_right": share(best) == 1.0,
        "operations": best.operations + (best.error > EXACT),  # rounding is a step
        "formula": str(named_expressions(best.program, target.inputs)[0]),
        "is_exact": result.claims.error <= EXACT,
        "exact_operations": result.claims.operations if result.claims.error <= EXACT else "",
        "evaluations": result.evaluations,
        "seconds": result.seconds,
    }


def _finding(trained: Sequence[Row], evolved: Sequence[Row], by_hand: Mapping[str, float]) -> str:
    xor, life = (networks.best_rates(trained, task) for task in by_hand)
    made = list(by_hand.values())
    wide = max(row["hidden"] for row in life)
    return (
        f"Two rectifiers are enough: networks made by hand get {made[0]:.0%} of the rows of "
        f"exclusive or right and {made[1]:.0%} of the 512 rows of a Life cell. Trained from "
        f"{networks.SEEDS} seeds, networks of two units get all rows right in "
        f"{_of_width(xor, 2)} of cases for exclusive or, and {_of_width(life, 2)} for Life; "
        f"of {wide} units in {_of_width(life, wide)} for Life. evosynth gets exclusive or right "
        f"with {_programs(evolved, 'xor')}. For Life from its nine cells it is right with "
        f"{_programs(evolved, 'life, nine cells')}; told the count of neighbours, with "
        f"{_programs(evolved, 'life, neighbours counted')}.{_plainness(evolved)}"
    )


def _of_width(rows: Sequence[Row], hidden: int) -> str:
    chosen = [row for row in rows if row["hidden"] == hidden]
    return " and ".join(f"{row['success_rate']:.0%} ({row['activation']})" for row in chosen)


def _programs(evolved: Sequence[Row], task: str) -> str:
    chosen = [row for row in evolved if row["task"] == task]
    right = [row for row in chosen if row["is_right"]]
    if not right:
        best = max(row["share_right"] for row in chosen)
        return f"0 of {len(chosen)} seeds (best: {best:.1%} of the rows)"
    least = min(right, key=lambda row: row["operations"])
    formula = f" ({least['formula']})" if len(least["formula"]) < 40 else ""
    return (
        f"{len(right)} of {len(chosen)} seeds, in {least['operations']} operations at the "
        f"least{formula}"
    )


def _plainness(evolved: Sequence[Row]) -> str:
    """Says how many of the right formulas of the nine cells are made of waves or logarithms."""
    formulas = [
        row["formula"] for row in evolved if row["task"] == "life, nine cells" and row["is_right"]
    ]
    odd = [f for f in formulas if any(name in f for name in ("sin(", "cos(", "log(", "exp("))]
    if not odd:
        return ""
    return (
        f" {len(odd)} of {len(formulas)} right formulas of nine cells are made of waves, "
        f"logarithms or exponentials: right on every row there is, but no rule that people "
        f"would write."
    )


BOOLEAN = EXPERIMENTS.register(
    Experiment("boolean", "Are rows of bits learnt, exclusive or and a cell of Life?", answer)
)
