"""Does gradient descent find the FFT from its matrix, and what does it have to be told?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

import numpy as np

from dsl.accuracy import EXACT
from experiments.base import EXPERIMENTS, Answer, Experiment, Row, Setup
from experiments.fft_figures import (
    cliff_figure,
    noise_figure,
    of_size,
    recovery_figure,
    rivals_figure,
    sizes_of,
)
from experiments.fft_rivals import (
    FRONT,
    FULL,
    QUICK,
    RIVALS,
    SEARCH,
    Plan,
    cliff_rows,
    fft_operations,
    fitted,
    front_rows,
    noise_rows,
    recovery_rows,
    rival_row,
    search_row,
    share,
)

DIRECTIONS = 32


def answer(setup: Setup) -> Answer:
    """Trains the rivals, runs the search, and measures the loss around the FFT."""
    plan = QUICK if setup.is_quick else FULL
    rows, fronts = _methods(plan, setup)
    noise, recovery, cliff = [], [], []
    for n, seconds in plan.noise_seconds.items():
        setup.say(f"starts near the FFT, n = {n}")
        noise += noise_rows(n, plan.restarts, setup.seed, seconds)
        cliff += cliff_rows(n, DIRECTIONS, setup.seed)
    for n, seconds in plan.recovery_seconds.items():
        setup.say(f"butterflies of all permutations, n = {n}")
        recovery += recovery_rows(n, plan.restarts if n < 64 else 2, setup.seed, seconds)
    return Answer(
        finding(rows, noise, recovery, cliff),
        {
            "methods": rows,
            "fronts": fronts,
            "noise": noise,
            "recovery": recovery,
            "cliff": cliff,
        },
        {
            "methods": rivals_figure(rows, fronts),
            "noise": noise_figure(noise),
            "recovery": recovery_figure(recovery),
            "cliff": cliff_figure(cliff),
        },
    )


def _methods(plan: Plan, setup: Setup) -> tuple[list[Row], list[Row]]:
    """Returns the best of every method and size, and the fronts at the largest size."""
    rows: list[Row] = []
    fronts: list[Row] = []
    largest = max(plan.seconds)
    for n, seconds in plan.seconds.items():
        for name in RIVALS:
            setup.say(f"{name}, n = {n}")
            fit = fitted(n, name, setup.seed, seconds)
            rows.append(rival_row(n, name, fit))
            fronts += front_rows(n, name, fit) if n == largest else []
        setup.say(f"{SEARCH}, n = {n}")
        rows.append(search_row(n, setup.seed, seconds))
        fronts += [{name: rows[-1][name] for name in FRONT}] if n == largest else []
    return rows, fronts


def finding(
    rows: Sequence[Row], noise: Sequence[Row], recovery: Sequence[Row], cliff: Sequence[Row]
) -> str:
    """Returns what was measured, in words."""
    n = max(sizes_of(rows))
    at = {row["method"]: row for row in of_size(rows, n)}
    counts = ", ".join(
        f"{name} {at[name]['operations']:,} (error {at[name]['error']:.0e}, "
        f"{at[name]['seconds']:.1f} s)"
        for name in ("dense", "deep-linear", "l1", "butterfly", SEARCH)
    )
    return (
        f"Real operations of the best models of the DFT with n = {n}, where the radix-2 FFT takes "
        f"{fft_operations(n):,}: {counts}. {_cheapest(at.values(), n)} "
        f"{_recovered(recovery)} Told the FFT's own factors with noise on every entry, "
        f"{_returns(noise)}. How wide the valley is: {_widths(cliff)}."
    )


def _cheapest(rows: Iterable[Row], n: int) -> str:
    """Tells which exact rival that is told nothing is the cheapest."""
    untold = [row for row in rows if not row["told"] and row["method"] != SEARCH]
    exact = [row for row in untold if row["error"] <= EXACT]
    if not exact:
        return f"Of the rivals that are told nothing, none is exact (error at most {EXACT:g})."
    least = min(exact, key=lambda row: int(row["operations"]))
    return (
        f"Of the rivals that are told nothing, the cheapest exact one ({least['method']}) takes "
        f"{least['operations'] / fft_operations(n):.1f} times the FFT's."
    )


def _recovered(recovery: Sequence[Row]) -> str:
    """Tells how many butterflies recover the DFT, by permutation."""
    right = [row for row in recovery if row["is_even_odd"]]
    wrong = [row for row in recovery if not row["is_even_odd"]]
    sizes = sizes_of(recovery)
    slowest = [r["seconds"] for r in of_size(right, sizes[-1]) if r["is_recovered"]]
    seconds = f", at n = {sizes[-1]} after {np.median(slowest):.1f} s" if slowest else ""
    return (
        f"Told the support of the FFT and a list of permutations, "
        f"{share(right, 'is_recovered'):.0%} of the butterflies with even and odd inputs apart "
        f"recover the DFT for n = {sizes[0]} to {sizes[-1]} (root mean square error "
        f"1e-4){seconds}, and {share(wrong, 'is_recovered'):.0%} of the others; [Dao2019] report "
        f"sizes up to 1,024."
    )


def _returns(noise: Sequence[Row]) -> str:
    """Tells for each size up to which noise, and from all less, trainings come back."""
    parts = []
    for n in sizes_of(noise):
        chosen = of_size(noise, n)
        noises = sorted({row["noise"] for row in chosen})
        shares = [share([r for r in chosen if r["noise"] == s], "is_back") for s in noises]
        levels = len(list(takewhile(lambda each: each > 0.5, shares)))
        most = f"up to {noises[levels - 1]:g}" if levels else "of no level tried"
        parts.append(f"{most} at n = {n}")
    return f"most trainings come back from noise {', '.join(parts)}"


def _widths(cliff: Sequence[Row]) -> str:
    """Tells for each size at which distance the loss is that of factors that are all zero."""
    parts = []
    for n in sizes_of(cliff):
        beyond = [row["distance"] for row in of_size(cliff, n) if row["loss"] >= 1]
        parts.append(f"{min(beyond):.2f} at n = {n}" if beyond else f"nowhere at n = {n}")
    return f"the loss is that of no factors at all from a distance of {', '.join(parts)}"


FFT_BY_GRADIENT = EXPERIMENTS.register(
    Experiment(
        "fft-by-gradient",
        "Does gradient descent find the FFT, and what does it have to be told?",
        answer,
    )
)
