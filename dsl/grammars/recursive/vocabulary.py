"""The steps that a genome of the `recursive` grammar may use, and genomes as rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from dsl.grammars.recursive.families import family
from dsl.grammars.recursive.rule import CALL, MULTIPLY, Rule, Step
from dsl.straightline import Domain
from dsl.vectors import VECTORS, Parameters

# Parameters as they are written here.
Numbers: TypeAlias = tuple[Fraction | int | str, ...]

# How often random steps are of each kind; 1 for the others.
CALL_WEIGHT = 3.0
WEIGHTS = {
    "add": 3.0,
    "subtract": 3.0,
    "take": 1.5,
    "part": 1.5,
    "concatenate": 1.5,
    "interleave": 1.5,
    "negate": 0.5,
    "scale": 0.5,
    "cosine": 0.5,
    "sine": 0.5,
    "twice_cosine": 0.5,
    "half_secant": 0.5,
}


@dataclass(frozen=True, slots=True)
class Operation:
    """A step without its operands: what one gene chooses.

    Attributes:
        name: A vector primitive, or `CALL`, or `MULTIPLY`.
        parameters: Of a primitive.
        family: Of a call.
        is_shortening: A call must be of a shorter value.
    """

    name: str
    parameters: Parameters = ()
    family: str = ""
    is_shortening: bool = True

    @property
    def weight(self) -> float:
        """How often a random step is of this kind, in relation to others."""
        if self.name == CALL:
            return CALL_WEIGHT
        return WEIGHTS.get(self.name, 1.0)

    @property
    def arity(self) -> int:
        """How many operands it takes."""
        if self.name in VECTORS:
            return VECTORS.get(self.name).arity(self.parameters)
        return 2 if self.name == MULTIPLY else 1


# Transforms that a search may call beside the one that it is for, because they are known to
# be related; `--calls` names others. Those in the second table may be called on values of
# length n, which widens the search where it does not help.
SHORTER = {
    "dct2": ("dct4",),
    "dct3": ("dct4",),
    "dst2": ("dst4",),
    "dst3": ("dst4",),
}
EQUALLY_LONG = {
    "idft": ("dft",),
    "dct4": ("dct2",),
    "dst4": ("dst2",),
    "polymul": ("dft", "idft"),
}


def relatives(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns the transforms that may be called, and those of them on values of length n."""
    equal = EQUALLY_LONG.get(name, ())
    return (*SHORTER.get(name, ()), *equal), equal


def _steps(name: str, *parameters: Numbers) -> list[Operation]:
    return [Operation(name, tuple(Fraction(p) for p in each)) for each in parameters or [()]]


def _structure(radix: int) -> list[Operation]:
    """Returns what moves and adds elements; of more than two parts, less: rules are long."""
    pieces = [(radix, offset) for offset in range(radix)]
    if radix > 2:
        few = [*_steps("take", *pieces), *_steps("concatenate", (radix,))]
        return [*few, *_steps("add"), *_steps("subtract")]
    return [
        *_steps("take", *pieces),
        *_steps("part", *pieces),
        *_steps("concatenate", (radix,)),
        *_steps("interleave", (radix,)),
        *_steps("reverse"),
        *_steps("add"),
        *_steps("subtract"),
        *_steps("negate"),
    ]


def _complex_steps(radix: int) -> list[Operation]:
    twiddles = [(-1, 0, 0), (-2, 0, 0), (1, 0, 0), (-3, 0, 0)]
    if radix == 2:
        found = [*_steps("times_minus_i"), *_steps("mirror"), *_steps("twiddle", *twiddles)]
        return [*found, *_steps("scale", ("1/2",))]
    third = Fraction(1, radix)
    turns = [(0, 0, -third * k) for k in range(1, radix)]
    return _steps("twiddle", (-1, 0, 0), (-2, 0, 0), (1, 0, 0), (2, 0, 0), *turns)


def _real_steps(radix: int) -> list[Operation]:
    # (2 r + 1) / (8 n), (2 r + 1) / (4 n)
    half: list[Numbers] = [("1/4", "1/8", 0), ("1/2", "1/4", 0)]
    # r / n, (4 r + 1) / (8 n)
    quarter: list[Numbers] = [(1, 0, 0), ("1/2", "1/8", 0)]
    found = [
        *_steps("mirror"),
        *_steps("advance"),
        *_steps("delay"),
        *_steps("cosine", *quarter),
        *_steps("sine", *quarter),
        *_steps("twice_cosine", *half),
        *_steps("half_secant", *half),
        *_steps("scale", ("1/2",)),
    ]
    if radix == 2:
        return found
    third = Fraction(1, radix)
    return [*found, *_steps("cosine", (0, 0, third)), *_steps("sine", (0, 0, third))]


def vocabulary(
    name: str, radix: int, calls: Sequence[str] = (), equal_length: Sequence[str] = ()
) -> tuple[Operation, ...]:
    """Returns the steps for a family.

    Args:
        name: The family.
        radix: Into how many parts values are split.
        calls: Other families that may be called on shorter values,
        equal_length: and those that may be called on values of length n, too.
    """
    subject = family(name)
    if not subject.is_linear:
        steps = [*_steps("pad"), Operation(MULTIPLY), *_steps("reverse"), *_steps("add")]
        steps += [*_steps("part", (2, 0), (2, 1)), *_steps("concatenate", (2,))]
        others = [Operation(CALL, (), other, is_shortening=False) for other in calls]
        return (*steps, *others)
    domain: Domain = subject.domain
    found = _structure(radix)
    found += _complex_steps(radix) if domain == "complex" else _real_steps(radix)
    if name == "idft":
        found += _steps("over_n")
    for step in (each for each in VECTORS if each.is_in_every_search):
        found += _steps(step.name)
    found.append(Operation(CALL, (), name))
    found += [
        Operation(CALL, (), other, is_shortening=other not in equal_length) for other in calls
    ]
    return tuple(found)


def rule_of(
    genome: npt.NDArray[np.integer],
    result: int,
    operations: Sequence[Operation],
    inputs: tuple[Fraction, ...],
) -> Rule:
    """Returns the rule that a genome stands for, without steps that it does not need.

    Args:
        genome: (length, 1 + operands) the position of the operation, then its operands.
        result: Number of the value that is the result.
        operations: What genes choose from.
        inputs: The length of each input over n.
    """
    steps = []
    for row in genome.tolist():
        operation = operations[row[0]]
        operands = tuple(row[1 : 1 + operation.arity])
        steps.append(Step(operation.name, operands, operation.parameters, operation.family))
    return Rule(tuple(steps), result, inputs).cleaned()
