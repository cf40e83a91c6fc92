"""What size-generic programs compute: transforms of every size, in any field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.errors import UsageError
from dsl.registry import brief
from dsl.straightline import Domain
from dsl.targets import TARGETS
from dsl.targets.exact_matrix import ExactMatrix, exact_if_whole
from dsl.vectors.fields import DOUBLES, RESIDUES, Field, Numbers


@dataclass(frozen=True, slots=True)
class Family:
    """A transform of every size.

    Attributes:
        name: What the command line calls it.
        title: What people call it, for a size n.
        convention: Sign, scale and order, in one line.
        domain: The kind of its data.
        inputs: The length of each input vector over n, the length of the result.
        is_linear: It is a matrix; otherwise linear in each of its inputs.
    """

    name: str
    title: str
    convention: str
    domain: Domain
    inputs: tuple[Fraction, ...] = (Fraction(1),)
    is_linear: bool = True

    def has_size(self, n: int) -> bool:
        """Tells whether it has a size; of a matrix, one point always is a size."""
        if not self.is_linear:
            return n >= 2 and n % 2 == 0
        return n == 1 or (n >= 2 and TARGETS.get(self.name).is_size(n))

    def truth(self, inputs: list[Numbers], n: int, field: Field) -> Numbers:
        """Returns what it computes: inputs (..., n * ratio) -> (..., n)."""
        if not self.is_linear:
            one, two = inputs
            return _polynomial_product(one, two, n, field)
        matrix = matrix_in(self.name, n, field)
        (data,) = inputs
        if field is DOUBLES:
            return np.asarray(data @ matrix.T)
        total = field.product(data[..., :1], matrix[:, 0])
        for k in range(1, n):
            total = field.sum(total, field.product(data[..., k : k + 1], matrix[:, k]))
        return total


def _polynomial_product(one: Numbers, two: Numbers, n: int, field: Field) -> Numbers:
    """Returns the coefficients of the product: two (..., n / 2) -> (..., n)."""
    total = np.full((*one.shape[:-1], n), field.zero, np.result_type(one, two))
    for k in range(n // 2):
        places = slice(k, k + n // 2)
        term = field.product(one[..., k : k + 1], two)
        total[..., places] = field.sum(total[..., places], term)
    return total


POLYNOMIAL_PRODUCT = Family(
    "polymul",
    "product of two polynomials of n/2 coefficients",
    "coefficients from the constant on, the last of n is 0",
    "complex",
    (Fraction(1, 2), Fraction(1, 2)),
    is_linear=False,
)


@lru_cache(maxsize=256)
def matrix_in(name: str, n: int, field: Field) -> npt.NDArray[Any]:
    """Returns the matrix of a size in a field: (n, n), read-only.

    Raises:
        UsageError: It is not square, or not known in exact numbers that the field needs.
    """
    built: ExactMatrix | npt.NDArray[Any] | None = TARGETS.get(name).build(n) if n > 1 else None
    if built is None:
        built = _of_one_point(name)
    if field is DOUBLES:
        matrix = built.rounded() if isinstance(built, ExactMatrix) else np.asarray(built)
    else:
        exact = built if isinstance(built, ExactMatrix) else exact_if_whole(built)
        if exact is None:
            raise UsageError(f"'{name}' is not known in exact numbers")
        values = [RESIDUES.image(v) for v in exact.values] if field is RESIDUES else exact.values
        table = np.empty(len(values), np.int64 if field is RESIDUES else object)
        table[:] = values
        matrix = table[exact.places]
    if matrix.shape != (n, n):
        raise UsageError(
            f"'{name}' of size {n} is {matrix.shape[0]} x {matrix.shape[1]}, not square"
        )
    matrix.setflags(write=False)
    return matrix


def _of_one_point(name: str) -> ExactMatrix | npt.NDArray[Any]:
    """Returns the 1 x 1 matrix of a family, which may not build one itself."""
    try:
        built = TARGETS.get(name).build(1)
    except (ArithmeticError, IndexError, ValueError):
        raise UsageError(f"'{name}' has no size 1, at which a recursion could end") from None
    return built if isinstance(built, ExactMatrix) else np.asarray(built)


def is_made_of(n: int, primes: Iterable[int]) -> bool:
    """Tells whether a size has no other prime factors than these."""
    for p in primes:
        while n % p == 0:
            n //= p
    return n == 1


def check_call(caller: str, called: str) -> None:
    """Checks that rules of a transform may call another one.

    Raises:
        ValueError: It is not linear, or of another kind of data.
    """
    if not family(called).is_linear:
        raise ValueError(f"'{caller}' calls '{called}', which is not linear")
    if family(called).domain != family(caller).domain:
        raise ValueError(f"'{caller}' calls '{called}', which is for {family(called).domain} data")


def family(name: str) -> Family:
    """Returns the family of that name.

    Raises:
        UsageError: There is none, or it is not square.
    """
    if name == POLYNOMIAL_PRODUCT.name:
        return POLYNOMIAL_PRODUCT
    if name not in TARGETS:
        known = ", ".join([*TARGETS.names(), POLYNOMIAL_PRODUCT.name])
        raise UsageError(f"unknown transform {brief(name)}", f"known: {known}")
    found = TARGETS.get(name)
    return Family(name, found.title.format(n="n"), found.convention, found.domain)
