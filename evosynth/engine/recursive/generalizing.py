"""A recurrence from programs of several sizes: what all of them compute on their way.

A size-generic vector is *held* by a program if all of its elements are among the values that
the program computes, up to powers of i. From the input on, operations are applied to held
vectors, and what all programs hold is kept, until the pieces of the transform are reached.
A call is answered by the transform itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from dsl.algorithm_formats.text import template
from dsl.grammars.recursive.families import family
from dsl.grammars.recursive.rule import CALL, Rule, Step
from dsl.grammars.recursive.rule_values import transformed
from dsl.grammars.recursive.vocabulary import Operation, vocabulary
from dsl.vectors import VECTORS
from dsl.vectors.fields import PRIME, RESIDUES
from evosynth.engine.recursive.derivations import Cheapest, Derivations, Way
from evosynth.engine.recursive.held_values import HeldValues, Residues
from fitness.evaluators.recursive_tables import level_ratios

# Steps that are sought one after the other, beside those that only move elements.
ROUNDS = 5
# Held calls that are told, and how deep they may be.
MOST_SHOWN, MOST_NESTED = 8, 5
# Vectors that are looked at; where more are held, later ones are not.
MOST_VECTORS, FEW_VECTORS = 3000, 1000
# "products": products with a diagonal count as held, for programs may compute them merged with
# what comes next.
Manner = Literal["exact", "products"]
MANNERS: tuple[Manner, ...] = ("exact", "products")
JOINS = {"concatenate": "part", "interleave": "take"}
# Real operations of an element, of real data and of complex ones.
REAL_PRICE, COMPLEX_PRICE, TWIDDLE_PRICE = 1.0, 2.0, 6.0


@dataclass(frozen=True, slots=True)
class Subject:
    """What a recurrence is sought for.

    Attributes:
        family: The transform.
        radix: The sizes are powers of it.
        calls: Other transforms that may be called on shorter vectors,
        equal_length: and those of them that may be called on vectors of length n.
    """

    family: str
    radix: int
    calls: tuple[str, ...] = ()
    equal_length: tuple[str, ...] = ()

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What is applied to vectors."""
        return vocabulary(self.family, self.radix, self.calls, self.equal_length)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One size.

    Attributes:
        n: The size.
        inputs: (n,) residues that are transformed.
        held: What the programs compute for inputs of theirs that lead to these.
    """

    n: int
    inputs: Residues
    held: HeldValues


@dataclass(frozen=True, slots=True)
class Call:
    """A transform that a rule calls, at all sizes."""

    family: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a closure came to.

    Attributes:
        rule: The cheapest recurrence; None if the output was not reached.
        calls: What it calls, beside the transform itself.
        held: Calls of held vectors that are held, as text.
        reached: Pieces of the output that were reached, as text,
        missing: and pieces that were not.
        vectors: How many vectors were held.
    """

    rule: Rule | None
    calls: tuple[Call, ...]
    held: tuple[str, ...]
    reached: tuple[str, ...]
    missing: tuple[str, ...]
    vectors: int


def generalized(
    subject: Subject,
    samples: tuple[Sample, ...],
    operations_of_call: float,
    *,
    manner: Manner = "exact",
    rounds: int = ROUNDS,
) -> Found:
    """Seeks the cheapest recurrence whose vectors are all held at all sizes.

    Args:
        subject: What is computed.
        samples: At least two sizes.
        operations_of_call: What a call of m points costs over m lg m, to compare rules by.
        manner: "products" counts products with a diagonal as held.
        rounds: Steps that are sought one after the other.
    """
    closure = _Closure(subject, samples, manner)
    closure.run(rounds)
    return closure.found(operations_of_call)


