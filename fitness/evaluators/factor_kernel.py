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

from fitness.kernel_cache import cached

# Equal to those of voting and shared_sums in dsl.grammars.factor; a test compares them.
SMALLEST, LARGEST, NOISE = 1e-6, 1e6, 1e-10
PRIMITIVE, PATTERN, SIDE, FIRST, SECOND, CHOICE = range(6)
ONE, FROM_ROW = 1, 2
FEW_SUMS, MOST_DESCENT, SWEEPS = 4, 256, 2
MOST_BALLOTS = 16
LARGEST_INVERSE = 1e6
NEAR, TILT = 1e-9, 1e-3

MOST_PLACES = 4096

# Where a pattern's places are: in a table, all pairs, or the one pair (i, j).
LISTED, ALL_PAIRS, ONE_PAIR = range(3)

# Where rows whose entries disagree get their weight of a sum.
NOWHERE, DESCENT, SHARED = range(3)

# Handing tuples of arrays to functions in inner loops costs as much as what they do.
compiled = njit(error_model="numpy")

# What the kernel is told of patterns and prices, as arrays:
#   is_stage, kind: (patterns,); base: (2,) values of the target on either side
#   span: (2 sides, patterns, width, width or 1, 2) first and last place of LISTED patterns
#   places: (total, 2) indices; addition: operations; multiplication: (6,) by class
#   tuple_span: (2 sides, blocks that are not pairwise, patterns, width, width or 1, 2)
#   tuples: (total, 4) indices
Tables = namedtuple(
    "Tables", "is_stage kind base span places addition multiplication tuple_span tuples"
)

# Scratch arrays of one thread, by what they are for. Few go to each function: every array
# that is handed over takes its time to compile.
Voting = namedtuple("Voting", "out ballot votes")
Places = namedtuple("Places", "count gains parameters first second third fourth")
Counting = namedtuple(
    "Counting",
    "real imag quarter_re quarter_im row_label column_label stack entry lines totals",
)

# The steps moved out so far, as arrays over steps. A sum's block is the number of blocks,
# its place (value, slot); the rest of it lies in `Sums`.
Tape = namedtuple("Tape", "block side a b c d parameter gene")

# The sums made so far, (side, slot, ...): members, their number, factors, sources by row.
Sums = namedtuple("Sums", "members size factors sources")


@compiled
def is_sound(block, points, parameter, out):
    """Says whether a block can be moved out at a parameter: invertible, its numbers finite."""
    forward(block, parameter, out)
    for k in range(points * points):
        if not (np.isfinite(out[k].real) and np.isfinite(out[k].imag)):
            return False
    inverse(block, parameter, out)
    for k in range(points * points):
        re, im = out[k].real, out[k].imag
        if not re * re + im * im <= LARGEST_INVERSE * LARGEST_INVERSE:
            return False
    return True


@compiled
def is_always_sound(block, points, parameter, out):
    """Stands for `is_sound` of a block that is invertible whatever the parameter."""
    return True


