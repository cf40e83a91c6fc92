"""What safety costs: checkpoints, worker processes, Dask, start-up; and a driver of many workers.

    python -m benchmarks safety --before ../older-checkout

All are ratios of medians over repetitions that take turns, on dft 16 with epochs of about a
second (turns of 200 evaluations), from the end of the first epoch, when workers are warm.

The last table is a simulation from measured costs. Its assumptions: the driver is one thread;
islands all begin an epoch together and the next one begins when all are taken in; there is a
worker per island; epochs last T seconds, normally distributed with a deviation of 10 %; handing
out, taking in and saving take the driver as long per island as was measured here with two
islands; the network is free.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from dsl.targets import make_target
from evosynth.cases import case_of
from evosynth.engine.driver import Limits, Search, Snapshot
from evosynth.engine.epoch_call import means_text, read_epoch, run_epoch
from evosynth.engine.means import ONE_THREAD
from evosynth.executors.messages import packed, unpacked
from evosynth.job import execute, prepare
from evosynth.runs.checkpoints import LARGEST_CHECKPOINT, Checkpoint, CheckpointStore
from evosynth.runs.standpoint import Standpoint, write_standpoint
from evosynth.settings import Settings
from evosynth.workplace import Workplace

TURN = 200
EPOCH_SECONDS = 1.0
PARTS_REPEATED = 20
SPREAD = 0.1
WORKERS = (10, 30, 100, 300, 1_000, 3_000, 10_000)
START = ("run", "--target", "dft", "--n", "8", "--evaluations", "400", "--seed", "1", "-q")


@dataclass(frozen=True, slots=True)
class Setup:
    """A way to run the same epochs.

    Attributes:
        name: For people.
        islands: Number of islands.
        executor: Name of the executor.
        workers: Cores.
        has_folder: Whether checkpoints are written.
    """

    name: str
    islands: int
    executor: str
    workers: int
    has_folder: bool = False


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds of the driver per island and epoch, and once per epoch.

    Attributes:
        hand_out: State to text, text to message.
        take_in: Message to text, text to state, and migration.
        save: Everything to a checkpoint's text.
        write: A checkpoint's text to the disk, per island.
        sync: Least time of a write, once per epoch.
        size: Bytes of a checkpoint per island.
    """

    hand_out: float
    take_in: float
    save: float
    write: float
    sync: float
    size: float


def epochs_timed(setup: Setup, turns: int, epochs: int) -> float:
    """Returns the seconds from the end of the first epoch to the end of the last."""
    ends: list[float] = []

    def note(snapshot: Snapshot) -> None:
        if snapshot.record["island"] == setup.islands - 1:
            ends.append(time.perf_counter())

    budget = (epochs + 1) * turns * TURN * setup.islands
    settings = Settings(seed=1, evaluations=budget, islands=setup.islands, library="none")
    with tempfile.TemporaryDirectory() as folder:
        job = prepare(make_target("dft", 16), settings, folder if setup.has_folder else None)
        spec = replace(job.spec, turn=TURN, turns=turns)
        configuration = job.configuration and replace(job.configuration, spec=spec)
        job = replace(job, spec=spec, configuration=configuration)
        workplace = Workplace(workers=setup.workers, executor=setup.executor)
        execute(job, note, workplace=workplace)
    return ends[-1] - ends[0]


def interleaved(runs: Sequence[Callable[[], float]], repetitions: int) -> list[float]:
    """Returns the median of each, measured by turns."""
    found = [[run() for run in runs] for _ in range(repetitions)]
    return [median(column) for column in zip(*found, strict=True)]


def compare(setups: Sequence[Setup], turns: int, epochs: int, repetitions: int) -> list[float]:
    """Returns the median seconds of the epochs of each setup."""
    runs = [partial(epochs_timed, setup, turns, epochs) for setup in setups]
    return interleaved(runs, repetitions)


def turns_of(seconds: float) -> int:
    """Returns how many turns take about so long."""
    trial = 5
    taken = epochs_timed(Setup("trial", 1, "serial", 1), trial, 4) / 4
    return max(1, round(trial * seconds / taken))


def costs_of(turns: int, folder: Path) -> Costs:
    """Returns what the driver spends, measured one part at a time on two islands."""
    target = make_target("dft", 16)
    settings = Settings(seed=1, islands=2, library="none")
    spec = replace(settings.spec(case_of(target)), turn=TURN, turns=turns)
    breeding = case_of(target).breeding(spec, ONE_THREAD, None)
    search = Search(breeding, spec, Limits(evaluations=3 * 2 * spec.epoch))
    search.run()
    texts = [breeding.state(k) for k in range(2)]
    replies = [
        run_epoch(breeding.setting(), text, search.epoch, k, spec.epoch, means_text(ONE_THREAD))
        for k, text in enumerate(texts)
    ]
    body = write_standpoint(Standpoint({}, 0, search.saved()))
    store = CheckpointStore(folder)
    numbers = iter(range(1, 1_000))

    def hand_out() -> None:
        for k in range(2):
            packed({"arguments": [breeding.setting(), breeding.state(k)]})

    def take_in() -> None:
        for k, text in enumerate(replies):
            reply = unpacked(packed({"text": text}))
            breeding.take_in(k, read_epoch(reply["text"])[0], search.evaluations)
        breeding.migrate()

    def write(text: str) -> Callable[[], None]:
        return lambda: store.write(Checkpoint(next(numbers), text))

    sync = timed(write("{}"))
    return Costs(
        timed(hand_out) / 2,
        timed(take_in) / 2,
        timed(lambda: write_standpoint(Standpoint({}, 0, search.saved()))) / 2,
        max(0.0, timed(write(body)) - sync) / 2,
        sync,
        len(body) / 2,
    )


