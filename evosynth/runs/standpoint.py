"""What a checkpoint says: where a search stands, of which run it is, and how long its log was."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from dsl.errors import DataError, EnvironmentMismatchError
from evosynth.runs.checkpoints import MOST_VALUES
from evosynth.runs.configuration import differences, flattened
from evosynth.runs.untrusted_json import parse_json


@dataclass(frozen=True, slots=True)
class Standpoint:
    """Where a run stands after an epoch.

    Attributes:
        identity: What decides the bits of the run.
        log: Bytes of the log.
        search: What `Search.restore` takes.
    """

    identity: dict[str, Any]
    log: int
    search: dict[str, Any]


def write_standpoint(standpoint: Standpoint) -> str:
    """Returns the body of a checkpoint."""
    data = {
        "identity": standpoint.identity,
        "log": standpoint.log,
        "search": standpoint.search,
    }
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def read_standpoint(body: str, identity: dict[str, Any]) -> Standpoint:
    """Returns what a checkpoint of a run says.

    Args:
        body: Of the checkpoint.
        identity: Of the run as it would go on.

    Raises:
        DataError: It is no checkpoint's.
        EnvironmentMismatchError: It is another run's: the message says what differs.
    """
    data = parse_json(body, MOST_VALUES)
    try:
        found, log, search = (data[name] for name in ("identity", "log", "search"))
        if (
            not isinstance(found, dict)
            or not isinstance(search, dict)
            or type(log) is not int
            or log < 0
        ):
            raise TypeError("expected two objects and a size")
    except (LookupError, TypeError) as error:
        raise DataError(f"not the state of a run: {error!r}"[:200]) from error
    if found != identity:
        lines = differences(dict(flattened(found)), dict(flattened(identity)))
        raise EnvironmentMismatchError(
            "the run was begun as another one:\n" + "\n".join(lines[:12]),
            "only limits and workers may change; `evosynth fork` begins a run with another seed",
        )
    return Standpoint(found, log, search)