def specialise(block):
    """Returns the functions that elect a block's parameter and propose its places.

    The block is a constant in them: with the formulas of one primitive in place of a choice
    of all, voting is 3 times faster.
    """
    is_angle, turns, is_ordered = IS_ANGLE[block], TURNS[block], IS_ORDERED[block]
    makes_zeros, filled, is_single = MAKES_ZEROS[block], FILLED[block], POINTS[block] == 1
    is_allowed, points = is_always_sound if IS_REGULAR[block] else is_sound, POINTS[block]

    @compiled
    def elect(view, a, b, voting):
        """Returns (votes, parameter): the parameter that most rows propose; 0 votes for none."""
        ballot, votes, out = voting.ballot, voting.votes, voting.out
        size, agreed = 0, False
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
                    if size == MOST_BALLOTS:
                        if not agreed:
                            return 0, view[0, a]
                        continue
                    ballot[size] = value
                    votes[size] = 0
                    size += 1
                else:
                    agreed = True
                votes[position] += 1
        if size == 0:
            return 0, view[0, a]
        winner = 0
        for position in range(1, size):
            if votes[position] > votes[winner]:
                winner = position
        return votes[winner], ballot[winner]

    @compiled
    def find_parameter(view, a, b, choice, voting):
        """Finds the parameter of a block on columns a and b (a twice for a block of one point).

        Returns:
            (votes, parameter): how many rows want this parameter; 0 if there is none,
            -1 if nobody counted.
        """
        if choice == ONE and not is_angle:
            return -1, assemble(1.0, 0.0, view[0, a])
        if choice < FROM_ROW:
            return elect(view, a, b, voting)
        r = (choice - FROM_ROW) % view.shape[0]
        if view[r, a] == 0 or view[r, b] == 0:
            return 0, view[0, a]
        found = usable(block, is_angle, turns, view[r, a], view[r, b], voting.out) > 0
        return -1 if found else 0, voting.out[0]

    @compiled
    def count_removed(view, a, b, votes, parameter, voting):
        """Returns how many non-zeros fewer two columns have once the block is moved out."""
        removed = max(votes, 0)
        for r in range(view.shape[0]):
            va, vb = view[r, a], view[r, b]
            if va != 0 and vb != 0:
                if votes >= 0:
                    continue
                for k in range(usable(block, is_angle, turns, va, vb, voting.out)):
                    removed += is_same(voting.out[k], parameter)
            elif va != 0:
                removed += 1 - filled[0]
            elif vb != 0:
                removed += 1 - filled[1]
        return removed

    @compiled
    def propose_place(
        view, side, choice, a, b, must_pay, by_products, threshold, tables, voting, chosen
    ):
        """Appends a place with its parameter and gain if the block may go there."""
        if must_pay and not overlap(view, a, b):
            return
        votes, parameter = find_parameter(view, a, b, choice, voting)
        if votes == 0 or not is_allowed(block, points, parameter, voting.out):
            return
        gain = 0
        if must_pay:
            if by_products:
                saved = count_saved(view, block, a, b, parameter, threshold, tables, voting.out)
            else:
                removed = count_removed(view, a, b, votes, parameter, voting)
                saved = tables.addition * removed
            price = block_cost(block, side, parameter, tables.addition, tables.multiplication)
            gain = saved - price
            if saved <= 0 or gain < 0:
                return
        count = chosen.count[0]
        chosen.first[count], chosen.second[count] = a, b
        chosen.parameters[count], chosen.gains[count] = parameter, gain
        chosen.count[0] = count + 1

    @compiled
    def propose(view, side, rule, i, j, choice, threshold, tables, voting, chosen):
        """Finds the places where a gene's block may go; returns how many."""
        must_pay, by_products = tables.is_stage[rule] and makes_zeros, j % 2 == 1
        is_stage, kind = tables.is_stage[rule], tables.kind[rule]
        width = view.shape[1]
        one, two = i % width, j % width
        first, last, ways = 0, 1, 1
        if is_single:
            if is_stage:
                last = width
        elif kind == LISTED:
            base = tables.base[side]
            first, last = tables.span[side, rule, i % base, j % base % tables.span.shape[3]]
        elif kind == ALL_PAIRS:
            last = width * width
        if not is_single and is_stage and is_ordered:
            ways = 2
        chosen.count[0] = 0
        for k in range(first, last):
            if is_single:
                a = k if is_stage else one
                b = a
            elif kind == LISTED:
                a, b = tables.places[k, 0], tables.places[k, 1]
            elif kind == ALL_PAIRS:
                a, b = k // width, k % width
                if a >= b:
                    continue
            else:
                a, b = one, two
                if a == b:
                    continue
            for _ in range(ways):
                propose_place(
                    view,
                    side,
                    choice,
                    a,
                    b,
                    must_pay,
                    by_products,
                    threshold,
                    tables,
                    voting,
                    chosen,
                )
                a, b = b, a
        return chosen.count[0]

    return elect, propose


# --- generated: begin


BLOCKS = ('butterfly', 'rotation', 'scale', 'shear')
POINTS = (2, 2, 1, 2)
PARAMETERS = (1, 1, 1, 1)
IS_PAIRWISE = (True, True, True, True)
IS_ANGLE = (False, True, False, False)
IS_REGULAR = (True, True, True, True)
MAKES_ZEROS = (True, True, False, True)
TURNS = (2, 1, 4, 1)
FILLED = ((2, 2), (2, 2), (1, 1), (2, 1))
IS_ORDERED = (False, False, False, True)
SAME = 1e-09
UNIT = 0
AXIS = 1
DIAGONAL_UNIT = 2
DIAGONAL = 3
ONE_COMPONENT = 4
GENERAL = 5
cos, sin, sqrt = np.cos, np.sin, np.sqrt


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
def tuple_candidates(block, a, b, c, d, out):
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
def propose_block(view, block, side, rule, i, j, choice, threshold, tables, voting, chosen):
    if block == 0:
        return propose_0(view, side, rule, i, j, choice, threshold, tables, voting, chosen)
    if block == 1:
        return propose_1(view, side, rule, i, j, choice, threshold, tables, voting, chosen)
    if block == 2:
        return propose_2(view, side, rule, i, j, choice, threshold, tables, voting, chosen)
    if block == 3:
        return propose_3(view, side, rule, i, j, choice, threshold, tables, voting, chosen)
    return 0


elect_0, propose_0 = specialise(0)
elect_1, propose_1 = specialise(1)
elect_2, propose_2 = specialise(2)
elect_3, propose_3 = specialise(3)
elect_shear = elect_3


# --- generated: end


def assemble(re, im, like):
    """Returns re + i im in the type of `like` (real: re)."""


def widened(value):
    """Returns a number as a complex one."""


@overload(widened, inline="always")
def _widened(value):
    return lambda value: complex(value.real, value.imag)


def narrowed(value, like):
    """Returns a complex number in the type of `like`; nan if that is real and it is not."""


@overload(narrowed)
def _narrowed(value, like):
    if isinstance(like, types.Complex):
        return lambda value, like: value
    return lambda value, like: value.real if abs(value.imag) <= SAME else np.nan


def holds_reals(view):
    """Says whether an array is of real numbers."""


@overload(holds_reals, inline="always")
def _holds_reals(view):
    is_real = not isinstance(view.dtype, types.Complex)
    return lambda view: is_real


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


def atan(tangent):
    """Returns the angle of a real tangent, i for another."""


@overload(atan, inline="always")
def _atan(tangent):
    """Spares the complex function, which is slow: angles are real."""
    if not isinstance(tangent, types.Complex):
        return lambda tangent: np.arctan(tangent)

    def angle(tangent):
        if abs(tangent.imag) > SAME:
            return complex(0.0, 1.0)
        return complex(np.arctan(tangent.real), 0.0)

    return angle


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


