"""Measurements as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

REFERENCE = "C"


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Returns one block per precision and number of cores.

    Each cell is nanoseconds per vector, and in brackets how many times as long as the
    program's C on the same batch.
    """
    blocks = dict.fromkeys((row["precision"], row["cores"]) for row in rows)
    return "\n".join(
        _block([row for row in rows if (row["precision"], row["cores"]) == key], *key)
        for key in blocks
    )


def _block(rows: Sequence[dict[str, Any]], precision: str, cores: int) -> str:
    batches = list(dict.fromkeys(row["batch"] for row in rows))
    times = {(row["contestant"], row["batch"]): row["seconds"] for row in rows}
    names = list(dict.fromkeys(row["contestant"] for row in rows))
    width = max(map(len, names)) + 2
    head = f"{precision}, {cores} {'core' if cores == 1 else 'cores'}: ns per vector (ratio to C)"
    lines = [head, " " * width + "".join(f"{f'batch {n:,}':>20}" for n in batches)]
    for name in names:
        cells = (_cell(times, name, batch) for batch in batches)
        lines.append(f"{name:<{width}}" + "".join(f"{cell:>20}" for cell in cells))
    return "\n".join(lines) + "\n"


def _cell(times: dict[tuple[str, int], float], name: str, batch: int) -> str:
    seconds = times.get((name, batch))
    if seconds is None:
        return ""
    reference = times.get((REFERENCE, batch))
    ratio = f" ({seconds / reference:.2f})" if reference else ""
    return f"{seconds / batch * 1e9:,.1f}{ratio}"


def ratio(
    rows: Iterable[dict[str, Any]], rival: str, reference: str = REFERENCE, **where: object
) -> float | None:
    """Returns a rival's time over that of the program's C, for one batch and setting."""
    chosen = {
        row["contestant"]: row["seconds"]
        for row in rows
        if all(row[key] == value for key, value in where.items())
    }
    if rival not in chosen or reference not in chosen:
        return None
    return chosen[rival] / chosen[reference]
