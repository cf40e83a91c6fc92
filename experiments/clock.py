"""Do networks learn to read a clock: the six digits of the time of day?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

import evosynth as es
from dsl.samples.clock import DAY, YEAR, digits, whole_seconds
from evosynth.charts import COLOURS, INK, new_figure
from experiments.base import EXPERIMENTS, Answer, Experiment, Row, Setup
from gradient_baselines.activations import GELU, X_SIN2
from gradient_baselines.base import Budget
from gradient_baselines.functions import network, siren
from gradient_baselines.functions.sweeps import Plan, best_of, outcomes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Numbers = npt.NDArray[np.float64]
Predict = Callable[[Numbers], Numbers]

TRAINED_YEARS = 60
NETWORKS: dict[str, Callable[[es.SampledTarget], Plan]] = {
    "SIREN": siren.plan,
    "GELU network": lambda target: network.plan(GELU, target),
    "x + sin^2 x network": lambda target: network.plan(X_SIN2, target),
}
MODELS = (*NETWORKS, "evosynth")
# Evosynth ends by itself after about 20,000.
EVALUATIONS = 40_000
PLACES = ("inside", "outside")
# Years after the midnight from which x is counted: the days that are drawn.
LATER = {"inside": 20, "outside": 300}
MINUTE = 60
# Instants that are drawn within the trained range for measuring alone.
INSIDE = 10_000


def answer(setup: Setup) -> Answer:
    """Trains networks and evolves formulas on instants, and reads all digits elsewhere."""
    rows: list[Row] = []
    drawn: dict[str, Predict] = {}
    for seed in range(setup.seed, setup.seed + (1 if setup.is_quick else 5)):
        target = es.make_sampled_target("clock", seed=seed)
        for name in MODELS:
            setup.say(f"{name}, seed {seed}")
            fitted = _fitted(name, target, seed, setup)
            drawn.setdefault(name, fitted)
            rows += [_row(name, seed, place, target, fitted) for place in PLACES]
    figures = {"clock-digits": _digits_figure(rows), "clock-day": _day_figure(drawn)}
    return Answer(_finding(rows), {"clock": rows}, figures)


def _fitted(name: str, target: es.SampledTarget, seed: int, setup: Setup) -> Predict:
    """Returns what a model says of instants (rows, 1): digits (rows, 6), not rounded."""
    if name == "evosynth":
        return es.run(target, seed=seed, evaluations=EVALUATIONS).predict
    steps = Budget(steps=2_000 if setup.is_quick else 20_000)
    return best_of(outcomes(target, seed, steps, NETWORKS[name](target))).predict


def _row(name: str, seed: int, place: str, target: es.SampledTarget, predict: Predict) -> Row:
    """Measures a model on instants of a place."""
    x = _instants(place, seed, target)
    said, wanted = predict(x[:, None]), digits(x)
    right = np.round(said) == wanted
    errors = np.sqrt(((said - wanted) ** 2).mean(axis=0)) / wanted.std(axis=0)
    return {
        "model": name,
        "seed": seed,
        "place": place,
        "instants": len(wanted),
        "all_right": float(right.all(axis=1).mean()),
        **{f"right_{d}": float(r.mean()) for d, r in zip(target.outputs, right.T, strict=True)},
        **{f"error_{d}": float(e) for d, e in zip(target.outputs, errors, strict=True)},
    }


def _instants(place: str, seed: int, target: es.SampledTarget) -> Numbers:
    """Returns instants (rows,) that nothing was trained on or chosen by."""
    if place == "inside":
        return whole_seconds(TRAINED_YEARS)(np.random.default_rng([seed, 1]), INSIDE)
    assert target.test is not None
    x = target.test.x[:, 0]
    return x[np.abs(x) > TRAINED_YEARS * YEAR]


def _guess() -> list[float]:
    """Returns how often each digit is that which is most frequent in a day."""
    day = digits(np.arange(DAY, dtype=float)).astype(int)
    return [float(np.bincount(column).max() / DAY) for column in day.T]


def _mean(rows: Sequence[Row], model: str, place: str, key: str) -> float:
    return float(np.mean([r[key] for r in rows if (r["model"], r["place"]) == (model, place)]))


def _finding(rows: Sequence[Row]) -> str:
    instants = sum(r["instants"] for r in rows if r["model"] == MODELS[0])
    trained = [row for row in rows if row["model"] != "evosynth"]
    keys = [key for key in rows[0] if key.startswith("right_")]
    gain, model, place, digit = max(
        (row[key] - guess, row["model"], row["place"], key.removeprefix("right_"))
        for row in trained
        for key, guess in zip(keys, _guess(), strict=True)
    )
    shares = ", ".join(
        f"{name} {_mean(rows, name, 'inside', 'all_right'):.2%} and "
        f"{_mean(rows, name, 'outside', 'all_right'):.2%}"
        for name in MODELS
    )
    least, most = (
        [pick(r[k] for r in trained if r["place"] == place for k in r if k.startswith("error_"))
         for place in PLACES]
        for pick in (min, max)
    )  # fmt: skip
    formulas = [row for row in rows if row["model"] == "evosynth"]
    worst = max(row[key] for row in formulas for key in row if key.startswith("error_"))
    return (
        f"All six digits of the time of day are right, after rounding, on these shares of "
        f"{instants:,} fresh instants within the {TRAINED_YEARS} years on either side that the "
        f"2,000 samples come from, and beyond, up to 500 years: {shares}. The networks' errors "
        f"are {least[0]:.2f} to {most[0]:.2f} standard deviations of a digit inside the range and "
        f"{least[1]:.2f} to {most[1]:.2f} outside, where 1 is that of its mean. The most that a "
        f"network gains over always saying the most frequent digit is {gain:.1%} of the "
        f"instants ({model}, digit {digit}, {place}). The samples hold "
        f"about one instant in {2 * TRAINED_YEARS * YEAR / DAY / 2_000:.0f} days: nothing joins "
        f"neighbours, and only the right period does. The formulas' largest error of a digit is "
        f"{worst:.2g}, over {len(formulas) // 2} seed{'s' * (len(formulas) > 2)}."
    )


def _digits_figure(rows: Sequence[Row]) -> Figure:
    figure, axes = new_figure(2, 1, height=6.0, sharex=True, sharey=True)
    names = [key.removeprefix("right_") for key in rows[0] if key.startswith("right_")]
    groups = [*names, "all six"]
    keys = [*(f"right_{name}" for name in names), "all_right"]
    places = np.arange(len(groups))
    for axis, place in zip(axes, PLACES, strict=True):
        for k, model in enumerate(MODELS):
            shares = [100 * _mean(rows, model, place, key) for key in keys]
            axis.bar(places + 0.2 * (k - 1.5), shares, 0.19, color=COLOURS[k], label=model)
        guesses = np.array([*_guess(), 1 / DAY])
        axis.hlines(100 * guesses, places - 0.42, places + 0.42, color=INK, linestyle="--",
                    linewidth=1.2, label="most frequent digit")  # fmt: skip
        years = f"within {TRAINED_YEARS}" if place == "inside" else f"{TRAINED_YEARS} to 500"
        axis.set(title=f"{years} years from x = 0", ylabel="right (% of instants)")
        axis.grid(visible=False, axis="x")
    axes[1].set_xticks(places, groups)
    axes[1].set_xlabel("digit of H1 H2 : M1 M2 : S1 S2")
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3)
    figure.suptitle("Digits of the time of day that are right after rounding")
    return figure


def _day_figure(drawn: dict[str, Predict]) -> Figure:
    """Draws what the models say about the tens of minutes over five hours."""
    figure, axes = new_figure(2, 1, height=6.0, sharex=True, sharey=True)
    minutes = np.arange(5 * MINUTE * 60, step=20) / 60
    for axis, place in zip(axes, PLACES, strict=True):
        x = LATER[place] * 365.0 * DAY + 60 * minutes
        axis.step(minutes / 60, digits(x)[:, 2], where="post", color=INK, linewidth=5, alpha=0.25,
                  label="digit M1")  # fmt: skip
        for k, (name, predict) in enumerate(drawn.items()):
            axis.plot(minutes / 60, predict(x[:, None])[:, 2], color=COLOURS[k], label=name,
                      linewidth=1.6 if name == "evosynth" else 1.3)  # fmt: skip
        axis.set(
            title=f"{LATER[place]} years after x = 0", ylabel="tens of minutes", ylim=(-1.5, 6.5)
        )
    axes[1].set_xlabel("hours since midnight")
    handles: Any = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=3)
    figure.suptitle("The tens of minutes as models read them, within and beyond the trained range")
    return figure


CLOCK = EXPERIMENTS.register(
    Experiment("clock", "Do networks learn to read a clock, digit by digit?", answer)
)