@compiled
def entry_price(value, tables):
    """Returns the operations of an entry on its own."""
    if value == 0:
        return 0
    return tables.addition + tables.multiplication[constant_class(value.real, value.imag)]


@compiled
def count_saved(view, block, a, b, parameter, threshold, tables, out):
    """Returns how many operations fewer the entries of two columns cost, none shared."""
    inverse(block, parameter, out)
    saved = 0
    for r in range(view.shape[0]):
        va, vb = view[r, a], view[r, b]
        if va != 0 or vb != 0:
            saved += entry_price(va, tables) + entry_price(vb, tables)
            saved -= entry_price(cleared(va * out[0] + vb * out[2], threshold), tables)
            saved -= entry_price(cleared(va * out[1] + vb * out[3], threshold), tables)
    return saved


@compiled
def overlap(view, a, b):
    """Says whether some row uses both columns: otherwise no block can make a zero."""
    for r in range(view.shape[0]):
        if view[r, a] != 0 and view[r, b] != 0:
            return True
    return False


@compiled
def move_pair_out(view, block, a, b, c, d, parameter, threshold, out):
    """Replaces columns of the remainder by columns times the block's inverse."""
    inverse(block, parameter, out)
    for r in range(view.shape[0]):
        va, vb = view[r, a], view[r, b]
        if POINTS[block] == 1:
            view[r, a] = cleared(va * out[0], threshold)
        elif va != 0 or vb != 0:
            view[r, a] = cleared(va * out[0] + vb * out[2], threshold)
            view[r, b] = cleared(va * out[1] + vb * out[3], threshold)


@compiled
def move_pair_in(view, block, a, b, c, d, parameter, out):
    """Undoes `move_pair_out`: replaces columns by columns times the block."""
    forward(block, parameter, out)
    for r in range(view.shape[0]):
        va, vb = view[r, a], view[r, b]
        if POINTS[block] == 1:
            view[r, a] = va * out[0]
        else:
            view[r, a] = va * out[0] + vb * out[2]
            view[r, b] = va * out[1] + vb * out[3]


@compiled
def take_best_pair(count, block, chosen):
    """Returns the place of largest gain, the first of equals, or -1 if no gain is left.

    The place and all that overlap it are struck out.
    """
    gains, first, second = chosen.gains, chosen.first, chosen.second
    best = -1
    for k in range(count):
        if gains[k] >= 0 and (best < 0 or gains[k] > gains[best]):
            best = k
    if best >= 0:
        a, b = first[best], second[best]
        for k in range(count):
            if first[k] == a or first[k] == b or second[k] == a or second[k] == b:
                gains[k] = -1
    return best


@compiled
def moved_entry(view, r, place, k, points, out):
    """Returns an entry of a row's values at a place times the matrix in `out`."""
    total = view[r, place[0]] * out[k]
    for other in range(1, points):
        total += view[r, place[other]] * out[other * points + k]
    return total


@compiled
def multiply_tuple(view, points, place, threshold, out):
    """Replaces columns by columns times the matrix in `out`, (points, points) of its start."""
    moved = out[points * points :]
    for r in range(view.shape[0]):
        for k in range(points):
            moved[k] = cleared(moved_entry(view, r, place, k, points, out), threshold)
        for k in range(points):
            view[r, place[k]] = moved[k]


@compiled
def move_any_out(view, block, a, b, c, d, parameter, threshold, out):
    """Replaces columns of the remainder by columns times the block's inverse."""
    if IS_PAIRWISE[block]:
        move_pair_out(view, block, a, b, c, d, parameter, threshold, out)
    else:
        inverse(block, parameter, out)
        multiply_tuple(view, POINTS[block], (a, b, c, d), threshold, out)


@compiled
def move_any_in(view, block, a, b, c, d, parameter, out):
    """Undoes `move_any_out`."""
    if IS_PAIRWISE[block]:
        move_pair_in(view, block, a, b, c, d, parameter, out)
    else:
        forward(block, parameter, out)
        multiply_tuple(view, POINTS[block], (a, b, c, d), 0.0, out)


@compiled
def take_best_any(count, block, chosen):
    """Returns the place of largest gain as `take_best_pair` does, for all blocks."""
    if IS_PAIRWISE[block]:
        return take_best_pair(count, block, chosen)
    gains, points = chosen.gains, POINTS[block]
    best = -1
    for k in range(count):
        if gains[k] >= 0 and (best < 0 or gains[k] > gains[best]):
            best = k
    if best >= 0:
        taken = tuple_place(best, chosen)
        for k in range(count):
            place = tuple_place(k, chosen)
            for i in range(points):
                for j in range(points):
                    if taken[i] == place[j]:
                        gains[k] = -1
    return best


@compiled
def usable_of_tuple(view, block, r, a, b, c, d, out):
    """Writes the usable parameters that a row proposes; returns how many."""
    count = 0
    found = tuple_candidates(block, view[r, a], view[r, b], view[r, c], view[r, d], out)
    for k in range(found):
        re, im = out[k].real, out[k].imag
        if IS_ANGLE[block]:
            if abs(im) > SAME:
                continue
            im = 0.0
        size = NOISE * (abs(re) + abs(im))
        if abs(re) < size:
            re = 0.0
        if abs(im) < size:
            im = 0.0
        square = re * re + im * im
        if SMALLEST * SMALLEST <= square <= LARGEST * LARGEST:
            out[count] = assemble(re, im, view[r, a])
            count += 1
    return count


