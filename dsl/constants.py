"""Exact expressions for floating-point constants of structured matrices.

A constant is sought among rational multiples of square roots, cosines, tangents and their
products, and at last as a short rational combination of cosines. The expression is guessed
from a double, so every stage has far fewer candidates than its tolerance resolves. The
products of two cosines, the largest table, have some 5e5 multiples per unit of log(value)
at order 64: 1e-6 chance hits per random double. CHANCE bounds the combinations. In all,
two of 180000 random doubles were taken for exact numbers, over orders from 1 to 1000.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import flint
import numpy as np
import sympy

# Relative distance within which a double is the number of a table.
TOLERANCE = 1e-12
# The same for integer relations, where slack costs most: inputs are good to about 1e-13.
RELATION_TOLERANCE = 3e-13
# Expected number of chance relations as short as an accepted one; some 25 bases are tried.
CHANCE = 1e-6
# Largest numerator times denominator of a rational, 2e-6 chance hits; bounds all values.
HEIGHT = 2**20
# Largest q of the angles pi p/q: alone, and in products of two.
LONE_ANGLE, PRODUCT_ANGLE = 1024, 256
# Angle denominators that are tried whatever the order is.
COMMON_ANGLES = frozenset((*range(3, 17), 20, 24, 32))
# Angle denominators whose cosines are rationals or their square roots.
PLAIN_ANGLES = frozenset((1, 2, 3, 4, 6))
# Largest number of cosines in a combination: beyond it only trivial ones are safe.
MAX_DIMENSION = 16
# Rationals that may be added to a multiple of one root, cosine or tangent.
OFFSETS = tuple(sorted({Fraction(n, d) for d in (1, 2, 3, 4, 6) for n in range(-6, 7)} - {0}))
# Share of the value that an offset must leave: cancellation loses the other digits.
LEAST_REMAINDER = 0.02

_Fractions = tuple[Fraction, ...]


class _Atom(NamedTuple):
    """Is a power of a function (sqrt, or cos or tan of pi times) of a rational argument."""

    function: str
    argument: Fraction
    power: int = 1

    def value(self) -> float:
        angle = self.argument if self.function == "sqrt" else math.pi * self.argument
        return float(getattr(math, self.function)(angle) ** self.power)

    def expression(self) -> sympy.Expr:
        argument = _rational(self.argument)
        if self.function == "sqrt":
            return sympy.sqrt(argument)
        # SymPy would expand cos(pi/8) and the like into nested radicals.
        plain = self.argument.denominator in PLAIN_ANGLES
        return getattr(sympy, self.function)(sympy.pi * argument, evaluate=plain) ** self.power


_Atoms = tuple[_Atom, ...]
ONE, ZERO = _Atom("sqrt", Fraction(1)), Fraction(0)


class _Table:
    """Holds the products of two families of atoms in ascending order, and what to add."""

    def __init__(
        self, lefts: _Atoms, rights: _Atoms = (ONE,), offsets: _Fractions = (ZERO,)
    ) -> None:
        self.families, self.offsets = (lefts, rights), offsets
        values = ([atom.value() for atom in family] for family in self.families)
        sizes = ([_size(atom.argument) for atom in family] for family in self.families)
        products, costs = np.multiply.outer(*values).ravel(), np.add.outer(*sizes).ravel()
        self.places = np.argsort(products, kind="stable")
        self.values, self.costs = products[self.places], costs[self.places]

    def expression(self, index: int) -> sympy.Expr:
        lefts, rights = self.families
        left, right = divmod(int(self.places[index]), len(rights))
        return lefts[left].expression() * rights[right].expression()


def _rational(number: Fraction) -> sympy.Rational:
    return sympy.Rational(number.numerator, number.denominator)


def _size(number: Fraction) -> int:
    return abs(number.numerator) + number.denominator


def _divisors(number: int) -> list[int]:
    return [d for d in range(1, number + 1) if number % d == 0]


def _angles(function: str, order: int, largest: int, power: int = 1) -> _Atoms:
    denominators = {q for q in _divisors(4 * order) if q <= largest} | COMMON_ANGLES
    angles = sorted({Fraction(p, q) for q in denominators for p in range(1, (q + 1) // 2)})
    return tuple(_Atom(function, a, power) for a in angles if a.denominator not in PLAIN_ANGLES)


@lru_cache(maxsize=64)
def _tables(order: int) -> tuple[_Table, ...]:
    """Returns the tables of a transform's constants, the simplest first."""
    squarefree = set(range(2, max(100, min(2 * order, 1024)) + 1))
    squarefree -= {k * d * d for d in range(2, 33) for k in range(1, 1024 // (d * d) + 1)}
    # Every root of a rational a/b in lowest terms is a multiple of one of these.
    roots = tuple(_Atom("sqrt", Fraction(k, d * d)) for k in squarefree for d in _divisors(k))
    factors = tuple(_Atom("sqrt", Fraction(k)) for k in squarefree if 30 * order % k == 0)
    cosines, secants = (_angles("cos", order, LONE_ANGLE, power) for power in (1, -1))
    tangents = _angles("tan", order, LONE_ANGLE)
    lefts, inverses = (_angles("cos", order, PRODUCT_ANGLE, power) for power in (1, -1))
    return (
        *(_Table(atoms) for atoms in (roots, cosines, tangents, secants)),
        _Table(factors, cosines + tangents + secants),
        _Table(factors + cosines + tangents, offsets=OFFSETS),
        _Table(lefts, lefts + inverses),
    )


@lru_cache(maxsize=64)
def _scales(order: int) -> _Fractions:
    scales = {Fraction(p, q) for p in range(1, 25) for q in range(1, 13)}
    return tuple(sorted(scales | {Fraction(p, d * order) for p in range(1, 5) for d in (1, 2, 4)}))


def _lookup(value: float, table: _Table, scales: _Fractions) -> sympy.Expr | None:
    """Finds offset + scale * entry of a table, the one with the smallest numbers."""
    offsets = [o for o in table.offsets if abs(value - float(o)) >= LEAST_REMAINDER * value]
    remainders = value - np.array(offsets, dtype=float)[:, None]
    factors = np.sign(remainders) * np.array(scales, dtype=float)
    targets, slack = remainders / factors, TOLERANCE * value / abs(factors)
    low = np.searchsorted(table.values, targets - slack, "left")
    high = np.searchsorted(table.values, targets + slack, "right")
    candidates = (
        (_size(offsets[i]) + _size(scales[j]) + int(table.costs[k]), i, j, k)
        for i, j in np.argwhere(high > low).tolist()
        for k in range(low[i, j], high[i, j])
    )
    _, i, j, k = min(candidates, default=(0, -1, 0, 0))
    if i < 0:
        return None
    multiple = int(np.sign(remainders[i, 0])) * _rational(scales[j]) * table.expression(k)
    return multiple + _rational(offsets[i])


@lru_cache(maxsize=64)
def _bases(order: int) -> tuple[_Atoms, ...]:
    """Returns sets of cosines independent over Q, the smallest first.

    Those of 0 .. d-1 times pi/q span the real subfield of the 2q-th roots of unity, of
    degree d; for even q those of odd multiples span the half that contains the sines.
    """
    bases = []
    for q in {*_divisors(4 * order), *range(4, 17)}:
        degree = int(sympy.totient(2 * q)) // 2
        if degree <= 2 * MAX_DIMENSION:
            field = tuple(_Atom("cos", Fraction(k, q)) for k in range(degree))
            bases += [field, field[1::2]] if q % 2 == 0 else [field]
    kept = {basis for basis in bases if 2 <= len(basis) <= MAX_DIMENSION}
    return tuple(sorted(kept, key=lambda basis: (len(basis), basis)))


def _relation(value: float, basis: _Atoms) -> sympy.Expr | None:
    """Finds the value as a short rational combination of the basis by lattice reduction."""
    numbers = [value, *(atom.value() for atom in basis)]
    weighted = [round(number / (RELATION_TOLERANCE * value)) for number in numbers]
    identity = np.eye(len(numbers), dtype=int).tolist()
    rows = [[*row, number] for row, number in zip(identity, weighted, strict=True)]
    reduced = flint.fmpz_mat(rows).lll()
    found = [int(reduced[0, j]) for j in range(len(numbers))]
    slack = RELATION_TOLERANCE * value * abs(found[0]) + 4e-16 * math.hypot(*found)
    residual = abs(math.fsum(map(math.prod, zip(found, numbers, strict=True))))
    if found[0] == 0 or residual > slack or _chance(found, slack / math.hypot(*numbers)) > CHANCE:
        return None
    terms = zip(found[1:], basis, strict=True)
    return sympy.Add(*(sympy.Rational(-c, found[0]) * atom.expression() for c, atom in terms))


def _chance(coefficients: list[int], distance: float) -> float:
    """Estimates how many vectors no longer than this one lie as near to a random hyperplane."""
    half = (len(coefficients) - 1) / 2
    ball = math.pi**half / math.gamma(half + 1) * math.hypot(*coefficients) ** (2 * half)
    return float(ball * 2 * distance)


def _recognise_positive(value: float, order: int) -> sympy.Expr | None:
    # p * q = value * q**2 is within the height up to this denominator q.
    nearest = Fraction(value).limit_denominator(math.isqrt(int(HEIGHT / value)))
    if abs(float(nearest) - value) <= TOLERANCE * value:
        return _rational(nearest)
    tabled = (_lookup(value, table, _scales(order)) for table in _tables(order))
    related = (_relation(value, basis) for basis in _bases(order))
    found = (exact for stage in (tabled, related) for exact in stage if exact is not None)
    return next(found, None)


@lru_cache(maxsize=8192)
def recognise(value: float, order: int) -> sympy.Expr | None:
    """Recognises the exact real number that a double approximates.

    Args:
        value: A number correct to about 1e-13 of itself.
        order: The size of the transform it comes from; angles are sought among the multiples
            of pi/q for the divisors q of 4 * order and for small q.

    Returns:
        A short expression equal to the value within 1e-12 of itself, or None. None too for
        nonzero magnitudes outside 1e-6 .. 1e6.
    """
    if value == 0:
        return sympy.Integer(0)
    if not 1 / HEIGHT <= abs(value) <= HEIGHT:
        return None
    exact = _recognise_positive(abs(value), max(order, 1))
    return exact if exact is None or value > 0 else -exact


def recognise_complex(value: complex, order: int) -> sympy.Expr | None:
    """Recognises the real and imaginary part; a part lost in rounding counts as zero."""
    noise = TOLERANCE * max(abs(value.real), abs(value.imag))
    parts = (part if abs(part) > noise else 0.0 for part in (value.real, value.imag))
    real, imaginary = (recognise(part, order) for part in parts)
    return None if real is None or imaginary is None else real + sympy.I * imaginary


def exact_value(expression: sympy.Expr) -> complex:
    """Evaluates to 50 digits and rounds each part to the nearest double."""
    real, imaginary = expression.evalf(50).as_real_imag()
    return complex(float(real), float(imaginary))
