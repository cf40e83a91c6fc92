"""The compiled evaluator of the `expression` grammar: a part of a population per call.

Samples are worked off in blocks that stay in the cache: all genes of a genome on one block,
then the next block. Of the terms only the sums that least squares needs are kept.

The region between the two marker lines is generated from the declarations of the scalar
primitives by `python -m fitness.generate` and checked by a test. Everything is in one
file because Numba's on-disk cache watches the file of the compiled function only.
"""

# mypy: ignore-errors

from __future__ import annotations

import math

import numpy as np
from numba import njit, types
from numba.extending import intrinsic

from fitness.kernel_cache import cached

# A column whose part that earlier columns do not explain has less than this share of its
# squares is left out; so is one that varies less than this in relation to its mean.
DEPENDENT, FLAT = 1e-11, 1e-11
# Below this error, sums of products have too few digits left for what remains: the residual
# is computed sample by sample, and the weights are corrected by what it says.
CLOSE = 1e-3

# 'contract' may join a product and a sum. Nothing else may change: the checks for infinity
# are sums that algebra would drop.
compiled = njit(error_model="numpy", fastmath={"contract"})
# Sums may be taken in any order, the same one for all: several at a time.
reduced = njit(error_model="numpy", fastmath={"contract", "reassoc"})


@intrinsic
def bits_of(typing, x):
    """Returns the 64 bits of a float64 as an integer."""

    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))

    return types.int64(types.float64), build


@intrinsic
def from_bits(typing, n):
    """Returns the float64 of these 64 bits."""

    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(signature.return_type))

    return types.float64(types.int64), build


@intrinsic
def place(typing, array, i, j):
    """Returns the pointer to an element of a (rows, columns) array of float64.

    Views would count references, which takes longer than to work on 64 samples.
    """

    def build(context, builder, signature, arguments):
        kind = signature.args[0]
        view = context.make_array(kind)(context, builder, arguments[0])
        columns = builder.extract_value(view.shape, 1)
        offset = builder.add(builder.mul(arguments[1], columns), arguments[2])
        return builder.gep(view.data, [offset])

    return types.CPointer(types.float64)(array, types.int64, types.int64), build


# Adding this rounds to a whole number, which then lies in the lowest bits.
ROUNDING = 1.5 * 2.0**52
ROUNDING_BITS = np.int64(0x4338000000000000)
# pi / 2 in three parts: products of the first two with the counts of quarter turns are exact.
QUARTER_1, QUARTER_2, QUARTER_3 = 1.5707963267923333, 2.5633441515839558e-12, 1.0562999066987428e-23
FAR = 1e5  # beyond, the counts get too long
LN2_1, LN2_2 = 0.6931471805592082, 7.371002565167799e-13
SQRT_HALF_BITS = np.int64(0x3FE6A09E667F3BCD)


@compiled
def turned(x, quarters):
    """Returns the sine of x and a number of quarter turns, 0 or 1; nan where |x| > FAR.

    Within 1.6e-16, and never above 1. Polynomials as in fdlibm; both are computed, so that
    there is no branch.
    """
    t = x * (2.0 / math.pi) + ROUNDING
    k = t - ROUNDING
    r = ((x - k * QUARTER_1) - k * QUARTER_2) - k * QUARTER_3
    r = r if abs(x) <= FAR else np.nan
    z = r * r
    p = 1.58969099521155010221e-10
    p = p * z - 2.50507602534068634195e-08
    p = p * z + 2.75573137070700676789e-06
    p = p * z - 1.98412698298579493134e-04
    p = p * z + 8.33333333332248946124e-03
    p = p * z - 1.66666666666666324348e-01
    s = (r * z) * p + r
    p = -1.13596475577881948265e-11
    p = p * z + 2.08757232129817482790e-09
    p = p * z - 2.75573143513906633035e-07
    p = p * z + 2.48015872894767294178e-05
    p = p * z - 1.38888888888741095749e-03
    p = p * z + 4.16666666666666019037e-02
    c = 1.0 - (0.5 * z - (z * z) * p)
    turns = bits_of(t) + quarters
    return from_bits(bits_of(c if turns & 1 else s) ^ ((turns & 2) << 62))


