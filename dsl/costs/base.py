"""What a cost is: a number to be minimised, counted on the real code that is exported."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from dsl.errors import EnvironmentMismatchError, UsageError
from dsl.real_code import to_real
from dsl.registry import Registry, brief
from dsl.straightline import Code, CodeWriter, Domain, Ref

# Constants beyond 52 bits are those of doubles.
FEWEST_BITS, MOST_BITS = 2, 52


@dataclass(frozen=True, slots=True)
class Tally:
    """What was counted in a piece of real straight-line code.

    Attributes:
        cost: What is minimised.
        additions: Additions and subtractions; those that make products of constants too.
        multiplications: Products that are none of the others.
        shifts: Products by powers of two, where they cost less than a multiplication.
        fused: Additions, counted above, each of which does a multiplication that is not.
        functions: Operations that functions of a formula cost.
    """

    cost: float
    additions: int = 0
    multiplications: int = 0
    shifts: int = 0
    fused: int = 0
    functions: int = 0

    @property
    def rank(self) -> tuple[float, int, int]:
        """What programs are ordered by: cost, then additions, then shifts."""
        return (self.cost, self.additions, self.shifts)


@dataclass(frozen=True, slots=True)
class Cost:
    """A way to count.

    A search may add `price` of each constant and `addition_price` of each addition: for
    all costs here the sum is at least the cost of the code, and equal to it where nothing
    is shared or fused.

    Attributes:
        name: What the command line calls it.
        of_code: Real linear code -> what it costs.
        summary: One line for people.
        unit: What the cost is a number of.
        word_length: Bits of constants; None where it makes no difference.
        at: The same cost at another word length; None where it makes no difference.
    """

    name: str
    of_code: Callable[[Code], Tally]
    summary: str
    unit: str
    word_length: int | None = None
    at: Callable[[int], Cost] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "of_code", functools.partial(_gated, self.name, self.of_code))

    @property
    def label(self) -> str:
        """What axes of it are labelled with: its unit, and its name where that says more."""
        told = [] if self.name == self.unit else [self.name]
        told += [f"constants of {self.word_length} bits"] if self.word_length else []
        return f"{self.unit} ({', '.join(told)})" if told else self.unit

    def price(self, constant: complex, *, is_complex: bool = False) -> float:
        """Returns the cost of a value times a constant, alone; of complex data if said so."""
        return _price(self, complex(constant), "complex" if is_complex else "real")

    def addition_price(self, *, is_complex: bool = False) -> float:
        """Returns the cost of one addition, alone; of complex data if said so."""
        return _price(self, None, "complex" if is_complex else "real")


def _gated(name: str, of_code: Callable[[Code], Tally], code: Code) -> Tally:
    """Returns what a cost counts, a finite number of at least 0.

    Raises:
        EnvironmentMismatchError: The cost breaks its contract; the message names it.
    """
    try:
        tally = of_code(code)
        cost = float(tally.cost)
    except ValueError:  # of code that costs do not count
        raise
    except Exception as error:  # a stranger's function
        told = f"{type(error).__name__}: {error}".split("\n")[0][:100]
        raise EnvironmentMismatchError(f"cost '{name}': {told}", "mend what counts it") from error
    if not 0 <= cost < math.inf:
        raise EnvironmentMismatchError(
            f"cost '{name}': expected a finite number of at least 0, got {cost}",
            "mend what counts it",
        )
    return tally if type(tally.cost) in (int, float) else replace(tally, cost=cost)


@functools.lru_cache(maxsize=1 << 16)
def _price(cost: Cost, constant: complex | None, domain: Domain) -> float:
    """Returns the cost of one product, or of one addition where there is no constant."""
    writer = CodeWriter(domain, 2)
    result = writer.add(Ref(0), Ref(1)) if constant is None else writer.scale(constant, Ref(0))
    return cost.of_code(to_real(writer.finish([result]))).cost


COSTS: Registry[Cost] = Registry("cost")


def make_cost(name: str, word_length: int | None = None) -> Cost:
    """Returns the cost that a user asks for.

    Args:
        name: A registered cost.
        word_length: Bits of constants, where that makes a difference; by default 16.

    Raises:
        UsageError: There is no such cost, or it takes no word length, or not this one.
    """
    cost = COSTS.get(name)
    if word_length is None:
        return cost
    if cost.at is None:
        takers = ", ".join(each.name for each in COSTS if each.at)
        raise UsageError(
            f"cost '{name}' takes no word length",
            f"leave it out; costs that take one: {takers}",
        )
    is_whole = isinstance(word_length, int) and not isinstance(word_length, bool)
    if not is_whole or not FEWEST_BITS <= word_length <= MOST_BITS:
        raise UsageError(
            f"expected a word length from {FEWEST_BITS} to {MOST_BITS} bits, "
            f"got {brief(word_length)}",
            "16 is the default",
        )
    return cost.at(word_length)


def expect_real_linear(code: Code, name: str) -> None:
    """Checks that a cost can count a piece of code.

    Raises:
        ValueError: It is complex, or of formulas.
    """
    if code.domain != "real" or not code.is_linear:
        kind = "complex code" if code.is_linear else "formulas"
        raise ValueError(f"cost '{name}' counts real linear code, got {kind}")
