"""The evaluator of the `factor` grammar that works on whole populations in torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from dsl.genome import Genes, Genomes, most_sums
from dsl.grammars.factor.decode import Decoding
from dsl.grammars.factor.known_blocks import NOTHING_KNOWN, KnownBlocks
from dsl.grammars.factor.remainder import snap, zero_threshold
from dsl.primitives import PRIMITIVES
from dsl.targets.base import Target
from fitness.evaluators.numba_evaluator import NumbaEvaluator
from fitness.scores import Scores
from fitness.torch_devices import device_named, free_bytes
from fitness.torch_factor.block_formulas import BlockFormulas
from fitness.torch_factor.codes import Codes, encode
from fitness.torch_factor.nodes import Nodes
from fitness.torch_factor.placing import Placing
from fitness.torch_factor.prices import Prices
from fitness.torch_factor.remainders import KnownCosts
from fitness.torch_factor.stages import BlockStages
from fitness.torch_factor.states import Layout, States
from fitness.torch_factor.sums import SumStages
from fitness.torch_sharing import shared


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is worked on at a time.

    Attributes:
        states: Bytes of all states of a part of the population.
        nodes: Entries of the remainders that genes act on at once.
        places: Entries of the values at places of blocks.
    """

    states: int
    nodes: int
    places: int


# What a CPU's caches nearly hold: larger parts are slower, smaller ones mean more calls.
OF_CPU = Sizes(512 << 20, 1 << 21, 1 << 18)
# What keeps thousands of lanes busy.
OF_ACCELERATOR = Sizes(8 << 30, 1 << 27, 1 << 25)
# Of narrower remainders the calls are so short that threads wait for each other.
WORTH_THREADS = 32
# The share of the free memory that states may take; what is computed takes the rest.
SHARE = 0.25