@compiled
def sine(x):
    """Returns sin(x); nan where |x| > FAR."""
    return turned(x, 0)


@compiled
def cosine(x):
    """Returns cos(x); nan where |x| > FAR."""
    return turned(x, 1)


@compiled
def exponential(x):
    """Returns exp(x), within 1 unit in the last place."""
    x = 710.0 if x > 710.0 else x
    x = -750.0 if x < -750.0 else x
    t = x * 1.4426950408889634 + ROUNDING
    k = t - ROUNDING
    r = (x - k * LN2_1) - k * LN2_2
    p = 2.510038549551032e-08
    p = p * r + 2.7620088445409746e-07
    p = p * r + 2.7557268459997064e-06
    p = p * r + 2.4801521295954376e-05
    p = p * r + 0.00019841269863053618
    p = p * r + 0.0013888888917213717
    p = p * r + 0.008333333333330062
    p = p * r + 0.04166666666662413
    p = p * r + 0.16666666666666669
    p = p * r + 0.5000000000000001
    p = (r * r) * p + r
    # 2 to the power of k in two factors, each of which is a normal number.
    power = bits_of(t) - ROUNDING_BITS
    half = power >> 1
    one = from_bits((half + 1023) << 52)
    two = from_bits((power - half + 1023) << 52)
    return ((p + 1.0) * one) * two


@compiled
def logarithm(x):
    """Returns log(x), within 1 unit in the last place; not finite where x <= 0."""
    is_tiny = x < 2.2250738585072014e-308
    b = bits_of(x * 2.0**54 if is_tiny else x)
    power = (b - SQRT_HALF_BITS) >> 52
    f = from_bits(b - (power << 52)) - 1.0
    k = from_bits(power + ROUNDING_BITS) - (ROUNDING + 54.0 if is_tiny else ROUNDING)
    s = f / (2.0 + f)
    z = s * s
    p = 1.479819860511658591e-01
    p = p * z + 1.531383769920937332e-01
    p = p * z + 1.818357216161805012e-01
    p = p * z + 2.222219843214978396e-01
    p = p * z + 2.857142874366239149e-01
    p = p * z + 3.999999999940941908e-01
    p = p * z + 6.666666666666735130e-01
    h = 0.5 * f * f
    value = k * LN2_1 - ((h - (s * (h + z * p) + k * LN2_2)) - f)
    value = value if x > 0.0 else np.nan
    return value if x < np.inf else x


# --- generated: begin


SCALARS = (
    'abs',
    'add',
    'cos',
    'divide',
    'exp',
    'floor',
    'log',
    'max',
    'min',
    'mod',
    'multiply',
    'negate',
    'sin',
    'sqrt',
    'step',
    'subtract',
)


