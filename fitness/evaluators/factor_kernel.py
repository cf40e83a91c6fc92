"""The compiled decoder of the `factor` grammar: all genomes of a chunk in one call.

Meaning is defined by `dsl.grammars.factor.decode`; this file repeats it in the form that Numba
compiles well. Genomes come sorted, so that neighbours share prefixes: the state after
each gene is kept, and a genome starts from the state after the genes that it has in
common with the genome before it.

The region between the two marker lines is generated from the declarations of the
primitives by `python -m fitness.generate` and checked by a test. Everything is in one
file because Numba's on-disk cache watches the file of the compiled function only.
"""

# mypy: ignore-errors

from __future__ import annotations

from collections import namedtuple

import numpy as np
from numba import njit, types
from numba.extending import overload

# Equal to the constants of dsl.grammars.factor.decode and dsl.genome; a test compares them.
SMALLEST, LARGEST, NOISE = 1e-3, 1e3, 1e-10
PRIMITIVE, PATTERN, SIDE, FIRST, SECOND, CHOICE = range(6)
ONE, FROM_ROW = 1, 2

# Functions that see the number of the block as a literal are inlined where it is known:
# with the formulas of one primitive in place of a choice of all, voting is 3 times faster.
# Handing tuples of arrays to functions in inner loops costs as much again.
compiled = njit(error_model="numpy")
inlined = njit(error_model="numpy", inline="always")

# What the kernel is told of primitives, patterns and prices, as arrays:
#   points, is_angle, makes_zeros, turns: (primitives,); filled: (primitives, 2)
#   is_stage: (patterns,)
#   span: (2 sides, 2 points, patterns, width, width, 2) first and last place
#   places: (total, 2) indices; addition: operations; multiplication: (6,) by class
Tables = namedtuple(
    "Tables",
    "points is_angle makes_zeros turns filled is_stage span places addition multiplication",
)

# Scratch arrays of one thread, allocated once per call.
Work = namedtuple("Work", "out ballot votes gains parameters real imag")

# The blocks moved out so far, as arrays over steps.
Tape = namedtuple("Tape", "block side a b parameter gene")

# --- generated: begin


BLOCKS = ('butterfly', 'rotation', 'scale', 'shear')
POINTS = (2, 2, 1, 2)
IS_ANGLE = (False, True, False, False)
MAKES_ZEROS = (True, True, False, True)
TURNS = (2, 1, 4, 1)
FILLED = ((2, 2), (2, 2), (1, 1), (2, 1))
SAME = 1e-09
UNIT = 0
AXIS = 1
DIAGONAL_UNIT = 2
DIAGONAL = 3
ONE_COMPONENT = 4
GENERAL = 5
atan, cos, sin, sqrt = np.arctan, np.cos, np.sin, np.sqrt


@compiled
def constant_class(re: float, im: float) -> int:
    """Returns the class of the constant re + i im, unchanged by factors 1, -1, i, -i."""
    a = abs(re)
    b = abs(im)
    if a < b:
        a, b = b, a
    if b <= SAME * a:
        return UNIT if abs(a - 1.0) <= SAME else AXIS
    if a - b <= SAME * a:
        return DIAGONAL_UNIT if abs(a - 1.0) <= SAME else DIAGONAL
    if abs(a - 1.0) <= SAME or abs(b - 1.0) <= SAME:
        return ONE_COMPONENT
    return GENERAL


@compiled
def candidates(block, a, b, out):
    if block == 0:
        out[0] = quotient(b, a)
        return 1
    if block == 1:
        out[0] = -atan(quotient(a, b))
        out[1] = atan(quotient(b, a))
        return 2
    if block == 2:
        out[0] = a
        return 1
    if block == 3:
        out[0] = quotient(b, a)
        return 1
    return 0


@compiled
def forward(block, p, out):
    if block == 0:
        out[0] = 1
        out[1] = p
        out[2] = 1
        out[3] = -p
        return 4
    if block == 1:
        out[0] = cos(p)
        out[1] = sin(p)
        out[2] = -sin(p)
        out[3] = cos(p)
        return 4
    if block == 2:
        out[0] = p
        return 1
    if block == 3:
        out[0] = 1
        out[1] = p
        out[2] = 0
        out[3] = 1
        return 4
    return 0


