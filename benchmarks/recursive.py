"""The table of algorithms for every size: how often and how soon they are found.

    python -m benchmarks recursive --targets dft wht dct2 --seeds 20

Every run is a process of its own with the defaults of `evosynth run --recursive`, and stops as
soon as it has what is asked for. It is a line of the results file and is not repeated: the table
can be interrupted, resumed, and extended by more seeds and targets.

Seconds are wall-clock time of the search, without starting and compiling, and count from when it
began; those until split radix count from the first algorithm. All are of runs that succeed. An
algorithm counts as found if it does every size up to 1,024 with the radices' factors, calls itself
down to its bases, and is right on random vectors; as split radix if it takes 4 n lg n - 6 n + 8
operations or fewer at each of these sizes (168, 456, 1,160 at 16, 32, 64).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from evosynth.algorithm_verification import verify_algorithm
from evosynth.cases.algorithm_case import AlgorithmCase
from evosynth.engine.driver import Limits, Search, Snapshot
from evosynth.engine.means import Means
from evosynth.engine.recursive.rule_book import compared
from evosynth.runs.json_lines import append_line, read_lines
from evosynth.settings import Settings
from evosynth.workplace import Workplace

RESULTS = Path("runs/recursive.jsonl")
LARGEST = 1024
# Sizes that are looked at while a search goes on; all others once it has ended.
LARGEST_WATCHED, SPLIT_WATCHED = 24, (32, 64, 16)
SPARE_SECONDS = 300.0  # for compiling, starting and verifying; after it a run is killed
LONGEST_COMPLAINT = 2_000
HEAD = (
    "target",
    "found",
    "median s",
    "worst s",
    "median evaluations",
    "worst",
    "median operations",
    "operations, most often",
    "n lg n or better",
)
SPLIT_HEAD = (
    "target",
    "split radix",
    "median s more",
    "worst s more",
    "median evaluations in all",
    "worst",
)

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """A row of the table.

    Attributes:
        family: The transform.
        radices: Of the rules.
        seconds: In which an algorithm is to be found,
        more_seconds: and in which, after that, one as cheap as split radix; 0 for no such goal.
    """

    family: str
    radices: tuple[int, ...] = (2,)
    seconds: float = 60.0
    more_seconds: float = 0.0


TASKS = {
    "dft": Task("dft", seconds=30.0, more_seconds=60.0),
    "dft-3": Task("dft", (3,)),
    "dft-2,3": Task("dft", (2, 3)),
    "idft": Task("idft"),
    "wht": Task("wht"),
    "haar": Task("haar"),
    "dct2": Task("dct2"),
    "dct4": Task("dct4"),
    "dht": Task("dht"),
    "polymul": Task("polymul"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One run that the table asks for.

    Attributes:
        task: A name of `TASKS`.
        seed: Of the search.
        seconds: In which an algorithm is to be found,
        more_seconds: and in which it is to become as cheap as split radix.
    """

    task: str
    seed: int
    seconds: float
    more_seconds: float

    @property
    def key(self) -> tuple[Any, ...]:
        """By which a run is found in the results."""
        return tuple(asdict(self).values())


KEY = ("task", "seed", "seconds", "more_seconds")
Runner = Callable[[Case], Line]


# What counts


def split_radix(n: int) -> int:
    """Returns the real operations of split radix for n points, a power of 2 from 2 on."""
    return 4 * n * (n.bit_length() - 1) - 6 * n + 8


def is_as_cheap_as_split_radix(algorithm: Algorithm, sizes: tuple[int, ...] = ()) -> bool:
    """Tells whether it takes no more operations at some sizes, by default all up to 1,024."""
    return all(
        algorithm.operations(n).operations <= split_radix(n)
        for n in sizes or expected_sizes((2,), LARGEST)
    )


def expected_sizes(radices: tuple[int, ...], largest: int) -> tuple[int, ...]:
    """Returns the sizes that an algorithm with such rules must do; 1 is none of them."""
    return tuple(n for n in range(2, largest + 1) if _has_only(n, radices))


def _has_only(n: int, primes: tuple[int, ...]) -> bool:
    for p in primes:
        while n % p == 0:
            n //= p
    return n == 1


def does_sizes(algorithm: Algorithm, radices: tuple[int, ...], largest: int) -> bool:
    """Tells whether an algorithm does all expected sizes up to one."""
    return all(algorithm.has_size(n) for n in expected_sizes(radices, largest))


def is_right(algorithm: Algorithm) -> bool:
    """Tells whether an algorithm computes its transform at all its sizes up to 1,024."""
    return verify_algorithm(algorithm, largest=LARGEST, largest_proved=0).is_verified


# One search


class _Reached(Exception):  # noqa: N818
    """What is asked for was found, or will not be in time."""


