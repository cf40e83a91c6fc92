"""One epoch of one island as a function of text and numbers alone, which any worker can run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from dsl.errors import DataError
from evosynth.engine.means import ONE_THREAD, Means
from evosynth.engine.plain_data import from_text, to_text

# What runs an epoch of each kind of search, imported when it is first needed. Each has `advance`
# (setting, state, span) -> Epoch, and `warm_up` (means) -> None.
GRAMMARS = {
    "approximate": "evosynth.engine.approximate.approximate_epoch",
    "expression": "evosynth.engine.expression.formula_epoch",
    "factor": "evosynth.engine.factor_epoch",
    "recursive": "evosynth.engine.recursive.recursive_epoch",
}


@dataclass(frozen=True, slots=True)
class Span:
    """Which epoch of which island, and how much of it.

    Attributes:
        epoch: Number of the epoch.
        island: Number of the island.
        evaluations: Most evaluations: fewer than an epoch has where a budget ends in it.
        means: With what it works; the result does not depend on it.
    """

    epoch: int
    island: int
    evaluations: int
    means: Means = ONE_THREAD


class Epoch(NamedTuple):
    """What an island did in an epoch.

    Attributes:
        state: The island afterwards, as text.
        made: Evaluations.
        improvements: Evaluations of the epoch and operations whenever the island came to know
            something cheaper; () of grammars that do not say.
    """

    state: str
    made: int
    improvements: tuple[tuple[int, int], ...] = ()


Advance = Callable[[str, str, Span], Epoch]


def run_epoch(
    setting: str, state: str, epoch: int, island: int, evaluations: int, means: str
) -> str:
    """Returns what an island did in an epoch as text: a line of numbers, then its state.

    Args:
        setting: Name of the grammar in a line, then whatever does not change between
            islands, as the grammar writes it.
        state: Of the island.
        epoch: Number of the epoch; decides its random choices.
        island: Number of the island; likewise.
        evaluations: Most evaluations.
        means: `means_text` of what it works with; the result does not depend on it.
    """
    grammar, rest = setting.split("\n", 1)
    advance: Advance = _module(grammar).advance
    done = advance(rest, state, Span(epoch, island, evaluations, from_text(means, Means)))
    head = " ".join([str(done.made), *(f"{at}:{count}" for at, count in done.improvements)])
    return f"{head}\n{done.state}"


def read_epoch(text: str) -> Epoch:
    """Returns what `run_epoch` wrote."""
    head, state = text.split("\n", 1)
    made, *pairs = head.split(" ")
    improvements = (pair.split(":") for pair in pairs)
    return Epoch(state, int(made), tuple((int(at), int(count)) for at, count in improvements))


def warm_up(
    setting: str, state: str, epoch: int, island: int, evaluations: int, means: str
) -> None:
    """Loads, or compiles, what epochs of this setting need; takes what `run_epoch` takes."""
    prepare(setting, from_text(means, Means))


def prepare(setting: str, means: Means = ONE_THREAD) -> None:
    """Loads, or compiles, what epochs of this setting need when they work with means."""
    _module(setting.split("\n", 1)[0]).warm_up(means)


def means_text(means: Means) -> str:
    """Returns means as `run_epoch` takes them."""
    return to_text(means, Means)


@cache
def _module(grammar: str) -> Any:
    if grammar not in GRAMMARS:
        raise DataError(f"expected one of {', '.join(GRAMMARS)}, got {grammar[:40]!r}")
    return import_module(GRAMMARS[grammar])