@compiled
def inverse(block, p, out):
    if block == 0:
        out[0] = 1/2
        out[1] = 1/2
        out[2] = quotient(1, 2*p)
        out[3] = quotient(-1, 2*p)
        return 4
    if block == 1:
        out[0] = cos(p)
        out[1] = -sin(p)
        out[2] = sin(p)
        out[3] = cos(p)
        return 4
    if block == 2:
        out[0] = quotient(1.0, p)
        return 1
    if block == 3:
        out[0] = 1
        out[1] = -p
        out[2] = 0
        out[3] = 1
        return 4
    return 0


@compiled
def block_cost(block, is_output_side, p, addition, multiplication):
    if block == 0:
        return 2 * addition + 1 * multiplication[constant_class((p).real, (p).imag)]
    if block == 1:
        return 2 * addition + 2 * multiplication[constant_class((cos(p)).real, (cos(p)).imag)] + 2 * multiplication[constant_class((sin(p)).real, (sin(p)).imag)]
    if block == 2:
        return 0 * addition + 1 * multiplication[constant_class((p).real, (p).imag)]
    if block == 3:
        return 1 * addition + 1 * multiplication[constant_class((p).real, (p).imag)]
    return 0


@compiled
def propose_block(view, block, side, choice, places, must_pay, tables, work):
    if block == 0:
        propose(view, 0, side, choice, places, must_pay, tables, work)
        return 0
    if block == 1:
        propose(view, 1, side, choice, places, must_pay, tables, work)
        return 0
    if block == 2:
        propose(view, 2, side, choice, places, must_pay, tables, work)
        return 0
    if block == 3:
        propose(view, 3, side, choice, places, must_pay, tables, work)
        return 0
    return 0


# --- generated: end


def assemble(re, im, like):
    """Returns re + i im in the type of `like` (real: re)."""


@overload(assemble, inline="always")
def _assemble(re, im, like):
    if isinstance(like, types.Complex):
        return lambda re, im, like: complex(re, im)
    return lambda re, im, like: re


def quotient(p, q):
    """Divides numbers of moderate size."""


@overload(quotient, inline="always")
def _quotient(p, q):
    """Spares the guards of complex division against overflow: half the time of a vote."""
    if not isinstance(q, types.Complex):
        return lambda p, q: p / q

    def divide(p, q):
        scale = 1.0 / (q.real * q.real + q.imag * q.imag)
        return complex(
            (p.real * q.real + p.imag * q.imag) * scale,
            (p.imag * q.real - p.real * q.imag) * scale,
        )

    return divide


@compiled
def is_same(p, q):
    """Compares squares: the absolute value of a complex number is a slow function."""
    d = p - q
    limit = SAME * SAME * (p.real * p.real + p.imag * p.imag)
    return d.real * d.real + d.imag * d.imag <= limit


@compiled
def quadrant(re, im):
    """Returns the parts of re + i im times the power of i that makes its angle < 90 degrees."""
    if re > 0 and im >= 0:
        return re, im
    if re <= 0 and im > 0:
        return im, -re
    if re < 0:
        return -re, -im
    return -im, re


@compiled
def cleared(value, threshold):
    """Returns value with real and imaginary parts below the threshold made zero."""
    re, im = value.real, value.imag
    if abs(re) < threshold:
        re = 0.0
    if abs(im) < threshold:
        im = 0.0
    return assemble(re, im, value)


@compiled
def usable(block, is_angle, turns, a, b, out):
    """Writes the usable parameters that a row (a, b) proposes; returns how many."""
    count = 0
    for k in range(candidates(block, a, b, out)):
        re, im = out[k].real, out[k].imag
        if is_angle:
            if abs(im) > SAME:
                continue
            im = 0.0
        size = NOISE * (abs(re) + abs(im))
        if abs(re) < size:
            re = 0.0
        if abs(im) < size:
            im = 0.0
        square = re * re + im * im
        if not SMALLEST * SMALLEST <= square <= LARGEST * LARGEST:
            continue
        if turns == 4:
            re, im = quadrant(re, im)
        elif turns == 2 and (im < 0 or (im == 0 and re < 0)):
            re, im = -re, -im
        out[count] = assemble(re, im, a)
        count += 1
    return count


