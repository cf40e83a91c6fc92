"""The compiled evaluator: whole population per call, parallel over genomes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.genome import Genes, Genomes, pack
from dsl.grammars.factor.decode import Decoding
from dsl.grammars.factor.known_blocks import NOTHING_KNOWN, KnownBlocks
from dsl.grammars.factor.remainder import prices_for, snap, zero_threshold
from dsl.grammars.factor.steps import BlockStep, Step, SumStep
from dsl.patterns import PATTERNS, Pattern
from dsl.primitives import PRIMITIVES, Primitive
from dsl.targets.base import Target
from fitness.compiled_calls import interruptible
from fitness.evaluators.base import EVALUATORS, EvaluatorKind
from fitness.generated_kernels import factor_kernel_for
from fitness.place_tables import listed_places, listed_tuples
from fitness.scores import Scores


class NumbaEvaluator:
    """Scores genomes with the compiled decoder.

    Args:
        target: What must be computed.
        threads: How many threads share a population; the scores do not depend on it.
        device: Of no use here.
        reuse: Keep the states of shared prefixes; off only to measure what it gains.
    """

    def __init__(
        self,
        target: Target,
        threads: int = 1,
        device: str = "auto",
        *,
        reuse: bool = True,
    ) -> None:
        self._blocks = tuple(PRIMITIVES)
        self._kernel = factor_kernel_for(self._blocks)
        dtype = np.complex128 if np.iscomplexobj(target.matrix) else np.float64
        self._target = np.ascontiguousarray(target.matrix, dtype)
        self._threshold = zero_threshold(target.matrix)
        self._start = np.ascontiguousarray(snap(self._target, self._threshold), dtype)
        self._tables = _tables(self._kernel, self._blocks, target)
        self._reuse = reuse
        self._threads = threads

    def evaluate(self, genomes: Genomes, known: KnownBlocks = NOTHING_KNOWN) -> Scores:
        """Scores a population; the order of the genomes does not matter."""
        results = _results(len(genomes))
        order = _with_neighbours(genomes)
        threads = max(1, min(self._threads, len(order)))
        chunks = [chunk for chunk in np.array_split(order, threads) if len(chunk)]
        if len(chunks) < 2:
            for chunk in chunks:
                self._run(genomes, chunk, known, results)
        else:
            list(
                _pool(self._threads).map(
                    lambda chunk: self._run(genomes, chunk, known, results), chunks
                )
            )
        operations, prefixes, errors = results
        return Scores(operations, errors, prefixes)

    def decode(self, genome: Genes, known: KnownBlocks = NOTHING_KNOWN) -> Decoding:
        """Returns what one genome, (length, 6), means."""
        genomes = pack([genome], max(len(genome), 1))
        results = _results(1)
        tape, sums, steps, remainder = self._run(genomes, np.zeros(1, np.int64), known, results)
        blocks, shape = self._blocks, self._target.shape

        def step(k: int) -> Step:
            side, a, b, gene = int(tape.side[k]), int(tape.a[k]), int(tape.b[k]), int(tape.gene[k])
            if tape.block[k] < len(blocks):
                block = blocks[tape.block[k]]
                place = (a, b, int(tape.c[k]), int(tape.d[k]))[: block.points]
                return BlockStep(block, bool(side), place, complex(tape.parameter[k]), gene)
            size = sums.size[side, b]
            return SumStep(
                bool(side),
                a,
                tuple(sums.members[side, b, :size].tolist()),
                tuple(map(complex, sums.factors[side, b, :size])),
                tuple(sums.sources[side, b, : self._rows_before(tape, k, 1 - side)].tolist()),
                gene,
            )

        return Decoding(
            tuple(step(k) for k in range(steps)),
            remainder.copy(),
            int(results[1][0]),
            int(results[0][0]),
            (shape[0], shape[1]),
        )

    def _rows_before(self, tape: Any, step: int, side: int) -> int:
        """Returns how many rows a sum sees: those of the target, and of sums before it."""
        is_sum = tape.block[:step] == len(self._blocks)
        return self._target.shape[1 - side] + int(np.sum(is_sum & (tape.side[:step] == side)))

    def _run(
        self, genomes: Genomes, order: npt.NDArray[np.int64], known: KnownBlocks, results: Any
    ) -> Any:
        with interruptible():
            return self._kernel.evaluate(
                genomes.genes,
                genomes.lengths,
                order,
                self._target,
                self._threshold,
                self._tables,
                (known.fingerprints, known.operations),
                self._reuse,
                self._kernel.allocate(self._start, genomes.capacity + 1),
                results,
            )


def _with_neighbours(genomes: Genomes) -> npt.NDArray[np.int64]:
    """Returns positions, (population,), that put genomes of equal beginnings side by side."""
    genes = np.ascontiguousarray(genomes.genes)
    if not genes.size:
        return np.arange(len(genomes))
    whole = np.dtype((np.void, genes[0].nbytes))
    return np.argsort(genes.reshape(len(genes), -1).view(whole)[:, 0])


@lru_cache(maxsize=2)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)


def _results(population: int) -> tuple[Any, Any, Any]:
    return (
        np.zeros(population, np.int64),
        np.zeros(population, np.int64),
        np.zeros(population, np.float64),
    )


def _tables(kernel: Any, blocks: tuple[Primitive, ...], target: Target) -> Any:
    """Writes what the registries say of primitives, patterns and prices as arrays."""
    prices = prices_for(target.domain == "complex")
    return kernel.Tables(
        np.array([rule.is_stage for rule in PATTERNS], np.bool_),
        np.array([_kind(kernel, rule) for rule in PATTERNS], np.int64),
        np.array(target.matrix.shape[::-1], np.int64),
        *listed_places(target.matrix.shape),
        prices.addition,
        prices.multiplication,
        *listed_tuples(blocks, target.matrix.shape),
    )


def _kind(kernel: Any, rule: Pattern) -> int:
    kinds = {"listed": kernel.LISTED, "all": kernel.ALL_PAIRS, "one": kernel.ONE_PAIR}
    return int(kinds[rule.reach])


NUMBA = EVALUATORS.register(
    EvaluatorKind("numba", NumbaEvaluator, "compiled, parallel over genomes")
)
