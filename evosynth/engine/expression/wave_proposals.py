"""Proposals of waves: sines of frequencies that the residual holds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dsl.genome import Genes
from dsl.grammars.expression.genome import USE, back, constants, gene, with_constants
from dsl.grammars.expression.values import Step, steps_of, values
from evosynth.engine.expression.problem import Problem, appended, position_of
from evosynth.engine.expression.spectrum import (
    Spectrum,
    Waves,
    positive_waves,
    spectrum,
    wide_spectrum,
)

Array = npt.NDArray[np.float64]

# Waves of one sum: few more often than many.
MOST_WAVES = 12
# A wide band is searched for what the values themselves hold, and now and then for the rest.
WIDE_ODDS = 0.1
# Waves at the highest peak; the others are drawn from the spectrum.
PEAK_ODDS = 0.7
# Waves that start without a phase.
PLAIN_ODDS = 0.5
# Frequencies that differ by less, as a fraction of the highest, may be one.
NEAR = 1e-3
# Sums of waves that start from positive weights rather than from a spectrum.
POSITIVE_ODDS = 0.7


def wave(problem: Problem) -> Genes | None:
    """One more sine, with a phase of its own."""
    chosen = problem.value_to_work_on()
    is_wide = not problem.fit.weights or problem.rng.random() < WIDE_ODDS
    band = wide_spectrum if is_wide else spectrum
    found = chosen and problem.recall.of(band, chosen[1], problem.fit.residual)
    if not chosen or not found:
        return None
    is_peak = problem.rng.random() < PEAK_ODDS
    frequency = found.peak() if is_peak else float(found.draw(1, problem.rng)[0])
    phase = float(np.angle(np.mean(problem.fit.residual * np.exp(-1j * frequency * chosen[1]))))
    is_plain = problem.rng.random() < PLAIN_ODDS
    at = problem.address(chosen[0], len(problem.genes))
    return appended(
        problem,
        gene(
            position_of("sin"),
            at,
            use=True,
            c0=frequency,
            c1=0.0 if is_plain else phase + np.pi / 2,
        ),
    )


def carried(problem: Problem) -> Genes | None:
    """One more sine whose amplitude is another value."""
    chosen, carrier = problem.value_to_work_on(), problem.value_to_work_on()
    if not chosen or not carrier or len(problem.genes) + 2 > problem.capacity:
        return None
    carries = problem.fit.residual * carrier[1]
    found = problem.recall.of(spectrum, chosen[1], carries)
    if not found:
        return None
    frequency = found.peak()
    phase = float(np.angle(np.mean(carries * np.exp(-1j * frequency * chosen[1]))))
    length = len(problem.genes)
    is_plain = problem.rng.random() < PLAIN_ODDS
    rows = [
        gene(
            position_of("sin"),
            problem.address(chosen[0], length),
            c0=frequency,
            c1=0.0 if is_plain else phase + np.pi / 2,
        ),
        gene(
            position_of("multiply"),
            back(1),
            problem.address(carrier[0], length + 1) + 1,
            use=True,
        ),
    ]
    return np.concatenate([problem.genes, np.stack(rows)])


def chorus(problem: Problem) -> Genes | None:
    """Sines with one weight in common, instead of all terms or beside them."""
    chosen = problem.value_to_work_on()
    if not chosen:
        return None
    is_fresh = problem.rng.random() < 0.7 and chosen[0] < len(problem.x)
    rest = problem.y if is_fresh else problem.fit.residual
    source = positive_waves if problem.rng.random() < POSITIVE_ODDS else spectrum
    found: Spectrum | Waves | None = problem.recall.of(source, chosen[1], rest)
    if not found:
        return None
    start = 0 if is_fresh else len(problem.genes)
    room = (problem.capacity - start + 1) // 2
    if room < 2:
        return None
    least = len(found.frequencies) if isinstance(found, Waves) else 2
    here = len(waves_of(problem))
    if here > 1 and problem.rng.random() < 0.5:
        count = here + int(problem.rng.integers(-1, 2))
    else:
        count = int(problem.rng.integers(least, max(MOST_WAVES, least) + 1))
    count = min(max(count, 2), room)
    kept = problem.genes[:0] if is_fresh else problem.genes
    return _sum_of_waves(problem, kept, chosen[0], found.draw(count, problem.rng))


def _sum_of_waves(problem: Problem, kept: Genes, slot: int, frequencies: Array) -> Genes:
    rows = [
        gene(position_of("sin"), problem.address(slot, len(kept) + k), c0=float(frequency))
        for k, frequency in enumerate(frequencies)
    ]
    count = len(frequencies)
    # The first sum takes the last two waves, each later one the sum and one more wave.
    add = position_of("add")
    rows += [gene(add, back(1), back(2 * (k + 1)) + 1) for k in range(count - 1)]
    rows[-1][USE] = 1
    return np.concatenate([kept, np.stack(rows)])


def retune(problem: Problem) -> Genes | None:
    """Other frequencies for some of the sines."""
    waves = waves_of(problem)
    if not waves:
        return None
    steps = steps_of(problem.genes, len(problem.x))
    rng = problem.rng
    count = min(len(waves), int(rng.integers(1, 4)))
    chosen = [waves[k] for k in rng.permutation(len(waves))[:count]]
    known = values(steps, problem.x)
    found = problem.recall.of(spectrum, known[chosen[0].left], problem.y)
    if not found:
        return None
    changed = constants(problem.genes)
    changed[[s.position for s in chosen], 0] = rng.permutation(found.draw(count, rng))
    return with_constants(problem.genes, changed)


def waves_of(problem: Problem) -> list[Step]:
    """Returns the sines and cosines of scaled values."""
    steps = steps_of(problem.genes, len(problem.x))
    return [s for s in steps if s.name in ("sin", "cos") and s.c0 != 1]


def one_more_in_the_sum(problem: Problem) -> Genes | None:
    """A sine added to a term, under the same weight."""
    rng = problem.rng
    terms = [s for s in steps_of(problem.genes, len(problem.x)) if s.is_term]
    chosen = problem.value_to_work_on()
    found = chosen and problem.recall.of(spectrum, chosen[1], problem.fit.residual)
    if not (terms and chosen and found) or len(problem.genes) + 2 > problem.capacity:
        return None
    term = terms[int(rng.integers(len(terms)))].position
    genes = problem.genes.copy()
    genes[term, USE] = 0
    length = len(genes)
    frequency = float(found.draw(1, rng)[0])
    rows = [
        gene(position_of("sin"), problem.address(chosen[0], length), c0=frequency),
        gene(position_of("add"), back(1), back(length + 1 - term) + 1, use=True),
    ]
    return np.concatenate([genes, np.stack(rows)])


def merge(problem: Problem) -> Genes | None:
    """One wave for several of nearly the same frequency: under one weight, or each its own."""
    waves = waves_of(problem)
    if len(waves) < 2 or len({(wave.name, wave.left) for wave in waves}) > 1:
        return None
    frequencies = np.sort([wave.c0 for wave in waves])
    starts = np.flatnonzero(np.diff(frequencies, prepend=-np.inf) > NEAR * frequencies[-1])
    if len(starts) == len(waves) or waves[0].left >= len(problem.x):
        return None
    merged = np.array([group.mean() for group in np.split(frequencies, starts[1:])])
    slot, name = waves[0].left, waves[0].name
    if len(merged) > 1 and problem.rng.random() < 0.5:
        return _sum_of_waves(problem, problem.genes[:0], slot, merged)
    return np.stack([gene(position_of(name), slot, use=True, c0=float(w)) for w in merged])
