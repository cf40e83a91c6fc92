"""The way from the dense matrix to the best program, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.decomposition import Decomposition, Matrix, decompose, non_zeros
from evosynth.reports.drawing.heat_map import extent_of, heat_map
from evosynth.reports.figures import Table, figure
from evosynth.reports.markup import element, joined
from evosynth.reports.sections.factors import binning, hues, name_of
from evosynth.reports.shown_program import shown_program
from evosynth.reports.story import Story
from evosynth.runs.folder import BEST, CONFIGURATION

# Pixels of the bars below the pictures.
BAR, HIGH = 144.0, 12.0


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """What there is after some factors.

    Attributes:
        k: How many factors have been applied.
        remainder: The matrix that is left to be multiplied by.
        done: Operations of the factors so far.
        left: Operations of the dense product with the remainder.
    """

    k: int
    remainder: Matrix
    done: int
    left: int

    @property
    def total(self) -> int:
        """Operations of a program that stops here and does the rest densely."""
        return self.done + self.left


def steps_of(found: Decomposition) -> list[Step]:
    """Returns the steps up to the last factor that computes anything, that of no factor first."""
    done = 0
    steps = [Step(0, found.remainders[0], 0, found.dense[0])]
    for k, part in enumerate(found.parts, 1):
        if part.operations:
            # What simplification saves between factors can be counted at the end alone.
            done = done + part.operations
            is_last = not any(later.operations for later in found.parts[k:])
            count = found.operations if is_last else done
            steps.append(Step(k, found.remainders[k], count, found.dense[k]))
    return steps


def write(story: Story) -> Markup | None:
    """Returns what is left to be done after every factor, with what it would cost."""
    shown = shown_program(story)
    found = None if shown is None else decompose(shown.program)
    if shown is None or found is None or len(steps_of(found)) < 2:
        return None
    steps = steps_of(found)
    matrices = [step.remainder for step in steps]
    most = max(step.total for step in steps)
    small = element("ol", *(_small(step, steps, most) for step in steps), class_="heat-maps steps")
    picture = joined([_stepper(steps), hues(matrices), _legend(), small])
    caption = joined(
        [
            "After factor S",
            element("sub", "k"),
            " a program could stop and multiply by the remainder R",
            element("sub", "k"),
            ", the product of the factors that follow, entry by entry: the sum is what it would "
            "cost. In the end nothing but the order and the signs of the outputs is left. ",
            binning(matrices),
            _excess(found),
            shown.note_on_matrix,
            shown.note,
        ]
    )
    return figure(picture, caption, _table(steps))


def _excess(found: Decomposition) -> str:
    if not found.excess:
        return ""
    return (
        "Operations done are an upper bound but in the last step: what simplification saves "
        f"between factors ({found.excess:,} in all) is known at the end alone. "
    )


def _stepper(steps: list[Step]) -> Markup:
    first, last = steps[0], len(steps) - 1
    words = _words(first, steps)
    slider = element(
        "input",
        type="range",
        min=0,
        max=last,
        step=1,
        value=0,
        data_steps=True,
        autocomplete="off",
        aria_valuetext=words,
    )
    label = element("label", "Step by step from the dense matrix to the program", slider)
    told = element("p", words, class_="step-told")
    bar = _bar(first, max(step.total for step in steps))
    said = element("div", label, bar, told, class_="stepper-words")
    picture = heat_map(first.remainder, _text(first), _extent(steps), zoom=2)
    return element("div", element("div", picture, class_="stepper-picture"), said, class_="stepper")


def _extent(steps: list[Step]) -> int:
    return extent_of([step.remainder for step in steps])


def _small(step: Step, steps: list[Step], most: int) -> Markup:
    bar = _bar(step, most)
    count = non_zeros(step.remainder)
    return element(
        "li",
        heat_map(step.remainder, _text(step), _extent(steps)),
        bar,
        element("strong", name_of("R", step.k)),
        f"{count:,} non-zeros",
        element("br"),
        f"{step.done:,} + {step.left:,} =",
        element("br"),
        f"{step.total:,} operations",
        data_words=_words(step, steps),
        class_="at" if step is steps[0] else None,
    )


def _bar(step: Step, most: int) -> Markup:
    done, left = (BAR * count / most for count in (step.done, step.left))
    return element(
        "svg",
        element("rect", class_="whole", x=0.5, y=0.5, width=BAR - 1, height=HIGH - 1),
        element("rect", class_="done", width=done, height=HIGH),
        element("rect", class_="left", x=done, width=left, height=HIGH),
        class_="cost",
        viewBox=f"0 0 {BAR:g} {HIGH:g}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def _legend() -> Markup:
    def sample(name: str, text: str) -> Markup:
        mark = element("rect", class_=name, width=12, height=12)
        return element("li", element("svg", mark, class_="cost-key", width=12, height=12), text)

    return element(
        "ul", sample("done", "operations done"), sample("left", "dense rest"), class_="costs"
    )


def _text(step: Step) -> str:
    rows, columns = step.remainder.shape
    size = f"{rows} \N{MULTIPLICATION SIGN} {columns}"
    return f"Remainder R{step.k}: {size}, {non_zeros(step.remainder):,} non-zeros"


def _words(step: Step, steps: list[Step]) -> str:
    """Returns what a step says, in three lines."""
    done = f"S{step.k} is done" if step.k else "nothing is done: the dense matrix"
    if step.k > 1:
        done = f"S1 to S{step.k} are done"
    return (
        f"Step {step.k} of {len(steps) - 1}: {done}.\n"
        f"Left is R{step.k} with {non_zeros(step.remainder):,} non-zeros.\n"
        f"{step.done:,} operations done + {step.left:,} for the rest = {step.total:,}"
    )


def _table(steps: list[Step]) -> Table:
    head = ("remainder", "non-zeros", "operations done", "dense rest", "together")
    return Table(head, list(_rows(steps)))


def _rows(steps: list[Step]) -> Iterator[tuple[str, ...]]:
    for step in steps:
        counts = (non_zeros(step.remainder), step.done, step.left, step.total)
        yield (f"R{step.k}", *(f"{count:,}" for count in counts))


STEPS = SECTIONS.register(Section("steps", "Step by step", (BEST, CONFIGURATION), write))
