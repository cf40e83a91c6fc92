"""Does a mean of sines learn a mean of sines when only its frequencies are trained?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import evosynth as es
from evosynth.charts import BLUE, GREEN, INK, ORANGE, PURPLE, new_figure
from experiments.base import EXPERIMENTS, Answer, Experiment, Row, Setup
from gradient_baselines.base import Budget
from gradient_baselines.functions.measuring import errors
from gradient_baselines.functions.scales import size_only
from gradient_baselines.functions.sinenet import Optimizer, initial, sinenet_sweep
from gradient_baselines.functions.sweeps import Outcome, Plan, best_of, outcomes
from gradient_baselines.training import Adam, descend, generator, one_thread

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COUNTS = (1, 2, 8)
OPTIMIZERS: dict[str, Optimizer] = {"Adam": Adam, "AdamW": partial(Adam, decay=1e-2)}
RATES = (1e-3, 1e-2, 1e-1)
COLOURS = {"Adam": BLUE, "AdamW": ORANGE, "evosynth": GREEN}
# Evosynth ends by itself before these.
EVALUATIONS = 20_000
FOUND = 1e-6
# A change of an error by a tenth.
NOTABLE = 0.9

# Of the sweep over widths: as few rows as the sweep has parameters, and the usual number.
SWEPT_COUNT, SWEPT_ROWS = 8, (32, 2_000)
TRAININGS, SWEPT_RATE, BATCH = 20, 1e-2, 256
ERRORS = {
    "train_error": ("training rows, pi < |x| < 4 pi", BLUE),
    "gap_error": ("gap, |x| < pi", PURPLE),
    "test_error": ("test rows, |x| < 10 pi", ORANGE),
}


def answer(setup: Setup) -> Answer:
    """Trains means of sines of several widths, and evolves formulas of the same samples."""
    rows: list[Row] = []
    curves: dict[tuple[int, str], Any] = {}
    for count in COUNTS:
        for seed in range(setup.seed, setup.seed + (1 if setup.is_quick else 5)):
            target = es.make_sampled_target("sines", count=count, seed=seed)
            found = _all_models(target, count, seed, setup)
            rows += [row for row, _ in found]
            if seed == setup.seed:
                curves |= {(count, row["model"]): c for row, c in found if row["width"] == count}
    with one_thread():
        widths = [row for number in SWEPT_ROWS for row in _widths(number, setup)]
    found_by_search = [_searched(number, setup) for number in SWEPT_ROWS]
    return Answer(
        _finding(rows, widths, found_by_search),
        {"sum-of-sines": rows, "widths": widths, "widths-evosynth": found_by_search},
        {
            "sum-of-sines": _curves_figure(curves, setup),
            "widths": _widths_figure(widths, found_by_search),
        },
    )


def _all_models(
    target: es.SampledTarget, count: int, seed: int, setup: Setup
) -> list[tuple[Row, Any]]:
    """Returns a row and a function (rows, 1) -> (rows, 1) for each model of a target."""
    found: list[tuple[Row, Any]] = []
    for name in OPTIMIZERS:
        setup.say(f"mean of {count} sines, {name}, seed {seed}")
        for width in COUNTS:
            best = _trained(target, width, name, seed, setup)
            row = _row(count, seed, name, width, best.model.error, best.model.error_outside)
            found.append((row, best.predict))
    setup.say(f"mean of {count} sines, evosynth, seed {seed}")
    result = es.run(target, seed=seed, evaluations=EVALUATIONS)
    claims = result.claims
    row = _row(count, seed, "evosynth", count, claims.validation_error, claims.test_error)
    return [*found, (row, result.predict)]


def _row(count: int, seed: int, model: str, width: int, inside: float, outside: float) -> Row:
    return {
        "sines": count,
        "seed": seed,
        "model": model,
        "width": width,
        "gap_error": inside,
        "test_error": outside,
    }


def _trained(target: es.SampledTarget, width: int, name: str, seed: int, setup: Setup) -> Outcome:
    scales = size_only(target.train)
    sweep = sinenet_sweep(width, OPTIMIZERS[name], RATES, target, scales)
    steps = Budget(steps=600 if setup.is_quick else 20_000)
    return best_of(outcomes(target, seed, steps, Plan(scales, [sweep])))


def _widths(number: int, setup: Setup) -> list[Row]:
    """Returns the errors of all trainings of each width, on so many rows."""
    target = _swept_target(number, setup)
    assert target.validation is not None
    assert target.test is not None
    scales = size_only(target.train)
    rows = []
    for width in (2**k for k in range(7 if setup.is_quick else 11)):
        setup.say(f"width {width}, {TRAININGS} trainings on {number} rows")
        sweep = sinenet_sweep(width, Adam, [SWEPT_RATE], target, scales)
        source = generator(setup.seed)
        drawn = [initial(1, width, source)[0] for _ in range(TRAININGS)]
        frequencies = [torch.cat(drawn)]

        def losses(frequencies: Any = frequencies, sweep: Any = sweep, source: Any = source) -> Any:
            batch = torch.randperm(number, generator=source)[:BATCH].numpy()
            x = scales.inputs(target.train.x[batch])
            y = scales.outputs(target.train.y[batch])
            return ((sweep.values(frequencies, x) - y) ** 2).mean(dim=(1, 2))

        rates = torch.full((TRAININGS,), SWEPT_RATE, dtype=torch.float64)
        steps = Budget(steps=500 if setup.is_quick else 20_000)
        descend(losses, Adam(frequencies, rates), steps)
        measured = (
            errors(sweep.values, frequencies, part, scales)
            for part in (target.train, target.validation, target.test)
        )
        rows += [
            {"rows": number, "width": width, "training": k, "train_error": a, "gap_error": b,
             "test_error": c}
            for k, (a, b, c) in enumerate(zip(*measured, strict=True))
        ]  # fmt: skip
    return rows


def _swept_target(number: int, setup: Setup) -> es.SampledTarget:
    return es.make_sampled_target("sines", count=SWEPT_COUNT, seed=setup.seed, samples=number)


def _searched(number: int, setup: Setup) -> Row:
    setup.say(f"evosynth on {number} rows")
    target = _swept_target(number, setup)
    result = es.run(target, seed=setup.seed, evaluations=EVALUATIONS)
    claims = result.claims
    return {
        "rows": number,
        "train_error": claims.error,
        "gap_error": claims.validation_error,
        "test_error": claims.test_error,
        "operations": claims.operations,
    }


def _best(widths: Sequence[Row], number: int, key: str) -> list[tuple[int, float]]:
    """Returns for each width an error of the training with the least one on training rows."""
    chosen = []
    for width in sorted({row["width"] for row in widths}):
        rows = [row for row in widths if (row["rows"], row["width"]) == (number, width)]
        chosen.append((width, min(rows, key=lambda row: row["train_error"])[key]))
    return chosen


def _descents(values: Sequence[float]) -> str:
    """Says whether errors fall, rise and fall again below what they were.

    Each time it is by at least a tenth: fewer is the luck of the draw.
    """
    lowest, peak, has_fallen = values[0], 0.0, False
    for value in values[1:]:
        if peak and value < NOTABLE * lowest:
            return "falls, rises and falls again below its first minimum: a double descent"
        if value < NOTABLE * values[0] and not peak:
            has_fallen = True
        if has_fallen and NOTABLE * value > lowest:
            peak = max(peak, value)
        if not peak:
            lowest = min(lowest, value)
    return "shows no double descent"


def _finding(rows: Sequence[Row], widths: Sequence[Row], searched: Sequence[Row]) -> str:
    shares = []
    for count in COUNTS:
        own = [r for r in rows if r["sines"] == count]
        trained = [r for r in own if r["model"] != "evosynth" and r["width"] >= count]
        found = sum(r["test_error"] < FOUND for r in trained)
        evolved = [r["test_error"] for r in own if r["model"] == "evosynth"]
        least = min(r["test_error"] for r in trained)
        exact = sum(error < FOUND for error in evolved)
        shares.append(
            f"mean of {count}: {found} of {len(trained)} (least error {least:.2g}), "
            f"evosynth {exact} of {len(evolved)} (largest {max(evolved):.2g})"
        )
    swept = []
    for number, search in zip(SWEPT_ROWS, searched, strict=True):
        best = _best(widths, number, "test_error")
        width, least = min(best, key=lambda pair: pair[1])
        swept.append(
            f"on {number:,} rows the test error of the best of {TRAININGS} trainings is least at "
            f"width {width} ({least:.2f}), {best[-1][1]:.2f} at width {best[-1][0]}, and over the "
            f"widths it {_descents([error for _, error in best])}; evosynth: "
            f"{search['test_error']:.2g}"
        )
    return (
        f"Networks that are a mean of {', '.join(map(str, COUNTS))} sines were trained on means of "
        f"{', '.join(map(str, COUNTS))}, by Adam and AdamW, each with the best of {len(RATES)} "
        f"rates and many restarts. Of the networks of at least as many sines as the mean has, "
        f"those with a test error, over and beyond the range, below {FOUND:g}: "
        f"{'; '.join(shares)}. "
        f"Swept over widths for a mean of {SWEPT_COUNT} sines, {'; '.join(swept)}."
    )


def _curves_figure(curves: dict[tuple[int, str], Any], setup: Setup) -> Figure:
    figure, axes = new_figure(len(COUNTS), 1, height=7.0, sharex=True)
    x = np.linspace(-10, 10, 1_201)
    for axis, count in zip(axes, COUNTS, strict=True):
        for low in (-4, 1):
            axis.axvspan(low, low + 3, color=INK, alpha=0.07, linewidth=0)
        target = es.make_sampled_target("sines", count=count, seed=setup.seed)
        true = _true(target, np.pi * x)
        axis.plot(x, true, color=INK, linewidth=4, alpha=0.3, label="function")
        for name, colour in COLOURS.items():
            values = curves[count, name](np.pi * x[:, None])[:, 0]
            style = "--" if name == "evosynth" else "-"
            axis.plot(x, values, style, color=colour, linewidth=1.2, label=name)
        axis.set(ylabel="y", title=f"mean of {count} sine{'s' * (count > 1)}, as many in the model")
        axis.set_ylim(np.array([-1.3, 1.3]) * np.abs(true).max())
    axes[-1].set(xlabel="x / pi (radians); grey: where the samples come from", xlim=(-10, 10))
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4)
    figure.suptitle("Means of sines of which only the frequencies are trained")
    return figure


def _true(target: es.SampledTarget, x: Any) -> Any:
    """Returns the function's values: the formula of the family, in NumPy's words."""
    return eval(target.formula.replace("sin", "np.sin").replace(" x)", " * x)"), {"np": np, "x": x})


def _widths_figure(widths: Sequence[Row], searched: Sequence[Row]) -> Figure:
    figure, axes = new_figure(1, len(SWEPT_ROWS), height=4.8, sharex=True, sharey=True)
    for axis, number, search in zip(axes, SWEPT_ROWS, searched, strict=True):
        rows = [row for row in widths if row["rows"] == number]
        for key, (name, colour) in ERRORS.items():
            every = [row["width"] for row in rows], [row[key] for row in rows]
            axis.plot(*every, ".", color=colour, markersize=3, alpha=0.35)
            axis.plot(*zip(*_best(widths, number, key), strict=True), "-o", color=colour,
                      markersize=4, label=name)  # fmt: skip
        axis.axhline(search["test_error"], color=INK, linestyle="--", label="evosynth, test rows")
        if search["test_error"] < min(row["train_error"] for row in rows):
            text = f"evosynth, test rows: {max(search['test_error'], 0):.1g} (below)"
            axis.text(0.03, 0.03, text, transform=axis.transAxes, fontsize=9.5)
        if number <= max(row["width"] for row in rows):
            axis.axvline(number, color=INK, linestyle=":", linewidth=1)
        axis.set(xscale="log", yscale="log", xlabel="width: sines in the model")
        axis.set_title(f"{number:,} training rows", fontsize=10.5)
    axes[0].set_xscale("log", base=2)
    axes[0].set_ylim(0.5 * min(row["train_error"] for row in widths), 5)
    axes[0].set_ylabel("error / standard deviation of y")
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=2)
    figure.suptitle(
        f"Mean of {SWEPT_COUNT} sines: {TRAININGS} trainings of each width (dots), lines: that "
        "with the\nleast error on training rows; dotted: as many sines as rows",
        fontsize=11,
    )
    return figure


SUM_OF_SINES = EXPERIMENTS.register(
    Experiment(
        "sum-of-sines",
        "Does a mean of sines learn a mean of sines, and how wide must it be?",
        answer,
    )
)