@compiled
def apply(primitive, size, out, first, second, has_second, c0, c1):
    is_plain = c0 == 1.0 and c1 == 0.0
    if primitive == 0:  # abs
        if is_plain:
            for k in range(size):
                a = first[k]
                out[k] = np.abs(a)
        else:
            for k in range(size):
                a = c0 * first[k] + c1
                out[k] = np.abs(a)
        return
    if primitive == 1:  # add
        if has_second:
            for k in range(size):
                a = first[k]
                b = second[k]
                out[k] = a + b
        else:
            for k in range(size):
                a = first[k]
                b = c0
                out[k] = a + b
        return
    if primitive == 2:  # cos
        missing = 0
        if is_plain:
            for k in range(size):
                a = first[k]
                value = cosine(a)
                missing += value != value
                out[k] = value
        else:
            for k in range(size):
                a = c0 * first[k] + c1
                value = cosine(a)
                missing += value != value
                out[k] = value
        if missing:
            for k in range(size):
                if out[k] != out[k]:
                    a = c0 * first[k] + c1
                    out[k] = math.cos(a)
        return
    if primitive == 3:  # divide
        if has_second:
            for k in range(size):
                a = first[k]
                a = a + (a - a)
                b = second[k]
                b = b + (b - b)
                out[k] = a / b
        else:
            for k in range(size):
                a = first[k]
                a = a + (a - a)
                b = c0
                b = b + (b - b)
                out[k] = a / b
        return
    if primitive == 4:  # exp
        if is_plain:
            for k in range(size):
                a = first[k]
                a = a + (a - a)
                out[k] = exponential(a)
        else:
            for k in range(size):
                a = c0 * first[k] + c1
                a = a + (a - a)
                out[k] = exponential(a)
        return
    if primitive == 5:  # floor
        if is_plain:
            for k in range(size):
                a = first[k]
                out[k] = np.floor(a)
        else:
            for k in range(size):
                a = c0 * first[k] + c1
                out[k] = np.floor(a)
        return
    if primitive == 6:  # log
        if is_plain:
            for k in range(size):
                a = first[k]
                out[k] = logarithm(a)
        else:
            for k in range(size):
                a = c0 * first[k] + c1
                out[k] = logarithm(a)
        return
    if primitive == 7:  # max
        if has_second:
            for k in range(size):
                a = first[k]
                a = a + (a - a)
                b = second[k]
                b = b + (b - b)
                out[k] = (a if a > b or a != a else b)
        else:
            for k in range(size):
                a = first[k]
                a = a + (a - a)
                b = c0
                b = b + (b - b)
                out[k] = (a if a > b or a != a else b)
        return
    if primitive == 8:  # min
        if has_second:
            for k in range(size):
                a = first[k]
                a = a + (a - a)
                b = second[k]
                b = b + (b - b)
                out[k] = (a if a < b or a != a else b)
        else:
            for k in range(size):
                a = first[k]
                a = a + (a - a)
                b = c0
                b = b + (b - b)
                out[k] = (a if a < b or a != a else b)
        return
    if primitive == 9:  # mod
        if has_second:
            for k in range(size):
                a = first[k]
                b = second[k]
                out[k] = (a - b * np.floor(a / b))
        else:
            for k in range(size):
                a = first[k]
                b = c0
                out[k] = (a - b * np.floor(a / b))
        return
    if primitive == 10:  # multiply
        if has_second:
            for k in range(size):
                a = first[k]
                b = second[k]
                out[k] = a * b
        else:
            for k in range(size):
                a = first[k]
                b = c0
                out[k] = a * b
        return
    if primitive == 11:  # negate
        if is_plain:
            for k in range(size):
                a = first[k]
                out[k] = -a
        else:
            for k in range(size):
                a = c0 * first[k] + c1
                out[k] = -a
        return
    if primitive == 12:  # sin
        missing = 0
        if is_plain:
            for k in range(size):
                a = first[k]
                value = sine(a)
                missing += value != value
                out[k] = value
        else:
            for k in range(size):
                a = c0 * first[k] + c1
                value = sine(a)
                missing += value != value
                out[k] = value
        if missing:
            for k in range(size):
                if out[k] != out[k]:
                    a = c0 * first[k] + c1
                    out[k] = math.sin(a)
        return
    if primitive == 13:  # sqrt
        if is_plain:
            for k in range(size):
                a = first[k]
                out[k] = np.sqrt(a)
        else:
            for k in range(size):
                a = c0 * first[k] + c1
                out[k] = np.sqrt(a)
        return
    if primitive == 14:  # step
        if is_plain:
            for k in range(size):
                a = first[k]
                a = a + (a - a)
                out[k] = (1.0 if a > 0.0 else 0.0 * a if a != a else 0.0)
        else:
            for k in range(size):
                a = c0 * first[k] + c1
                a = a + (a - a)
                out[k] = (1.0 if a > 0.0 else 0.0 * a if a != a else 0.0)
        return
    if primitive == 15:  # subtract
        if has_second:
            for k in range(size):
                a = first[k]
                b = second[k]
                out[k] = a - b
        else:
            for k in range(size):
                a = first[k]
                b = c0
                out[k] = a - b
        return
    if primitive == 16:
        for k in range(size):
            out[k] = first[k]
    else:
        for k in range(size):
            out[k] = c0


# --- generated: end


@reduced
def total_of(column):
    """Returns the sum of a column."""
    total = 0.0
    for k in range(len(column)):
        total += column[k]
    return total


@reduced
def shift(column, by):
    """Takes a number off a column; returns the sum of what is left."""
    total = 0.0
    for k in range(len(column)):
        value = column[k] - by
        column[k] = value
        total += value
    return total


