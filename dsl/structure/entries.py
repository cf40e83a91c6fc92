"""Zeros, repeated magnitudes, triangles and bands."""

from __future__ import annotations

import numpy as np

from dsl.cost import SAME
from dsl.structure.base import Finding, Findings, Subject

# Shares of the entries from which, and up to which, it is worth telling.
FEW_ZEROS, MANY_VALUES = 0.05, 0.25


def entries(subject: Subject) -> Findings:
    """Finds zeros and repeated magnitudes."""
    sizes = np.abs(subject.matrix).ravel()
    present = np.sort(sizes[sizes > subject.zero])
    zeros = sizes.size - present.size
    if zeros >= FEW_ZEROS * sizes.size:
        text = f"{zeros:,} of {sizes.size:,} entries are zero"
        yield Finding("zeros", text, {"zeros": zeros})
    distinct = 1 + int(np.count_nonzero(np.diff(present) > SAME * present[1:]))
    if distinct <= MANY_VALUES * present.size:
        text = f"{distinct:,} different magnitudes among {present.size:,} non-zero entries"
        text = "all non-zero entries are of one magnitude" if distinct == 1 else text
        yield Finding("magnitudes", text, {"magnitudes": distinct})


def bands(subject: Subject) -> Findings:
    """Finds triangles and bands of non-zero entries."""
    if min(subject.matrix.shape) < 3:
        return
    rows, columns = np.nonzero(np.abs(subject.matrix) > subject.zero)
    below, above = int((rows - columns).max()), int((columns - rows).max())
    widest = min(subject.matrix.shape) - 1
    if below <= 0 and above <= 0:
        yield Finding("diagonal", "diagonal", {"below": below, "above": above})
    elif max(below, above) <= widest // 2:
        text = f"banded: {max(below, 0)} diagonals below the main one, {max(above, 0)} above"
        yield Finding("banded", text, {"below": below, "above": above})
    elif min(below, above) <= 0:
        side = "upper" if below <= 0 else "lower"
        yield Finding("triangular", f"{side} triangular", {"side": side})
