"""What a check says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from dsl.errors import EnvironmentMismatchError, EvosynthError

Status = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What it is.
        status: "ok", "warning" (evosynth works, but not as well as it could) or "failed".
        found: What was found.
        remedy: What to do; "" where nothing needs doing.
        exit_code: Of the command if it failed.
    """

    name: str
    status: Status
    found: str
    remedy: str = ""
    exit_code: int = EnvironmentMismatchError.exit_code


def checked(name: str, look: Callable[[], Iterable[Check]]) -> list[Check]:
    """Returns what a checkup says; one that fails itself is a failed check."""
    try:
        return list(look())
    except EvosynthError as error:
        return [Check(name, "failed", str(error), error.hint)]
    except Exception as error:  # whatever is broken here, the other checks tell
        found = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        return [Check(name, "failed", found, "install evosynth anew in a fresh environment")]
