"""What torch scores on a GPU, or on the CPU, beside the compiled evaluators on all cores.

    python -m benchmarks gpu
    python -m benchmarks gpu --device cpu --sizes 16,64 --populations 1000 --search-seconds 0

No figure is extrapolated: a cell that would take too long, to judge by a smaller population, or
that memory does not hold is `not measured`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from benchmarks.evaluator import solved_population
from benchmarks.expression_evaluator import INPUTS, SETS, random_trees, to_tapes
from benchmarks.record_run import search
from dsl.errors import EnvironmentMismatchError, EvosynthError
from dsl.genome import Genomes, pack
from dsl.grammars.expression.genome import Tapes
from dsl.targets import CAPACITY, Target, make_target, memory_limit
from evosynth.engine.spec import gene_space
from evosynth.engine.variation import mutate
from evosynth.settings import GENE_BYTES
from evosynth.workplace import cores
from fitness.evaluators import EVALUATORS
from fitness.evaluators.expression_evaluators import expression_evaluator
from fitness.torch_devices import CPU, device_named, device_title, is_out_of_memory

if TYPE_CHECKING:
    import torch

SIZES, POPULATIONS = (16, 32, 64, 128, 256), (1_000, 10_000, 100_000, 1_000_000)
ROWS, FORMULAS = (64, 1_000, 10_000), (4_096, 100_000)
FUNCTIONS = "+ - * / sin cos"
# Formulas that are drawn; the others are these with other inputs at their leaves.
DRAWN = 4_096
# Sizes of transforms, and operations at which a search for one stops.
SEARCHES: tuple[tuple[int, int | None], ...] = ((64, 1_160), (128, None), (256, None))
SEARCH_SECONDS, SEARCH_POPULATION = 120.0, 4_096
TORCH, NUMBA = "torch", "numba"
NAMES = (TORCH, NUMBA)
ROUNDS = 5
# Genomes of the first calls, which compile, and say how long larger populations take.
PROBE = 32
# Populations on the way to one that is measured grow by this factor.
STEP = 4
# Of wider transforms the population of a search takes long: random genomes stand for it.
WIDEST_SOLVED, RANDOM_GENOMES, RANDOM_GENES = 64, 100, 4
# Copies of a population's genes that are in memory at once, as they are or as wider integers.
COPIES = 10
# Numbers that are copied to measure the bandwidth: 512 MiB, beyond any cache.
COPIED = 1 << 26
COMPLEX_BYTES, REAL_BYTES = 16, 8
NOT_MEASURED, NOT_REACHED = "not measured", "not reached"

Search = Callable[[dict[str, Any], str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one cell may take.

    Attributes:
        seconds: Of all its rounds together.
        memory: Bytes of genes.
        clock: By which seconds are measured.
    """

    seconds: float = 30.0
    memory: int = field(default_factory=memory_limit)
    clock: Callable[[], float] = time.perf_counter