def timed(part: Callable[[], object]) -> float:
    """Returns the median seconds of a part."""

    def once() -> float:
        start = time.perf_counter()
        part()
        return time.perf_counter() - start

    return median(once() for _ in range(PARTS_REPEATED))


def simulated(workers: int, seconds: float, costs: Costs, rng: np.random.Generator) -> float:
    """Returns the share of an epoch's wall time in which a worker works, on average.

    The driver hands out one island after another, takes them in in order as they come, and
    saves.
    """
    lasting = np.maximum(0.0, rng.normal(seconds, SPREAD * seconds, workers))
    handed = costs.hand_out * np.arange(1, workers + 1)
    clock = float(handed[-1])
    for done in handed + lasting:
        clock = max(clock, float(done)) + costs.take_in
    clock += workers * (costs.save + costs.write) + costs.sync
    return float(lasting.mean() / clock)


def start_timed(checkout: Path) -> float:
    """Returns the seconds of a short run of a checkout, from start to end of the process."""
    environment = os.environ | {"PYTHONPATH": str(checkout.resolve())}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "evosynth", *START, "--out", f"{folder}/runs"]
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environment)
        return time.perf_counter() - start


def print_costs(costs: Costs, seconds: float) -> None:
    """Prints the parts of the driver's work."""
    print(f"Driver, milliseconds per island and epoch (epochs of {seconds:.2f} s)")
    parts = ("hand out", costs.hand_out), ("take in", costs.take_in), ("save", costs.save)
    for name, part in (*parts, ("write", costs.write), ("sync, once per epoch", costs.sync)):
        print(f"  {name:<22}{1e3 * part:>8.2f}")
    print(f"  a checkpoint has {costs.size / 1e3:,.0f} kB per island; the limit of")
    print(f"  {LARGEST_CHECKPOINT >> 20} MiB is {int(LARGEST_CHECKPOINT / costs.size):,} islands")


def print_simulation(costs: Costs) -> None:
    """Prints how busy workers would be."""
    rng = np.random.default_rng(0)
    print("Simulated: share of the time in which workers work, and the driver's part of it")
    print(f"{'workers':>8}{'T = 1 s':>10}{'driver':>9}{'T = 10 s':>10}{'driver':>9}")
    each = costs.hand_out + costs.take_in + costs.save + costs.write
    for workers in WORKERS:
        cells = ""
        for seconds in (1.0, 10.0):
            share = float(np.mean([simulated(workers, seconds, costs, rng) for _ in range(5)]))
            busy = (workers * each + costs.sync) * share / seconds
            cells += f"{share:>10.1%}{busy:>9.1%}"
        print(f"{workers:>8,}{cells}")
    print(
        "Without a spread, the driver spends as long as the workers at about "
        f"{1 / each:,.0f} workers (T = 1 s), {10 / each:,.0f} (T = 10 s)"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the ratios and the simulation."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks safety",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--before", type=Path, metavar="DIR", help="an older checkout")
    given = parser.parse_args(arguments)
    turns = turns_of(EPOCH_SECONDS)
    setups = (
        Setup("plain", 1, "serial", 1),
        Setup("safe", 1, "processes", 1, has_folder=True),
        Setup("one worker", 2, "processes", 1),
        Setup("two workers", 2, "processes", 2),
        Setup("dask", 2, "dask", 2),
    )
    plain, safe, one, two, dask = compare(setups, turns, given.epochs, given.repetitions)
    print(f"dft 16, {given.epochs} epochs of {turns} turns of {TURN}, {given.repetitions} times")
    print(f"  checkpoints and a process / neither    {safe / plain:6.3f}  ({plain:.2f} s)")
    print(f"  one worker / two workers, two islands  {one / two:6.3f}  ({two:.2f} s)")
    print(f"  Dask / processes, two workers          {dask / two:6.3f}", flush=True)
    if given.before:
        here = Path(__file__).parent.parent
        checkouts = given.before, here
        for path in checkouts:
            start_timed(path)  # compiles
        before, now = interleaved(
            [partial(start_timed, path) for path in checkouts], given.repetitions
        )
        print(f"start-up: {before:.2f} s before, {now:.2f} s now, {now - before:+.2f} s")
    with tempfile.TemporaryDirectory() as folder:
        costs = costs_of(turns, Path(folder))
    print_costs(costs, plain / given.epochs)
    print_simulation(costs)


if __name__ == "__main__":
    main()
