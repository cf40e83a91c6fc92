"""Frequencies of what a formula leaves: a periodogram on irregular samples.

The sums over samples exp(-i w v) r are computed for a whole grid of frequencies at once by a
non-uniform fast Fourier transform ([Barnett2019], the package finufft). The band is widened
in steps until it holds a peak that noise alone would not make ([Scargle1982]).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# Grid points per resolvable frequency difference: a start this near is in the peak's basin.
OVERSAMPLING = 5
# The first band, in average sampling rates, and the factor by which bands grow.
FIRST_BAND, GROWTH = 1.0, 8.0
MOST_FREQUENCIES, USUAL_FREQUENCIES = 1 << 22, 1 << 17
# Frequencies of a wide band, by row.
WIDE = 1 << 12
# Noise makes a peak of this many times the mean power, beyond the logarithm of the number of
# frequencies, once in exp(10) spectra.
BEYOND_CHANCE = 10.0
# Of the draws, the share that is made by power; the others are uniform over what stands out.
BY_POWER = 0.5
# Of the grid for positive weights, points per difference that a spectrum resolves.
FINER = 8
# Of the system that is solved for positive weights.
MOST_COLUMNS, MOST_ROWS = 400, 400


@dataclass(frozen=True)
class Spectrum:
    """Power by frequency.

    Attributes:
        step: Difference of neighbouring frequencies, in radians per unit of v.
        power: (frequencies,) from frequency `step` on, in units of what noise would give.
        is_significant: Some of it stands out of noise.
    """

    step: float
    power: Array
    is_significant: bool

    @cached_property
    def _highest(self) -> int:
        """How many frequencies there are up to the last one that stands out."""
        if not self.is_significant:
            return len(self.power)
        threshold = max(_threshold(len(self.power)), 1e-3 * float(self.power.max()))
        return int(np.flatnonzero(self.power > threshold)[-1]) + 1 + OVERSAMPLING

    @cached_property
    def _cumulative(self) -> Array:
        top = self.power[: self._highest]
        return np.cumsum(np.where(top > 0.01 * top.max(), top, 0.0))

    def candidates(self, most: int) -> Array:
        """Returns a grid of frequencies, finer than what a spectrum resolves, ascending.

        Where that would be more than `most`, it is those with the largest power.
        """
        fine = self.step * OVERSAMPLING / FINER
        if self.step * self._highest <= most * fine:
            return np.arange(fine, self.step * self._highest, fine)
        kept = np.argsort(-self.power[: self._highest], kind="stable")[:most]
        return np.asarray(self.step * (1.0 + np.sort(kept)))

    def peak(self) -> float:
        """Returns the frequency of the largest power."""
        return self.step * (1 + int(np.argmax(self.power)))

    def draw(self, count: int, rng: np.random.Generator) -> Array:
        """Draws frequencies that could matter, in ascending order: (count,)."""
        shares = (np.arange(count) + rng.random(count)) / count
        if rng.random() < BY_POWER:
            found = np.searchsorted(self._cumulative, shares * self._cumulative[-1]) + 1.0
        else:
            found = shares * self._highest
        return np.sort(self.step * (found + rng.random(count) - 0.5).clip(0.2))


@dataclass(frozen=True)
class Waves:
    """A sum of sines with positive weights.

    Attributes:
        frequencies: (waves,) ascending.
        weights: (waves,) positive.
        gap: Of the grid that they are on.
    """

    frequencies: Array
    weights: Array
    gap: float

    def draw(self, count: int, rng: np.random.Generator) -> Array:
        """Draws frequencies in ascending order, each as often as its weight says: (count,)."""
        cumulative = np.cumsum(self.weights)
        shares = (np.arange(count) + rng.random(count)) / count * cumulative[-1]
        found = self.frequencies[np.searchsorted(cumulative, shares).clip(max=len(cumulative) - 1)]
        return np.sort(np.abs(found + self.gap * rng.normal(size=count)))


def positive_waves(v: Array, r: Array) -> Waves | None:
    """Returns few sines with positive weights that add up to r, as far as such can.

    That the weights are positive is what tells frequencies apart that a spectrum cannot
    resolve ([DonohoTanner2005]): non-negative least squares over a grid of frequencies, as
    wide as what stands out in the spectrum, puts a few weights next to the true ones.

    Args:
        v: (rows,) what r may be periodic in.
        r: (rows,) what has to be explained.
    """
    from scipy.optimize import nnls  # only who fits periodic functions pays for its import

    found = spectrum(v, r)
    if found is None or not found.is_significant:
        return None
    frequencies = found.candidates(MOST_COLUMNS)
    rows = np.linspace(0, len(v) - 1, min(len(v), MOST_ROWS)).astype(int)
    try:
        weights, _ = nnls(np.sin(np.outer(v[rows], frequencies)), r[rows])
    except RuntimeError:  # it did not converge
        return None
    is_there = weights > 1e-6 * weights.max(initial=0.0)
    if not is_there.any():
        return None
    gap = found.step * OVERSAMPLING / FINER
    return Waves(frequencies[is_there], weights[is_there], gap)


def wide_spectrum(v: Array, r: Array) -> Spectrum | None:
    """Returns the spectrum of r by v over a wide band: takes some tenths of a second."""
    return spectrum(v, r, min(MOST_FREQUENCIES, WIDE * len(v)))


def spectrum(v: Array, r: Array, most: int = USUAL_FREQUENCIES) -> Spectrum | None:
    """Returns the spectrum of r by v; None where there is none to speak of.

    Args:
        v: (rows,) what it may be periodic in.
        r: (rows,) the residual.
        most: How many frequencies to look at.
    """
    low, high = float(v.min()), float(v.max())
    extent = high - low
    centred = r - r.mean()
    variance = float(np.mean(centred**2))
    if not (np.isfinite(extent) and extent > 0 and variance > 0 and len(v) >= 4):
        return None
    step = 2 * np.pi / (extent * OVERSAMPLING)
    widest = _alias_free(v) / step
    count = FIRST_BAND * len(v) * OVERSAMPLING
    while True:
        frequencies = int(min(count, widest, most))
        if frequencies < 1:
            return None
        power = _power(v - (low + high) / 2, centred, step, frequencies) / (len(v) * variance)
        is_significant = bool(power.max() > _threshold(frequencies))
        if is_significant or frequencies < count:
            return Spectrum(step, power, is_significant)
        count *= GROWTH


def _threshold(frequencies: int) -> float:
    return BEYOND_CHANCE + float(np.log(frequencies))


def _alias_free(v: Array) -> float:
    """Returns the highest frequency that samples on a regular grid tell from a lower one."""
    gaps = np.diff(np.unique(v))
    smallest = float(gaps.min())
    multiples = gaps / smallest
    is_regular = np.abs(multiples - np.rint(multiples)).max() < 1e-3
    return np.pi / smallest if is_regular else np.inf


def _power(v: Array, r: Array, step: float, frequencies: int) -> Array:
    import finufft  # only who fits periodic functions pays for its import

    # Modes run from -frequencies to frequencies; those of real data come in conjugate pairs.
    modes = finufft.nufft1d1(
        v * step, r.astype(np.complex128), 2 * frequencies + 1, eps=1e-6, isign=-1, nthreads=1
    )
    return np.abs(modes[frequencies + 1 :]) ** 2
