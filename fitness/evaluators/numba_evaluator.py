"""The compiled evaluator: whole population per call, parallel over genomes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.errors import EnvironmentMismatchError
from dsl.genome import Genes, Genomes, pack
from dsl.grammars.factor.decode import Decoding, Step
from dsl.grammars.factor.remainder import prices_for, snap, zero_threshold
from dsl.patterns import PATTERNS
from dsl.primitives import PRIMITIVES
from dsl.targets.base import Target
from fitness.evaluators.base import EVALUATORS, EvaluatorKind
from fitness.scores import Scores


class NumbaEvaluator:
    """Scores genomes with the compiled decoder.

    Args:
        target: What must be computed.
        threads: How many threads share a population; the scores do not depend on it.
        reuse: Keep the states of shared prefixes; off only to measure what it gains.
    """

    def __init__(self, target: Target, threads: int = 1, *, reuse: bool = True) -> None:
        from fitness.evaluators import factor_kernel  # Numba: half a second to import

        self._kernel = factor_kernel
        dtype = np.complex128 if np.iscomplexobj(target.matrix) else np.float64
        self._target = np.ascontiguousarray(target.matrix, dtype)
        self._threshold = zero_threshold(target.matrix)
        self._start = np.ascontiguousarray(snap(self._target, self._threshold), dtype)
        self._tables = _tables(factor_kernel, target)
        self._reuse = reuse
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def evaluate(self, genomes: Genomes) -> Scores:
        """Scores a population; the order of the genomes does not matter."""
        results = _results(len(genomes))
        rows = [genomes[k].tobytes() for k in range(len(genomes))]
        order = np.array(sorted(range(len(rows)), key=rows.__getitem__), np.int64)
        chunks = [chunk for chunk in np.array_split(order, self._threads) if len(chunk)]
        if self._pool is None or len(chunks) < 2:
            for chunk in chunks:
                self._run(genomes, chunk, results)
        else:
            list(self._pool.map(lambda chunk: self._run(genomes, chunk, results), chunks))
        operations, prefixes, errors = results
        return Scores(operations, errors, prefixes)

    def decode(self, genome: Genes) -> Decoding:
        """Returns what one genome, (length, 6), means."""
        genomes = pack([genome], max(len(genome), 1))
        results = _results(1)
        tape, steps, remainder = self._run(genomes, np.zeros(1, np.int64), results)
        blocks = tuple(PRIMITIVES)
        return Decoding(
            tuple(
                Step(
                    blocks[tape.block[k]],
                    bool(tape.side[k]),
                    (int(tape.a[k]), int(tape.b[k]))[: blocks[tape.block[k]].points],
                    complex(tape.parameter[k]),
                    int(tape.gene[k]),
                )
                for k in range(steps)
            ),
            remainder.copy(),
            int(results[1][0]),
            int(results[0][0]),
        )

    def _run(self, genomes: Genomes, order: npt.NDArray[np.int64], results: Any) -> Any:
        return self._kernel.evaluate(
            genomes.genes,
            genomes.lengths,
            order,
            self._target,
            self._start,
            self._threshold,
            self._tables,
            self._reuse,
            results,
        )


def _results(population: int) -> tuple[Any, Any, Any]:
    return (
        np.zeros(population, np.int64),
        np.zeros(population, np.int64),
        np.zeros(population, np.float64),
    )


def _tables(kernel: Any, target: Target) -> Any:
    """Writes what the registries say of primitives, patterns and prices as arrays."""
    if PRIMITIVES.names() != kernel.BLOCKS:
        raise EnvironmentMismatchError(
            f"compiled primitives {kernel.BLOCKS} are not the registered {PRIMITIVES.names()}",
            "run: python -m fitness.generate",
        )
    prices = prices_for(target.domain == "complex")
    span, places = _places(target.matrix.shape)
    return kernel.Tables(
        np.array(kernel.POINTS, np.int64),
        np.array(kernel.IS_ANGLE, np.bool_),
        np.array(kernel.MAKES_ZEROS, np.bool_),
        np.array(kernel.TURNS, np.int64),
        np.array(kernel.FILLED, np.int64),
        np.array([rule.is_stage for rule in PATTERNS], np.bool_),
        span,
        places,
        prices.addition,
        prices.multiplication,
    )


def _places(shape: tuple[int, ...]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int16]]:
    """Lists the places of every pattern: spans into one array of index pairs."""
    rows, columns = shape
    width = max(rows, columns)
    span = np.zeros((2, 2, len(PATTERNS), width, width, 2), np.int32)
    places: list[tuple[int, int]] = []
    for side, size in enumerate((columns, rows)):
        for points in (1, 2):
            for index, rule in enumerate(PATTERNS):
                used = 1 if points == 1 else rule.parameters
                for i in range(size if used > 0 else 1):
                    for j in range(size if used > 1 else 1):
                        here = rule.places(size, points, i, j)
                        ends = (len(places), len(places) + len(here))
                        place = (
                            slice(None) if used < 1 else i,
                            slice(None) if used < 2 else j,
                        )
                        span[(side, points - 1, index, *place)] = ends
                        places.extend((place[0], place[-1]) for place in here)
    return span, np.array(places, np.int16)


NUMBA = EVALUATORS.register(
    EvaluatorKind("numba", NumbaEvaluator, "compiled, parallel over genomes")
)
