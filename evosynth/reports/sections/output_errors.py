"""How far every output is from what was wanted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from dsl.accuracy import EXACT, NOISE, unscaled
from dsl.program import Program
from dsl.targets import Target
from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.drawing.plots import NARROW, WIDE, Plot
from evosynth.reports.drawing.scales import Scale
from evosynth.reports.figures import Table, figure
from evosynth.reports.story import Story
from evosynth.runs.folder import BEST, CONFIGURATION

# Errors of 0 are drawn here.
LEAST = 1e-17
# More outputs are drawn as the largest error of so many side by side.
MOST_MARKS = 128


def write(story: Story) -> Markup | None:
    """Returns the relative error of every output of a matrix's program."""
    target, program = story.matrix_target, story.program
    if target is None or program is None:
        return None
    errors = output_errors(program, target)
    pictures = [_plot(errors, width) for width in (WIDE, NARROW)]
    step = -(-len(errors) // MOST_MARKS)
    binned = f" Each dot is the worst of {step} outputs." if step > 1 else ""
    caption = (
        "Euclidean norm of the difference of a row of the program's matrix from the target's, over "
        "that of the target's row; of rows that are zero, over that of the largest. The shaded "
        "part is rounding of doubles, 1e-12 and below; an error of exactly 0 is drawn at 1e-17."
        f"{binned}"
    )
    rows = [(f"y{k}", f"{error:.2e}") for k, error in enumerate(errors.tolist())]
    return figure(pictures, caption, Table(("output", "relative error"), rows))


def output_errors(program: Program, target: Target) -> npt.NDArray[np.float64]:
    """Returns the relative error of every output, up to the factors that the target admits.

    Returns:
        (m,) float64; infinite where the program's matrix is not finite.
    """
    computed = unscaled(program.matrix(), target.matrix, target.scaling)
    with np.errstate(all="ignore"):
        wrong = np.linalg.norm(computed - target.matrix, axis=1)
    sizes = np.linalg.norm(target.matrix, axis=1)
    relative = wrong / np.where(sizes > NOISE * sizes.max(), sizes, sizes.max())
    return np.where(np.isfinite(relative), relative, np.inf)


def _plot(errors: npt.NDArray[np.float64], width: float) -> Markup:
    step = -(-len(errors) // MOST_MARKS)
    starts = range(0, len(errors), step)
    worst = np.array([errors[start : start + step].max() for start in starts])
    drawn = np.clip(worst, LEAST, 1e3)
    plot = Plot(
        "Relative error of every output",
        Scale(-0.5, len(errors) - 0.5),
        Scale.of([LEAST, *drawn.tolist(), EXACT], is_logarithmic=True),
        "output",
        "relative error",
        width,
        220.0,
    )
    corners = plot.x.low, plot.x.high
    plot.band([(x, plot.y.low) for x in corners], [(x, EXACT) for x in corners], "s3")
    for start, error, height in zip(starts, worst.tolist(), drawn.tolist(), strict=True):
        last = min(start + step, len(errors)) - 1
        name = f"y{start}" if step == 1 else f"y{start} to y{last}"
        plot.mark(start, height, "mark s1", f"{name}: {error:.2e}", radius=3.5)
    return plot.svg()


ERRORS = SECTIONS.register(Section("errors", "Error of every output", (BEST, CONFIGURATION), write))
