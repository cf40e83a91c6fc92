"""Whole periods and cells of what a formula leaves: for functions that jump.

A function of period P is one curve when all samples are folded into [0, P). The right period
is found by trying every whole number: it leaves the least spread within narrow bins of phase
([Stellingwerf1978], phase dispersion minimisation). Over long times only the right one does,
where a spectrum would need a frequency grid too fine to scan.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from evosynth.engine.expression.simple_numbers import roundest_between

Array = npt.NDArray[np.float64]

LONGEST_PERIOD = 1 << 17
BINS = 32
SCREENED = 384
CHUNK = 256
# Spread within bins, as a fraction of all: below the first a period is worth a closer look,
# within the second of the best it is as good.
STANDS_OUT, AS_GOOD = 0.6, 0.02
MOST_CELLS = 4_096


def whole_period(v: Array, r: Array) -> int | None:
    """Returns the smallest whole period in v that explains r best, or None.

    Args:
        v: (rows,) what r may be periodic in.
        r: (rows,) what has to be explained.
    """
    extent = float(v.max() - v.min())
    total = float(np.var(r))
    if not total > 0 or extent < 4:
        return None
    longest = int(min(LONGEST_PERIOD, extent / 2))
    sample = np.linspace(0, len(v) - 1, min(len(v), SCREENED)).astype(int)
    periods = np.arange(2, longest + 1)
    spreads = np.concatenate(
        [
            _spreads(v[sample], r[sample], periods[start : start + CHUNK])
            for start in range(0, len(periods), CHUNK)
        ]
    )
    if not len(spreads) or spreads.min() > STANDS_OUT:
        return None
    candidates = periods[spreads <= max(2 * spreads.min(), spreads.min() + 0.1)][:1_000]
    exact = _spreads(v, r, candidates)
    if exact.min() > STANDS_OUT:
        return None
    return int(candidates[exact <= exact.min() + AS_GOOD][0])


def _spreads(v: Array, r: Array, periods: npt.NDArray[np.int64]) -> Array:
    """Returns the variance within bins of phase over that of all: (periods,)."""
    shares = v / periods[:, None]
    shares -= np.floor(shares)
    bins = np.minimum((shares * BINS).astype(np.int64), BINS - 1)
    bins += BINS * np.arange(len(periods))[:, None]
    size = BINS * len(periods)
    flat = bins.ravel()
    counts = np.bincount(flat, minlength=size)
    sums = np.bincount(flat, weights=np.broadcast_to(r, bins.shape).ravel(), minlength=size)
    between = (sums**2 / np.maximum(counts, 1)).reshape(len(periods), BINS).sum(axis=1)
    filled = (counts > 0).reshape(len(periods), BINS).sum(axis=1)
    within = np.sum(r**2) - between
    # Bins with a sample or two explain it without any merit.
    freedom = np.maximum(len(r) - filled, 1)
    return np.asarray(within / freedom / np.var(r))


def cell_width(v: Array, r: Array) -> int | None:
    """Returns the width Q for which r depends on floor(v / Q) alone, or None.

    It is the largest whole number whose multiples could be all the jumps of r, and of those
    that the samples cannot tell apart the roundest.

    Args:
        v: (rows,) what r may be a function of.
        r: (rows,) a function that is constant but for jumps.
    """
    order = np.argsort(v, kind="stable")
    v, r = v[order], r[order]
    size = float(np.abs(r).max(initial=0.0))
    jumps = np.flatnonzero(np.abs(np.diff(r)) > 1e-9 * size)
    if not len(jumps) or len(jumps) > min(MOST_CELLS, len(v) // 3):
        return None
    below, above = v[jumps], v[jumps + 1]
    largest = int(min(v[-1] - v[0], LONGEST_PERIOD))
    widths = np.arange(2, largest + 1)
    fits = np.ones(len(widths), bool)
    for low, high in zip(below.tolist(), above.tolist(), strict=True):
        left = widths[fits]
        fits[fits] = np.floor(high / left) > np.floor(low / left)
    if not fits.any():
        return None
    end = int(widths[fits][-1])
    start = end
    while start > 2 and fits[start - 3]:
        start -= 1
    return roundest_between(start, end)
