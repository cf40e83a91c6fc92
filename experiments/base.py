"""What an experiment is: a question, and a program that answers it with tables and pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dsl.registry import Registry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Setup:
    """How an experiment is run.

    Attributes:
        is_quick: In minutes rather than hours.
        seed: Decides every random choice.
        say: Takes a line about what goes on, for people.
    """

    is_quick: bool
    seed: int
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an experiment found.

    Attributes:
        finding: A paragraph for people, with the measured figures that answer the question.
        tables: Rows by name; each becomes NAME.csv.
        figures: Figures of `evosynth.charts` by name; each becomes NAME.png and NAME.svg.
    """

    finding: str
    tables: Mapping[str, Sequence[Row]]
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Experiment:
    """A question with a program that answers it.

    Attributes:
        name: What people call it.
        summary: The question, in one line.
        answer: The program.
    """

    name: str
    summary: str
    answer: Callable[[Setup], Answer]


EXPERIMENTS: Registry[Experiment] = Registry("experiment")
