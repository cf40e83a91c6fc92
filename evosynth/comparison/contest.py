"""Makes the trials of a comparison that are not finished yet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from evosynth.comparison.entrants import EVOSYNTH, Entrant
from evosynth.comparison.outcome import Comparison, Row
from evosynth.comparison.trials import Outcome, Trial, keep, kept
from gradient_baselines.base import AnyTarget

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Contest:
    """Trials of one target with one budget."""

    target: AnyTarget
    budget: float
    folder: Path
    say: Say

    def hold(
        self, entrants: list[Entrant], seeds: list[int], left_out: dict[str, str]
    ) -> Comparison:
        """Makes the trials that are not finished yet, and returns the table."""
        plan = [
            (e, self._trial(e, s)) for e in entrants for s in seeds[: 1 if e.is_given else None]
        ]
        finished = kept(self.folder)
        missing = [t for entrant, t in plan if t not in finished and not entrant.is_given]
        self._announce(len(plan), missing)
        outcomes: dict[str, list[Outcome]] = {entrant.name: [] for entrant in entrants}
        for outcome in self._outcomes(plan, finished):
            outcomes[outcome.trial.contestant].append(outcome)
        rows = tuple(Row(e.name, e.told, tuple(outcomes[e.name]), e.is_given) for e in entrants)
        return Comparison(self.target, self.budget, rows, left_out, self.folder)

    def _trial(self, entrant: Entrant, seed: int) -> Trial:
        return Trial(entrant.name, seed, self.budget, self.target.digest, entrant.versions)

    def _announce(self, planned: int, missing: list[Trial]) -> None:
        head = f"{self.target.title}, {self.target.domain} data: {planned} trials"
        if not missing:
            self.say(f"{head}, all finished earlier")
            return
        done = planned - len(missing)
        earlier = f", {done} of them finished earlier" if done else ""
        minutes = f"{len(missing) * self.budget / 60:.1f} minutes"
        is_searched = any(trial.contestant == EVOSYNTH for trial in missing)
        ending = ", and the seconds in which evosynth ends its epoch and refines" * is_searched
        self.say(f"{head} of up to {self.budget:g} s{earlier}; {minutes}{ending}")

    def _outcomes(
        self, plan: list[tuple[Entrant, Trial]], finished: dict[Trial, Outcome]
    ) -> Iterator[Outcome]:
        for number, (entrant, trial) in enumerate(plan, 1):
            outcome = finished.get(trial)
            if outcome is None:
                place = f"{number} of {len(plan)}: {trial.contestant}, seed {trial.seed}"
                self.say(f"{place} ...")
                outcome = Outcome(trial, *entrant.attempt(trial.seed, trial.budget))
                if not entrant.is_given:
                    keep(outcome, self.folder)
                best, seconds = outcome.fit.best, outcome.fit.seconds
                took = "" if math.isnan(seconds) else f", {seconds:.1f} s"
                self.say(f"{place}: error {best.error:.1e}, {best.operations:,} operations{took}")
            yield outcome