@inlined
def elect(view, block, a, b, tables, work):
    """Returns (votes, parameter): the parameter that most rows propose; 0 votes for none."""
    is_angle, turns = tables.is_angle[block], tables.turns[block]
    ballot, votes, out = work.ballot, work.votes, work.out
    size = 0
    for r in range(view.shape[0]):
        va, vb = view[r, a], view[r, b]
        if va == 0 or vb == 0:
            continue
        for k in range(usable(block, is_angle, turns, va, vb, out)):
            value = out[k]
            position = 0
            while position < size and not is_same(ballot[position], value):
                position += 1
            if position == size:
                ballot[size] = value
                votes[size] = 0
                size += 1
            votes[position] += 1
    if size == 0:
        return 0, view[0, a]
    winner = 0
    for position in range(1, size):
        if votes[position] > votes[winner]:
            winner = position
    return votes[winner], ballot[winner]


@inlined
def find_parameter(view, block, a, b, choice, tables, work):
    """Finds the parameter of a block on columns a and b (a twice for a block of one point).

    Returns:
        (votes, parameter): how many rows want this parameter; 0 if there is none,
        -1 if nobody counted.
    """
    if choice == ONE and not tables.is_angle[block]:
        return -1, assemble(1.0, 0.0, view[0, a])
    if choice < FROM_ROW:
        return elect(view, block, a, b, tables, work)
    r = (choice - FROM_ROW) % view.shape[0]
    if view[r, a] == 0 or view[r, b] == 0:
        return 0, view[0, a]
    found = usable(block, tables.is_angle[block], tables.turns[block], view[r, a], view[r, b], work.out) > 0
    return -1 if found else 0, work.out[0]


@inlined
def count_removed(view, block, a, b, votes, parameter, tables, work):
    """Returns how many non-zeros fewer two columns have once the block is moved out."""
    removed = max(votes, 0)
    for r in range(view.shape[0]):
        va, vb = view[r, a], view[r, b]
        if va != 0 and vb != 0:
            if votes >= 0:
                continue
            for k in range(usable(block, tables.is_angle[block], tables.turns[block], va, vb, work.out)):
                removed += is_same(work.out[k], parameter)
        elif va != 0:
            removed += 1 - tables.filled[block, 0]
        elif vb != 0:
            removed += 1 - tables.filled[block, 1]
    return removed


@compiled
def overlap(view, a, b):
    """Says whether some row uses both columns: otherwise no block can make a zero."""
    for r in range(view.shape[0]):
        if view[r, a] != 0 and view[r, b] != 0:
            return True
    return False


@compiled
def move_out(view, block, a, b, parameter, threshold, tables, out):
    """Replaces columns of the remainder by columns times the block's inverse."""
    inverse(block, parameter, out)
    for r in range(view.shape[0]):
        va, vb = view[r, a], view[r, b]
        if tables.points[block] == 1:
            view[r, a] = cleared(va * out[0], threshold)
        elif va != 0 or vb != 0:
            view[r, a] = cleared(va * out[0] + vb * out[2], threshold)
            view[r, b] = cleared(va * out[1] + vb * out[3], threshold)


@compiled
def move_in(view, block, a, b, parameter, tables, out):
    """Undoes `move_out`: replaces columns by columns times the block."""
    forward(block, parameter, out)
    for r in range(view.shape[0]):
        va, vb = view[r, a], view[r, b]
        if tables.points[block] == 1:
            view[r, a] = va * out[0]
        else:
            view[r, a] = va * out[0] + vb * out[2]
            view[r, b] = va * out[1] + vb * out[3]


@compiled
def take_best(gains, places):
    """Returns the place of largest gain, the first of equals, or -1 if no gain is left.

    The place and all that overlap it are struck out.
    """
    best = -1
    for k in range(len(places)):
        if gains[k] >= 0 and (best < 0 or gains[k] > gains[best]):
            best = k
    if best >= 0:
        a, b = places[best, 0], places[best, 1]
        for k in range(len(places)):
            if places[k, 0] == a or places[k, 0] == b or places[k, 1] == a or places[k, 1] == b:
                gains[k] = -1
    return best


