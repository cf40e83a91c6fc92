"""What an experiment is: a question, answered in a folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dsl.registry import Registry


@dataclass(frozen=True, slots=True)
class Experiment:
    """A question with a program that answers it.

    Attributes:
        name: What people call it.
        question: One line for people.
        run: (folder, is quick) -> one paragraph of finding; writes table and picture.
    """

    name: str
    question: str
    run: Callable[[Path, bool], str]


EXPERIMENTS: Registry[Experiment] = Registry("experiment")