@compiled
def find_tuple_parameter(view, block, a, b, c, d, choice, voting):
    """Returns (votes, parameter): 0 votes if there is none; 1 for what needs none."""
    if not PARAMETERS[block] or (choice == ONE and not IS_ANGLE[block]):
        return 1, assemble(1.0, 0.0, view[0, a])
    if choice >= FROM_ROW:
        r = (choice - FROM_ROW) % view.shape[0]
        return usable_of_tuple(view, block, r, a, b, c, d, voting.out), voting.out[0]
    ballot, votes, out = voting.ballot, voting.votes, voting.out
    size, agreed = 0, False
    for r in range(view.shape[0]):
        for k in range(usable_of_tuple(view, block, r, a, b, c, d, out)):
            value = out[k]
            position = 0
            while position < size and not is_same(ballot[position], value):
                position += 1
            if position == size:
                if size == MOST_BALLOTS:
                    if not agreed:
                        return 0, view[0, a]
                    continue
                ballot[size] = value
                votes[size] = 0
                size += 1
            else:
                agreed = True
            votes[position] += 1
    winner = 0
    for position in range(1, size):
        if votes[position] > votes[winner]:
            winner = position
    return size, ballot[winner]


@compiled
def propose_tuple(
    view, block, side, choice, a, b, c, d, must_pay, by_products, threshold, tables, voting, chosen
):
    """Appends a place with its parameter and gain if the block may go there."""
    points = POINTS[block]
    votes, parameter = find_tuple_parameter(view, block, a, b, c, d, choice, voting)
    if votes == 0 or not (IS_REGULAR[block] or is_sound(block, points, parameter, voting.out)):
        return
    gain = 0
    if must_pay:
        place = (a, b, c, d)
        out, removed, saved = voting.out, 0, 0
        inverse(block, parameter, out)
        for r in range(view.shape[0]):
            before = 0
            for k in range(points):
                before += view[r, place[k]] != 0
            if before == 0:
                continue
            after = 0
            for k in range(points):
                moved = cleared(moved_entry(view, r, place, k, points, out), threshold)
                after += moved != 0
                if by_products:
                    saved += entry_price(view[r, place[k]], tables)
                    saved -= entry_price(moved, tables)
            removed += before - after
        if not by_products:
            saved = tables.addition * removed
        price = block_cost(block, side, parameter, tables.addition, tables.multiplication)
        gain = saved - price
        if saved <= 0 or gain < 0:
            return
    count = chosen.count[0]
    chosen.first[count], chosen.second[count] = a, b
    chosen.third[count], chosen.fourth[count] = c, d
    chosen.parameters[count], chosen.gains[count] = parameter, gain
    chosen.count[0] = count + 1


@compiled
def propose_tuples(view, block, side, rule, i, j, choice, threshold, tables, voting, chosen):
    """Finds the places where a gene's block that is not pairwise may go; returns how many.

    Its places are those of a table, among the target's own values, and its zeros counted.
    """
    must_pay, by_products = tables.is_stage[rule] and MAKES_ZEROS[block], j % 2 == 1
    points, number = POINTS[block], NUMBER[block]
    base = tables.base[side]
    one, two = i % base, j % base
    is_listed = points == 1 or tables.kind[rule] != ONE_PAIR
    first, last = 0, 1
    if is_listed:
        first, last = tables.tuple_span[
            side, number, rule, one, two % tables.tuple_span.shape[4]
        ]
    chosen.count[0] = 0
    for k in range(first, last):
        if is_listed:
            a, b, c, d = (
                tables.tuples[k, 0],
                tables.tuples[k, 1],
                tables.tuples[k, 2],
                tables.tuples[k, 3],
            )
        else:
            a, b = one, two
            c, d = (2 * two - one) % base, (3 * two - 2 * one) % base
            if a == b or (points > 2 and (c == a or c == b)):
                continue
            if points > 3 and (d == a or d == b or d == c):
                continue
            c, d = c if points > 2 else a, d if points > 3 else a
        propose_tuple(
            view,
            block,
            side,
            choice,
            a,
            b,
            c,
            d,
            must_pay,
            by_products,
            threshold,
            tables,
            voting,
            chosen,
        )
    return chosen.count[0]


@compiled
def tuple_place(k, chosen):
    """Returns a proposed place."""
    return chosen.first[k], chosen.second[k], chosen.third[k], chosen.fourth[k]


# Of blocks that are not pairwise, as the tables number them.
NUMBER = tuple(IS_PAIRWISE[:block].count(False) for block in range(len(POINTS)))
# Where all blocks are pairwise, nothing else is compiled.
HAS_TUPLES = False in IS_PAIRWISE
move_out = move_any_out if HAS_TUPLES else move_pair_out
move_in = move_any_in if HAS_TUPLES else move_pair_in
take_best = take_best_any if HAS_TUPLES else take_best_pair