@inlined
def propose(view, block, side, choice, places, must_pay, tables, work):
    """Writes the parameter and the gain of a gene's block at every place; -1 for none."""
    gains, parameters = work.gains, work.parameters
    addition, multiplication = tables.addition, tables.multiplication
    for k in range(len(places)):
        a, b = places[k, 0], places[k, 1]
        gains[k] = -1
        if must_pay and not overlap(view, a, b):
            continue
        votes, parameter = find_parameter(view, block, a, b, choice, tables, work)
        if votes == 0:
            continue
        parameters[k] = parameter
        gains[k] = 0
        if must_pay:
            removed = count_removed(view, block, a, b, votes, parameter, tables, work)
            price = block_cost(block, side, parameter, addition, multiplication)
            gains[k] = addition * removed - price if removed > 0 else -1


@compiled
def apply_gene(view, gene, number, threshold, tables, work, tape, steps):
    """Moves the blocks of one gene out of the remainder.

    Returns:
        (steps, price): the new length of the tape, and the operations of the blocks.
    """
    block, rule, side = gene[PRIMITIVE], gene[PATTERN], gene[SIDE]
    width = view.shape[1]
    i, j = gene[FIRST] % width, gene[SECOND] % width
    span = tables.span[side, tables.points[block] - 1, rule, i, j]
    places = tables.places[span[0] : span[1]]
    must_pay = tables.is_stage[rule] and tables.makes_zeros[block]
    propose_block(view, block, side, gene[CHOICE], places, must_pay, tables, work)
    total = 0
    while True:
        best = take_best(work.gains, places)
        if best < 0:
            return steps, total
        a, b, parameter = places[best, 0], places[best, 1], work.parameters[best]
        move_out(view, block, a, b, parameter, threshold, tables, work.out)
        total += block_cost(block, side, parameter, tables.addition, tables.multiplication)
        tape.block[steps], tape.side[steps], tape.gene[steps] = block, side, number
        tape.a[steps], tape.b[steps], tape.parameter[steps] = a, b, parameter
        steps += 1


@compiled
def count_distinct(real, imag, work, multiplication):
    """Returns the operations of the products of one line of the remainder."""
    total = 0
    size = 0
    ballot_re, ballot_im = work.real, work.imag
    for k in range(len(real)):
        re, im = real[k], imag[k]
        if re == 0 and im == 0:
            continue
        limit = SAME * SAME * (re * re + im * im)
        position = 0
        while position < size:
            dr, di = re - ballot_re[position], im - ballot_im[position]
            if dr * dr + di * di <= limit:
                break
            position += 1
        if position == size:
            ballot_re[size], ballot_im[size] = re, im
            size += 1
            total += multiplication[constant_class(re, im)]
    return total


@compiled
def count_remainder(remainder, quarter_re, quarter_im, tables, work):
    """Returns the operations of the remainder as a sparse matrix."""
    rows, columns = remainder.shape
    additions = 0
    for r in range(rows):
        non_zeros = 0
        for c in range(columns):
            value = remainder[r, c]
            if value == 0:
                quarter_re[r, c], quarter_im[r, c] = 0.0, 0.0
            else:
                non_zeros += 1
                quarter_re[r, c], quarter_im[r, c] = quadrant(value.real, value.imag)
        additions += max(non_zeros - 1, 0)
    by_rows, by_columns = 0, 0
    for r in range(rows):
        by_rows += count_distinct(quarter_re[r], quarter_im[r], work, tables.multiplication)
    for c in range(columns):
        by_columns += count_distinct(
            quarter_re[:, c], quarter_im[:, c], work, tables.multiplication
        )
    return tables.addition * additions + min(by_rows, by_columns)


