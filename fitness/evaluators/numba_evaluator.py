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
from dsl.patterns import PATTERNS, Pattern, Place
from dsl.primitives import PRIMITIVES, Primitive
from dsl.targets.base import Target
from fitness.compiled_calls import interruptible
from fitness.evaluators.base import EVALUATORS, EvaluatorKind
from fitness.generated_kernels import factor_kernel_for
from fitness.scores import Scores

# Of a block.
MOST_POINTS = 4


class NumbaEvaluator:
    """Scores genomes with the compiled decoder.

    Args:
        target: What must be computed.
        threads: How many threads share a population; the scores do not depend on it.
        reuse: Keep the states of shared prefixes; off only to measure what it gains.
    """

    def __init__(
        self,
        target: Target,
        threads: int = 1,
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
        rows = [genomes[k].tobytes() for k in range(len(genomes))]
        order = np.array(sorted(range(len(rows)), key=rows.__getitem__), np.int64)
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
        *_places(target.matrix.shape),
        prices.addition,
        prices.multiplication,
        *_tuples(blocks, target.matrix.shape),
    )


def _kind(kernel: Any, rule: Pattern) -> int:
    kinds = {"listed": kernel.LISTED, "all": kernel.ALL_PAIRS, "one": kernel.ONE_PAIR}
    return int(kinds[rule.reach])


def _places(shape: tuple[int, ...]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Lists the places of the patterns that are listed: spans into one array of index pairs."""
    rows, columns = shape
    width = max(rows, columns)
    second = width if any(r.parameters > 1 for r in PATTERNS if r.reach == "listed") else 1
    span = np.zeros((2, len(PATTERNS), width, second, 2), np.int64)
    places: list[tuple[int, ...]] = []
    for side, size in enumerate((columns, rows)):
        for index, rule in enumerate(PATTERNS):
            if rule.reach != "listed":
                continue
            for i in range(size if rule.parameters > 0 else 1):
                for j in range(size if rule.parameters > 1 else 1):
                    here = rule.places(size, 2, i, j)
                    place = (
                        slice(None) if rule.parameters < 1 else i,
                        slice(None) if rule.parameters < 2 else j,
                    )
                    span[(side, index, *place)] = (len(places), len(places) + len(here))
                    places.extend(here)
    return span, np.array(places, np.int64).reshape(-1, 2)


def _tuples(
    blocks: tuple[Primitive, ...], shape: tuple[int, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Lists the places of blocks that are not pairwise: spans into one array of indices."""
    others = [block for block in blocks if not block.is_pairwise]
    if not others:
        return np.zeros((2, 0, 0, 1, 1, 2), np.int64), np.zeros((0, MOST_POINTS), np.int64)
    from dsl.derive import derive  # SymPy: only where there are such blocks

    second = any(r.parameters > 1 and r.reach != "one" for r in PATTERNS)
    width = max(shape)
    span = np.zeros((2, len(others), len(PATTERNS), width, width if second else 1, 2), np.int64)
    places: list[Place] = []
    for side, size in enumerate(shape[::-1]):
        for number, block in enumerate(others):
            orders = derive(block).orders
            for index, rule in enumerate(PATTERNS):
                if rule.reach == "one" and block.points > 1:
                    continue  # the kernel computes it
                has_first = rule.parameters > 0 or block.points == 1
                has_second = rule.parameters > 1 and second
                for i in range(size if has_first else 1):
                    for j in range(size if has_second else 1):
                        here = rule.tuples(size, orders, i, j)
                        row = i if has_first else slice(None)
                        column = j if has_second else slice(None)
                        span[side, number, index, row, column] = (
                            len(places),
                            len(places) + len(here),
                        )
                        places.extend(here)
    padded = [(*place, *[place[0]] * (MOST_POINTS - len(place))) for place in places]
    return span, np.array(padded, np.int64).reshape(-1, MOST_POINTS)


NUMBA = EVALUATORS.register(
    EvaluatorKind("numba", NumbaEvaluator, "compiled, parallel over genomes")
)
