"""Genes whose constants are solved from what a formula leaves, as a stage's are from the remainder.

A proposal takes a formula and its residual and returns a longer (or changed) genome, whose
constants are starting points for Levenberg-Marquardt. Which proposal is made, and on which
value, is drawn: evolution chooses the structure, the residual supplies the numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dsl.genome import Genes
from dsl.grammars.expression.genome import (
    FIRST,
    INPUTS,
    PRIMITIVE,
    SECOND,
    USE,
    back,
    constant,
    constants,
    gene,
    reference,
    with_constants,
)
from dsl.grammars.expression.values import Step, parameters, steps_of, values
from dsl.scalars import SCALARS
from evosynth.engine.expression.folds import cell_width, whole_period
from evosynth.engine.expression.recall import Recall
from evosynth.engine.expression.simple_numbers import simplest_between
from evosynth.engine.expression.solving import Fit
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
# Frequencies that differ by less, as a fraction of the highest, may be one.
NEAR = 1e-3
# Sums of waves that start from positive weights rather than from a spectrum.
POSITIVE_ODDS = 0.7
BENT = ("exp", "log", "sqrt", "abs")


@dataclass(frozen=True, slots=True)
class Problem:
    """What a proposal works with.

    Attributes:
        fit: The formula and its residual.
        x: (inputs, rows).
        y: (rows,).
        capacity: Most genes of a genome.
        rng: Source of randomness.
        recall: What was computed before of the same numbers.
    """

    fit: Fit
    x: Array
    y: Array
    capacity: int
    rng: np.random.Generator
    recall: Recall

    @property
    def genes(self) -> Genes:
        """The formula's genome."""
        return self.fit.genes

    def slots(self) -> list[int]:
        """Returns the slots of the inputs and of the live values that vary."""
        known = self.values()
        return [slot for slot, value in known.items() if np.ptp(value) > 0]

    def values(self) -> dict[int, Array]:
        """Returns the inputs and live values by slot."""
        return values(steps_of(self.genes, len(self.x)), self.x)

    def value_to_work_on(self) -> tuple[int, Array] | None:
        """Draws a slot: an input twice as often as a value."""
        known = self.values()
        slots = [slot for slot in known if np.isfinite(known[slot]).all() and np.ptp(known[slot])]
        if not slots:
            return None
        odds = np.array([2.0 * len(slots) if slot < len(self.x) else 1.0 for slot in slots])
        slot = int(self.rng.choice(slots, p=odds / odds.sum()))
        return slot, known[slot]

    def address(self, slot: int, position: int) -> int:
        """Returns the address of a slot for the gene at a position."""
        inputs = len(self.x)
        return slot if slot < inputs else back(position - (slot - inputs))


Proposal = Callable[[Problem], Genes | None]


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
    is_plain = problem.rng.random() < 0.5
    at = problem.address(chosen[0], len(problem.genes))
    return _appended(
        problem,
        gene(_index("sin"), at, use=True, c0=frequency, c1=0.0 if is_plain else phase + np.pi / 2),
    )


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
    here = len(_waves(problem))
    if here > 1 and problem.rng.random() < 0.5:
        count = here + int(problem.rng.integers(-1, 2))
    else:
        count = int(problem.rng.integers(least, max(MOST_WAVES, least) + 1))
    count = min(max(count, 2), room)
    kept = problem.genes[:0] if is_fresh else problem.genes
    return _sum_of_waves(problem, kept, chosen[0], found.draw(count, problem.rng))


def _sum_of_waves(problem: Problem, kept: Genes, slot: int, frequencies: Array) -> Genes:
    rows = [
        gene(_index("sin"), problem.address(slot, len(kept) + k), c0=float(frequency))
        for k, frequency in enumerate(frequencies)
    ]
    count = len(frequencies)
    # The first sum takes the last two waves, each later one the sum and one more wave.
    add = _index("add")
    rows += [gene(add, back(1), back(2 * (k + 1)) + 1) for k in range(count - 1)]
    rows[-1][USE] = 1
    return np.concatenate([kept, np.stack(rows)])


def retune(problem: Problem) -> Genes | None:
    """Other frequencies for some of the sines."""
    waves = _waves(problem)
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