@compiled
def rebuild_error(target, remainder, scratch, tape, steps, tables, work):
    """Returns the largest relative error of a row of steps and remainder, multiplied out."""
    scratch[:] = remainder
    for step in range(steps - 1, -1, -1):
        view = scratch[::1, ::1]
        if tape.side[step] != 0:
            view = view.T
        a, b, parameter = tape.a[step], tape.b[step], tape.parameter[step]
        move_in(view, tape.block[step], a, b, parameter, tables, work.out)
    worst, largest = 0.0, 0.0
    for r in range(target.shape[0]):
        for c in range(target.shape[1]):
            t = target[r, c]
            largest = max(largest, t.real * t.real + t.imag * t.imag)
    for r in range(target.shape[0]):
        wrong, size = 0.0, 0.0
        for c in range(target.shape[1]):
            d, t = scratch[r, c] - target[r, c], target[r, c]
            wrong += d.real * d.real + d.imag * d.imag
            size += t.real * t.real + t.imag * t.imag
        worst = max(worst, wrong / (size if size > 1e-28 * largest else largest))
    return np.sqrt(worst)


@compiled
def shared_prefix(genes, lengths, one, other):
    """Returns how many genes two genomes have in common at their start."""
    count = 0
    limit = min(lengths[one], lengths[other])
    while count < limit:
        for field in range(genes.shape[2]):
            if genes[one, count, field] != genes[other, count, field]:
                return count
        count += 1
    return count


@njit(nogil=True, cache=True, error_model="numpy")
def evaluate(genes, lengths, order, target, start, threshold, tables, reuse, results):
    """Evaluates the genomes at the positions `order`, in that order.

    Args:
        genes, lengths: As in `dsl.genome.Genomes`.
        order: (k,) positions; neighbours should share prefixes.
        target: (m, n) float64 or complex128.
        start: (m, n) the target with its rounding noise cleared.
        threshold: Parts of entries below it are zero.
        tables: `Tables`.
        reuse: Keep states from one genome to the next.
        results: (operations, prefix, errors) arrays over the population, written here.

    Returns:
        (tape, steps, remainder) of the last genome's best prefix, for decoding one.
    """
    rows, columns = target.shape
    width = max(rows, columns)
    depth = genes.shape[1] + 1
    states = np.empty((depth, rows, columns), target.dtype)
    steps, spent = np.zeros(depth, np.int64), np.zeros(depth, np.int64)
    cheapest, prefix = np.zeros(depth, np.int64), np.zeros(depth, np.int64)
    errors = np.zeros(depth)
    capacity = depth * width
    tape = Tape(
        np.empty(capacity, np.int64),
        np.empty(capacity, np.int64),
        np.empty(capacity, np.int64),
        np.empty(capacity, np.int64),
        np.empty(capacity, target.dtype),
        np.empty(capacity, np.int64),
    )
    places = width * width
    work = Work(
        np.empty(8, target.dtype),
        np.empty(8 * width, target.dtype),
        np.empty(8 * width, np.int64),
        np.empty(places, np.int64),
        np.empty(places, target.dtype),
        np.empty(width),
        np.empty(width),
    )
    quarter_re, quarter_im = np.empty((rows, columns)), np.empty((rows, columns))
    scratch = np.empty_like(target)
    states[0] = start
    cheapest[0] = count_remainder(states[0], quarter_re, quarter_im, tables, work)
    errors[0] = rebuild_error(target, start, scratch, tape, 0, tables, work)
    last = 0
    for index in range(len(order)):
        g = order[index]
        common = 0
        if reuse and index > 0:
            common = shared_prefix(genes, lengths, g, order[index - 1])
        for d in range(common, lengths[g]):
            states[d + 1] = states[d]
            view = states[d + 1][::1, ::1]
            if genes[g, d, SIDE] != 0:
                view = view.T
            steps[d + 1], price = apply_gene(
                view, genes[g, d], d, threshold, tables, work, tape, steps[d]
            )
            spent[d + 1] = spent[d] + price
            cheapest[d + 1], prefix[d + 1] = cheapest[d], prefix[d]
            errors[d + 1] = errors[d]
            if steps[d + 1] == steps[d]:
                continue
            operations = spent[d + 1] + count_remainder(
                states[d + 1], quarter_re, quarter_im, tables, work
            )
            if operations < cheapest[d]:
                cheapest[d + 1], prefix[d + 1] = operations, d + 1
                errors[d + 1] = rebuild_error(
                    target, states[d + 1], scratch, tape, steps[d + 1], tables, work
                )
        last = lengths[g]
        results[0][g], results[1][g], results[2][g] = cheapest[last], prefix[last], errors[last]
    return tape, steps[prefix[last]], states[prefix[last]]