@compiled
def apply_block(view, gene, number, threshold, tables, voting, chosen, tape, steps):
    """Moves the blocks of one gene out of the remainder.

    Returns:
        (steps, price): the new length of the tape, and the operations of the blocks.
    """
    block, side = np.int64(gene[PRIMITIVE]), np.int64(gene[SIDE])
    count = propose_block(
        view,
        block,
        side,
        np.int64(gene[PATTERN]),
        np.int64(gene[FIRST]),
        np.int64(gene[SECOND]),
        np.int64(gene[CHOICE]),
        threshold,
        tables,
        voting,
        chosen,
    )
    total = 0
    while True:
        best = take_best(count, block, chosen)
        if best < 0:
            return steps, total
        a, b, parameter = chosen.first[best], chosen.second[best], chosen.parameters[best]
        c, d = chosen.third[best], chosen.fourth[best]
        move_out(view, block, a, b, c, d, parameter, threshold, voting.out)
        total += block_cost(block, side, parameter, tables.addition, tables.multiplication)
        tape.block[steps], tape.side[steps], tape.gene[steps] = block, side, number
        tape.a[steps], tape.b[steps], tape.parameter[steps] = a, b, parameter
        tape.c[steps], tape.d[steps] = c, d
        steps += 1


@compiled
def same_size(p, q):
    """Says whether two non-zero entries are equal up to a free factor."""
    pr, pi = quadrant(p.real, p.imag)
    qr, qi = quadrant(q.real, q.imag)
    limit = SAME * SAME * (pr * pr + pi * pi)
    return (pr - qr) * (pr - qr) + (pi - qi) * (pi - qi) <= limit


@compiled
def unit_of(ratio):
    """Returns the free factor nearest to a ratio."""
    re, im = ratio.real, ratio.imag
    if abs(re) >= abs(im):
        return assemble(1.0 if re > 0 else -1.0, 0.0, ratio)
    return assemble(0.0, 1.0 if im > 0 else -1.0, ratio)


@compiled
def find_members(view, gene, voting, members, factors):
    """Writes the members of a sum and their factors; returns how many, 0 for none."""
    rows, width = view.shape
    i, j = gene[FIRST] % width, gene[SECOND] % width
    if gene[CHOICE] >= FROM_ROW:
        r = (gene[CHOICE] - FROM_ROW) % rows
        base = view[r, i]
        if base == 0:
            return 0
        size = 0
        for c in range(width):
            if view[r, c] != 0 and same_size(base, view[r, c]):
                members[size], factors[size] = c, unit_of(quotient(view[r, c], base))
                size += 1
        return size if size > 1 else 0
    if i == j:
        return 0
    one = assemble(1.0, 0.0, view[0, 0])
    members[0], members[1] = i, j
    factors[0], factors[1] = one, one
    if gene[CHOICE] == ONE:
        if gene[PATTERN] // 2 % 2:
            factors[1] = -one
        return 2
    votes, factors[1] = elect_shear(view, i, j, voting)
    return 2 if votes > 0 else 0


@compiled
def majority(view, r, members, factors, size):
    """Returns the first member whose weight most members of a row agree with, or -1."""
    winner, most = -1, 1
    for k in range(size):
        if view[r, members[k]] == 0:
            continue
        votes = 0
        p = quotient(view[r, members[k]], factors[k])
        for other in range(size):
            votes += is_same(p, quotient(view[r, members[other]], factors[other]))
        if votes > most:
            winner, most = k, votes
    return winner


@compiled
def take_sum(trial, view, r, members, factors, size, source, value, threshold):
    """Writes a row as it is when it takes a sum with the weight of a source."""
    for c in range(view.shape[1]):
        trial[r, c] = view[r, c]
    trial[r, value] = 0
    if source >= 0:
        weight = quotient(view[r, members[source]], factors[source])
        for other in range(size):
            entry = view[r, members[other]]
            if is_same(quotient(entry, factors[other]), weight):
                trial[r, members[other]] = 0
            else:
                trial[r, members[other]] = cleared(entry - weight * factors[other], threshold)
        trial[r, value] = weight


@compiled
def descend(
    view, members, factors, size, sources, threshold, multiplication, counting, trial_space
):
    """Chooses weights for rows without a majority where they make products fewer."""
    rows, width = view.shape
    if rows * width > MOST_DESCENT:
        return
    trial = trial_space[:rows, : width + 1]
    for r in range(rows):
        take_sum(trial, view, r, members, factors, size, sources[r], width, threshold)
    for sweep in range(SWEEPS):
        for r in range(rows):
            if sources[r] >= 0 and sweep == 0:
                continue
            is_free = majority(view, r, members, factors, size) < 0
            for other in range(size):
                is_free = is_free and view[r, members[other]] != 0
            if not is_free:
                continue
            best, cheapest = -1, -1
            for source in range(-1, size):
                take_sum(trial, view, r, members, factors, size, source, width, threshold)
                cost = count_products(trial, multiplication, counting)
                if cheapest < 0 or cost < cheapest:
                    best, cheapest = source, cost
            sources[r] = best
            take_sum(trial, view, r, members, factors, size, best, width, threshold)


@compiled
def share(view, members, factors, sources):
    """Gives rows without a majority the weight that others have taken, else could take."""
    rows = view.shape[0]
    for r in range(rows):
        if sources[r] >= 0 or view[r, members[0]] == 0 or view[r, members[1]] == 0:
            continue
        best, most_taken, most_wanted = -1, 0, 0
        for k in range(2):
            weight = quotient(view[r, members[k]], factors[k])
            taken, wanted = 0, 0
            for other in range(rows):
                if other == r:
                    continue
                for j in range(2):
                    entry = view[other, members[j]]
                    if entry != 0 and same_size(weight, quotient(entry, factors[j])):
                        wanted += 1
                        taken += sources[other] == j
            if taken > most_taken or (taken == most_taken and wanted > most_wanted):
                best, most_taken, most_wanted = k, taken, wanted
        sources[r] = best


