"""What each part of the search for algorithms is worth: the same runs without it.

    python -m benchmarks recursive-ablation --seeds 20

The budget is in evaluations, so that results depend on seeds alone and not on the machine. Every
run is a line of the results file and is not repeated.

`finding`: one island seeks a rule for the DFT that is right when it calls itself, at every power
of 2 up to 1,024. `cheapening`: radix 2 becomes split radix, 4 n lg n - 6 n + 8 operations up to
1,024 points. Evaluations are those of the runs that succeed.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.recursive import is_as_cheap_as_split_radix, is_right
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.rule import Rule, Step
from dsl.rewrites import REWRITES
from evosynth.engine.recursive import cheapening, finding
from evosynth.engine.recursive.cheapening import CheapeningOptions, CheapeningTask
from evosynth.engine.recursive.finding import FindingOptions, Subject
from evosynth.runs.json_lines import append_line, read_lines

RESULTS = Path("runs/recursive-ablation.jsonl")
FINDING, CHEAPENING = "finding", "cheapening"
# Evaluations between two looks; results do not depend on the second one.
EPOCH, CHILDREN = 2_000, 20
KEPT = frozenset(rewrite.name for rewrite in REWRITES if rewrite.keeps_meaning)
RADIX_2 = Rule(
    (
        Step("take", (0,), (2, 0)),
        Step("take", (0,), (2, 1)),
        Step("call", (1,), (), "dft"),
        Step("call", (2,), (), "dft"),
        Step("twiddle", (4,), (-1, 0, 0)),
        Step("add", (3, 5)),
        Step("subtract", (3, 5)),
        Step("concatenate", (6, 7), (2,)),
    ),
    8,
)
HEAD = ("", "variant", "succeed", "median evaluations", "worst", "median seconds of a run")

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Variant:
    """A search with something left out.

    Attributes:
        part: `FINDING` or `CHEAPENING`.
        options: What differs from the defaults of that part.
    """

    part: str
    options: dict[str, Any] = field(default_factory=dict)


VARIANTS = {
    "all": Variant(FINDING),
    "no oracle": Variant(FINDING, {"has_oracle": False}),
    "fitness not graded": Variant(FINDING, {"is_graded": False}),
    "ties decided by size": Variant(FINDING, {"size_weight": 0.01}),
    "a term for size": Variant(FINDING, {"size_weight": 1.0}),
    "no proposed steps": Variant(FINDING, {"hint_odds": 0.0}),
    "random search": Variant(FINDING, {"is_blind": True}),
    "all rewrites": Variant(CHEAPENING),
    "no inlining": Variant(CHEAPENING, {"without": frozenset({"inline"})}),
    "no distributing": Variant(CHEAPENING, {"without": frozenset({"distribute"})}),
    "blind changes only": Variant(CHEAPENING, {"blind": 1.0, "without": KEPT}),
    "no blind changes": Variant(CHEAPENING, {"blind": 0.0}),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One run that the table asks for.

    Attributes:
        variant: A name of `VARIANTS`.
        seed: Decides everything.
        budget: Most evaluations.
    """

    variant: str
    seed: int
    budget: int

    @property
    def key(self) -> tuple[Any, ...]:
        """By which a run is found in the results."""
        return tuple(asdict(self).values())


KEY = ("variant", "seed", "budget")
Runner = Callable[[Case], Line]


# One search


def search_once(case: Case) -> Line:
    """Returns the line of a search; "evaluations" is None if it did not succeed."""
    variant = VARIANTS[case.variant]
    rng = np.random.default_rng(case.seed)
    start = perf_counter()
    if variant.part == FINDING:
        evaluations = evaluations_to_find(FindingOptions(**variant.options), case.budget, rng)
    else:
        options = CheapeningOptions(**variant.options)
        evaluations = evaluations_to_cheapen(options, case.budget, rng)
    return asdict(case) | {
        "evaluations": evaluations,
        "seconds": round(perf_counter() - start, 2),
    }


def evaluations_to_find(
    options: FindingOptions, budget: int, rng: np.random.Generator
) -> int | None:
    """Returns the evaluations until a right rule for the DFT; None if the budget ends."""
    subject = Subject("dft", 2)
    island, made = finding.start_island(subject, options), 0
    while made < budget:
        epoch = min(EPOCH, budget - made)
        island, count, rule = finding.advance(island, subject, options, epoch, rng)
        made += count
        if rule is not None and _is_right_by_itself(rule):
            return made
    return None


