"""The search for approximate programs: first exact ones, then NSGA-II on their constants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.program import Program
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.engine.approximate.approximate_epoch import (
    ApproximateSetting,
    losses_of,
    skeletons_of,
)
from evosynth.engine.approximate.bases import bases
from evosynth.engine.approximate.island import (
    COLONY,
    ApproximateIsland,
    Colony,
    front_of,
    no_colony,
    scored,
)
from evosynth.engine.approximate.points import (
    best_of,
    front,
    is_within,
    most_loss,
    point_of,
)
from evosynth.engine.approximate.selection import survivors
from evosynth.engine.approximate.skeleton import Skeleton
from evosynth.engine.approximate.state import ApproximateState, check_colonies
from evosynth.engine.approximate.variation import beginners
from evosynth.engine.blocks import Forest
from evosynth.engine.breeding import Standing
from evosynth.engine.factor_breeding import FactorBreeding
from evosynth.engine.pausing import between_turns
from evosynth.engine.plain_data import from_plain, from_text, to_plain, to_text
from evosynth.engine.spec import Purpose, Spec
from evosynth.fronts import FrontPoint

# Epochs in search of exact programs: until one is in vain, but between these.
FEWEST_EXACT, MOST_EXACT = 2, 4
# Genomes of each colony that are sent to the next island.
MIGRANTS = 10
# Losses below this are those of exact programs.
SMALLEST_LOSS = 1e-16
# The front is better if its area, in factors of e of the loss times cost, is smaller by this.
GAIN = 1e-3
# Epochs between two times that programs are written.
INTERVAL = 4


class ApproximateBreeding:
    """Islands that search for programs of a matrix which cost less than exact ones.

    Args:
        target: What programs approximate.
        spec: What decides the bits of the result.
        library: Blocks that were solved before.

    Attributes:
        interval: Epochs between two times that programs are written.
        exact: The search for exact programs, which comes first.
    """

    def __init__(
        self, target: ApproximateTarget, spec: Spec, library: Forest | None = None
    ) -> None:
        self.interval = INTERVAL
        self._target = target
        self._spec = spec
        self.exact = FactorBreeding(target.target, spec, library)
        self._exact_epochs = 0
        self._exact_standing: int | None = None
        self._programs: list[Program] = []
        self._skeletons: tuple[Skeleton, ...] = ()
        self._islands: list[ApproximateIsland] = []
        self._front: list[Colony] = []
        self._improved_at = 0
        self._area = np.inf
        self._setting = ""
        self._written: dict[tuple[int, bytes], FrontPoint] = {}
        self._best: FrontPoint | None = None
        self._is_interrupted = False

    @property
    def best(self) -> Program | None:
        """The cheapest program within the tolerance, of those that were written."""
        return self._best.program if self._best else None

    @property
    def standing(self) -> Standing | None:
        """The exact program so far; then the cheapest genome within the tolerance."""
        if not self._programs:
            before = self.exact.standing
            return before and Standing(
                1.0, before.operations, f"exact: {before.operations:,} operations"
            )
        costs, losses = self._objectives().T
        within = costs[losses <= most_loss(self._target)]
        told = f"{len(costs)} programs on the front"
        if not len(within):
            return Standing(1.0, int(costs.max()), f"{told}, none within the tolerance")
        unit = self._target.approximation.cost
        return Standing(1.0, int(within.min()), f"{within.min():g} ({unit}), {told}")

    @property
    def improved_at(self) -> int:
        """Evaluations when the front last became better."""
        return self._improved_at if self._programs else self.exact.improved_at

    def warm_up(self) -> None:
        """Compiles what is not compiled yet."""
        self.exact.warm_up()

    def begin(self) -> None:
        """Makes the islands of the search for exact programs."""
        self.exact.begin()

    def setting(self) -> str:
        """Returns what an epoch needs to know beside the island."""
        return self._setting if self._programs else self.exact.setting()

    def state(self, island: int) -> str:
        """Returns an island as text."""
        if not self._programs:
            return self.exact.state(island)
        return to_text(self._islands[island], ApproximateIsland)

    def take_in(self, island: int, state: str, evaluations: int) -> bool:
        """Takes in an island after an epoch; says whether the front became better."""
        if not self._programs:
            return self.exact.take_in(island, state, evaluations)
        self._islands[island] = from_text(state, ApproximateIsland)
        self._extend_front(self._islands[island].colonies)
        area = self._area_of_front()
        is_better = area < self._area - GAIN
        if is_better:
            self._area, self._improved_at = area, evaluations
        return is_better

    def migrate(self) -> None:
        """Lets islands exchange genomes; ends the search for exact programs in time."""
        if self._programs:
            self._islands = self._migrated()
            return
        self.exact.migrate()
        self._exact_epochs += 1
        before, self._exact_standing = self._exact_standing, self.exact.archive.operations
        is_stale = before == self._exact_standing and self._exact_epochs >= FEWEST_EXACT
        if is_stale or self._exact_epochs >= MOST_EXACT:
            self.exact.settle()
            self.exact.refine(self._spec.generator(Purpose.SETTLE, 0, 0), between_turns)
            self._approximate()

    def write(self, goal: int | None, rng: np.random.Generator) -> bool:
        """Writes the cheapest genome within the tolerance; says whether it is the best program."""
        if not self._programs:
            return False
        limit = most_loss(self._target)
        within = [
            place for place in self._places() if self._front[place[0]].losses[place[1]] <= limit
        ]
        return self._keep([self._point(*place) for place in within[:1]])

    def is_goal_met(self, goal: int) -> bool:
        """Says whether a program within the tolerance costs as little."""
        best = self._best
        return best is not None and is_within(best, self._target) and best.cost <= goal

    def settle(self, *, is_interrupted: bool = False) -> None:
        """Writes the programs of the front; if interrupted, those that are written already."""
        self._is_interrupted = is_interrupted
        if not self._programs and not is_interrupted:
            self.exact.settle()
            self._approximate()
        self._keep(self.points())

    def refine(self, rng: np.random.Generator, pause: Callable[[], None]) -> None:
        """Does nothing: what can be scaled was scaled before it was approximated."""

    def points(self) -> list[FrontPoint]:
        """Returns the programs of the front as they are exported, by rising cost.

        After an interrupt, of those that were written before: writing all may take minutes.
        """
        written = list(self._written.values())
        if not self._is_interrupted:
            written = [self._point(*place) for place in self._places()]
        return front([*written, *([self._best] if self._best else [])])

    def record(self, island: int) -> dict[str, object]:
        """Returns what the log says of an island."""
        if not self._programs:
            return {"phase": "exact", **self.exact.record(island)}
        standing = self.standing
        return {
            "phase": "approximate",
            "best": standing.operations if standing else None,
            "front": len(self._places()),
            "area": self._area if np.isfinite(self._area) else None,
            "skeletons": sum(colony.visits > 0 for colony in self._islands[island].colonies),
        }

    def saved(self) -> dict[str, Any]:
        """Returns everything that `restore` needs, as plain data."""
        data: dict[str, Any] = {
            "exact": self.exact.saved(),
            "exact_epochs": self._exact_epochs,
            "exact_standing": self._exact_standing,
        }
        if self._programs:
            state = ApproximateState(
                tuple(self._programs),
                tuple(self._islands),
                tuple(self._front),
                self._improved_at,
                float(self._area),
                self.best,
            )
            data["approximate"] = to_plain(state, ApproximateState)
        return data

    def restore(self, data: dict[str, Any]) -> None:
        """Makes islands and front as they were saved.

        Raises:
            DataError: The data are damaged, or another search's.
        """
        self.exact.restore(data["exact"])
        self._exact_epochs = from_plain(data["exact_epochs"], int)
        standing = data["exact_standing"]
        self._exact_standing = None if standing is None else from_plain(standing, int)
        if "approximate" not in data:
            return
        state = from_plain(data["approximate"], ApproximateState)
        self._take_skeletons(state.skeletons)
        for island in state.islands:
            check_colonies(island.colonies, self._skeletons)
        check_colonies(state.front, self._skeletons)
        self._islands, self._front = list(state.islands), list(state.front)
        self._improved_at, self._area = state.improved_at, state.area
        self._best = None if state.best is None else point_of(state.best, self._target)

    def _approximate(self) -> None:
        """Turns the exact programs found into skeletons, and begins with them."""
        exact = self.exact
        # As a checkpoint holds them: there exact whole numbers become doubles.
        found = to_plain(tuple(bases(exact.archive, self._target.target)), tuple[Program, ...])
        self._take_skeletons(from_plain(found, tuple[Program, ...]))
        rng = self._spec.generator(Purpose.APPROXIMATE, 0, self._spec.islands)
        losses = losses_of(self._target)
        self._front = [
            scored(skeleton, beginners(skeleton, COLONY, rng), losses)
            for skeleton in self._skeletons
        ]
        self._extend_front(())
        nothing = ApproximateIsland(tuple(map(no_colony, self._skeletons)))
        self._islands = [nothing] * self._spec.islands
        self._area, self._improved_at = self._area_of_front(), exact.improved_at

    def _take_skeletons(self, programs: Sequence[Program]) -> None:
        self._programs = list(programs)
        self._skeletons = skeletons_of(programs, self._target)
        setting = ApproximateSetting.of(self._target, self._spec, programs)
        self._setting = "approximate\n" + to_text(setting, ApproximateSetting)

    def _extend_front(self, colonies: Sequence[Colony]) -> None:
        """Adds genomes to the front, and leaves out those that are beaten."""
        joined = self._front
        if colonies:
            joined = [one.joined(other) for one, other in zip(self._front, colonies, strict=True)]
        rows: list[list[int]] = [[] for _ in joined]
        for k, row in front_of(joined):
            rows[k].append(row)
        self._front = [
            replace(colony.only(np.array(kept, np.intp)), visits=0)
            for colony, kept in zip(joined, rows, strict=True)
        ]

    def _places(self) -> list[tuple[int, int]]:
        return front_of(self._front)

    def _objectives(self) -> npt.NDArray[np.float64]:
        """Returns cost and loss of the front by rising cost: (points, 2)."""
        return np.array([self._front[k].objectives[row] for k, row in self._places()])

    def _area_of_front(self) -> float:
        """Returns the area below the staircase of logarithms of the loss, over the cost."""
        costs, losses = self._objectives().T
        heights = np.log(np.maximum(losses, SMALLEST_LOSS)) - np.log(SMALLEST_LOSS)
        widest = max(float(self._skeletons[0].costs(self._nearest()).max()), float(costs.max()))
        widths = np.diff(np.append(costs, 2 * widest))
        return float((widths * heights).sum() / max(widest, 1.0))

    def _nearest(self) -> Any:
        return self._skeletons[0].choices.nearest[None].astype(np.int16)

    def _migrated(self) -> list[ApproximateIsland]:
        """Sends the least crowded of each colony's front around the ring."""
        islands = self._islands
        if len(islands) < 2:
            return islands
        return [
            ApproximateIsland(
                tuple(
                    self._joined(own, sent)
                    for own, sent in zip(island.colonies, sender.colonies, strict=True)
                )
            )
            for island, sender in zip(islands, [islands[-1], *islands[:-1]], strict=True)
        ]

    def _joined(self, own: Colony, sent: Colony) -> Colony:
        if not len(sent.genes):
            return own
        arrived = own.joined(sent.only(survivors(sent.objectives, MIGRANTS)))
        if not len(own.genes):
            return arrived
        return arrived.only(survivors(arrived.objectives, COLONY))

    def _point(self, k: int, row: int) -> FrontPoint:
        """Writes a genome of the front, once."""
        genes = self._front[k].genes[row]
        key = k, genes.tobytes()
        if key not in self._written:
            program = self._skeletons[k].program(genes, self._target.identifier)
            self._written[key] = point_of(program, self._target)
        return self._written[key]

    def _keep(self, points: Sequence[FrontPoint]) -> bool:
        found = [*points, *([self._best] if self._best else [])]
        best = best_of(found, self._target)
        is_new = best is not None and best is not self._best
        self._best = best
        return is_new