@compiled
def move_sum_out(
    state, size, number, side, slot, threshold, tables, how, counting, trial, tape, sums, steps
):
    """Moves a sum whose members are known out of the remainder, whose last column is zero.

    Args:
        state: The remainder, transposed for the output side.
        how: Where rows without a majority get a weight: nowhere, by descent, or shared.

    Returns:
        (steps, price): the new length of the tape, and the operations of the sum; the
        length is the old one if there is no sum to make.
    """
    rows, value = state.shape[0], state.shape[1] - 1
    members, factors = sums.members[side, slot], sums.factors[side, slot]
    sources = sums.sources[side, slot]
    inner = state[:, :value]
    for r in range(rows):
        sources[r] = majority(inner, r, members, factors, size)
    if how == DESCENT:
        prices = tables.multiplication
        descend(inner, members, factors, size, sources, threshold, prices, counting, trial)
    elif how == SHARED:
        share(inner, members, factors, sources)
    used = 0
    for r in range(rows):
        used += sources[r] >= 0
    if used == 0:
        return steps, 0
    for r in range(rows):
        if sources[r] >= 0:
            take_sum(trial, inner, r, members, factors, size, sources[r], value, threshold)
            for c in range(value + 1):
                state[r, c] = trial[r, c]
    price = tables.addition * (size if side != 0 else size - 1)
    for k in range(size):
        price += tables.multiplication[constant_class(factors[k].real, factors[k].imag)]
    sums.size[side, slot] = size
    tape.block[steps], tape.side[steps], tape.gene[steps] = len(POINTS), side, number
    tape.a[steps], tape.b[steps], tape.parameter[steps] = value, slot, factors[0]
    return steps + 1, price


