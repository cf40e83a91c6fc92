"""Samples, and what the formula makes of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from dsl.display import plural
from dsl.samples import SampledTarget, Samples
from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.drawing.plots import NARROW, WIDE, Plot
from evosynth.reports.drawing.scales import Scale
from evosynth.reports.figures import Table, figure
from evosynth.reports.markup import element
from evosynth.reports.story import Story
from evosynth.runs import predictions
from evosynth.runs.folder import BEST, CONFIGURATION

# Samples that are drawn, spread evenly over all.
MOST_SAMPLES = 240
MOST_OUTPUTS = 3
# Samples that turn back more often, as a share of all, are not drawn over their input.
MOST_TURNS = 0.25


def write(story: Story) -> Markup | None:
    """Returns samples and formula of each output, over the input where there is one."""
    target, program = story.samples, story.program
    if target is None or program is None:
        return None
    samples, kind = _shown(target)
    count = min(MOST_SAMPLES, len(samples))
    chosen = np.unique(np.linspace(0, len(samples) - 1, count).astype(int))
    x, y = samples.x[chosen], samples.y[chosen]
    made = predictions(program, x)
    figures = [
        _figure(target, kind, x, y[:, k], made[:, k], k)
        for k in range(min(len(target.outputs), MOST_OUTPUTS))
        if np.isfinite(made[:, k]).any()
    ]
    more = len(target.outputs) - MOST_OUTPUTS
    note = element("p", f"{plural(more, 'more output')} not drawn.") if more > 0 else None
    return element("div", *figures, note) if figures else None


def _shown(target: SampledTarget) -> tuple[Samples, str]:
    """Returns the rows that tell most, and what they are."""
    if target.test is not None:
        return target.test, "unseen"
    if target.validation is not None:
        return target.validation, "validation"
    return target.train, "training"


def _is_smooth(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> bool:
    """Says whether samples are near enough to each other to see how they run."""
    steps = np.diff(y[np.argsort(x, kind="stable")])
    turns = np.count_nonzero(steps[1:] * steps[:-1] < 0)
    return bool(turns <= MOST_TURNS * len(steps))


def _figure(
    target: SampledTarget,
    kind: str,
    x: npt.NDArray[np.float64],
    wanted: npt.NDArray[np.float64],
    made: npt.NDArray[np.float64],
    output: int,
) -> Markup:
    name = target.outputs[output]
    is_single = x.shape[1] == 1 and _is_smooth(x[:, 0], wanted)
    across = x[:, 0] if is_single else wanted
    order = np.argsort(across, kind="stable")
    rows = [r for r in order.tolist() if np.isfinite(made[r])]
    pictures = []
    for width in (WIDE, NARROW):
        plot = Plot(
            f"{name}: samples and formula",
            Scale.of(across.tolist(), is_logarithmic=False),
            Scale.of([*wanted.tolist(), *made[rows].tolist()], is_logarithmic=False),
            target.inputs[0] if is_single else f"{name}, sample",
            name if is_single else f"{name}, formula",
            width,
            260.0,
            across=False,
        )
        for r in rows:
            height = wanted[r] if is_single else made[r]
            tip = f"sample {wanted[r]:.6g}, formula {made[r]:.6g}"
            plot.mark(across[r], height, "hollow s7", tip, radius=3)
        if is_single:
            for r in rows:
                plot.dot(across[r], made[r], "s1")
        else:
            low, high = min(across), max(across)
            plot.line([(low, low), (high, high)], "thin dashed s1")
        pictures.append(plot.svg())
    what = (
        "Rings are samples, dots what the formula gives for the same input."
        if is_single
        else "Each ring is a row: the sample across, the formula's value up; a formula that is "
        "right lies on the dashed line."
    )
    without = len(order) - len(rows)
    lost = f" Of {plural(without, 'more row')} the formula has no finite value." * bool(without)
    caption = f"{plural(len(rows), f'{kind} row')}, spread evenly.{lost} {what}"
    table = [
        (
            ", ".join(f"{value:.6g}" for value in x[r].tolist()[:8]),
            f"{wanted[r]:.9g}",
            f"{made[r]:.9g}",
        )
        for r in rows
    ]
    return figure(pictures, caption, Table((", ".join(target.inputs[:8]), name, "formula"), table))


FIT = SECTIONS.register(Section("fit", "Samples and formula", (BEST, CONFIGURATION), write))