@reduced
def product(a, b):
    """Returns the inner product of two columns."""
    total = 0.0
    for k in range(len(a)):
        total += a[k] * b[k]
    return total


@reduced
def squared_distance(a, b):
    """Returns the sum of the squared differences of two columns."""
    total = 0.0
    for k in range(len(a)):
        total += (a[k] - b[k]) * (a[k] - b[k])
    return total


@compiled
def remove(residual, column, mean, weight):
    """Takes the mean off a column and the column, by its weight, off the residual."""
    for k in range(len(residual)):
        value = column[k] - mean
        column[k] = value
        residual[k] -= weight * value


@compiled
def decompose(gram, sums, shifts, scales, terms, rows):
    """Decomposes the covariance of the terms into triangles.

    Args:
        gram: (> terms, > terms) products of the columns, y last; of the lower triangle the
            last row becomes the covariances with y, the others the decomposition.
        sums: (> terms,) sums of the columns.
        shifts: (terms,) what was taken off them.
        scales: (terms,) filled: factors of the columns that make their variance 1; 0 leaves
            a column out.
        terms: Number of terms.
        rows: Number of samples.
    """
    for i in range(terms + 1):
        for j in range(i + 1):
            gram[i, j] -= sums[i] * (sums[j] / rows)
    for i in range(terms):
        spread = math.sqrt(max(gram[i, i], 0.0))
        scales[i] = 1.0 / spread if spread > FLAT * abs(shifts[i]) * math.sqrt(rows) else 0.0
        if scales[i] == 0.0:
            continue
        pivot = 1.0
        for j in range(i):
            if scales[j] == 0.0:
                continue
            value = gram[i, j] * scales[i] * scales[j]
            for k in range(j):
                if scales[k] != 0.0:
                    value -= gram[i, k] * gram[j, k]
            value /= gram[j, j]
            gram[i, j] = value
            pivot -= value * value
        if pivot < DEPENDENT:
            scales[i] = 0.0
        gram[i, i] = math.sqrt(max(pivot, 0.0))


@compiled
def solve(gram, scales, terms, covariances, weights):
    """Solves for the weights (terms,) of what has these covariances with the terms.

    Returns:
        The sum of squares that these weights explain.
    """
    explained = 0.0
    for i in range(terms):
        if scales[i] == 0.0:
            continue
        value = covariances[i] * scales[i]
        for k in range(i):
            if scales[k] != 0.0:
                value -= gram[i, k] * weights[k]
        weights[i] = value / gram[i, i]
        explained += weights[i] * weights[i]
    for i in range(terms - 1, -1, -1):
        if scales[i] == 0.0:
            continue
        for k in range(i + 1, terms):
            if scales[k] != 0.0:
                weights[i] -= gram[k, i] * weights[k]
        weights[i] /= gram[i, i]
    for i in range(terms):
        weights[i] = weights[i] * scales[i] if scales[i] != 0.0 else 0.0
    return explained