@compiled
def apply_sums(
    state, used, fed, gene, number, threshold, tables, voting, counting, trial, tape, sums, steps
):
    """Moves the sum of one gene out of the remainder, or one at every place of its pattern.

    Args:
        state: The whole array of the remainder; `used` of it rows and columns are in use.

    Returns:
        (steps, price): the new length of the tape, and the operations of the sums.
    """
    side = 1 if gene[SIDE] != 0 else 0
    base, rule = tables.base[side], np.int64(gene[PATTERN])
    is_single = gene[PRIMITIVE] == len(POINTS)
    first, last = np.int64(0), np.int64(1 if is_single else 0)
    if not is_single and tables.kind[rule] == LISTED:
        i, j = np.int64(gene[FIRST]) % base, np.int64(gene[SECOND]) % base
        first, last = tables.span[side, rule, i, j % tables.span.shape[3]]
    total = 0
    for place in range(first, last):
        slot = used[1 - side] - base
        if slot >= max(FEW_SUMS, base // 2):
            break
        rows, columns = used[0] + side, used[1] + 1 - side
        if side == 1:
            view = state[:rows, :columns].T
        else:
            view = state[:rows, :columns]
        view[:, view.shape[1] - 1] = 0
        members, factors = sums.members[side, slot], sums.factors[side, slot]
        how = SHARED
        if is_single:
            size = find_members(view[:, : view.shape[1] - 1], gene, voting, members, factors)
            if size == 0:
                break
            how = DESCENT if gene[PATTERN] % 2 else NOWHERE
        else:
            size = 2
            members[0], members[1] = tables.places[place, 0], tables.places[place, 1]
            one = assemble(1.0, 0.0, state[0, 0])
            factors[0], factors[1] = one, -one if gene[SECOND] % 2 else one
        before = steps
        steps, price = move_sum_out(
            view, size, number, side, slot, threshold, tables, how, counting, trial, tape, sums,
            steps,
        )
        total += price
        if steps > before:
            used[1 - side] += 1
            if side == 1:
                fed[used[0] - 1] = False
                for k in range(size):
                    fed[members[k]] = True
    return steps, total


@compiled
def count_distinct(real, imag, counting, multiplication):
    """Returns the operations of the products of one line of the remainder."""
    total = 0
    size = 0
    ballot_re, ballot_im = counting.real, counting.imag
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
def write_quarters(matrix, counting):
    """Writes every entry turned into the first quadrant."""
    for r in range(matrix.shape[0]):
        for c in range(matrix.shape[1]):
            value = matrix[r, c]
            if value == 0:
                counting.quarter_re[r, c], counting.quarter_im[r, c] = 0.0, 0.0
            else:
                counting.quarter_re[r, c], counting.quarter_im[r, c] = quadrant(value.real, value.imag)


@compiled
def count_products(matrix, multiplication, counting):
    """Returns the operations of a matrix's products, all by rows or all by columns."""
    write_quarters(matrix, counting)
    rows, columns = matrix.shape
    by_rows, by_columns = 0, 0
    for r in range(rows):
        by_rows += count_distinct(
            counting.quarter_re[r, :columns], counting.quarter_im[r, :columns], counting, multiplication
        )
    for c in range(columns):
        by_columns += count_distinct(
            counting.quarter_re[:rows, c], counting.quarter_im[:rows, c], counting, multiplication
        )
    return min(by_rows, by_columns)


@compiled
def label_components(remainder, counting):
    """Numbers the connected parts of the remainder's rows and columns; returns how many."""
    rows, columns = remainder.shape
    row_label, column_label, stack = counting.row_label, counting.column_label, counting.stack
    for r in range(rows):
        row_label[r] = -1
    for c in range(columns):
        column_label[c] = -1
    count = 0
    for start in range(rows):
        if row_label[start] >= 0:
            continue
        is_empty = True
        for c in range(columns):
            if remainder[start, c] != 0:
                is_empty = False
                break
        if is_empty:
            continue
        row_label[start] = count
        stack[0], size = start, 1
        while size > 0:
            size -= 1
            r = stack[size]
            for c in range(columns):
                if remainder[r, c] != 0 and column_label[c] < 0:
                    column_label[c] = count
                    for other in range(rows):
                        if row_label[other] < 0 and remainder[other, c] != 0:
                            row_label[other] = count
                            stack[size] = other
                            size += 1
        count += 1
    return count


@compiled
def write_fingerprints(remainder, count, counting):
    """Writes the fingerprint of every component, as `dsl.grammars.factor.equivalence` does."""
    rows, columns = remainder.shape
    entry, lines, totals = counting.entry, counting.lines, counting.totals
    for r in range(rows):
        lines[0, r] = lines[2, r] = 0.0
    for c in range(columns):
        lines[1, c] = lines[3, c] = 0.0
    for r in range(rows):
        for c in range(columns):
            re, im = abs(remainder[r, c].real), abs(remainder[r, c].imag)
            a, b = max(re, im), min(re, im)
            entry[r, c] = a * (1.3 + a + 0.7 * b) / (1.0 + 0.4 * a + 1.7 * b)
            lines[0, r] += entry[r, c]
            lines[1, c] += entry[r, c]
    for r in range(rows):
        lines[0, r] = np.sqrt(lines[0, r])
    for c in range(columns):
        lines[1, c] = np.sqrt(lines[1, c])
    for r in range(rows):
        for c in range(columns):
            lines[2, r] += entry[r, c] * lines[1, c]
            lines[3, c] += entry[r, c] * lines[0, r]
    for label in range(count):
        totals[0, label] = totals[4, label] = 0.0
    for r in range(rows):
        label = counting.row_label[r]
        if label >= 0:
            totals[0, label] += np.sqrt(lines[2, r])
            totals[4, label] += 1
    for c in range(columns):
        label = counting.column_label[c]
        if label >= 0:
            totals[0, label] += np.sqrt(lines[3, c])
            totals[4, label] -= 1
    for label in range(count):
        totals[0, label] *= 1.0 + TILT * totals[4, label]


@compiled
def known_cost(wanted, estimate, known):
    """Returns the operations known for a fingerprint, if they are fewer than the estimate."""
    low, high = 0, len(known[0])
    limit = wanted * (1.0 - NEAR)
    while low < high:
        middle = (low + high) // 2
        if known[0][middle] < limit:
            low = middle + 1
        else:
            high = middle
    while low < len(known[0]) and known[0][low] <= wanted * (1.0 + NEAR):
        estimate = min(estimate, known[1][low])
        low += 1
    return estimate


@compiled
def count_remainder(remainder, fed, known, tables, counting):
    """Returns the operations of the remainder, component by component."""
    rows, columns = remainder.shape
    write_quarters(remainder, counting)
    count = label_components(remainder, counting)
    totals = counting.totals
    for label in range(count):
        totals[1, label] = totals[2, label] = totals[3, label] = 0.0
    empty = 0
    for r in range(rows):
        label = counting.row_label[r]
        if label < 0:
            empty += fed[r]
            continue
        for c in range(columns):
            totals[1, label] += remainder[r, c] != 0
        totals[1, label] -= 1
        totals[2, label] += count_distinct(
            counting.quarter_re[r, :columns], counting.quarter_im[r, :columns], counting, tables.multiplication
        )
    for c in range(columns):
        label = counting.column_label[c]
        if label >= 0:
            totals[3, label] += count_distinct(
                counting.quarter_re[:rows, c], counting.quarter_im[:rows, c], counting, tables.multiplication
            )
    if len(known[0]) > 0:
        write_fingerprints(remainder, count, counting)
    operations = -tables.addition * empty
    for label in range(count):
        cost = tables.addition * int(totals[1, label])
        cost += int(min(totals[2, label], totals[3, label]))
        if len(known[0]) > 0:
            cost = known_cost(totals[0, label], cost, known)
        operations += cost
    return operations


@compiled
def rebuild_error(target, remainder, scratch, tape, steps, sums, out):
    """Returns the largest relative error of a row of steps and remainder, multiplied out."""
    for r in range(scratch.shape[0]):
        for c in range(scratch.shape[1]):
            is_inside = r < remainder.shape[0] and c < remainder.shape[1]
            scratch[r, c] = remainder[r, c] if is_inside else 0.0
    for step in range(steps - 1, -1, -1):
        view = scratch[::1, ::1]
        if tape.side[step] != 0:
            view = view.T
        a, b, parameter = tape.a[step], tape.b[step], tape.parameter[step]
        if tape.block[step] < len(POINTS):
            c, d = tape.c[step], tape.d[step]
            move_in(view, tape.block[step], a, b, c, d, parameter, out)
            continue
        members, factors = sums.members[tape.side[step], b], sums.factors[tape.side[step], b]
        for r in range(view.shape[0]):
            for k in range(sums.size[tape.side[step], b]):
                view[r, members[k]] += factors[k] * view[r, a]
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


def allocate(start: np.ndarray, depth: int) -> tuple:
    """Returns the arrays that a thread works in; the first state is the start, (m, n).

    Not compiled: every array that compiled code makes takes as long to compile as a function.
    """
    most = [max(FEW_SUMS, size // 2) for size in start.shape]
    rows, columns = (size + more for size, more in zip(start.shape, most, strict=True))
    width = max(rows, columns) + 1
    dtype = start.dtype
    states = np.zeros((depth, rows, columns), dtype)
    states[0, : start.shape[0], : start.shape[1]] = start

    def whole(*shape):
        return np.zeros(shape, np.int64)

    def entries(*shape):
        return np.zeros(shape, dtype)

    capacity, places = depth * width, width * width
    if HAS_TUPLES:
        places = max(places, MOST_PLACES)
    tape = Tape(
        *(whole(capacity) for _ in range(6)),
        entries(capacity),
        whole(capacity),
    )
    sums = Sums(
        whole(2, max(most), width),
        whole(2, max(most)),
        entries(2, max(most), width),
        whole(2, max(most), width),
    )
    # Room for a matrix of four points, and a row times it.
    voting = Voting(entries(20), entries(2 * MOST_BALLOTS), whole(2 * MOST_BALLOTS))
    chosen = Places(
        whole(1), whole(places), entries(places), *(whole(places) for _ in range(4))
    )
    counting = Counting(
        np.zeros(width),
        np.zeros(width),
        np.zeros((width, width)),
        np.zeros((width, width)),
        whole(width),
        whole(width),
        whole(width),
        np.zeros((width, width)),
        np.zeros((4, width)),
        np.zeros((5, width)),
    )
    return (
        states,
        np.zeros((depth, rows), np.bool_),
        whole(depth, 2),
        whole(depth),
        whole(depth),
        whole(depth),
        whole(depth),
        np.zeros(depth),
        tape,
        sums,
        voting,
        chosen,
        counting,
        entries(width, width),
        entries(rows, columns),
    )


@compiled
def copy_state(states, fed, used, d):
    """Makes the state after gene d the same as before it."""
    for r in range(used[d, 0]):
        fed[d + 1, r] = fed[d, r]
        for c in range(used[d, 1]):
            states[d + 1, r, c] = states[d, r, c]
    used[d + 1, 0], used[d + 1, 1] = used[d, 0], used[d, 1]


@cached(nogil=True, error_model="numpy")
def evaluate(genes, lengths, order, target, threshold, tables, known, reuse, memory, results):
    """Evaluates the genomes at the positions `order`, in that order.

    Args:
        genes, lengths: As in `dsl.genome.Genomes`.
        order: (k,) positions; neighbours should share prefixes.
        target: (m, n) float64 or complex128.
        threshold: Parts of entries below it are zero.
        tables: `Tables`.
        known: (fingerprints, operations) of known blocks, ascending.
        reuse: Keep states from one genome to the next.
        memory: From `allocate`; the first state is the target, rounding noise cleared.
        results: (operations, prefix, errors) arrays over the population, written here.

    Returns:
        (tape, sums, steps, remainder) of the last genome's best prefix, for decoding one.
    """
    base = target.shape
    states, fed, used, steps, spent, cheapest, prefix, errors, tape, sums = memory[:10]
    voting, chosen, counting, trial, scratch = memory[10:]
    used[0, 0], used[0, 1] = base
    remainder = states[0, : base[0], : base[1]]
    cheapest[0] = count_remainder(remainder, fed[0], known, tables, counting)
    errors[0] = rebuild_error(target, remainder, scratch, tape, 0, sums, voting.out)
    last = 0
    for index in range(len(order)):
        g = order[index]
        common = 0
        if reuse and index > 0:
            common = shared_prefix(genes, lengths, g, order[index - 1])
        for d in range(common, lengths[g]):
            gene = genes[g, d]
            copy_state(states, fed, used, d)
            if gene[PRIMITIVE] < len(POINTS):
                view = states[d + 1, : used[d, 0], : used[d, 1]]
                if gene[SIDE] != 0:
                    view = view.T
                steps[d + 1], price = apply_block(
                    view, gene, d, threshold, tables, voting, chosen, tape, steps[d]
                )
            else:
                steps[d + 1], price = apply_sums(
                    states[d + 1],
                    used[d + 1],
                    fed[d + 1],
                    gene,
                    d,
                    threshold,
                    tables,
                    voting,
                    counting,
                    trial,
                    tape,
                    sums,
                    steps[d],
                )
            spent[d + 1] = spent[d] + price
            cheapest[d + 1], prefix[d + 1] = cheapest[d], prefix[d]
            errors[d + 1] = errors[d]
            if steps[d + 1] == steps[d]:
                continue
            remainder = states[d + 1, : used[d + 1, 0], : used[d + 1, 1]]
            operations = spent[d + 1] + count_remainder(
                remainder, fed[d + 1], known, tables, counting
            )
            if operations < cheapest[d]:
                cheapest[d + 1], prefix[d + 1] = operations, d + 1
                errors[d + 1] = rebuild_error(
                    target, remainder, scratch, tape, steps[d + 1], sums, voting.out
                )
        last = lengths[g]
        results[0][g], results[1][g], results[2][g] = cheapest[last], prefix[last], errors[last]
    best = prefix[last]
    return tape, sums, steps[best], states[best, : used[best, 0], : used[best, 1]]