def _is_right_by_itself(rule: Rule) -> bool:
    """Tells whether a rule computes the DFT of every size when it answers its own calls."""
    try:
        return is_right(Algorithm("dft", {"dft": (rule,)}))
    except ValueError:
        return False


def evaluations_to_cheapen(
    options: CheapeningOptions, budget: int, rng: np.random.Generator
) -> int | None:
    """Returns the children until radix 2 has become split radix; None if the budget ends."""
    task = CheapeningTask("dft", cheapening.sizes_that_count(RADIX_2), {}, options)
    state = cheapening.begin(task, RADIX_2)
    seen = state.best
    while state.evaluations < budget:
        children = min(CHILDREN, budget - state.evaluations)
        state = cheapening.advance(task, state, children, rng)
        if state.best is seen:
            continue
        seen = state.best
        algorithm = Algorithm("dft", {"dft": (seen.rule,)})
        if is_as_cheap_as_split_radix(algorithm, task.sizes) and (
            is_as_cheap_as_split_radix(algorithm) and is_right(algorithm)
        ):
            return state.improved_at
    return None


# Running


def complete(cases: list[Case], results: Path, run: Runner, workers: int = 1) -> list[Line]:
    """Makes the runs that the results lack; returns the lines of all."""
    done = {key_of(line) for line in read_results(results)}
    results.parent.mkdir(parents=True, exist_ok=True)
    for line in _made([case for case in cases if case.key not in done], run, workers):
        append_line(results, line, "choose another file with --results")
    keys = {case.key for case in cases}
    latest = {key_of(line): line for line in read_results(results)}
    return [line for key, line in latest.items() if key in keys]


def _made(cases: list[Case], run: Runner, workers: int) -> Iterator[Line]:
    """Yields lines as runs end."""
    if workers == 1:
        yield from map(run, cases)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for future in as_completed([pool.submit(run, case) for case in cases]):
            yield future.result()


def read_results(path: Path) -> list[Line]:
    """Returns the lines of a results file; what a killed process left half written is none."""
    return [line for line in read_lines(path) if {*KEY, "evaluations"} <= set(line)]


def key_of(line: Line) -> tuple[Any, ...]:
    """Returns that by which a run is found in the results."""
    return tuple(line[name] for name in KEY)


# The table


def main(arguments: list[str] | None = None, run: Runner = search_once) -> None:
    """Makes the runs that are missing, and prints the table."""
    parser = _parser()
    options = parser.parse_args(arguments)
    names = options.variants or list(VARIANTS)
    if unknown := [name for name in names if name not in VARIANTS]:
        parser.error(f"unknown variant {unknown[0]!r}; known: {', '.join(VARIANTS)}")
    if min(options.seeds, options.evaluations, options.children, options.workers) < 1:
        parser.error("expected at least one seed, evaluation, child and worker")
    print(f"{options.seeds} seeds; {FINDING}: at most {options.evaluations:,} evaluations,")
    print(f"{CHEAPENING}: at most {options.children:,} children; results in {options.results}\n")
    _print_row(HEAD)
    _print_row(["---"] * len(HEAD))
    for name in names:
        is_finding = VARIANTS[name].part == FINDING
        budget = options.evaluations if is_finding else options.children
        cases = [Case(name, seed, budget) for seed in range(options.seeds)]
        _print_row(row(name, complete(cases, options.results, run, options.workers)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks recursive-ablation", description=__doc__
    )
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--variants", nargs="+", metavar="NAME", help=f"[default: all of {', '.join(VARIANTS)}]"
    )
    parser.add_argument("--seeds", type=int, default=20, help="runs of each  [default: 20]")
    parser.add_argument(
        "--evaluations", type=int, default=500_000, help="to find a rule  [default: 500000]"
    )
    parser.add_argument(
        "--children", type=int, default=3_000, help="to make it cheaper  [default: 3000]"
    )
    parser.add_argument("--workers", type=int, default=1, help="processes  [default: 1]")
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help=f"one line a run  [default: {RESULTS}]"
    )
    return parser


def row(name: str, lines: list[Line]) -> list[str]:
    """Returns a variant's row: how often it succeeded, and how soon."""
    part = VARIANTS[name].part
    found = [line["evaluations"] for line in lines if line["evaluations"] is not None]
    seconds = median(line["seconds"] for line in lines)
    return [
        part,
        name,
        f"{len(found)}/{len(lines)}",
        f"{math.floor(median(found)):,}" if found else "-",
        f"{max(found):,}" if found else "-",
        f"{seconds:.1f}",
    ]


def _print_row(cells: list[str] | tuple[str, ...]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