@cached(error_model="numpy", fastmath={"contract"}, nogil=True)
def evaluate(
    primitives,
    left,
    right,
    constants,
    is_term,
    is_live,
    span,
    is_fitted,
    x,
    y,
    values,
    gram,
    scratch,
    order,
    errors,
    weights,
):
    """Evaluates the genomes from span[0] to span[1], with a fit of weights or without.

    Args:
        primitives: (population, capacity) int16, and so on as in `Tapes`.
        left: (population, capacity) int16.
        right: (population, capacity) int16.
        constants: (population, capacity, 2) float64.
        is_term: (population, capacity) bool.
        is_live: (population, capacity) bool.
        span: (2,) int64 first and last genome.
        is_fitted: (1,) bool: solve for weights. Otherwise the last live value stands for y.
        x: (inputs, padded) float64; samples from len(y) on repeat one of the others.
        y: (rows,) float64; for a fit of mean 0 and variance 1, or 0.
        values: (capacity + 1, block) float64 scratch; without a fit, it is left with the
            values of the last block.
        gram: (capacity + 1, capacity + 1) float64 scratch.
        scratch: (6, capacity + 1) float64 scratch.
        order: (2, capacity) int64 scratch.
        errors: (population,) float64 filled: root mean squares; inf if a value is not finite.
        weights: (population, capacity + 1) float64 filled.
    """
    capacity, inputs, rows = primitives.shape[1], x.shape[0], len(y)
    padded, width = x.shape[1], values.shape[1]
    sums, shifts, scales = scratch[0], scratch[1], scratch[2]
    covariances, solved, corrections = scratch[3], scratch[4], scratch[5]
    live, columns = order[0], order[1]
    for genome in range(span[0], span[1]):
        steps, terms = 0, 0
        for slot in range(capacity):
            if is_live[genome, slot]:
                live[steps] = slot
                steps += 1
            if is_term[genome, slot]:
                columns[terms] = slot
                terms += 1
        weights[genome, :] = 0.0
        error = 0.0 if is_fitted[0] or steps else np.inf
        for i in range(terms + 1):
            sums[i] = 0.0
            gram[i, : i + 1] = 0.0
        # In the first turn the weights are found, in the second one corrected, and in the third
        # it is measured what that was worth: of columns that nearly depend on each other
        # neither sums of products nor corrections can be believed.
        before = 0.0
        for turn in range(3):
            total = 0.0
            for start in range(0, padded, width):
                size = min(width, padded - start)
                for step in range(steps):
                    slot = live[step]
                    one, two = left[genome, slot], right[genome, slot]
                    c0, c1 = constants[genome, slot, 0], constants[genome, slot, 1]
                    out = place(values, slot, 0)
                    first = place(x, one, start) if one < inputs else place(values, one - inputs, 0)
                    # What is not there is never read; the address of something is needed.
                    second = place(x, max(two, 0), start)
                    if two >= inputs:
                        second = place(values, two - inputs, 0)
                    apply(primitives[genome, slot], size, out, first, second, two >= 0, c0, c1)
                size = min(width, rows - start)
                here = y[start : start + size]
                if not is_fitted[0]:
                    if steps:
                        total += squared_distance(values[live[steps - 1], :size], here)
                elif turn == 0:
                    for i in range(terms):
                        column = values[columns[i], :size]
                        if start == 0:
                            # Numbers near zero lose fewer digits in products.
                            shifts[i] = total_of(column) / size
                        sums[i] += shift(column, shifts[i])
                        for j in range(i + 1):
                            gram[i, j] += product(column, values[columns[j], :size])
                        gram[terms, i] += product(column, here)
                        total += gram[i, i]
                    sums[terms] += total_of(here)
                    gram[terms, terms] += product(here, here)
                    if not total < np.inf:
                        break
                else:
                    residual = values[capacity, :size]
                    for k in range(size):
                        residual[k] = here[k] - sums[terms] / rows
                    for i in range(terms):
                        if scales[i] != 0.0:
                            mean = shifts[i] + sums[i] / rows
                            remove(residual, values[columns[i], :size], mean, solved[i])
                    for i in range(terms):
                        if scales[i] != 0.0:
                            covariances[i] += product(values[columns[i], :size], residual)
                    total += product(residual, residual)
            if not total < np.inf and turn < 2:
                error = np.inf
                break
            if not is_fitted[0]:
                error = max(error, math.sqrt(total / rows))
                break
            if turn == 0:
                decompose(gram, sums, shifts, scales, terms, rows)
                total = gram[terms, terms]
                explained = solve(gram, scales, terms, gram[terms], solved)
                error = math.sqrt(max(total - explained, 0.0) / rows)
                if total == 0.0 or error >= CLOSE:
                    break
                covariances[:terms] = 0.0
            elif turn == 1:
                before = total
                solve(gram, scales, terms, covariances, corrections)
                for i in range(terms):
                    solved[i] += corrections[i]
            else:
                if not total <= before:
                    for i in range(terms):
                        solved[i] -= corrections[i]
                error = math.sqrt(min(total, before) / rows)
        errors[genome] = error
        if is_fitted[0] and error < np.inf:
            intercept = sums[terms] / rows
            for i in range(terms):
                weights[genome, columns[i] + 1] = solved[i]
                if scales[i] != 0.0:
                    intercept -= solved[i] * (shifts[i] + sums[i] / rows)
            weights[genome, 0] = intercept