def _waves(problem: Problem) -> list[Step]:
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
        gene(_index("sin"), problem.address(chosen[0], length), c0=frequency),
        gene(_index("add"), back(1), back(length + 1 - term) + 1, use=True),
    ]
    return np.concatenate([genes, np.stack(rows)])


def merge(problem: Problem) -> Genes | None:
    """One wave for several of nearly the same frequency: under one weight, or each its own."""
    waves = _waves(problem)
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
    return np.stack([gene(_index(name), slot, use=True, c0=float(w)) for w in merged])


def fold(problem: Problem) -> Genes | None:
    """The remainder by a whole period, then cells of it, then the remainder of those."""
    chosen = problem.value_to_work_on()
    if not chosen:
        return None
    slot, v = chosen
    rest = problem.fit.residual
    length = len(problem.genes)
    rows: list[Genes] = []

    def push(name: str, c0: float = 1.0) -> None:
        at = problem.address(slot, length) if not rows else back(1)
        rows.append(gene(_index(name), at, c0=c0))

    period = problem.recall.of(whole_period, v, rest)
    if period:
        push("mod", period)
        v = v - period * np.floor(v / period)
    width = problem.recall.of(cell_width, v, rest)
    if width:
        push("divide", width)
        push("floor")
        v = np.floor(v / width)
        again = problem.recall.of(whole_period, v, rest) if np.ptp(v) >= 4 else None
        if again and again < np.ptp(v):
            push("mod", again)
    if not rows or length + len(rows) > problem.capacity:
        return None
    rows[-1][USE] = 1
    return np.concatenate([problem.genes, np.stack(rows)])


def edge(problem: Problem) -> Genes | None:
    """A step where it explains most."""
    chosen = problem.value_to_work_on()
    if not chosen:
        return None
    order = np.argsort(chosen[1], kind="stable")
    v, r = chosen[1][order], problem.fit.residual[order]
    total, rows = np.cumsum(r), np.arange(1, len(r) + 1)
    gain = np.zeros(len(r))
    # The residual has mean 0: what one side has, the other lacks.
    gain[:-1] = total[:-1] ** 2 * (1 / rows[:-1] + 1 / (len(r) - rows[:-1]))
    gain[:-1][np.diff(v) <= 0] = 0
    if not gain.max() > 0:
        return None
    at = int(gain.argmax())
    # A step is 0 at its threshold: the last sample below may be the threshold itself.
    threshold = float(simplest_between(float(v[at]), float(np.nextafter(v[at + 1], v[at]))))
    address = problem.address(chosen[0], len(problem.genes))
    return _appended(problem, gene(_index("step"), address, use=True, c1=-threshold))


def bend(problem: Problem) -> Genes | None:
    """A function of a value, roughly scaled to it."""
    chosen = problem.value_to_work_on()
    if not chosen:
        return None
    rng = problem.rng
    slot, v = chosen
    at = problem.address(slot, len(problem.genes))
    name = BENT[int(rng.integers(len(BENT)))]
    scale = float(rng.choice([-1.0, 1.0]))
    shift = 0.0
    if name == "exp":
        scale *= 1.0 if rng.random() < 0.5 else float(1 / np.std(v))
    elif name in ("log", "sqrt"):
        shift = float(max(0.0, -(scale * v).min() * 1.1)) if rng.random() < 0.5 else 0.0
    elif rng.random() < 0.7:
        shift = -scale * float(rng.choice(v))
    return _appended(problem, gene(_index(name), at, use=True, c0=scale, c1=shift))


def polished(problem: Problem) -> Genes | None:
    """The formula as it is: its constants may not have been solved yet."""
    return problem.genes if parameters(steps_of(problem.genes, len(problem.x))) else None


def line(problem: Problem) -> Genes | None:
    """A value itself as a term."""
    chosen = problem.value_to_work_on()
    if not chosen:
        return None
    at = problem.address(chosen[0], len(problem.genes))
    return _appended(problem, gene(reference(), at, use=True))


def combination(problem: Problem) -> Genes | None:
    """A product or a quotient of two values, or the inverse of one."""
    one, two = problem.value_to_work_on(), problem.value_to_work_on()
    if not one or not two:
        return None
    rng = problem.rng
    length = len(problem.genes)
    if rng.random() < 0.3:
        divisor = problem.address(one[0], length + 1)
        rows = [gene(constant(), 0), gene(_index("divide"), back(1), divisor + 1, use=True)]
        return np.concatenate([problem.genes, np.stack(rows)])
    name = "divide" if rng.random() < 0.3 else "multiply"
    first, second = (problem.address(slot, length) for slot in (one[0], two[0]))
    return _appended(problem, gene(_index(name), first, second + 1, use=True))


