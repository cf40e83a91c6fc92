"""The program that a page shows: the best one, or what the best algorithm does at one size."""

from __future__ import annotations

from dataclasses import dataclass

from dsl.program import Program
from evosynth.reports.story import Story
from evosynth.runs import AlgorithmDocument


@dataclass(frozen=True, slots=True)
class Shown:
    """A program for a matrix.

    Attributes:
        program: The program.
        note: Says at which size an algorithm is shown; "" of programs of one size.
        note_on_matrix: Says how the program's matrix differs from the target's; "" if it does not.
    """

    program: Program
    note: str = ""
    note_on_matrix: str = ""


def shown_program(story: Story) -> Shown | None:
    """Returns the program that is shown, or None where there is none that is linear."""
    if isinstance(story.document, AlgorithmDocument):
        algorithm, size = story.document.algorithm, story.drawn_size
        if not algorithm.family.is_linear:
            return None
        note = f"Shown is the program that the algorithm is at n = {size}."
        return Shown(algorithm.program(size), note)
    program = story.program
    if program is None or not program.is_linear:
        return None
    return Shown(program, note_on_matrix=_note_on_matrix(story))


def _note_on_matrix(story: Story) -> str:
    if story.kind == "approximate":
        return "The matrix is the program's own, which is near the target's. "
    if story.matrix_target is not None and story.matrix_target.scaling != "exact":
        return "The matrix is the program's own: its rows are multiples of the target's. "
    return ""