class _Closure:
    """Held vectors, more with each round."""

    def __init__(self, subject: Subject, samples: tuple[Sample, ...], manner: Manner) -> None:
        self.subject, self.samples, self.manner = subject, samples, manner
        self.is_complex = family(subject.family).domain == "complex"
        self.ratios = [
            ratio
            for ratio in level_ratios(subject.radix)
            if all((sample.n * ratio).denominator == 1 for sample in samples)
        ]
        self.bounds = {ratio: self._bounds(ratio) for ratio in self.ratios}
        inputs = np.concatenate([sample.inputs for sample in samples])
        self.all = Derivations(inputs, self.is_complex)
        self.target = np.concatenate([transformed(subject.family, s.inputs) for s in samples])
        # Moved vectors: 0 no, 1 a piece of one, 2 in another order. Scaled: by a diagonal.
        self.moved, self.is_scaled = [0], [False]
        self.done = self.paired = 0

    @property
    def _is_exact(self) -> bool:
        return self.manner == "exact"

    def _bounds(self, ratio: Fraction) -> list[slice]:
        ends = np.cumsum([0, *(int(sample.n * ratio) for sample in self.samples)]).tolist()
        return [slice(a, b) for a, b in itertools.pairwise(ends)]

    def run(self, rounds: int) -> None:
        """Applies operations to what is held, again and again."""
        operations = self.subject.operations
        unary = [o for o in operations if o.arity == 1 and o.name != "negate"]
        moves = [o for o in unary if _moves(o)]
        others = [o for o in unary if not _moves(o) and o.name != "times_minus_i"]
        after = 0
        for _ in range(rounds):
            self._apply(moves, others)
            self._pair()
            self._assemble(self.target, Fraction(1))
            if self.is_reached and len(self.all.values) >= FEW_VECTORS:
                break
            self._apply(moves, others)
            self._assemble(self.target, Fraction(1))
            # One round more may find a cheaper way, where it does not take long.
            after += self.is_reached
            count = len(self.all.values)
            if after > 1 or count >= (FEW_VECTORS if after else MOST_VECTORS):
                break

    @property
    def is_reached(self) -> bool:
        """The output is computed from held vectors."""
        found = self.all.find(self.target, Fraction(1))
        return found is not None and bool(self.all.ways[found[0]])

    def _apply(self, moves: list[Operation], others: list[Operation]) -> None:
        while self.done < min(len(self.all.values), MOST_VECTORS):
            number = self.done
            self.done += 1
            self._note()
            for operation in moves:
                self._move(number, operation)
            for operation in others:
                self._change(number, operation)

    def _note(self) -> None:
        """Keeps the lists as long as there are vectors; those of unknown kind are whole."""
        more = len(self.all.values) - len(self.moved)
        self.moved += [0] * more
        self.is_scaled += [False] * more

    def _move(self, number: int, operation: Operation) -> None:
        before = self.moved[number]
        is_piece = operation.name in JOINS.values()
        ratio = self._ratio(number, operation)
        if before == 2 or ratio not in self.bounds:
            return
        self._keep(number, operation, ratio, 1 if is_piece else 2, self.is_scaled[number])

    def _ratio(self, number: int, operation: Operation) -> Fraction:
        ratio = self.all.ratios[number]
        if operation.name == CALL:
            return ratio
        return ratio * VECTORS.get(operation.name).stretch(operation.parameters)

    def _keep(
        self, number: int, operation: Operation, ratio: Fraction, moved: int, is_scaled: bool
    ) -> None:
        vector = self._result(number, operation)
        step = Step(operation.name, (number,), operation.parameters, operation.family)
        is_free = operation.name != CALL and (_moves(operation) or self.manner == "products")
        if not vector.any() or not (is_free or self._is_held(vector, ratio)):
            return
        if self.all.add(vector, ratio, step) is not None:
            self.moved.append(moved)
            self.is_scaled.append(is_scaled)

    def _change(self, number: int, operation: Operation) -> None:
        ratio = self.all.ratios[number]
        if operation.name == CALL:
            if ratio == 1 and operation.is_shortening:
                return
            self._keep(number, operation, ratio, 0, False)
        elif not self.is_scaled[number] and self.moved[number] < (2 if self._is_exact else 1):
            self._keep(number, operation, ratio, 0, True)

    def _result(self, number: int, operation: Operation) -> Residues:
        vector = self.all.values[number]
        found = []
        for sample, bound in zip(self.samples, self.bounds[self.all.ratios[number]], strict=True):
            part = vector[bound]
            if operation.name == CALL:
                found.append(transformed(operation.family, part))
            else:
                primitive = VECTORS.get(operation.name)
                found.append(primitive.apply([part], operation.parameters, sample.n, RESIDUES))
        return np.concatenate(found)

    def _is_held(self, vector: Residues, ratio: Fraction) -> bool:
        return all(
            sample.held.has(vector[bound]).all()
            for sample, bound in zip(self.samples, self.bounds[ratio], strict=True)
        )

    def _pair(self) -> None:
        """Adds the sums and differences of two vectors that are held."""
        self._note()
        count = min(len(self.all.values), MOST_VECTORS)
        for ratio in self.ratios:
            numbers = [k for k in range(count) if self.all.ratios[k] == ratio]
            if not numbers:
                continue
            table = np.stack([self.all.values[k] for k in numbers])
            old = sum(k < self.paired for k in numbers)
            # At the largest size an element is least likely held by chance.
            bound = self.bounds[ratio][-1]
            column = bound.start + min(1, bound.stop - bound.start - 1)
            for place in range(max(1, old), len(numbers)):
                for vector, other, unit in self._sums(table, place, column):
                    if len(self.all.values) >= MOST_VECTORS:
                        break
                    if vector.any() and self._is_held(vector, ratio):
                        step = Step("add", (numbers[other], numbers[place]))
                        self.all.add(vector, ratio, step, (0, unit))
        self.paired = count

    def _sums(
        self, table: Residues, place: int, column: int
    ) -> Iterator[tuple[Residues, int, int]]:
        held = self.samples[-1].held
        for unit in self.all.units:
            turned = RESIDUES.turned(table[place], unit)
            first = (table[:place, column] + turned[column]) % PRIME
            likely = held.has(first)
            for other in np.flatnonzero(likely).tolist():
                yield (table[other] + turned) % PRIME, other, unit

    def _assemble(self, vector: Residues, ratio: Fraction) -> tuple[int, int] | None:
        """Computes a piece of the output from its own pieces, where those are there."""
        known = self.all.find(vector, ratio)
        smaller = ratio / self.subject.radix
        is_whole = ratio == 1
        if (known is not None and not is_whole) or smaller not in self.bounds:
            return known
        for join, piece in JOINS.items():
            parts = [self._assemble(part, smaller) for part in self._pieces(vector, ratio, piece)]
            found = [part for part in parts if part is not None]
            if len(found) == self.subject.radix:
                operands = tuple(number for number, _ in found)
                step = Step(join, operands, (Fraction(self.subject.radix),))
                self.all.add(vector, ratio, step, tuple(unit for _, unit in found))
        return self.all.find(vector, ratio)

    def _pieces(self, vector: Residues, ratio: Fraction, piece: str) -> Iterator[Residues]:
        primitive = VECTORS.get(piece)
        for offset in range(self.subject.radix):
            parameters = (Fraction(self.subject.radix), Fraction(offset))
            parts = [vector[bound] for bound in self.bounds[ratio]]
            places = [primitive.places(len(part), parameters)[0] for part in parts]
            yield np.concatenate([part[p] for part, p in zip(parts, places, strict=True)])

    def found(self, operations_of_call: float) -> Found:
        """Returns the cheapest recurrence, or how far the closure came."""
        prices = self._prices() | {CALL: operations_of_call}
        largest = self.samples[-1].n
        lengths = {ratio: int(largest * ratio) for ratio in self.ratios}
        cheapest = self.all.cheapest(prices, lengths)
        held = self._held_calls(cheapest)
        if not self.is_reached:
            return Found(None, (), held, *self._progress(), len(self.all.values))
        reached = self.all.find(self.target, Fraction(1))
        assert reached is not None
        number, unit = reached
        rule = cheapest.rule(number, unit)
        calls = tuple(
            self._call(way)
            for k in cheapest.needs(number)
            if (way := cheapest.way(k)) is not None
            and way.step.name == CALL
            and way.step.family != self.subject.family
        )
        return Found(rule, calls, held, (), (), len(self.all.values))

    def _prices(self) -> dict[str, float]:
        diagonals = [name for name in VECTORS.names() if VECTORS.get(name).factor is not None]
        price = COMPLEX_PRICE if self.is_complex else REAL_PRICE
        prices = dict.fromkeys((*diagonals, "add"), price)
        return prices | {"twiddle": TWIDDLE_PRICE}

    def _call(self, way: Way) -> Call:
        (operand,) = way.step.operands
        ratio = self.all.ratios[operand]
        vector = self.all.values[operand]
        samples = tuple(
            Sample(int(sample.n * ratio), vector[bound], sample.held)
            for sample, bound in zip(self.samples, self.bounds[ratio], strict=True)
        )
        return Call(way.step.family, samples)

    def _held_calls(self, cheapest: Cheapest) -> tuple[str, ...]:
        """Returns calls of other vectors than results of calls, shortest texts first."""
        texts = []
        for number in range(len(self.all.values)):
            way = cheapest.way(number)
            if way is not None and way.step.name == CALL:
                text = self._text(cheapest, number)
                if text.count("(") <= MOST_NESTED:
                    texts.append(text)
        return tuple(sorted(set(texts), key=lambda text: (len(text), text))[:MOST_SHOWN])

    def _text(self, cheapest: Cheapest, number: int) -> str:
        way = cheapest.way(number)
        if way is None:
            return "x"
        operands = [self._text(cheapest, k) for k in way.step.operands]
        text = template(way.step).replace("{parts}", ", ".join(operands))
        if way.step.name == "add":
            signs = {0: "+", 1: "+ i", 2: "-", 3: "- i"}
            unit = way.units[1] if way.units else 0
            return f"({operands[0]} {signs[unit]} {operands[1]})"
        return text.replace("{a}", operands[0])

    def _progress(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Returns which pieces of the output were reached, and which were not."""
        reached: list[str] = []
        missing: list[str] = []
        smaller = Fraction(1, self.subject.radix)
        for piece in JOINS.values():
            for offset, part in enumerate(self._pieces(self.target, Fraction(1), piece)):
                step = Step(piece, (0,), (Fraction(self.subject.radix), Fraction(offset)))
                text = template(step).replace("{a}", "output")
                found = self._assemble(part, smaller)
                (missing if found is None else reached).append(text)
        return tuple(reached), tuple(missing)


def _moves(operation: Operation) -> bool:
    """Tells whether an operation only moves elements."""
    if operation.name == CALL or operation.name not in VECTORS:
        return False
    primitive = VECTORS.get(operation.name)
    return primitive.operands == 1 and primitive.factor is None and not primitive.units
