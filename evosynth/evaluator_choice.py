"""Which evaluator a run works with, and on what: as asked for, or the faster one here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from dsl.errors import EnvironmentMismatchError, EvosynthError, UsageError
from evosynth.cases import Case
from evosynth.engine.means import COMPILED, Means
from evosynth.engine.spec import Spec
from evosynth.engine.trial import Trial
from evosynth.workplace import FASTER, Workplace
from fitness.evaluators import EVALUATORS, TORCH
from fitness.torch_devices import AUTO, CPU, device_named, device_title

# Genomes of the first measured batch.
FIRST_BATCH = 32
# A batch that takes so many seconds, and so many times as long as one of a quarter of its size,
# tells how long larger ones take; beyond the longest none is tried.
LONG_SECONDS, GROWN, LONGEST_SECONDS = 0.25, 1.25, 1.0
ONLY_ONE = "its rules are scored by compiled code of their own"


@dataclass(frozen=True, slots=True)
class Choice:
    """With what a run works.

    Attributes:
        means: Of epochs, but for their threads.
        here: Of this very process, which may have another device than the workers.
        is_accelerated: Epochs share a GPU of this machine.
        told: Evaluator, device and why, for people.
    """

    means: Means
    here: Means
    is_accelerated: bool
    told: str

    @property
    def device(self) -> str:
        """On which genomes are scored: the CPU, or that of the evaluator."""
        return self.means.device if _uses_device(self.means.evaluator) else CPU


def check_evaluator(workplace: Workplace, case: Case, spec: Spec) -> None:
    """Checks that what is asked for is there; nothing is measured.

    Raises:
        UsageError: There is no such device, or the target has no such evaluator.
        EnvironmentMismatchError: torch is not installed, or finds no GPU.
    """
    name = workplace.evaluator
    if case.trial(spec) is None:
        if name not in (COMPILED, FASTER):
            raise UsageError(
                f"no evaluator '{name}' for an algorithm for every size: {ONLY_ONE}",
                f"leave --evaluator {name} out",
            )
        return
    is_named = name == FASTER and workplace.device not in (AUTO, CPU)
    if (is_named or _uses_device(name)) and not workplace.is_elsewhere:
        device_named(workplace.device)


def choose_evaluator(
    workplace: Workplace, case: Case, spec: Spec, pause: Callable[[], None]
) -> Choice:
    """Returns what a run works with; "auto" measures for a second or two.

    Args:
        workplace: What is asked for.
        case: What is searched for.
        spec: Of the search.
        pause: Called between measurements; may raise to end them.

    Raises:
        UsageError: As `check_evaluator`.
        EnvironmentMismatchError: Likewise.
    """
    check_evaluator(workplace, case, spec)
    compiled = Means(workplace.threads(case))
    trial = case.trial(spec)
    if trial is None or workplace.evaluator == COMPILED:
        why = f": {ONLY_ONE}" if workplace.evaluator == FASTER else ""
        return Choice(compiled, compiled, False, f"{COMPILED}{why}")
    if workplace.evaluator == FASTER:
        return _faster(workplace, compiled, trial, pause)
    if not _uses_device(workplace.evaluator):
        means = Means(compiled.threads, workplace.evaluator)
        return Choice(means, means, False, workplace.evaluator)
    if workplace.is_elsewhere:
        means = Means(compiled.threads, workplace.evaluator, workplace.device)
        told = f"{workplace.evaluator}, device {workplace.device} of each worker"
        return Choice(means, compiled, False, told)
    return _on_device(workplace.evaluator, workplace.device, compiled.threads)


def _faster(
    workplace: Workplace, compiled: Means, trial: Trial, pause: Callable[[], None]
) -> Choice:
    """Measures the compiled evaluator and torch, and takes the faster one."""
    try:
        other = _on_device(TORCH.name, workplace.device, compiled.threads)
    except EnvironmentMismatchError as error:
        return Choice(compiled, compiled, False, f"{COMPILED}: {error}")
    own_rate = genomes_per_second(trial, compiled, pause)
    try:
        other_rate = genomes_per_second(trial, other.here, pause)
    except (EvosynthError, RuntimeError) as error:  # of a device that cannot do it, say
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        return Choice(compiled, compiled, False, f"{COMPILED}: {other.told} failed: {reason}")
    own, others = f"{own_rate:,.0f}", f"{other_rate:,.0f}"
    if own_rate >= other_rate:
        told = f"{COMPILED}: {own} genomes/s; {other.told} {others}"
        return Choice(compiled, compiled, False, told)
    told = f"{other.told}: {others} genomes/s; {COMPILED} {own}"
    if workplace.is_elsewhere:  # other machines may have other devices
        return replace(other, means=replace(other.means, device=workplace.device), told=told)
    return replace(other, told=told)


def _on_device(evaluator: str, name: str, threads: int) -> Choice:
    """Returns the choice of an evaluator on a device of this machine."""
    device = device_named(name)
    means = Means(threads, evaluator, str(device))
    told = f"{evaluator} on {device_title(device)}"
    return Choice(means, means, device.type != CPU, told)


def genomes_per_second(
    trial: Trial,
    means: Means,
    pause: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """Returns how many genomes an evaluator scores in a second, in batches of a search.

    Batches grow up to those of a search, or until one takes long: then its time is
    extrapolated as a fixed part and a part for every genome, of which the first may be most.

    Args:
        trial: What is scored.
        means: With what.
        pause: Called between batches; may raise.
        clock: Seconds.
    """
    count, before = min(FIRST_BATCH, trial.most), 0
    taken = {0: 0.0}
    while True:
        taken[count] = _seconds(trial.scoring(means, count), pause, clock)
        is_long = taken[count] >= max(LONG_SECONDS, GROWN * taken[before]) and before
        if count == trial.most or is_long or taken[count] >= LONGEST_SECONDS:
            break
        before, count = count, min(4 * count, trial.most)
    slope = max(taken[count] - taken[before], 0.0) / (count - before)
    return trial.most / (taken[count] + slope * (trial.most - count))


def _seconds(
    score: Callable[[], object], pause: Callable[[], None], clock: Callable[[], float]
) -> float:
    """Returns what a batch takes; of two times the shorter one, the first may compile."""
    times = []
    for _ in range(2):
        pause()
        began = clock()
        score()
        times.append(clock() - began)
    return min(times)


def _uses_device(evaluator: str) -> bool:
    return evaluator != FASTER and EVALUATORS.get(evaluator).uses_device
