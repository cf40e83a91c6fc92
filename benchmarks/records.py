"""The table of records from nothing: searches with several seeds, each a whole process.

    python -m benchmarks records --targets dft:2-10,12,16 dct2:8:common --seeds 5 --time 300

Every run is a line of the results file and is not repeated: the table can be interrupted,
resumed, and extended by more seeds, more time and more targets.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from dsl.errors import EvosynthError, UsageError
from dsl.targets import SCALINGS, TARGETS, best_known
from dsl.targets.known import fftw_count
from evosynth.record_table import Entry, record_files, store
from evosynth.runs.json_lines import append_line, read_lines

RESULTS = Path("runs/records.jsonl")
# Entries, and the share of --time that each of their runs takes.
DEFAULT = (
    ("dft:2-4", 0.02),
    ("dft:5-8", 0.1),
    ("dft:9-16", 0.4),
    ("dft:32", 0.5),
    ("dft:64,128", 1.0),
    ("rdft:4", 0.02),
    ("rdft:8", 0.1),
    ("rdft:16", 0.4),
    ("dht:8", 0.1),
    ("dht:16", 0.4),
    ("wht:8,16", 0.05),
    ("wht:32", 0.2),
    ("haar:8,16", 0.05),
    ("dct2:4", 0.02),
    ("dct2:8", 0.2),
    ("dct2:16", 0.5),
    ("dct4:4", 0.05),
    ("dct4:8", 0.4),
    ("dst1:8", 0.2),
    ("dst2:8", 0.2),
    ("dst3:8", 0.2),
    ("dst4:8", 0.4),
    ("db2:8", 0.1),
    ("mdct:16", 0.4),
    ("circulant:8", 0.2),
    ("skew_circulant:8", 0.2),
    ("convolution:8", 0.2),
    ("vandermonde:8", 0.2),
    ("legendre:8", 0.2),
    ("hilbert:8", 0.2),
    ("butterflies:16", 0.4),
    ("random:8", 0.1),
)
LEAST_SECONDS = 2.0
# By which a line of the results is found.
KEY = ("target", "n", "scaling", "seed", "time")
HEAD = (
    "target",
    "best known",
    "FFTW",
    "found",
    "seeds at best known",
    "seeds at found",
    "median seconds to a run's best",
    "seconds per run",
)
Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One run that the table asks for.

    Attributes:
        entry: What is searched.
        seed: Of the run.
        seconds: That it may search.
    """

    entry: Entry
    seed: int
    seconds: float

    @property
    def key(self) -> Line:
        """By which a run is found in the results."""
        return asdict(self.entry) | {"seed": self.seed, "time": self.seconds}


# (case, threads, folder for its run folder) -> what the run printed
Runner = Callable[[Case, int, Path], Line]


class FailedRunError(Exception):
    """A run that gave no result; the message is the last line of what it said."""


def main(arguments: list[str] | None = None, run: Runner | None = None) -> None:
    """Makes the runs that are missing, and prints the table."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        entries = read_entries(options.targets or [text for text, _ in DEFAULT])
        for entry in entries:
            entry.make()
    except EvosynthError as error:
        parser.error(f"{error} ({error.hint})" if error.hint else str(error))
    if options.seeds < 1 or not 0 < options.time < float("inf"):
        parser.error("expected at least one seed, and a time above 0")
    cases = {entry: cases_of(entry, options.seeds, options.time) for entry in entries}
    if _announce(cases, options.results) and run is None:
        _warm_up()
    _print_row(HEAD)
    _print_row(["---"] * len(HEAD))
    options.results.parent.mkdir(parents=True, exist_ok=True)
    for entry, wanted in cases.items():
        lines = complete(wanted, options.results, options.workers, run or run_once)
        _print_row(row(entry, wanted, lines))
        if options.store:
            _store_all(entry, programs_folder(options.results))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks records", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--targets",
        nargs="+",
        metavar="NAME:SIZES[:SCALING]",
        help="such as dft:2-10,16 or dct2:8:common  [default: a list up to dft:128]",
    )
    parser.add_argument("--seeds", type=int, default=5, help="runs of each  [default: 5]")
    parser.add_argument(
        "--time",
        type=float,
        default=300.0,
        help="seconds of a long run; easy transforms take a part of it  [default: 300]",
    )
    parser.add_argument("--workers", type=int, default=2, help="threads of a run  [default: 2]")
    parser.add_argument(
        "--results",
        type=Path,
        default=RESULTS,
        help=f"one line for each run; programs go in a folder beside it  [default: {RESULTS}]",
    )
    parser.add_argument(
        "--store", action="store_true", help="keep what is better than `evosynth records`"
    )
    return parser


# What to run


def read_entries(texts: list[str]) -> list[Entry]:
    """Returns the entries of texts such as "dft:2-10,16" and "dct2:8:common", each once.

    Raises:
        UsageError: A text names none.
    """
    return list(dict.fromkeys(entry for text in texts for entry in _read_entries(text)))


def _read_entries(text: str) -> Iterator[Entry]:
    name, _, rest = text.partition(":")
    sizes, _, given = rest.partition(":")
    family = TARGETS.get(name)
    scaling = next((known for known in SCALINGS if known == (given or "exact")), None)
    if scaling is None:
        raise UsageError(f"expected scaling {', '.join(SCALINGS)}, got '{text}'")
    for part in sizes.split(","):
        first, _, last = part.partition("-")
        try:
            span = range(int(first), int(last or first) + 1)
        except ValueError:
            raise UsageError(f"expected NAME:SIZES such as dft:2-10,16, got '{text}'") from None
        found = [n for n in span if not last or family.is_size(n)]
        if not found:
            raise UsageError(f"expected sizes such as 2-10,16, got '{text}'")
        yield from (Entry(family.name, n, scaling) for n in found)


def cases_of(entry: Entry, seeds: int, seconds: float) -> list[Case]:
    """Returns the runs of an entry; easy ones take a part of the time."""
    limit = round(max(LEAST_SECONDS, seconds * _share(entry)), 3)
    return [Case(entry, seed, min(seconds, limit)) for seed in range(seeds)]


def _share(entry: Entry) -> float:
    plain = Entry(entry.target, entry.n)
    return next((share for text, share in DEFAULT if plain in read_entries([text])), 1.0)


def _announce(cases: dict[Entry, list[Case]], results: Path) -> bool:
    """Prints how long it will take at worst; says whether anything is left to run."""
    wanted = [case for each in cases.values() for case in each]
    keys = _keys(read_results(results))
    left = sum(case.seconds for case in wanted if _key(case.key) not in keys)
    total = sum(case.seconds for case in wanted)
    print(f"{len(cases)} transforms, {len(wanted)} runs that may search for {_hours(total)},")
    print(f"of which {_hours(left)} are left; results in {results}, programs beside it\n")
    return left > 0


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{seconds / 60:.1f} minutes"


# Running


def _warm_up() -> None:
    """Compiles the kernels, once for real and once for complex data: no run's time holds it."""
    for name in ("wht", "dft"):
        with tempfile.TemporaryDirectory() as folder:
            run_once(Case(Entry(name, 8), 0, LEAST_SECONDS), 1, Path(folder))


