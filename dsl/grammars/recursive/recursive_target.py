"""What is to be found for every size at once: a transform, and what its rules may do."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dsl.errors import UsageError
from dsl.grammars.recursive.families import (
    POLYNOMIAL_PRODUCT,
    Family,
    check_call,
    family,
    is_made_of,
    matrix_in,
)
from dsl.registry import brief
from dsl.straightline import Domain
from dsl.targets import TARGETS, is_own_matrix
from dsl.targets.known import Known, best_known
from dsl.vectors.fields import EXACTS

RADICES = (2, 3)
# Operations are compared at the largest size with the radices' factors that is at most this.
COMPARED = 32
CHOICES = "`evosynth targets` lists the transforms that can be recursive"


@dataclass(frozen=True)
class RecursiveTarget:
    """A transform of every size.

    Attributes:
        name: The family.
        radices: Primes by which rules may divide the size.
        calls: Families that rules may call beside their own; None for those that the search
            thinks of.

    Raises:
        UsageError: There is no such family, none that a recursion could end at, or none of
            that radix.
    """

    name: str
    radices: tuple[int, ...] = (2,)
    calls: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.radices or set(self.radices) - set(RADICES):
            raise UsageError(
                f"expected radix 2, 3 or 2,3, got {','.join(map(str, self.radices)) or 'none'}"
            )
        object.__setattr__(self, "radices", tuple(dict.fromkeys(self.radices)))
        for name in (self.name, *(self.calls or ())):
            check_family(name)
        for called in self.calls or ():
            try:
                check_call(self.name, called)
            except ValueError as error:
                raise UsageError(str(error), "name transforms of the same kind of data") from error
        for radix in self.radices:
            if not self.family.has_size(radix):
                raise UsageError(f"'{self.name}' has no size {radix}", "choose another radix")

    @property
    def family(self) -> Family:
        """What is computed."""
        return family(self.name)

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.family.title}, every size"

    @property
    def convention(self) -> str:
        """Sign, scale and order, in one line."""
        return self.family.convention

    @property
    def domain(self) -> Domain:
        """The kind of its data."""
        return self.family.domain

    @property
    def identifier(self) -> str:
        """A name for files, such as `dft-recursive`."""
        return f"{self.name}-recursive"

    @cached_property
    def compared_size(self) -> int:
        """The size at which operations are compared while searching: 32, 27 or 24."""
        product = math.prod(self.radices)
        sizes = [n for n in range(2, COMPARED + 1) if is_made_of(n, self.radices)]
        return max(n for n in sizes if n % product == 0)

    @property
    def best_known(self) -> Known | None:
        """The lowest operation count known to us at the size that is compared."""
        return best_known(self.name, self.compared_size)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of name, radices and calls, in hexadecimal."""
        text = json.dumps([self.name, self.radices, self.calls])
        return hashlib.sha256(text.encode()).hexdigest()


def check_family(name: str) -> None:
    """Checks that a family can be computed by calling itself.

    Raises:
        UsageError: It does not exist, is not square, has no one-point transform or none of
            2 or 3 points, or its entries are no exact numbers.
    """
    if is_own_matrix(name):
        raise UsageError(f"{brief(name)} is one matrix", "only a transform has every size")
    found = family(name)
    if not found.is_linear:
        return
    declared = TARGETS.get(name)
    if not declared.is_exact or declared.takes_kernel:
        raise UsageError(f"no rule for every size can know the entries of '{name}'", CHOICES)
    small = next((n for n in RADICES if declared.is_size(n)), None)
    if small is None:
        raise UsageError(f"'{name}' has no size {RADICES[0]} to begin with", CHOICES)
    with np.errstate(all="ignore"):  # not every family has a matrix of one point
        matrix_in(name, 1, EXACTS)
    matrix_in(name, small, EXACTS)


def recursive_families() -> list[str]:
    """Returns the names of the families that algorithms for every size can be found for."""
    return [name for name in (*TARGETS.names(), POLYNOMIAL_PRODUCT.name) if is_recursive(name)]


def is_recursive(name: str) -> bool:
    """Tells whether a family can be computed by calling itself."""
    try:
        check_family(name)
    except UsageError:
        return False
    return True