class Watch:
    """Notes when a search finds what is asked for, and stops it.

    Attributes:
        found: Seconds, evaluations and algorithm when one first did the sizes.
        cheap: The same when one first was as cheap as split radix.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self.radices = TASKS[case.task].radices
        self.found: tuple[float, int, Algorithm] | None = None
        self.cheap: tuple[float, int, Algorithm] | None = None

    def __call__(self, snapshot: Snapshot) -> None:
        """Looks at a search after an epoch."""
        if snapshot.has_better_program and isinstance(snapshot.best, Algorithm):
            now = (snapshot.seconds, snapshot.evaluations, snapshot.best)
            if self.found is None and does_sizes(snapshot.best, self.radices, LARGEST_WATCHED):
                self.found = now
            is_wanted = self.found is not None and self.case.more_seconds > 0
            if is_wanted and is_as_cheap_as_split_radix(snapshot.best, SPLIT_WATCHED):
                self.cheap = now
        if self.found is None:
            is_over = snapshot.seconds >= self.case.seconds
        else:
            end = self.found[0] + self.case.more_seconds
            is_over = self.cheap is not None or snapshot.seconds >= end
        if is_over:
            raise _Reached


def search_once(case: Case) -> Line:
    """Searches in this process, and judges what was found."""
    task = TASKS[case.task]
    target = RecursiveTarget(task.family, task.radices)
    subject, settings = AlgorithmCase(target), Settings(seed=case.seed)
    spec, workplace = settings.spec(subject), Workplace(executor="serial")
    threads = workplace.threads(subject)
    watch = Watch(case)
    limits = Limits(seconds=case.seconds + case.more_seconds)
    executor = workplace.make_executor(subject, spec.islands)
    search = Search(subject.breeding(spec, Means(threads), None), spec, limits, executor)
    load = _load()
    with suppress(_Reached):
        search.run(watch)
    line = asdict(case) | {"threads": threads, "load": [load, _load()], "error": ""}
    return line | _judged(watch, target) | {"evaluations": search.evaluations}


def _load() -> float:
    return round(os.getloadavg()[0], 1)


def _judged(watch: Watch, target: RecursiveTarget) -> Line:
    """Returns what came of a search."""
    names = ("found", "found_evaluations", "split", "split_evaluations")
    line: Line = dict.fromkeys((*names, "operations", "growth", "is_quasilinear"))
    if watch.found is None or watch.found[0] > watch.case.seconds:
        return line
    seconds, evaluations, algorithm = watch.found
    verification = verify_algorithm(algorithm, largest=LARGEST, largest_proved=0)
    growth = verification.growth
    line |= {
        "operations": algorithm.operations(
            compared(algorithm, [target.compared_size])[0]
        ).operations,
        "growth": growth.text if growth else "",
        "is_quasilinear": growth is not None and growth.is_quasilinear,
    }
    if not verification.is_verified or not does_sizes(algorithm, target.radices, LARGEST):
        said = "; ".join(verification.problems) or algorithm.sizes_text
        return line | {"error": f"what was found is wrong: {said}"[:LONGEST_COMPLAINT]}
    line |= {"found": round(seconds, 3), "found_evaluations": evaluations}
    if watch.cheap is None or watch.cheap[0] - seconds > watch.case.more_seconds:
        return line
    cheap_seconds, evaluations, cheap = watch.cheap
    if is_as_cheap_as_split_radix(cheap) and is_right(cheap):
        line |= {"split": round(cheap_seconds - seconds, 3), "split_evaluations": evaluations}
    return line


# Running


def run_once(case: Case) -> Line:
    """Returns the line of a run in a process of its own, which may hang or crash.

    "error" says how it failed, or is "".
    """
    start, said = perf_counter(), ""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.recursive", json.dumps(asdict(case))],
            capture_output=True,
            text=True,
            check=False,
            timeout=case.seconds + case.more_seconds + SPARE_SECONDS,
        )
        if not done.returncode:
            line: Line = json.loads(done.stdout.splitlines()[-1])
            return line | {"process_seconds": round(perf_counter() - start, 1)}
        said = done.stderr.strip()[-LONGEST_COMPLAINT:]
        error = f"exit status {done.returncode}: {(said.splitlines() or ['it said nothing'])[-1]}"
    except subprocess.TimeoutExpired:
        error = "it did not end"
    return asdict(case) | {"found": None, "split": None, "error": error, "said": said}


def complete(cases: list[Case], results: Path, run: Runner, *, again: bool = False) -> list[Line]:
    """Makes the runs that the results lack; returns the lines of all, failed ones too."""
    done = {key_of(line) for line in read_results(results) if not (again and line["error"])}
    results.parent.mkdir(parents=True, exist_ok=True)
    for case in cases:
        if case.key in done:
            continue
        line = run(case)
        if line["error"]:
            print(f"{case.task} seed {case.seed}: {line['error']}", file=sys.stderr)
        append_line(results, line, "choose another file with --results")
    keys = {case.key for case in cases}
    latest = {key_of(line): line for line in read_results(results)}
    return [line for key, line in latest.items() if key in keys]


def read_results(path: Path) -> list[Line]:
    """Returns the lines of a results file; what a killed process left half written is none."""
    return [line for line in read_lines(path) if {*KEY, "error"} <= set(line)]


def key_of(line: Line) -> tuple[Any, ...]:
    """Returns that by which a run is found in the results."""
    return tuple(line[name] for name in KEY)


# The table


def main(arguments: list[str] | None = None, run: Runner | None = None) -> None:
    """Makes the runs that are missing, and prints the tables."""
    parser = _parser()
    options = parser.parse_args(arguments)
    tasks = options.targets or list(TASKS)
    if unknown := [name for name in tasks if name not in TASKS]:
        parser.error(f"unknown target {unknown[0]!r}; known: {', '.join(TASKS)}")
    if options.seeds < 1:
        parser.error("expected at least one seed")
    cases = {name: cases_of(name, options.seeds) for name in tasks}
    _announce([case for each in cases.values() for case in each], options)
    _print_row(HEAD)
    _print_row(["---"] * len(HEAD))
    lines: dict[str, list[Line]] = {}
    for name, wanted in cases.items():
        lines[name] = complete(wanted, options.results, run or run_once, again=options.again)
        _print_row(row(name, lines[name]))
    if cheap := [name for name in tasks if TASKS[name].more_seconds]:
        print()
        _print_row(SPLIT_HEAD)
        _print_row(["---"] * len(SPLIT_HEAD))
        for name in cheap:
            _print_row(split_row(name, lines[name]))
    print(f"\n{load_text([line for each in lines.values() for line in each])}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks recursive", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--targets", nargs="+", metavar="NAME", help=f"[default: all of {', '.join(TASKS)}]"
    )
    parser.add_argument("--seeds", type=int, default=20, help="runs of each  [default: 20]")
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help=f"one line a run  [default: {RESULTS}]"
    )
    parser.add_argument("--again", action="store_true", help="repeat the runs that failed")
    return parser


def cases_of(name: str, seeds: int) -> list[Case]:
    """Returns the runs of a row."""
    task = TASKS[name]
    return [Case(name, seed, task.seconds, task.more_seconds) for seed in range(seeds)]


def _announce(cases: list[Case], options: argparse.Namespace) -> None:
    done = {key_of(line) for line in read_results(options.results)}
    left = [case for case in cases if case.key not in done]
    minutes = sum(case.seconds + case.more_seconds for case in left) / 60
    print(f"{len(left)} of {len(cases)} runs are left, at most {minutes:.0f} minutes of searching;")
    print(f"results in {options.results}; {os.cpu_count()} cores, load {_load()}\n", flush=True)


def row(name: str, lines: list[Line]) -> list[str]:
    """Returns a task's row: how often and when an algorithm was found, and what it costs."""
    task = TASKS[name]
    found = [line for line in lines if line["found"] is not None]
    head = [name, f"{len(found)}/{len(lines)} in {task.seconds:g} s"]
    if not found:
        return head + ["-"] * (len(HEAD) - len(head))
    (growth, count), *_ = Counter(line["growth"] for line in found).most_common(1)
    n = RecursiveTarget(task.family, task.radices).compared_size
    return [
        *head,
        *_times(found, "found"),
        f"{median(line['operations'] for line in found):,g} at n = {n}",
        f"{growth} ({count})",
        f"{sum(line['is_quasilinear'] for line in found)}/{len(found)}",
    ]