def complete(cases: list[Case], results: Path, workers: int, run: Runner) -> list[Line]:
    """Makes the runs that the results lack; returns the lines of all that gave a result."""
    for case in cases:
        if _key(case.key) in _keys(read_results(results)):
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = run(case, workers, Path(folder))
            except FailedRunError as error:
                print(f"{case.entry} seed {case.seed}: {error}", file=sys.stderr)
                continue
            _keep(Path(found["run"]), programs_folder(results))
        append_line(results, _result_line(case, found), "choose another file with --results")
    keys = {_key(case.key) for case in cases}
    return [line for line in read_results(results) if _key(line) in keys]


def run_once(case: Case, workers: int, folder: Path) -> Line:
    """Runs one search in a process of its own.

    Raises:
        FailedRunError: It gave no result.
    """
    entry = case.entry
    request = asdict(entry) | {"seed": case.seed, "time": case.seconds, "workers": workers}
    given = json.dumps({"request": request, "folder": str(folder)})
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.record_run", given],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise FailedRunError((done.stderr.strip().splitlines() or ["no result"])[-1])
    found: Line = json.loads(done.stdout)
    if found["stopped_by"] == "interrupt":
        raise KeyboardInterrupt
    return found


def _keep(run: Path, folder: Path) -> None:
    """Keeps the program of a run if it is the best so far."""
    try:
        store(run, folder)
    except EvosynthError as error:
        print(error, file=sys.stderr)


def programs_folder(results: Path) -> Path:
    """Returns where the best programs of the runs are kept, beside the results."""
    return results.with_name(f"{results.stem}-programs")


def _store_all(entry: Entry, programs: Path) -> None:
    for file in record_files(programs):
        if file.entry == entry and (stored := store(file.path)):
            print(f"stored {stored}", file=sys.stderr)


# Results


def _result_line(case: Case, found: Line) -> Line:
    names = ("operations", "best_seconds", "seconds", "evaluations", "verified", "exact")
    return case.key | {name: found[name] for name in names}


def read_results(path: Path) -> list[Line]:
    """Returns the lines of a results file; what a killed process left half written is none."""
    return [line for line in read_lines(path) if set(KEY) <= set(line)]


def _key(line: Line) -> tuple[Any, ...]:
    return tuple(line[name] for name in KEY)


def _keys(lines: list[Line]) -> set[tuple[Any, ...]]:
    return {_key(line) for line in lines}


# Table


def row(entry: Entry, cases: list[Case], lines: list[Line]) -> list[str]:
    """Returns an entry's row: what is known, what was found, how often and how fast."""
    known = best_known(entry.target, entry.n, entry.scaling)
    goal, fftw = known.operations if known else None, fftw_count(entry.target, entry.n)
    counts = [line["operations"] for line in lines if line["verified"]]
    best = min(counts, default=None)
    seconds = [line["best_seconds"] for line in lines if line["verified"]]
    is_better = goal is not None and best is not None and best < goal
    return [
        str(entry),
        _cell(goal),
        _cell(fftw),
        f"**{best:,}**" if is_better else _cell(best),
        "-" if goal is None else f"{sum(count <= goal for count in counts)}/{len(cases)}",
        f"{sum(count == best for count in counts)}/{len(cases)}",
        f"{median(seconds):.1f}" if seconds else "-",
        f"{cases[0].seconds:g}",
    ]


def _cell(count: int | None) -> str:
    return "-" if count is None else f"{count:,}"


def _print_row(cells: list[str] | tuple[str, ...]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)