class BatchedEvaluator:
    """Scores genomes gene by gene, all of a population at a time.

    Genomes that begin alike, or whose genes do the same, share their remainders. Operations and
    prefixes are those of the definition; errors differ from those of the other evaluators by
    rounding. What enters an archive is decoded by the compiled decoder.

    Args:
        target: What must be computed.
        threads: Of the CPU, where that is the device; the scores do not depend on it.
        device: "auto", or as torch calls it: "cpu", "cuda", "cuda:1".
        sizes: How much is worked on at a time; by default what suits the device.

    Raises:
        EnvironmentMismatchError: torch is not installed, or the device cannot be used.
        UsageError: There is no such device.
    """

    def __init__(
        self,
        target: Target,
        threads: int = 1,
        device: str = "auto",
        *,
        sizes: Sizes | None = None,
    ) -> None:
        self._device = device_named(device)
        self._threads = threads
        self._target = target
        is_cpu = self._device.type == "cpu"
        self._sizes = sizes or (OF_CPU if is_cpu else OF_ACCELERATOR)
        self._blocks = tuple(PRIMITIVES)
        dtype = np.complex128 if np.iscomplexobj(target.matrix) else np.float64
        self._matrix = np.ascontiguousarray(target.matrix, dtype)
        threshold = zero_threshold(target.matrix)
        self._start = snap(self._matrix, threshold)
        self._prices = Prices.for_data(target.domain == "complex")
        shape, elements = self._matrix.shape, self._sizes.places
        placing = Placing(self._blocks, shape, self._device)
        formulas = [BlockFormulas(block, self._prices) for block in self._blocks]
        self._stages = [
            BlockStages(each, placing, self._prices, threshold, elements) for each in formulas
        ]
        shear = BlockFormulas(PRIMITIVES.get("shear"), self._prices)
        self._sums = SumStages(shear, placing, self._prices, shape, threshold, elements)

    def evaluate(self, genomes: Genomes, known: KnownBlocks = NOTHING_KNOWN) -> Scores:
        """Scores a population; the order of the genomes does not matter.

        Raises:
            EnvironmentMismatchError: The device's memory does not hold one genome's remainders.
        """
        count = len(genomes)
        scores = Scores(np.zeros(count, np.int64), np.zeros(count), np.zeros(count, np.int64))
        if count:
            codes = encode(genomes, self._blocks, self._matrix.shape)
            layout = self._layout(genomes)
            order, parts = self._parts(genomes, codes, layout)

            def run(start: int, stop: int) -> None:
                some = order[start:stop]
                self._run(genomes.lengths, codes, layout, known, some, scores)

            shared(run, parts, self._threads_for(layout), self._device)
        return scores

    def decode(self, genome: Genes, known: KnownBlocks = NOTHING_KNOWN) -> Decoding:
        """Returns what one genome, (length, 6), means: to the bit as the compiled decoder does."""
        return self._decoder.decode(genome, known)

    @cached_property
    def _decoder(self) -> NumbaEvaluator:
        return NumbaEvaluator(self._target)

    def _layout(self, genomes: Genomes) -> Layout:
        """Returns sizes with room for as many sums as a genome can make on either side."""
        rows, columns = self._matrix.shape
        kind, side = genomes.genes[..., 0], genomes.genes[..., 2]
        inside = np.arange(genomes.capacity) < genomes.lengths[:, None]
        room = []
        for of_side, width in ((0, columns), (1, rows)):
            here = inside & (side == of_side)
            most = most_sums(width)
            sums = (here & (kind == len(self._blocks))).sum(axis=1)
            sums += most * (here & (kind > len(self._blocks))).sum(axis=1)
            room.append(min(most, int(sums.max(initial=0))))
        width = max(columns + room[0], rows + room[1])
        return Layout((rows, columns), width, np.iscomplexobj(self._matrix))

    def _threads_for(self, layout: Layout) -> int:
        return self._threads if layout.width >= WORTH_THREADS else 1

    def _parts(
        self, genomes: Genomes, codes: Codes, layout: Layout
    ) -> tuple[npt.NDArray[np.intp], list[tuple[int, int]]]:
        """Cuts a population into parts whose states fit.

        Returns:
            The genomes, those that begin alike together, and start and stop of each part.
        """
        keys = [genomes.lengths.astype(np.int64)]
        for position in reversed(range(min(2, genomes.capacity))):
            keys += [codes.rest[:, position], codes.kinds[:, position]]
        order = np.lexsort(keys)
        threads = self._threads_for(layout) if self._device.type == "cpu" else 1
        budget = min(self._sizes.states, int(SHARE * free_bytes(self._device))) // threads
        most = max(budget // layout.state_bytes - 1 - genomes.capacity, 1)
        ends = np.cumsum(genomes.lengths[order], dtype=np.int64)
        count = max(-(-int(ends[-1]) // most), min(threads, len(order)))
        edges = np.searchsorted(ends, np.arange(1, count) * ends[-1] / count)
        return order, [(a, b) for a, b in pairwise([0, *edges.tolist(), len(order)]) if a < b]

    def _run(
        self,
        lengths: npt.NDArray[np.int16],
        codes: Codes,
        layout: Layout,
        known: KnownBlocks,
        part: npt.NDArray[np.intp],
        scores: Scores,
    ) -> None:
        device = self._device
        part = part[np.argsort(-lengths[part], kind="stable")]
        of_length = lengths[part].astype(np.int64)
        capacity = int(of_length.sum()) + 1
        costs = KnownCosts(
            torch.tensor(known.fingerprints, device=device),
            torch.tensor(known.operations, device=device),
        )
        states = States(layout, self._start, capacity, self._prices, costs, device)
        longest = int(of_length.max(initial=0))
        kinds = torch.tensor(codes.kinds[part, :longest], device=device)
        rest = torch.tensor(codes.rest[part, :longest], device=device)
        now = torch.zeros(len(part), dtype=torch.int64, device=device)
        best, prefix = now.clone(), now.clone()
        added = self._added(device)
        fewest = states.operations[now]
        for position in range(longest):
            active = int(np.searchsorted(-of_length, -position))
            kind = kinds[:active, position]
            room = _room(states.sums[now[:active]] + added[kind])
            key = ((room * len(added) + kind) * capacity + now[:active]) * codes.bound
            key += rest[:active, position]
            keys, of_genome = torch.unique(key, return_inverse=True)
            now[:active] = self._apply(states, keys, codes, capacity)[of_genome]
            operations = states.operations[now[:active]]
            fewer = operations < fewest[:active]
            fewest[:active] = torch.where(fewer, operations, fewest[:active])
            prefix[:active] = torch.where(fewer, position + 1, prefix[:active])
            best[:active] = torch.where(fewer, now[:active], best[:active])
        chosen, of_genome = torch.unique(best, return_inverse=True)
        size = max(1, self._sizes.nodes // layout.width**2)
        errors = torch.cat([states.errors(some, self._matrix) for some in chosen.split(size)])
        scores.operations[part] = fewest.cpu().numpy()
        scores.prefixes[part] = prefix.cpu().numpy()
        scores.errors[part] = errors[of_genome].cpu().numpy()

    def _added(self, device: torch.device) -> Tensor:
        """Returns how many sums a gene may add, by its kind: primitive and side."""
        rows, columns = self._matrix.shape
        stages = [0, 0] * len(self._stages)
        return torch.tensor([*stages, 1, 1, most_sums(columns), most_sums(rows)], device=device)

    def _apply(self, states: States, keys: Tensor, codes: Codes, capacity: int) -> Tensor:
        """Applies one gene to each of some states; returns the states that they become.

        Args:
            states: All.
            keys: (nodes,) ascending: the room that sums need, kind of the gene, state and the
                gene's other fields.
            codes: How these are written in one number.
            capacity: Of states.
        """
        gene, state = keys % codes.bound, keys // codes.bound
        group, state = state // capacity, state % capacity
        fields = []
        for radix in reversed(codes.radices):
            fields.append(gene % radix)
            gene = gene // radix
        fields.reverse()
        number = 2 * len(self._stages) + 4
        counts = torch.bincount(group).tolist()
        after, position = [], 0
        for room, start in enumerate(range(0, len(counts), number)):
            of_room = counts[start : start + number]
            width = min(max(states.layout.shape) + (1 << room) - 1, states.layout.width)
            size = max(1, self._sizes.nodes // width**2)
            total = sum(of_room)
            for first in range(0, total, size):
                length = min(size, total - first)
                span = slice(position + first, position + first + length)
                genes = [field[span] for field in fields]
                runs = _runs(of_room, first, first + length)
                after.append(self._apply_some(states, state[span], genes, runs, width))
            position += total
        return torch.cat(after)

    def _apply_some(
        self,
        states: States,
        state: Tensor,
        genes: list[Tensor],
        runs: list[tuple[int, int]],
        width: int,
    ) -> Tensor:
        """Applies genes, sorted by their kinds, to states; returns what these become."""
        sides = [(kind % 2, length) for kind, length in runs]
        nodes = states.open(state, genes, sides, width)
        first = 0
        for primitive in range(len(self._stages) + 2):
            last = first + sum(length for kind, length in runs if kind // 2 == primitive)
            if last > first:
                self._apply_kind(primitive, nodes.part(first, last))
            first = last
        return states.close(state, nodes)

    def _apply_kind(self, primitive: int, nodes: Nodes) -> None:
        if primitive < len(self._stages):
            self._stages[primitive].apply(nodes)
        elif primitive == len(self._stages):
            self._sums.apply_one(nodes)
        else:
            self._sums.apply_stage(nodes)


def _room(sums: Tensor) -> Tensor:
    """Returns the least r for which so many sums are below 2 to the power of r."""
    return torch.ceil(torch.log2(sums + 1.0)).long()


def _runs(counts: list[int], start: int, end: int) -> list[tuple[int, int]]:
    """Returns the kinds of the nodes from start to end, and how many there are of each."""
    runs, position = [], 0
    for kind, count in enumerate(counts):
        length = min(end, position + count) - max(start, position)
        if length > 0:
            runs.append((kind, length))
        position += count
    return runs
