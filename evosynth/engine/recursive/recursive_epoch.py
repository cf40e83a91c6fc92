"""One epoch of one island that seeks a rule, or makes one cheaper."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from dsl.grammars.recursive.families import family
from dsl.grammars.recursive.rule import Rule
from evosynth.engine.epoch_call import Epoch, Span
from evosynth.engine.means import Means
from evosynth.engine.pausing import between_turns
from evosynth.engine.plain_data import from_text, to_text
from evosynth.engine.recursive import cheapening, cheapening_state, finding, finding_state
from evosynth.engine.recursive.cheapening import CheapeningTask
from evosynth.engine.recursive.cheapening_state import ChainState
from evosynth.engine.recursive.finding import SLOWER, FindingOptions, Subject
from evosynth.engine.recursive.finding_state import FindingState
from evosynth.engine.spec import Purpose, Spec

# One rule made cheaper takes as long as finding evaluates so many genomes.
CHEAPENING_SHARE = 100
# Island 1 and every second one after it seek sums of three terms.
WIDE_ISLANDS = 2


@dataclass(frozen=True, slots=True)
class Seeking:
    """What all islands seek.

    Attributes:
        subject: What a rule is sought for.
        options: How; some islands have wider ones (`island_options`).
    """

    subject: Subject
    options: FindingOptions


@dataclass(frozen=True, slots=True)
class Idle:
    """There is nothing left to do."""


@dataclass(frozen=True, slots=True)
class RecursiveSetting:
    """What is the same for all islands.

    Attributes:
        spec: What decides the bits of the result.
        work: What they do.
    """

    spec: Spec
    work: Seeking | CheapeningTask | Idle


@dataclass(frozen=True, slots=True)
class Sought:
    """An island that seeks a rule.

    Attributes:
        subject: What for.
        island: Its population.
        rule: What it found in the epoch.
        made: Evaluations of the epoch.
    """

    subject: Subject
    island: FindingState
    rule: Rule | None = None
    made: int = 0


@dataclass(frozen=True, slots=True)
class Cheapened:
    """An island that makes a rule cheaper.

    Attributes:
        family: What the rule computes.
        index: Which of the family's rules it is.
        chain: Where the search stands.
    """

    family: str
    index: int
    chain: ChainState


@dataclass(frozen=True, slots=True)
class IslandState:
    """An island, before an epoch or after it.

    Attributes:
        work: What it does, as the setting says.
    """

    work: Sought | Cheapened | Idle


def advance(setting: str, state: str, span: Span) -> Epoch:
    """Returns an island after an epoch."""
    known, before = _setting(setting), from_text(state, IslandState).work
    if isinstance(known.work, Seeking) and isinstance(before, Sought):
        sought = _sought(known.work, before, known.spec, span)
        return Epoch(to_text(IslandState(sought), IslandState), sought.made)
    if isinstance(known.work, CheapeningTask) and isinstance(before, Cheapened):
        after, made = _cheapened(known.work, before, known.spec, span)
        return Epoch(to_text(IslandState(after), IslandState), made)
    return Epoch(state, span.evaluations)


def warm_up(means: Means) -> None:
    """Loads, or compiles, what seeks rules."""
    subject, options = Subject("wht", 2), FindingOptions(population=2)
    island = finding.start_island(subject, options)
    finding.advance(island, subject, options, 4, np.random.default_rng(0))


def island_options(options: FindingOptions, subject: Subject, island: int) -> FindingOptions:
    """Returns how an island seeks rules."""
    if not family(subject.family).is_linear:
        return options
    is_wide = island % WIDE_ISLANDS == WIDE_ISLANDS - 1 or subject.radix > 2
    return options.widened() if is_wide else options


def _sought(work: Seeking, before: Sought, spec: Spec, span: Span) -> Sought:
    """Seeks until the epoch is over or a rule is found."""
    options = island_options(work.options, work.subject, span.island)
    island, rule, made = finding_state.unpacked(before.island), None, 0
    share = max(1, spec.turn // (SLOWER if options.terms == 3 else 1))
    for rng in _streams(spec, span):
        between_turns()
        count = min(share, span.evaluations - made)
        island, spent, rule = finding.advance(island, work.subject, options, count, rng)
        made += spent
        if rule is not None or made >= span.evaluations:
            break
    return Sought(work.subject, finding_state.packed(island), rule, made)


def _cheapened(
    task: CheapeningTask, before: Cheapened, spec: Spec, span: Span
) -> tuple[Cheapened, int]:
    state, made = cheapening_state.unpacked(before.chain), 0
    share = max(1, spec.turn // CHEAPENING_SHARE)
    for rng in _streams(spec, span):
        between_turns()
        count = min(share, span.evaluations - made)
        state = cheapening.advance(task, state, count, rng)
        made += count
        if made >= span.evaluations:
            break
    return replace(before, chain=cheapening_state.packed(state)), made


def _streams(spec: Spec, span: Span) -> Iterator[np.random.Generator]:
    """Yields the random stream of each turn."""
    for k in range(spec.turns):
        yield spec.generator(Purpose.TURN, span.epoch * spec.turns + k, span.island)


@lru_cache(maxsize=8)
def _setting(text: str) -> RecursiveSetting:
    return from_text(text, RecursiveSetting)
