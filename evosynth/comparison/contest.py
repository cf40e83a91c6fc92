"""Makes the trials of a comparison that are not finished yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from evosynth.comparison.entrants import Entrant
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
        missing = [trial for entrant, trial in plan if trial not in finished]
        self._announce(len(plan), len(missing))
        outcomes: dict[str, list[Outcome]] = {entrant.name: [] for entrant in entrants}
        for outcome in self._outcomes(plan, finished):
            outcomes[outcome.trial.contestant].append(outcome)
        rows = tuple(Row(e.name, e.told, tuple(outcomes[e.name]), e.is_given) for e in entrants)
        return Comparison(self.target, self.budget, rows, left_out, self.folder)

    def _trial(self, entrant: Entrant, seed: int) -> Trial:
        return Trial(entrant.name, seed, self.budget, self.target.digest, entrant.versions)

    def _announce(self, planned: int, missing: int) -> None:
        earlier = f", {planned - missing} of them finished earlier" if missing < planned else ""
        minutes = missing * self.budget / 60
        self.say(
            f"{self.target.title}, {self.target.domain} data: {planned} trials of up to "
            f"{self.budget:g} s{earlier}; {minutes:.1f} minutes, and the seconds in which "
            "evosynth ends its epoch and refines"
        )

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
                best = outcome.fit.best
                self.say(
                    f"{place}: error {best.error:.1e}, {best.operations:,} operations, "
                    f"{outcome.fit.seconds:.1f} s"
                )
            yield outcome
