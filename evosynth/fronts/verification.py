"""A program of a front, measured again."""

from __future__ import annotations

from dataclasses import dataclass

from dsl.accuracy import EXACT
from dsl.errors import UsageError
from dsl.targets import Target
from evosynth.fronts.points import FrontPoint
from evosynth.fronts.programs import Front
from fitness.objectives import ERROR, program_error

# Of losses, which depend on a machine's arithmetic in their last digits.
SAME_LOSS = 1e-6


@dataclass(frozen=True, slots=True)
class PointVerification:
    """What a front claims of a program, and what is true.

    Attributes:
        front: Of which it is a program.
        claimed: With what the file says.
        found: The same, recomputed from the program alone.
        most_loss: That it may have; None for any.
    """

    front: Front
    claimed: FrontPoint
    found: FrontPoint
    most_loss: float | None = None

    @property
    def subject(self) -> str:
        """What it was compared with."""
        return self.front.title

    @property
    def problems(self) -> list[str]:
        """What is wrong, one line each; empty if the file is right."""
        lines = [
            f"{name}: the file claims {getattr(self.claimed, name):g}, "
            f"the program has {getattr(self.found, name):g}"
            for name in ("operations", "cost")
            if getattr(self.claimed, name) != getattr(self.found, name)
        ]
        for name in ("error", "loss"):
            claimed, found = getattr(self.claimed, name), getattr(self.found, name)
            if abs(claimed - found) > SAME_LOSS * found + EXACT:
                lines.append(f"{name}: the file claims {claimed:.3g}, the program has {found:.3g}")
        if self.most_loss is not None and self.found.loss > self.most_loss:
            shown = self.front.objective.shown
            name, wanted = self.front.objective.name, shown(self.most_loss)
            lines.append(f"{name}: {shown(self.found.loss)}, expected {wanted} or better")
        if self.front.tolerance is None and self.found.error > EXACT:
            lines.append(f"error: {self.found.error:.1e}, expected at most {EXACT:g}")
        return lines

    @property
    def is_verified(self) -> bool:
        """The claims are true; of an exact run, the program is exact too."""
        return not self.problems


def verify_point(front: Front, choice: str) -> PointVerification:
    """Recomputes what a front claims of one of its programs.

    Raises:
        UsageError: There is no such program, or it is a formula of samples.
    """
    if front.target is None:
        raise UsageError("programs of samples are verified with the run", "leave the choice out")
    claimed = front.pick(choice)
    return PointVerification(front, claimed, _measured(front, front.target, claimed))


def verify_best(front: Front, most_loss: float) -> PointVerification:
    """Recomputes what a file claims of the best program, which may lose so much at most.

    Args:
        front: That program alone.
        most_loss: By the front's objective.
    """
    assert front.target is not None, "programs of samples are verified otherwise"
    (claimed,) = front
    return PointVerification(front, claimed, _measured(front, front.target, claimed), most_loss)


def _measured(front: Front, target: Target, claimed: FrontPoint) -> FrontPoint:
    """Returns a program with all that is said of it measured again."""
    program = claimed.program
    error = program_error(program, target)
    of_matrices = front.objective.of_matrices
    loss = error
    if front.objective.name != ERROR.name and of_matrices is not None:
        loss = float(of_matrices(program.matrix()[None], target, front.covariance)[0])
    tally = front.cost.of_code(program.code)
    operations = program.count.operations
    return FrontPoint(program, error, operations, tally.cost, loss, front.cost, claimed.output)
