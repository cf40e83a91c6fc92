"""What the operations of the `recursive` grammar do at one size, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from dsl.grammars.recursive.families import family, matrix_in
from dsl.grammars.recursive.rule import CALL as CALL_STEP
from dsl.grammars.recursive.rule import MULTIPLY as MULTIPLY_STEP
from dsl.grammars.recursive.vocabulary import Operation
from dsl.vectors import VECTORS
from dsl.vectors.fields import PRIME, RESIDUES
from fitness.evaluators.recursive_kernel import CALL, LINEAR, MULTIPLY, PROBES, Tables


def tables(
    name: str,
    operations: Sequence[Operation],
    n: int,
    ratios: Sequence[Fraction],
    rng: np.random.Generator,
) -> Tables:
    """Returns what operations do for n points.

    Args:
        name: The family that is the target.
        operations: What genes choose from.
        n: The size.
        ratios: The lengths that values may have over n, the first of them 1.
        rng: Draws the probes.
    """
    return _Builder(name, operations, n, ratios).build(rng)


class _Builder:
    def __init__(
        self, name: str, operations: Sequence[Operation], n: int, ratios: Sequence[Fraction]
    ) -> None:
        self.name, self.operations, self.n = name, operations, n
        self.levels = {int(n * ratio): level for level, ratio in enumerate(ratios)}
        self.lengths = list(self.levels)
        self.widest = max(operation.arity for operation in operations)
        count, depth = len(operations), len(ratios)
        self.kinds = np.zeros(count, np.int64)
        self.arity = np.array([operation.arity for operation in operations])
        self.results = np.full((count, depth), -1)
        self.places = np.full((count, depth, self.widest, n), -1)
        self.units = np.ones((count, self.widest), np.int64)
        self.factors = np.ones((count, depth, n), np.int64)
        self.has_factors = np.zeros(count, np.int64)
        self.matrices = np.zeros((count, depth, n, n), np.int64)
        self.quarter = RESIDUES.roots(np.arange(4), 4)

    def build(self, rng: np.random.Generator) -> Tables:
        """Returns the tables."""
        for index, operation in enumerate(self.operations):
            for length, level in self.levels.items():
                if operation.name == CALL_STEP:
                    self._call(index, operation, length, level)
                elif operation.name == MULTIPLY_STEP:
                    self.kinds[index] = MULTIPLY
                    self.results[index, level] = level
                else:
                    self._linear(index, operation, length, level)
        subject = family(self.name)
        lengths = [int(self.n * ratio) for ratio in subject.inputs]
        inputs = np.zeros((len(lengths), PROBES, self.n), np.int64)
        for row, length in zip(inputs, lengths, strict=True):
            row[:, :length] = rng.integers(1, PRIME, (PROBES, length))
        data = [row[:, :length] for row, length in zip(inputs, lengths, strict=True)]
        target = np.ascontiguousarray(subject.truth(data, self.n, RESIDUES))
        weights = [operation.weight for operation in self.operations]
        return Tables(
            np.array(self.lengths),
            self.kinds,
            self.arity,
            self.results,
            self.places,
            self.units,
            self.factors,
            self.has_factors,
            self.matrices,
            inputs,
            np.array([self.levels[length] for length in lengths]),
            target,
            np.stack([target, *([] if subject.is_linear else self._images(target))]),
            self.quarter,
            np.array([self._position(name) for name in ("add", "subtract", "times_minus_i")]),
            np.cumsum(weights) / sum(weights),
        )

    def _images(self, target: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
        """Returns what calls at full length make of the target."""
        return [
            family(operation.family).truth([target], self.n, RESIDUES)
            for operation in self.operations
            if operation.name == CALL_STEP and not operation.is_shortening
        ]

    def _position(self, name: str) -> int:
        names = [operation.name for operation in self.operations]
        return names.index(name) if name in names else -1

    def _call(self, index: int, operation: Operation, length: int, level: int) -> None:
        self.kinds[index] = CALL
        is_allowed = length < self.n or not operation.is_shortening
        if is_allowed and family(operation.family).has_size(length):
            self.results[index, level] = level
            matrix = matrix_in(operation.family, length, RESIDUES)
            self.matrices[index, level, :length, :length] = matrix

    def _linear(self, index: int, operation: Operation, length: int, level: int) -> None:
        self.kinds[index] = LINEAR
        primitive, parameters = VECTORS.get(operation.name), operation.parameters
        result = length * primitive.stretch(parameters)
        if result not in self.levels:
            return
        out = int(result)
        factors = None
        if primitive.factor is not None:
            try:
                factors = primitive.factor(RESIDUES, self.n, out, parameters)
            except ZeroDivisionError:
                return
        self.results[index, level] = self.levels[out]
        places = primitive.places(length, parameters)
        self.places[index, level, : len(places), :out] = places
        for operand in range(len(places)):
            self.units[index, operand] = self.quarter[primitive.unit(operand) % 4]
        if factors is not None:
            self.has_factors[index] = 1
            self.factors[index, level, :out] = factors


def level_ratios(radix: int) -> tuple[Fraction, ...]:
    """Returns the lengths over n that values may have while rules are sought."""
    deepest = 2 if radix == 2 else 1
    return tuple(Fraction(1, radix**k) for k in range(deepest + 1))


def search_sizes(radix: int) -> tuple[int, int]:
    """Returns the size at which rules are sought and the one at which they are tried."""
    return (8, 16) if radix == 2 else (radix**2, radix**3)


Whole = npt.NDArray[np.int64]