class Race:
    """Evaluators that score the same ever larger populations, in turns.

    Args:
        score: What scores a population, by the name of its evaluator.
        make: Returns a population of so many.
        bounds: What one cell may take.
    """

    def __init__(
        self,
        score: Mapping[str, Callable[[Any], object]],
        make: Callable[[int], Any],
        bounds: Bounds,
    ) -> None:
        self._score, self._make, self._bounds = score, make, bounds
        self._largest = PROBE
        # Of the largest population so far, a genome; who is not in it has failed.
        self._seconds_each = dict.fromkeys(score, 0.0)
        self._try_out(PROBE)  # compiles, and tells nothing
        self._seconds_each = dict.fromkeys(self._seconds_each, 0.0)
        self._try_out(PROBE)

    def run(self, count: int) -> tuple[Any, dict[str, float]]:
        """Returns a population of so many and the median seconds of who scores it.

        Those whom it would take too long are left out; without any there is no population.
        """
        while self._largest * STEP < count and self._able(self._largest * STEP):
            self._try_out(self._largest * STEP)
        if not (able := self._able(count)):
            return None, {}
        population, taken = self._make(count), {name: list[float]() for name in able}
        for _ in range(ROUNDS):
            for name, before in list(taken.items()):
                if before and sum(before) + before[-1] > self._bounds.seconds:
                    continue
                seconds = self._seconds(name, population)
                if seconds is None:
                    del taken[name], self._seconds_each[name]
                else:
                    before.append(seconds)
        medians = {name: float(np.median(each)) for name, each in taken.items()}
        self._largest = count
        self._seconds_each |= {name: seconds / count for name, seconds in medians.items()}
        return population, medians

    def _able(self, count: int) -> list[str]:
        """Returns who is likely to score so many genomes within the bounds."""
        if count * CAPACITY * GENE_BYTES * COPIES > self._bounds.memory:
            return []
        each = self._seconds_each.items()
        return [name for name, seconds in each if seconds * count <= self._bounds.seconds]

    def _try_out(self, count: int) -> None:
        """Scores a population once, to know how long a larger one will take."""
        population, self._largest = self._make(count), count
        for name in self._able(count):
            seconds = self._seconds(name, population)
            if seconds is None:
                del self._seconds_each[name]
            else:
                self._seconds_each[name] = seconds / count

    def _seconds(self, name: str, population: Any) -> float | None:
        """Returns what a call takes; None if memory does not hold what it needs."""
        start = self._bounds.clock()
        try:
            self._score[name](population)
        except (EnvironmentMismatchError, MemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not is_out_of_memory(error):
                raise
            return None
        return self._bounds.clock() - start


# The machine


def bandwidth(device: torch.device, threads: int, clock: Callable[[], float]) -> float:
    """Returns the bytes that a copy reads and writes in a second: the median of a few."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    source = torch.ones(COPIED, dtype=torch.float64, device=device)
    copy, seconds = torch.empty_like(source), []
    for _ in range(ROUNDS + 1):
        _synchronise(device)
        start = clock()
        copy.copy_(source)
        _synchronise(device)
        seconds.append(clock() - start)
    torch.set_num_threads(before)
    return 2 * REAL_BYTES * COPIED / float(np.median(seconds[1:]))


def _synchronise(device: torch.device) -> None:
    """Waits for the device."""
    import torch

    if device.type != CPU:
        torch.cuda.synchronize(device)


def machine(device: torch.device, threads: int, bytes_per_second: float) -> str:
    """Returns what the figures were measured on."""
    import torch

    told = (
        f"device {device_title(device)}, torch {torch.__version__}, {threads} CPU cores\n"
        f"a copy on the device: {bytes_per_second / 1e9:,.1f} GB/s, read and written"
    )
    if device.type != CPU:
        return told
    is_there = torch.cuda.is_available()
    absent = "the GPU is not used" if is_there else "no GPU here"
    return f"{told}\n{absent}: figures of a GPU are not measured"


# Genomes of matrices


def parents_for(target: Target) -> tuple[Genomes, str]:
    """Returns a population and what it is."""
    n = target.matrix.shape[0]
    if n <= WIDEST_SOLVED:
        return solved_population(target), "solved"
    rng, space = np.random.default_rng(1), gene_space(target.matrix.shape)
    lengths = rng.integers(1, RANDOM_GENES + 1, RANDOM_GENOMES)
    return pack([space.draw(length, rng) for length in lengths], CAPACITY), "random"


def children(parents: Genomes, target: Target, count: int) -> Genomes:
    """Returns mutants of a population's genomes."""
    rng = np.random.default_rng(2)
    chosen = parents.take(rng.integers(0, len(parents), count))
    return mutate(chosen, gene_space(target.matrix.shape), rng)


def distinct_share(genomes: Genomes) -> float:
    """Returns how many of the genes end a beginning that no other genome has, or the first one."""
    total, genes = int(genomes.lengths.sum()), np.ascontiguousarray(genomes.genes)
    whole = np.dtype((np.void, genes[0].nbytes))
    order = np.argsort(genes.reshape(len(genes), -1).view(whole)[:, 0])
    lengths, distinct = genomes.lengths[order], int(genomes.lengths[order[0]])
    is_shared = np.ones(len(genomes) - 1, bool)
    for position in range(genomes.capacity):
        here = genes[order, position]
        is_shared &= (here[1:] == here[:-1]).all(axis=1) & (lengths[:-1] > position)
        distinct += int(((lengths[1:] > position) & ~is_shared).sum())
    return distinct / max(total, 1)


def factor_table(
    sizes: tuple[int, ...],
    populations: tuple[int, ...],
    device: torch.device,
    bytes_per_second: float,
    bounds: Bounds,
) -> None:
    """Prints genomes per second of the `factor` grammar."""
    print(f"\nDFT: genomes per second, torch on {device_title(device)}, numba on all cores")
    _heads("n genomes population torch numba torch/numba genes distinct bound")
    for n in sizes:
        target = make_target("dft", n)
        parents, source = parents_for(target)
        score = {
            name: EVALUATORS.get(name).make(target, cores(), str(device)).evaluate for name in NAMES
        }
        race = Race(score, partial(children, parents, target), bounds)
        for count in populations:
            genomes, seconds = race.run(count)
            rates, told = _rates(seconds, count), [NOT_MEASURED] * 3
            if seconds:
                genes = float(genomes.lengths.mean())
                moved = 2 * COMPLEX_BYTES * n**2 * genes
                told[:2] = [f"{genes:.1f}", f"{distinct_share(genomes):.0%}"]
                if TORCH in rates:
                    told[2] = f"{rates[TORCH] * moved / bytes_per_second:.2%}"
            _row([str(n), source, f"{count:,}", *_cells(rates), *told])
    print(
        "genomes: mutants of the population of a solved run, or of random ones of 1 to "
        f"{RANDOM_GENES} genes\n"
        "bound: the share of the bandwidth above that torch would use if every gene of every "
        "genome\nread and wrote the remainder once, 16 n^2 bytes each; genomes that begin alike "
        "share remainders,\nso it may be above 100 %; distinct: genes that are left if each "
        "beginning counts once"
    )


# Formulas


def some_formulas(drawn: Tapes, count: int) -> Tapes:
    """Returns the formulas that were drawn; beyond their number, with other inputs."""
    which = np.arange(count) % len(drawn.lengths)
    repeats = np.flatnonzero(np.arange(count) >= len(drawn.lengths))
    rng = np.random.default_rng(3)

    def operands(of_drawn: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
        taken = of_drawn[which]
        again = taken[repeats]
        other = rng.integers(0, INPUTS, again.shape).astype(np.int16)
        taken[repeats] = np.where((again >= 0) & (again < INPUTS), other, again)
        return taken

    return replace(
        drawn,
        primitives=drawn.primitives[which],
        left=operands(drawn.left),
        right=operands(drawn.right),
        constants=drawn.constants[which],
        is_term=drawn.is_term[which],
        is_live=drawn.is_live[which],
        lengths=drawn.lengths[which],
    )


def expression_table(
    row_counts: tuple[int, ...], populations: tuple[int, ...], device: torch.device, bounds: Bounds
) -> None:
    """Prints node evaluations per second of the `expression` grammar."""
    print(
        f"\nFormulas of {FUNCTIONS}, 27 nodes: million node evaluations per second, torch on "
        f"{device_title(device)}, numba on all cores"
    )
    _heads("rows formulas of torch numba torch/numba")
    trees = random_trees(SETS[FUNCTIONS], min(DRAWN, max(populations)))
    drawn, sizes = to_tapes(trees), np.array([tree.size() for tree in trees])
    rng = np.random.default_rng(1)
    for rows in row_counts:
        x, y = rng.normal(size=(rows, INPUTS)), rng.normal(size=rows)
        made = {name: expression_evaluator(name, x, y, cores(), str(device)) for name in NAMES}
        kinds: dict[str, dict[str, Callable[[Tapes], object]]] = {
            "values": {name: each.mean_squares for name, each in made.items()},
            "with fit": {name: each.evaluate for name, each in made.items()},
        }
        for kind, score in kinds.items():
            race = Race(score, partial(some_formulas, drawn), bounds)
            for count in populations:
                _, seconds = race.run(count)
                nodes = int(sizes[np.arange(count) % len(sizes)].sum()) * rows
                rates = _rates(seconds, nodes / 1e6)
                _row([f"{rows:,}", f"{count:,}", kind, *_cells(rates)])
    print(
        "values: and their difference from y; with fit: a least-squares fit of every formula; of "
        f"more than\n{DRAWN:,} formulas the others are the same with other inputs. EvoGP's "
        "authors claim more than 1e11\n(100,000 million) on a GPU (arXiv 2501.17168); that was "
        "not measured here"
    )


# Searches


def search_table(device: torch.device, seconds: float, run: Search = search) -> None:
    """Prints what searches with both evaluators find in so many seconds."""
    print(
        f"\nSearch for the DFT, seed 1, until its goal or the first epoch that ends after "
        f"{seconds:g} s;\nseconds: to its best"
    )
    _heads("n evaluator population goal operations seconds took evaluations")
    for n, goal in SEARCHES:
        for name, population in ((TORCH, SEARCH_POPULATION), (NUMBA, None)):
            request = {"target": "dft", "n": n, "seed": 1, "time": seconds, "goal": goal}
            request |= {"evaluator": name, "device": str(device), "population": population}
            with tempfile.TemporaryDirectory() as folder:
                found = run(request, folder)
            is_reached = goal is None or found["operations"] <= goal
            _row(
                [
                    str(n),
                    f"{name} on {device}" if name == TORCH else name,
                    f"{population:,}" if population else "default",
                    f"{goal:,}" if goal else "-",
                    f"{found['operations']:,}",
                    f"{found['best_seconds']:.1f}" if is_reached else NOT_REACHED,
                    f"{found['seconds']:.1f}",
                    f"{found['evaluations']:,}",
                ]
            )


# Tables


def _rates(seconds: dict[str, float], count: float) -> dict[str, float]:
    return {name: count / each for name, each in seconds.items()}


def _cells(rates: dict[str, float]) -> list[str]:
    """Returns the rates, and the first over the second."""
    cells = [f"{rates[name]:,.0f}" if name in rates else NOT_MEASURED for name in NAMES]
    is_both = all(name in rates for name in NAMES)
    return [*cells, f"{rates[TORCH] / rates[NUMBA]:.4g}" if is_both else NOT_MEASURED]


def _heads(names: str) -> None:
    _row(names.split())
    _row(["---"] * len(names.split()))


def _row(cells: list[str]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def _numbers(text: str) -> tuple[int, ...]:
    """Returns the numbers of a list such as "16,32", in ascending order."""
    numbers = tuple(sorted({int(part) for part in text.split(",")}))
    if numbers[0] < 2:
        raise argparse.ArgumentTypeError(f"expected numbers above 1 such as 16,32, got '{text}'")
    return numbers


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 [default: auto]")
    parser.add_argument("--sizes", type=_numbers, default=SIZES, metavar="N,...", help="of DFTs")
    parser.add_argument("--populations", type=_numbers, default=POPULATIONS, metavar="N,...")
    parser.add_argument(
        "--search-seconds",
        type=float,
        default=SEARCH_SECONDS,
        help=f"of each of {2 * len(SEARCHES)} searches; 0 for none [default: {SEARCH_SECONDS:g}]",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="the first sizes, populations and rows alone, and no search",
    )
    return parser


def main(arguments: list[str] | None = None, bounds: Bounds | None = None) -> None:
    """Prints the machine and the tables."""
    parser, bounds = _parser(), bounds or Bounds()
    given = parser.parse_args(arguments)
    try:
        device = device_named(given.device)
    except EvosynthError as error:
        parser.error(f"{error} ({error.hint})" if error.hint else str(error))
    sizes: tuple[int, ...] = given.sizes
    populations: tuple[int, ...] = given.populations
    rows: tuple[int, ...] = ROWS
    formulas: tuple[int, ...] = FORMULAS
    if given.quick:
        sizes, populations = sizes[:2], populations[:1]
        rows, formulas, given.search_seconds = rows[:1], formulas[:1], 0
    bytes_per_second = bandwidth(device, cores(), bounds.clock)
    print(machine(device, cores(), bytes_per_second))
    print(
        f"medians of up to {ROUNDS} rounds in turns; {NOT_MEASURED}: beyond memory, or longer than "
        f"{bounds.seconds:g} s"
    )
    factor_table(sizes, populations, device, bytes_per_second, bounds)
    expression_table(rows, formulas, device, bounds)
    if given.search_seconds > 0:
        search_table(device, given.search_seconds)
    print("\nWhat breeding and selection take: python -m benchmarks variation")
