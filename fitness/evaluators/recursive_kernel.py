"""Compiled evaluation of genomes of the `recursive` grammar, in residues modulo a prime.

A genome is a list of steps; a value is a vector of residues for each of a few random
inputs, the probes. Calls are answered by the true transform (or, for an ablation, by what
the genome itself computes at smaller sizes). The fitness is graded: for each element of
the target how few terms it is away from what the genome holds.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dsl.vectors.fields import PRIME
from fitness.kernel_cache import cached

# Fields of a step: the operation, then the operands.
OPERATION, OPERANDS = 0, 1
LINEAR, CALL, MULTIPLY = 0, 1, 2

PROBES = 4
# Elements of values that are compared; of the elements beyond, none.
MOST_ELEMENTS = 512
TABLE = 2048  # slots of the hash table
# Steps that an evaluation proposes; row 0 of the array says how many they are.
MOST_HINTS = 12
# Sums of three terms that are looked at for one element of the target.
MOST_TRIPLES = 8

# An element of the target that is held costs nothing, else a sum of two or three terms so
# much, plus a share for coefficients that are no powers of i; what is further away costs
# the most. These were found by experiment (docs/recursive.md).
TWO_TERMS, THREE_TERMS, FAR = 3.0, 6.0, 60.0


class Tables(NamedTuple):
    """What operations do at one size: arrays, for compiled code.

    Attributes:
        lengths: (levels,) length of the values of each level.
        kinds: (operations,) `LINEAR`, `CALL` or `MULTIPLY`.
        arity: (operations,) number of operands.
        results: (operations, levels) level of the result for operands of a level, or -1.
        places: (operations, levels, operands, longest) element of each operand, or -1.
        units: (operations, operands) power of i, as a residue.
        factors: (operations, levels, longest) residues.
        has_factors: (operations,) 1 where factors are not all 1.
        matrices: (operations, levels, longest, longest) of calls.
        inputs: (inputs, PROBES, longest) random residues.
        input_levels: (inputs,) their levels.
        target: (PROBES, n) what has to be computed; its level is 0.
        images: (images, PROBES, n) the target, and what transforms that may be called at
            full length make of it: whoever holds one of these is a call away.
        quarter: (4,) powers of i.
        sums: (3,) the operations that add, subtract and multiply by -i, or -1.
        odds: (operations,) how often a random step has an operation at most as far down.
    """

    lengths: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.int64]
    arity: npt.NDArray[np.int64]
    results: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    units: npt.NDArray[np.int64]
    factors: npt.NDArray[np.int64]
    has_factors: npt.NDArray[np.int64]
    matrices: npt.NDArray[np.int64]
    inputs: npt.NDArray[np.int64]
    input_levels: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64]
    images: npt.NDArray[np.int64]
    quarter: npt.NDArray[np.int64]
    sums: npt.NDArray[np.int64]
    odds: npt.NDArray[np.float64]


@cached()
def _power(base: int, exponent: int) -> int:
    result = np.int64(1)
    while exponent:
        if exponent & 1:
            result = result * base % PRIME
        base = base * base % PRIME
        exponent >>= 1
    return int(result)


@cached()
def _invert(numbers: Any, count: int, prefix: Any) -> None:
    """Replaces numbers by their reciprocals, 0 by 0, with one division for all."""
    total = np.int64(1)
    for k in range(count):
        prefix[k] = total
        if numbers[k]:
            total = total * numbers[k] % PRIME
    inverse = _power(int(total), PRIME - 2)
    for k in range(count - 1, -1, -1):
        number = numbers[k]
        if number:
            numbers[k] = inverse * prefix[k] % PRIME
            inverse = inverse * number % PRIME


@cached()
def _compute(
    t: Tables, values: Any, levels: Any, step: Any, matrices: Any, probes: int, row: Any
) -> None:
    """Computes a step into `row`."""
    operation = step[OPERATION]
    first = step[OPERANDS]
    level = levels[first]
    length = t.lengths[level]
    if t.kinds[operation] == CALL:
        for probe in range(probes):
            for r in range(length):
                total = np.int64(0)
                for k in range(length):
                    total = (
                        total + matrices[operation, level, r, k] * values[first, probe, k]
                    ) % PRIME
                row[probe, r] = total
        return
    if t.kinds[operation] == MULTIPLY:
        second = step[OPERANDS + 1]
        for probe in range(probes):
            for r in range(length):
                row[probe, r] = values[first, probe, r] * values[second, probe, r] % PRIME
        return
    out = t.lengths[t.results[operation, level]]
    for r in range(out):
        for probe in range(probes):
            row[probe, r] = 0
        for k in range(t.arity[operation]):
            place = t.places[operation, level, k, r]
            if place >= 0:
                operand = step[OPERANDS + k]
                unit = t.units[operation, k]
                for probe in range(probes):
                    number = values[operand, probe, place]
                    if unit != 1:
                        number = number * unit % PRIME
                    row[probe, r] = (row[probe, r] + number) % PRIME
        if t.has_factors[operation]:
            factor = t.factors[operation, level, r]
            for probe in range(probes):
                row[probe, r] = row[probe, r] * factor % PRIME


@cached()
def _same(one: Any, two: Any, probes: int, length: int) -> bool:
    for probe in range(probes):
        for r in range(length):
            if one[probe, r] != two[probe, r]:
                return False
    return True


@cached()
def _suitable(t: Tables, operation: int, level: int, wanted: int, name: int) -> bool:
    """Tells whether a value of a level can be an operand; of a second, levels must agree."""
    if name:
        return level == wanted
    return t.results[operation, level] >= 0


@cached()
def run(
    genome: Any, length: int, t: Tables, inputs: Any, matrices: Any, values: Any, levels: Any
) -> int:
    """Computes all values of a genome and rewrites the genome as what was computed.

    An operand of the wrong length gives way to the nearest earlier value that fits; steps
    for which there is none, and steps that repeat a value, are dropped.

    Args:
        genome: (capacity, fields) steps; operands number inputs, then steps.
        length: Number of steps.
        t: Tables of the size.
        inputs: (inputs, probes, longest).
        matrices: Of calls, as in the tables.
        values: (inputs + capacity, probes, longest), filled.
        levels: (inputs + capacity,), filled.

    Returns:
        The number of steps that are left.
    """
    count = inputs.shape[0]
    probes = inputs.shape[1]
    capacity = genome.shape[0]
    names = np.zeros(count + capacity, np.int64)
    for k in range(count):
        names[k] = k
        levels[k] = t.input_levels[k]
        values[k, :, :] = inputs[k]
    step = np.zeros(genome.shape[1], np.int64)
    total = count
    for position in range(length):
        operation = genome[position, OPERATION] % t.kinds.shape[0]
        step[OPERATION] = operation
        is_possible = True
        for k in range(t.arity[operation]):
            wanted = names[genome[position, OPERANDS + k] % (count + position)]
            level = levels[step[OPERANDS]] if k else 0
            tried = 0
            while tried < total and not _suitable(t, operation, levels[wanted], level, k):
                wanted = wanted - 1 if wanted else total - 1
                tried += 1
            if tried == total:
                is_possible = False
                break
            step[OPERANDS + k] = wanted
        if not is_possible:
            names[count + position] = total - 1
            continue
        result = t.results[operation, levels[step[OPERANDS]]]
        _compute(t, values, levels, step, matrices, probes, values[total])
        levels[total] = result
        found = -1
        for other in range(total):
            if levels[other] == result and _same(
                values[other], values[total], probes, t.lengths[result]
            ):
                found = other
                break
        if found >= 0:
            names[count + position] = found
            continue
        names[count + position] = total
        place = total - count
        genome[place, :] = 0
        genome[place, OPERATION] = operation
        for k in range(t.arity[operation]):
            genome[place, OPERANDS + k] = step[OPERANDS + k]
        total += 1
    for position in range(total - count, length):
        genome[position, :] = 0
    return total - count


@cached()
def _match(coefficient: int, point: int, count: int, t: Tables, s: Scratch) -> tuple[int, int]:
    """Returns an element in a direction that is a coefficient up to a power of i, and that.

    Where there is none it returns the first element in that direction, and -1.
    """
    first = -1
    for k in range(count):
        if s.points[k] == point:
            if first < 0:
                first = k
            for unit in range(4):
                if coefficient == s.leads[k] * t.quarter[unit] % PRIME:
                    return k, unit
    return first, -1


@cached()
def _hint(operation: int, first: int, second: int, s: Scratch) -> None:
    """Notes a step that would bring the genome nearer to the target."""
    if operation < 0 or s.hints[0, 0] == MOST_HINTS:
        return
    s.hints[0, 0] += 1
    row = s.hints[0, 0]
    s.hints[row, 0] = operation
    s.hints[row, 1] = first
    s.hints[row, 2] = second


@cached()
def _hint_at_sum(one: int, unit: int, two: int, other: int, t: Tables, s: Scratch) -> None:
    """Notes how two elements, each times a power of i, may come to be added."""
    first, second = s.owners[one], s.owners[two]
    if s.levels[first] != s.levels[second] or s.hints[0, 0] == MOST_HINTS:
        return
    level = s.levels[first]
    if s.places[one] == s.places[two]:
        turn = (other - unit) % 4
        if turn % 2:
            _hint(t.sums[2], second, 0, s)
        else:
            _hint(t.sums[turn // 2], first, second, s)
        return
    for operation in range(t.kinds.shape[0]):
        if (
            t.kinds[operation] == LINEAR
            and t.arity[operation] == 1
            and not t.has_factors[operation]
            and t.results[operation, level] == level
        ):
            if t.places[operation, level, 0, s.places[one]] == s.places[two]:
                _hint(operation, second, 0, s)


@cached()
def _hint_at_factor(coefficient: int, element: int, t: Tables, s: Scratch) -> None:
    """Notes which factors, times a power of i, an element lacks."""
    if s.hints[0, 0] == MOST_HINTS:
        return
    owner, place = s.owners[element], s.places[element]
    level = s.levels[owner]
    wanted = coefficient * _power(s.leads[element], PRIME - 2) % PRIME
    for operation in range(t.kinds.shape[0]):
        if t.has_factors[operation] and t.results[operation, level] == level:
            for unit in range(4):
                if t.factors[operation, level, place] * t.quarter[unit] % PRIME == wanted:
                    _hint(operation, owner, 0, s)


@cached()
def _seek(keys: Any, stamps: Any, stamp: int, key: int) -> int:
    """Returns the slot of a key, or the free one where it belongs."""
    slot = key * 2654435761 % TABLE
    while stamps[slot] == stamp and keys[slot] != key:
        slot = (slot + 1) % TABLE
    return slot


class Scratch(NamedTuple):
    """Memory of an evaluation, allocated once."""

    values: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]
    elements: npt.NDArray[np.int64]
    leads: npt.NDArray[np.int64]
    inverses: npt.NDArray[np.int64]
    prefix: npt.NDArray[np.int64]
    points: npt.NDArray[np.int64]
    directions: npt.NDArray[np.int64]
    slopes: npt.NDArray[np.int64]
    other_slopes: npt.NDArray[np.int64]
    is_called: npt.NDArray[np.int64]
    keys: npt.NDArray[np.int64]
    stamps: npt.NDArray[np.int64]
    found: npt.NDArray[np.int64]
    stamp: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    hints: npt.NDArray[np.int64]


def scratch(capacity: int, inputs: int, longest: int) -> Scratch:
    """Returns memory for evaluating genomes of up to `capacity` steps."""
    whole = np.int64
    return Scratch(
        np.zeros((inputs + capacity + 1, PROBES, longest), whole),
        np.zeros(inputs + capacity + 1, whole),
        np.zeros((MOST_ELEMENTS, PROBES), whole),
        np.zeros(MOST_ELEMENTS, whole),
        np.zeros(MOST_ELEMENTS, whole),
        np.zeros(MOST_ELEMENTS, whole),
        np.zeros(MOST_ELEMENTS, whole),
        np.zeros((MOST_ELEMENTS, PROBES - 1), whole),
        np.zeros(MOST_ELEMENTS, whole),
        np.zeros(MOST_ELEMENTS, whole),
        np.zeros(MOST_ELEMENTS, whole),
        np.zeros(TABLE, whole),
        np.zeros(TABLE, whole),
        np.zeros(TABLE, whole),
        np.zeros(1, whole),
        np.zeros(MOST_ELEMENTS, whole),
        np.zeros(MOST_ELEMENTS, whole),
        np.zeros((MOST_HINTS + 1, 3), whole),
    )


@cached()
def _gather(genome: Any, steps: int, t: Tables, s: Scratch) -> tuple[int, int]:
    """Lists elements of all values, and the directions in which they point.

    Returns:
        How many elements, and how many directions.
    """
    inputs = t.inputs.shape[0]
    count = 0
    for value in range(inputs + steps):
        is_called = 0
        if value >= inputs:
            is_called = 1 if t.kinds[genome[value - inputs, OPERATION]] == CALL else 0
        for r in range(t.lengths[s.levels[value]]):
            if count == MOST_ELEMENTS or s.values[value, 0, r] == 0:
                continue
            for probe in range(PROBES):
                s.elements[count, probe] = s.values[value, probe, r]
            s.is_called[count] = is_called
            s.owners[count] = value
            s.places[count] = r
            count += 1
    for k in range(count):
        s.leads[k] = s.elements[k, 0]
        s.inverses[k] = s.elements[k, 0]
    _invert(s.inverses, count, s.prefix)
    s.stamp[0] += 1
    distinct = 0
    for k in range(count):
        first = s.elements[k, 1] * s.inverses[k] % PRIME
        slot = _seek(s.keys, s.stamps, s.stamp[0], first)
        if s.stamps[slot] == s.stamp[0]:
            s.points[k] = s.found[slot]
            if s.is_called[k]:
                s.is_called[s.found[slot]] = 1
            continue
        s.stamps[slot] = s.stamp[0]
        s.keys[slot] = first
        s.found[slot] = distinct
        s.points[k] = distinct
        s.directions[distinct, 0] = first
        for probe in range(2, PROBES):
            s.directions[distinct, probe - 1] = s.elements[k, probe] * s.inverses[k] % PRIME
        # What was noted of element k is now that of its direction.
        s.is_called[distinct] = s.is_called[k]
        distinct += 1
    return count, distinct


@cached()
def _two_terms(
    lead: int, y: int, z: int, w: int, count: int, distinct: int, t: Tables, s: Scratch
) -> float:
    """Returns the price of the cheapest two-term sum, or FAR; fills the slopes."""
    for k in range(distinct):
        s.inverses[k] = (s.directions[k, 0] - y) % PRIME
    _invert(s.inverses, distinct, s.prefix)
    s.stamp[0] += 1
    best = FAR
    for k in range(distinct):
        s.slopes[k] = (s.directions[k, 1] - z) % PRIME * s.inverses[k] % PRIME
        s.other_slopes[k] = (s.directions[k, 2] - w) % PRIME * s.inverses[k] % PRIME
        slot = _seek(s.keys, s.stamps, s.stamp[0], s.slopes[k])
        if s.stamps[slot] != s.stamp[0]:
            s.stamps[slot] = s.stamp[0]
            s.keys[slot] = s.slopes[k]
            s.found[slot] = k
            continue
        other = s.found[slot]
        if s.other_slopes[other] != s.other_slopes[k]:
            continue
        one, two = s.directions[other, 0], s.directions[k, 0]
        share = (y - two) % PRIME * _power((one - two) % PRIME, PRIME - 2) % PRIME
        rest = (1 - share) % PRIME
        missing = _examine(share * lead % PRIME, other, rest * lead % PRIME, k, count, t, s)
        best = min(best, TWO_TERMS + missing / 2)
    return best


@cached()
def _examine(
    one: int, first: int, two: int, second: int, count: int, t: Tables, s: Scratch
) -> int:
    """Notes how a sum of two terms may come about; returns how many factors it lacks."""
    a, unit = _match(one, first, count, t, s)
    b, other = _match(two, second, count, t, s)
    if unit >= 0 and other >= 0:
        _hint_at_sum(a, unit, b, other, t, s)
        return 0
    if unit < 0:
        _hint_at_factor(one, a, t, s)
    if other < 0:
        _hint_at_factor(two, b, t, s)
    return int(unit < 0) + int(other < 0)


@cached()
def _three_terms(
    lead: int, y: int, z: int, count: int, distinct: int, t: Tables, s: Scratch
) -> float:
    """Returns the price of the cheapest sum of three terms, one of them from a call.

    The slopes are those that `_two_terms` has left.
    """
    best = FAR
    examined = 0
    for base in range(distinct):
        if not s.is_called[base]:
            continue
        for k in range(distinct):
            s.inverses[k] = (s.slopes[k] - s.slopes[base]) % PRIME
        _invert(s.inverses, distinct, s.prefix)
        s.stamp[0] += 1
        for k in range(distinct):
            if s.inverses[k] == 0:
                continue
            slope = (s.other_slopes[k] - s.other_slopes[base]) % PRIME * s.inverses[k] % PRIME
            slot = _seek(s.keys, s.stamps, s.stamp[0], slope)
            if s.stamps[slot] != s.stamp[0]:
                s.stamps[slot] = s.stamp[0]
                s.keys[slot] = slope
                s.found[slot] = k
                continue
            best = min(best, _price_of_three(lead, y, z, (base, s.found[slot], k), count, t, s))
            examined += 1
            if examined == MOST_TRIPLES:
                return best
    return best


@cached()
def _price_of_three(
    lead: int, y: int, z: int, terms: tuple[int, int, int], count: int, t: Tables, s: Scratch
) -> float:
    a, b, c = terms
    d = s.directions
    by, bz = (d[b, 0] - d[a, 0]) % PRIME, (d[b, 1] - d[a, 1]) % PRIME
    cy, cz = (d[c, 0] - d[a, 0]) % PRIME, (d[c, 1] - d[a, 1]) % PRIME
    ty, tz = (y - d[a, 0]) % PRIME, (z - d[a, 1]) % PRIME
    determinant = (by * cz - cy * bz % PRIME) % PRIME
    if determinant == 0:
        return FAR
    inverse = _power(determinant, PRIME - 2)
    second = (ty * cz - cy * tz % PRIME) % PRIME * inverse % PRIME
    third = (by * tz - ty * bz % PRIME) % PRIME * inverse % PRIME
    first = (1 - second - third) % PRIME
    one, two = first * lead % PRIME, second * lead % PRIME
    three = third * lead % PRIME
    missing = _examine(one, a, two, b, count, t, s) + _examine(one, a, three, c, count, t, s)
    missing += _examine(two, b, three, c, count, t, s)
    return THREE_TERMS + missing / 6


@cached()
def _in_place(target: Any, steps: int, t: Tables, s: Scratch) -> tuple[int, int]:
    """Returns the value of full length with the most elements in place, and how many."""
    n = target.shape[1]
    best, most = -1, -1
    for value in range(t.inputs.shape[0] + steps):
        if s.levels[value] != 0:
            continue
        places = 0
        for r in range(n):
            if s.values[value, 0, r] == target[0, r] and s.values[value, 1, r] == target[1, r]:
                places += 1
        if places > most:
            best, most = value, places
    return best, most


@cached()
def _is_held(target: Any, r: int, count: int, t: Tables, s: Scratch) -> bool:
    for k in range(count):
        for quarter in range(4):
            unit = t.quarter[quarter]
            if s.elements[k, 0] * unit % PRIME == target[0, r] and (
                s.elements[k, 1] * unit % PRIME == target[1, r]
            ):
                return True
    return False


@cached()
def _is_product(target: Any, r: int, count: int, t: Tables, s: Scratch) -> bool:
    """Tells whether an element of the target is a product of two elements that are held."""
    for operation in range(t.kinds.shape[0]):
        if t.kinds[operation] != MULTIPLY:
            continue
        for one in range(count):
            for two in range(one + 1):
                if (
                    s.elements[one, 0] * s.elements[two, 0] % PRIME == target[0, r]
                    and s.elements[one, 1] * s.elements[two, 1] % PRIME == target[1, r]
                ):
                    _hint(operation, s.owners[one], s.owners[two], s)
                    return True
    return False


@cached()
def evaluate(
    genome: Any,
    length: int,
    t: Tables,
    check: Tables,
    s: Scratch,
    larger: Scratch,
    terms: int,
    is_graded: bool,
) -> tuple[float, int, int]:
    """Scores a genome, which is rewritten without what is invalid or repeated.

    Args:
        genome: (capacity, fields).
        length: Number of steps.
        t: Tables of the size at which the genome is scored.
        check: Tables of the size at which what is complete is tried.
        s: Memory for the one,
        larger: and for the other.
        terms: 2 or 3, of how many terms sums are sought.
        is_graded: Elements that are sums of few terms cost less than others.

    Returns:
        The fitness, 0 where the genome computes the target at both sizes, the number of
        steps that are left, and the number of the value that is the result.
    """
    steps = run(genome, length, t, t.inputs, t.matrices, s.values, s.levels)
    s.hints[0, 0] = 0
    n = t.target.shape[1]
    best, most = _in_place(t.target, steps, t, s)
    if most == n:
        copy = genome.copy()
        left = run(copy, steps, check, check.inputs, check.matrices, larger.values, larger.levels)
        other, right = _in_place(check.target, left, check, larger)
        if left == steps and other == best and right == check.target.shape[1]:
            return 0.0, steps, best
        return 1.0 + check.target.shape[1] - right, steps, best
    count, distinct = _gather(genome, steps, t, s)
    total = _distance(t.target, float(n - most), count, distinct, t, s, terms, is_graded)
    for image in range(1, t.images.shape[0]):
        _, near = _in_place(t.images[image], steps, t, s)
        start = 0.5 * n + n - near
        other_way = _distance(
            t.images[image], start, count, distinct, t, s, terms, is_graded
        )
        total = min(total, other_way)
    return total, steps, best


@cached()
def _distance(
    target: Any,
    total: float,
    count: int,
    distinct: int,
    t: Tables,
    s: Scratch,
    terms: int,
    is_graded: bool,
) -> float:
    """Returns a start plus how far each element of a target is from what is held."""
    for r in range(target.shape[1]):
        if target[0, r] == 0 or _is_held(target, r, count, t, s):
            continue
        price = FAR
        if is_graded:
            lead = target[0, r]
            inverse = _power(lead, PRIME - 2)
            y = target[1, r] * inverse % PRIME
            z = target[2, r] * inverse % PRIME
            w = target[3, r] * inverse % PRIME
            price = _two_terms(lead, y, z, w, count, distinct, t, s)
            if price == FAR and terms == 3:
                price = _three_terms(lead, y, z, count, distinct, t, s)
            if price == FAR and _is_product(target, r, count, t, s):
                price = TWO_TERMS
        total += price
    return total
