"""Elementary functions learnt by small networks and by evolved formulas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dsl.accuracy import EXACT
from experiments import zoo_freezing as freezing
from experiments import zoo_functions as functions
from experiments import zoo_segments as segments
from experiments.base import EXPERIMENTS, Answer, Experiment, Row, Setup
from experiments.zoo_figures import (
    freezing_figure,
    segments_figure,
    sines_figure,
    zoo_figure,
)
from experiments.zoo_functions import Learnt
from gradient_baselines.training import one_thread


def answer(setup: Setup) -> Answer:
    """Learns functions, watches a network's straight pieces, and changes functions in turn."""
    found: list[Learnt] = []
    frozen: list[Row] = []
    with one_thread():
        for activation in functions.ACTIVATIONS:
            setup.say(f"{len(functions.CURVES)} functions, {activation} networks")
            found += functions.learnt_by_networks(activation, setup)
        setup.say("straight pieces")
        seen = segments.watched(setup)
        for activation in freezing.ACTIVATIONS:
            setup.say(f"two functions in turn, {activation} networks")
            frozen += freezing.frozen_and_fresh(activation, setup)
    for curve in functions.CURVES:
        setup.say(f"evosynth, {curve.name}")
        found.append(functions.evolved(curve, setup))
    pieces = [
        {"function": name, "step": each.step, "kinks": len(each.kinks), "error": each.error}
        for name, snapshots in seen.items()
        for each in snapshots
    ]
    return Answer(
        _finding(found, pieces, frozen),
        {"zoo": [each.row for each in found], "segments": pieces, "freezing": frozen},
        {
            "zoo": zoo_figure(found),
            "sines": sines_figure(found),
            "segments": segments_figure(seen),
            "freezing": freezing_figure(frozen),
        },
    )


def _finding(found: Sequence[Learnt], pieces: Sequence[Row], frozen: Sequence[Row]) -> str:
    evolved = [each.row for each in found if each.model == "evosynth"]
    exact = [row for row in evolved if row["error_outside"] <= EXACT]
    trained = [each.row for each in found if each.model != "evosynth"]
    inside, outside = (
        np.median([row[f"error_{k}"] for row in trained]) for k in ("inside", "outside")
    )
    least = min(row["error_outside"] for row in trained if row["function"].startswith("sin"))
    steps = [row for row in pieces if row["function"] == pieces[-1]["function"]]
    return (
        f"Small networks (1-16-16-1) learn {len(functions.CURVES)} function ranges to a median "
        f"error of {inside:.3f} standard deviations, but err by {outside:.2f} beyond the training "
        f"range; no sine beyond it comes nearer than {least:.2f}. A ReLU network is "
        f"straight pieces: {steps[0]['kinks']} kinks at the start and {steps[-1]['kinks']} at the "
        f"end for {steps[-1]['function']}, and beyond the last one a straight line. "
        f"Errors of networks trained on two functions in turn, over those of fresh ones after "
        f"equally many steps: {_freezing('relu', frozen)}; {_freezing('leaky-relu', frozen)}. "
        f"From the same {functions.ROWS} samples evosynth finds formulas that are exact beyond "
        f"the range for {len(exact)} of {len(evolved)}: "
        f"{', '.join(dict.fromkeys(row['formula'] for row in exact))}."
    )


def _freezing(activation: str, rows: Sequence[Row]) -> str:
    """Says what the later phases did to networks with an activation."""
    ratios, later = [], []
    for name in freezing.SEQUENCES:
        chosen = freezing.at_best_rate(rows, name, activation)
        chosen = [row for row in chosen if row["phase"] > 1]
        used, fresh = (np.median([r[key] for r in chosen]) for key in ("error", "error_fresh"))
        ratios.append(f"{used / fresh:.1f} ({name})")
        later += chosen
    dead, fresh = (np.median([r[key] for r in later]) for key in ("dead_share", "dead_share_fresh"))
    return (
        f"{activation} {', '.join(ratios)}, with {dead:.0%} of units active nowhere "
        f"(fresh: {fresh:.0%})"
    )


FUNCTION_ZOO = EXPERIMENTS.register(
    Experiment(
        "function-zoo",
        "Do networks learn elementary functions beyond the samples, and again after others?",
        answer,
    )
)