def split_row(name: str, lines: list[Line]) -> list[str]:
    """Returns when a task's algorithms became as cheap as split radix."""
    cheap = [line for line in lines if line["split"] is not None]
    head = [name, f"{len(cheap)}/{len(lines)} in {TASKS[name].more_seconds:g} s more"]
    return [*head, *(_times(cheap, "split") if cheap else ["-"] * 4)]


def _times(lines: list[Line], name: str) -> list[str]:
    seconds = [line[name] for line in lines]
    evaluations = [line[f"{name}_evaluations"] for line in lines]
    return [
        f"{median(seconds):.1f}",
        f"{max(seconds):.1f}",
        f"{math.floor(median(evaluations)):,}",
        f"{max(evaluations):,}",
    ]


def load_text(lines: list[Line]) -> str:
    """Says how busy the machine was; runs themselves are part of that."""
    loads = [load for line in lines for load in line.get("load", [])]
    threads = {line["threads"] for line in lines if "threads" in line}
    if not loads:
        return "no run said how busy the machine was"
    text = " or ".join(map(str, sorted(threads)))
    return (
        f"{os.cpu_count()} cores, {text} threads a run; load of the machine before and after runs "
        f"{min(loads):.1f} to {max(loads):.1f}, median {median(loads):.1f}"
    )


def _print_row(cells: list[str] | tuple[str, ...]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        said = search_once(Case(**json.loads(sys.argv[1])))
    print(json.dumps(said))