def drop(problem: Problem) -> Genes | None:
    """The formula without one of its terms."""
    terms = [s.position for s in steps_of(problem.genes, len(problem.x)) if s.is_term]
    if not terms:
        return None
    genes = problem.genes.copy()
    genes[terms[int(problem.rng.integers(len(terms)))], USE] = 0
    return genes


def plain(problem: Problem) -> Genes | None:
    """A gene without its shift, or without its scale."""
    steps = [s for s in steps_of(problem.genes, len(problem.x)) if s.is_unary]
    adorned = [s for s in steps if s.c0 != 1 or s.c1 != 0]
    if not adorned:
        return None
    changed = constants(problem.genes)
    step = adorned[int(problem.rng.integers(len(adorned)))]
    if step.c1 != 0:
        changed[step.position, 1] = 0.0
    else:
        changed[step.position, 0] = 1.0
    return with_constants(problem.genes, changed)


def tie(problem: Problem) -> Genes | None:
    """Two terms with one weight in common: their sum or their difference."""
    terms = [s.position for s in steps_of(problem.genes, len(problem.x)) if s.is_term]
    length = len(problem.genes)
    if len(terms) < 2 or length >= problem.capacity:
        return None
    one, two = (terms[k] for k in problem.rng.permutation(len(terms))[:2])
    weights = problem.fit.weights
    name = "add" if weights[one] * weights[two] > 0 else "subtract"
    genes = problem.genes.copy()
    genes[[one, two], USE] = 0
    row = gene(_index(name), back(length - one), back(length - two) + 1, use=True)
    return np.concatenate([genes, row[None]])


# How often each is made.
PROPOSALS: dict[Proposal, float] = {
    wave: 4,
    chorus: 3,
    retune: 4,
    one_more_in_the_sum: 1,
    merge: 1,
    fold: 1,
    edge: 1,
    bend: 2,
    polished: 2,
    line: 2,
    combination: 2,
    drop: 1,
    plain: 1,
    tie: 1,
}


# What sums of waves need is made more often from formulas that have some.
WAVY, WAVY_FACTOR = (wave, chorus, retune, one_more_in_the_sum, merge), 3.0
# What is tried first of all, before anything is known.
OPENINGS = (line, wave, combination, fold, edge, chorus)


def propose(problem: Problem) -> Genes | None:
    """Makes a proposal of a random kind; None where it does not apply."""
    is_wavy = len(_waves(problem)) > 1
    odds = np.array(
        [
            WAVY_FACTOR * odds if is_wavy and kind in WAVY else odds
            for kind, odds in PROPOSALS.items()
        ]
    )
    drawn = int(problem.rng.choice(len(odds), p=odds / odds.sum()))
    made = list(PROPOSALS)[drawn](problem)
    return made if made is not None and 0 < len(made) <= problem.capacity else None


def _appended(problem: Problem, row: Genes) -> Genes | None:
    if len(problem.genes) >= problem.capacity:
        return None
    return np.concatenate([problem.genes, row[None]])


def _index(name: str) -> int:
    return SCALARS.index(name)


def compacted(genes: Genes, inputs: int) -> Genes:
    """Returns a genome without the genes that no term needs: (length, 12) int16."""
    steps = steps_of(genes, inputs)
    places = {step.position: k for k, step in enumerate(steps)}
    rows = []
    for k, step in enumerate(steps):
        row = genes[step.position].copy()
        row[PRIMITIVE] %= len(SCALARS) + 2
        row[FIRST] = _moved(step.left, k, places, inputs)
        if step.right >= 0:
            row[SECOND] = _moved(step.right, k, places, inputs) + 1
        rows.append(row)
    return np.stack(rows) if rows else genes[:0]


def _moved(slot: int, here: int, places: dict[int, int], inputs: int) -> int:
    if slot < inputs:
        return slot
    position = places.get(slot - inputs)
    return 0 if position is None else INPUTS + here - position - 1
