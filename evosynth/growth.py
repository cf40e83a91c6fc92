"""How operations grow with the size: a formula found from counts, not assumed.

At the sizes n = p^k the counts of an algorithm that calls itself satisfy a linear
recurrence in k. It is found and checked in rational numbers; its characteristic roots r are
the terms r^k of the formula: p is n, 1 a constant, p^2 is n^2, -1 changes its sign with every
size; a root that is there m times has factors 1, lg n, ... up to the power m - 1.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.float64]
Kinds: TypeAlias = Sequence[tuple[float, int]]
# Counts that a formula must get right and that it was not made from.
CHECKS = 2
# Sizes from the smallest that need not obey, and the most terms.
MOST_EXCEPTIONS, MOST_TERMS = 4, 5
# A term that grows faster than n^1.02 is more than n lg n; so is one with (lg n)^2.
LINEAR = 1.02
# Exponents of n and of lg n in formulas that are fitted, the leading term first.
QUASILINEAR, SQUARE = ((1.0, 1), (1.0, 0)), ((2.0, 0), (1.0, 0))


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a formula: a coefficient times root^k k^power, where n is radix^k.

    Attributes:
        coefficient: Exact; rounded where the formula is an estimate.
        root: Characteristic root, not 0; a whole number where the formula is exact.
        power: Of the logarithm of n.
    """

    coefficient: Fraction
    root: float
    power: int


@dataclass(frozen=True)
class Growth:
    """Operations as a function of the size.

    Attributes:
        radix: The base of the logarithm in all terms.
        terms: In falling order.
        start: The smallest size that the formula holds for.
        end: The largest size that it was checked at.
        is_exact: It is equal to all counts from start to end; otherwise near to them.
        is_above: It is known to grow faster than n lg n, whatever a fit says.
    """

    radix: int
    terms: tuple[Term, ...]
    start: int
    end: int
    is_exact: bool
    is_above: bool = False

    @cached_property
    def exponent(self) -> float:
        """The power of n in the fastest term, logarithms aside."""
        roots = [abs(term.root) for term in self.terms if term.coefficient]
        return max((math.log(root, self.radix) for root in roots), default=0.0)

    @property
    def is_quasilinear(self) -> bool:
        """Tells whether operations grow as n lg n or slower."""
        if self.is_above or self.exponent > LINEAR:
            return False
        is_linear = [t for t in self.terms if abs(t.root) == self.radix and t.coefficient]
        return all(term.power <= 1 for term in is_linear)

    def operations(self, n: int) -> float:
        """Returns the formula's value at a size."""
        k = round(math.log(n, self.radix)) if self.is_exact else math.log(n, self.radix)
        terms = (float(t.coefficient) * float(t.root) ** k * k**t.power for t in self.terms)
        return float(sum(terms))

    @property
    def text(self) -> str:
        """The formula for people, such as `4 n lg n - 6 n + 8`."""
        shown = [term for term in self.terms if term.coefficient]
        parts = [self._term(term) for term in shown] or ["0"]
        formula = parts[0] + "".join(
            f" - {part[1:]}" if part.startswith("-") else f" + {part}" for part in parts[1:]
        )
        return formula if self.is_exact else f"about {formula}"

    def _term(self, term: Term) -> str:
        logarithm = "lg n" if self.radix == 2 else f"log{self.radix} n"
        number = str(term.coefficient) if self.is_exact else f"{float(term.coefficient):.3g}"
        factors = [*_power_of_n(term.root, self.radix, logarithm)]
        if term.power:
            factors.append(logarithm if term.power == 1 else f"({logarithm})^{term.power}")
        if factors and number in ("1", "-1"):
            return number[:-1] + " ".join(factors)
        return " ".join([number, *factors])


def _power_of_n(root: float, radix: int, logarithm: str) -> list[str]:
    """Returns root^k as factors, k the logarithm of n."""
    sign = [f"(-1)^({logarithm})"] if root < 0 else []
    size = abs(root)
    if size == 1:
        return sign
    exponent = round(math.log(size, radix))
    if radix**exponent == size:
        return ["n" if exponent == 1 else f"n^{exponent}", *sign]
    if size != int(size):
        return [f"n^{math.log(size, radix):.3g}", *sign]
    return [f"n^({logarithm.replace(' n', f' {size}')})", *sign]


def growth_of(counts: Mapping[int, int], is_quasilinear: bool | None = None) -> Growth | None:
    """Returns how counts grow; None if there are too few to tell.

    Args:
        counts: Operations by size.
        is_quasilinear: Whether they are known to grow as n lg n or slower, which an estimate
            then agrees with; None to judge by the counts.
    """
    for radix in (2, 3, 5, 7):
        powers = _powers(radix, counts)
        if len(powers) >= CHECKS + 2 and len(powers) == sum(1 for n in counts if n >= 1):
            found = _exact(radix, powers, [counts[n] for n in powers])
            if found is not None:
                return found
    return _estimate(counts, is_quasilinear)


def _powers(radix: int, counts: Mapping[int, int]) -> list[int]:
    """Returns the sizes that are consecutive powers of a radix, from the smallest such."""
    powers = sorted(n for n in counts if n >= 1 and radix ** round(math.log(n, radix)) == n)
    is_consecutive = all(b == radix * a for a, b in itertools.pairwise(powers))
    return powers if is_consecutive else []


def _exact(radix: int, sizes: Sequence[int], counts: Sequence[int]) -> Growth | None:
    """Returns the simplest formula that is equal to all counts but the first few."""
    values = [Fraction(count) for count in counts]
    for start in range(MOST_EXCEPTIONS + 1):
        for order in range(1, MOST_TERMS + 1):
            tail = values[start:]
            if len(tail) < 2 * order + CHECKS:
                break
            first = round(math.log(sizes[start], radix))
            terms = _terms(radix, first, tail, order)
            if terms is not None:
                return Growth(radix, terms, sizes[start], sizes[-1], is_exact=True)
    return None


def _terms(
    radix: int, first: int, values: Sequence[Fraction], order: int
) -> tuple[Term, ...] | None:
    """Returns the terms if the values, from k = first on, obey a recurrence of an order."""
    rows = [list(values[k : k + order]) for k in range(order)]
    weights = _solved(rows, list(values[order : 2 * order]))
    if weights is None:
        return None
    for k in range(len(values) - order):
        if (
            sum((w * x for w, x in zip(weights, values[k:], strict=False)), Fraction())
            != (values[k + order])
        ):
            return None
    roots = _whole_roots([-w for w in weights] + [Fraction(1)], radix)
    if roots is None:
        return None
    kinds = [(root, power) for root, times in roots.items() for power in range(times)]
    matrix = [
        [Fraction(root) ** k * k**power for root, power in kinds]
        for k in range(first, first + order)
    ]
    coefficients = _solved(matrix, list(values[:order]))
    if coefficients is None:
        return None
    terms = [Term(c, *kind) for c, kind in zip(coefficients, kinds, strict=True) if c]
    return tuple(sorted(terms, key=lambda t: (-abs(t.root), -t.power, t.root < 0)))


def _whole_roots(polynomial: list[Fraction], radix: int) -> dict[int, int] | None:
    """Returns the roots with their multiplicities if all are whole and none is 0."""
    found: dict[int, int] = {}
    for size in range(1, radix**3 + 1):
        for root in (size, -size):
            while len(polynomial) > 1:
                quotient, rest = _divided(polynomial, root)
                if rest:
                    break
                found[root] = found.get(root, 0) + 1
                polynomial = quotient
    return found if len(polynomial) == 1 else None


def _divided(polynomial: list[Fraction], root: int) -> tuple[list[Fraction], Fraction]:
    """Divides a polynomial, lowest power first, by x - root: quotient and remainder."""
    quotient, carry = [], Fraction()
    for coefficient in reversed(polynomial):
        carry = coefficient + root * carry
        quotient.append(carry)
    rest = quotient.pop()
    return quotient[::-1], rest


def _solved(matrix: list[list[Fraction]], values: list[Fraction]) -> list[Fraction] | None:
    """Solves linear equations; None if they have no single solution."""
    rows = [[*row, value] for row, value in zip(matrix, values, strict=True)]
    size = len(rows)
    for k in range(size):
        pivot = next((r for r in range(k, size) if rows[r][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [x / rows[k][k] for x in rows[k]]
        for r in range(size):
            if r != k and rows[r][k]:
                rows[r] = [x - rows[r][k] * y for x, y in zip(rows[r], rows[k], strict=True)]
    return [row[-1] for row in rows]


def _estimate(counts: Mapping[int, int], is_quasilinear: bool | None) -> Growth | None:
    """Returns a n lg n + b n, a n^2 + b n or a n^b, whichever is nearest in least squares."""
    sizes = sorted(n for n in counts if n >= 8)
    if len(sizes) < CHECKS + 2:
        return None
    n = np.array(sizes, np.float64)
    wanted = np.array([counts[size] for size in sizes], np.float64)
    if is_quasilinear is None:
        is_quasilinear = not wanted.all() or _is_quasilinear(n, wanted)
    kinds = [QUASILINEAR] if is_quasilinear else [SQUARE, ((_slope(n, wanted), 0),)]
    fits = [_fit(n, wanted, kind) for kind in kinds]
    _, terms = min(fits, key=lambda pair: pair[0])
    return Growth(2, terms, sizes[0], sizes[-1], is_exact=False, is_above=not is_quasilinear)


def _fit(n: Numbers, wanted: Numbers, kinds: Kinds) -> tuple[float, tuple[Term, ...]]:
    """Returns the relative error and the terms: powers of n and of lg n."""
    lines = [n**exponent * np.log2(n) ** power for exponent, power in kinds]
    # Of a count of nothing no share can be missed.
    table = np.stack(lines, axis=1) / np.maximum(wanted, 1.0)[:, None]
    aim = (wanted > 0).astype(np.float64)
    solved = np.linalg.lstsq(table, aim, rcond=None)[0]
    terms = tuple(
        Term(Fraction(c), 2.0**exponent, power)
        for c, (exponent, power) in zip(solved.tolist(), kinds, strict=True)
    )
    return float(np.sum((table @ solved - aim) ** 2)), terms


def _is_quasilinear(n: Numbers, counts: Numbers) -> bool:
    """Tells whether counts over n lg n stop growing and are nearer to it than to a power."""
    power = _slope(n, counts)
    if power > LINEAR and _fit(n, counts, ((power, 0),))[0] < _fit(n, counts, QUASILINEAR)[0]:
        return False
    shares = counts / (n * np.log2(n))
    half = len(n) // 2
    lower, upper = _slope(n[: half + 1], shares[: half + 1]), _slope(n[half:], shares[half:])
    return upper <= LINEAR - 1 and upper <= max(lower, 0.0) + LINEAR - 1


def _slope(n: Numbers, counts: Numbers) -> float:
    """Returns the exponent of n in the upper half of the sizes."""
    half = len(n) // 2 if len(n) > CHECKS + 2 else 0
    x, y = np.log(n[half:]), np.log(np.maximum(counts[half:], 1e-300))
    return float(np.polyfit(x, y, 1)[0])
