"""Runs that are killed again and again end with the same bits as runs that never were.

    python -m benchmarks soak --minutes 30 --kills 500 --executors serial,processes

A reference of every case is made without a break. Then the case is run anew, with executors
drawn at random, and at random moments SIGKILL strikes the driver, one worker, or all workers.
Once the driver is dead, no worker may be alive five seconds later and the run folder may not
be damaged; the run goes on with `evosynth resume`, which may be struck as well, until it is
done. Files and result must be those of the reference. Linux only: processes are found in /proc.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from dsl.errors import EvosynthError
from evosynth.checking import check

SAME = ("best.json", "front.json", "log.jsonl")
# Of the result, what the clock says, and where it is.
ITS_OWN = ("seconds", "found_at", "run")
ORPHAN_SECONDS = 5.0
LONGEST = 300.0  # a run that takes longer hangs
# A task may lose its worker twice: the third time is an error, as it should be.
MOST_WORKER_STRIKES = 2
# A run that was killed so often is then left in peace, so that it ends.
MOST_DEATHS = 12
SOONEST = 0.3
TOKEN = "EVOSYNTH_SOAK"  # in the environment of every process of a run
WORKER_SIGNS = (b"executors.worker", b"spawn_main")  # ours, and those of Dask


@dataclass(frozen=True, slots=True)
class SoakCase:
    """A run of a few seconds.

    Attributes:
        name: For people.
        options: Of `evosynth run`.
    """

    name: str
    options: tuple[str, ...]


CASES = (
    SoakCase("dft 8", ("--target", "dft", "--n", "8", "--evaluations", "12000")),
    SoakCase("dft 16", ("--target", "dft", "--n", "16", "--evaluations", "10000")),
    SoakCase("sine", ("--target", "sine", "--samples", "60", "--evaluations", "2500")),
    SoakCase("wht recursive", ("--target", "wht", "--recursive", "--evaluations", "24000")),
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A case that was run without a break.

    Attributes:
        case: The case.
        contents: What `contents` says of its folder.
        seconds: It took, from start to end of the process.
    """

    case: SoakCase
    contents: dict[str, Any]
    seconds: float


@dataclass(slots=True)
class Tally:
    """What happened, and what went wrong.

    Attributes:
        runs: That came to their end.
        driver_kills: Drivers killed.
        worker_kills: Workers killed, while their driver lived.
        resumes: Times that a run was gone on with.
        begun_again: Times that the driver died before there was a run to go on with.
        orphans: Processes alive five seconds after their driver was killed.
        damaged: Folders that `check` called damaged.
        differences: Runs that did not end as their reference.
        failures: Processes that ended with an error, or never.
        complaints: What went wrong, in words.
    """

    runs: int = 0
    driver_kills: int = 0
    worker_kills: int = 0
    resumes: int = 0
    begun_again: int = 0
    orphans: int = 0
    damaged: int = 0
    differences: int = 0
    failures: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """Processes killed."""
        return self.driver_kills + self.worker_kills

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.orphans or self.damaged or self.differences or self.failures)

    def add(self, other: Tally) -> None:
        """Adds what another one counted."""
        for item in fields(self):
            setattr(self, item.name, getattr(self, item.name) + getattr(other, item.name))


def contents(folder: Path) -> dict[str, Any]:
    """Returns what must be the same of two runs; None for a file that is missing."""
    found: dict[str, Any] = {
        name: (folder / name).read_bytes() if (folder / name).is_file() else None for name in SAME
    }
    result = json.loads((folder / "run.json").read_text()).get("result") or {}
    return found | {"result": {key: result[key] for key in result if key not in ITS_OWN}}


def differing(found: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Returns the names of what is not the same."""
    return [name for name in expected if found.get(name) != expected[name]]


def processes_of(token: str) -> dict[int, bytes]:
    """Returns the command lines of the living processes of a run, by number."""
    mark = f"{TOKEN}={token}".encode()
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            state = (path / "stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z" and mark in (path / "environ").read_bytes().split(b"\0"):
                found[int(path.name)] = (path / "cmdline").read_bytes()
    return found


def workers_of(token: str) -> list[int]:
    """Returns the worker processes of a run."""
    return [
        number
        for number, line in sorted(processes_of(token).items())
        if any(sign in line for sign in WORKER_SIGNS)
    ]


def orphans_of(token: str, seconds: float = ORPHAN_SECONDS) -> list[int]:
    """Returns the processes of a run that are alive after so long, and ends them."""
    deadline = time.monotonic() + seconds
    while (alive := processes_of(token)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for number in alive:
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    return sorted(alive)


@contextmanager
def started(arguments: Sequence[str], token: str) -> Iterator[subprocess.Popen[bytes]]:
    """Yields `evosynth ARGUMENTS` in a process group of its own; nothing of it remains."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "evosynth", *arguments, "-q"],
            stdin=subprocess.DEVNULL,
            stdout=errors,
            stderr=errors,
            env=os.environ | {TOKEN: token},
            start_new_session=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            errors.seek(0)
            process.args = errors.read().decode(errors="replace")


def reference_of(case: SoakCase, folder: Path) -> Reference:
    """Runs a case without a break.

    Raises:
        RuntimeError: It does not come to its end.
    """
    start = time.monotonic()
    command = ("run", *case.options, "--seed", "1", "--executor", "serial", "--out", str(folder))
    with started(command, "reference") as process:
        code = process.wait(LONGEST)
    if code != 0:
        raise RuntimeError(f"the reference of {case.name} ended with {code}: {process.args!r}")
    (run,) = folder.iterdir()
    return Reference(case, contents(run), time.monotonic() - start)


class Trial:
    """One run of a case, struck until it is done.

    Args:
        reference: What it must come to.
        executors: To choose from.
        folder: For it alone.
        rng: Decides what strikes when.
    """

    def __init__(
        self,
        reference: Reference,
        executors: Sequence[str],
        folder: Path,
        rng: np.random.Generator,
    ) -> None:
        self.tally = Tally()
        self._reference = reference
        self._executors = executors
        self._folder = folder
        self._rng = rng
        self._history: list[str] = []
        self._last_words = ""
        self.token = f"{os.getpid()}-{folder.name}"

    def run(self) -> Tally:
        """Runs, kills and resumes until the run is done; returns what happened."""
        while (code := self._life()) is None:
            self._after_death()
        if code != 0:
            self.tally.failures += 1
            self._complain(f"ended with {code}: {self._last_words[-600:]}")
            return self.tally
        self.tally.runs += 1
        self.judge()
        return self.tally

    def judge(self) -> None:
        """Compares a run that is done with its reference."""
        (run,) = self._folder.iterdir()
        self._examine(run)
        if names := differing(contents(run), self._reference.contents):
            self.tally.differences += 1
            self._complain(f"differs in {', '.join(names)}")

    def look_for_orphans(self, seconds: float = ORPHAN_SECONDS) -> None:
        """Counts the processes that outlive their driver."""
        if orphans := orphans_of(self.token, seconds):
            self.tally.orphans += len(orphans)
            self._complain(f"orphans {orphans}")

    def _life(self) -> int | None:
        """Runs a process until it ends or is killed; returns its exit code, or None."""
        executor = str(self._rng.choice(self._executors))
        strikes = 0
        with started(self._command(executor), self.token) as process:
            while True:
                code = self._waited(process)
                if code is not None:
                    break
                aim = self._rng.choice(("driver", "worker", "workers"))
                workers = workers_of(self.token) if aim != "driver" else []
                if not workers or strikes >= MOST_WORKER_STRIKES:
                    self._history.append(f"{executor}: driver")
                    process.kill()
                    break
                strikes += 1
                self._history.append(f"{executor}: {aim}")
                self._strike(workers if aim == "workers" else [int(self._rng.choice(workers))])
        self._last_words = str(process.args)
        return code

    def _waited(self, process: subprocess.Popen[bytes]) -> int | None:
        """Waits for the moment to strike; returns the exit code if there is none."""
        is_spared = self.tally.driver_kills >= MOST_DEATHS
        seconds = self._rng.uniform(SOONEST, max(2 * SOONEST, self._reference.seconds))
        try:
            return process.wait(LONGEST if is_spared else seconds)
        except subprocess.TimeoutExpired:
            return -1 if is_spared else None

    def _strike(self, workers: list[int]) -> None:
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
                self.tally.worker_kills += 1

    def _after_death(self) -> None:
        self.tally.driver_kills += 1
        self.look_for_orphans()
        runs = list(self._folder.iterdir()) if self._folder.exists() else []
        if runs and (runs[0] / "run.json").is_file():
            self.tally.resumes += 1
            self._examine(runs[0])
        else:
            self.tally.begun_again += 1
            shutil.rmtree(self._folder, ignore_errors=True)

    def _examine(self, run: Path) -> None:
        try:
            damaged: Any = check(run).to_dict()["damaged"]
        except EvosynthError as error:
            damaged = str(error)
        if damaged:
            self.tally.damaged += 1
            self._complain(f"damaged: {damaged}")

    def _command(self, executor: str) -> list[str]:
        place = ["--executor", executor, "--workers", "2"]
        if self._folder.exists():
            (run,) = self._folder.iterdir()
            return ["resume", str(run), *place]
        options = self._reference.case.options
        return ["run", *options, "--seed", "1", "--out", str(self._folder), *place]

    def _complain(self, what: str) -> None:
        told = "; ".join(self._history)
        self.tally.complaints.append(f"{self._reference.case.name} ({told}): {what}")


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to go on, and where.

    Attributes:
        deadline: On the monotonic clock: no run begins after it.
        kills: That are enough; None for no such end.
        executors: To choose from.
        folder: Of all runs; those that ended well are removed.
    """

    deadline: float
    kills: int | None
    executors: tuple[str, ...]
    folder: Path


def soak(references: Sequence[Reference], plan: Plan, rngs: Sequence[np.random.Generator]) -> Tally:
    """Strikes runs, as many at a time as there are generators; returns what happened."""
    total, lock = Tally(), Lock()

    def lane(number: int, rng: np.random.Generator) -> None:
        count = 0
        while time.monotonic() < plan.deadline and (plan.kills is None or total.kills < plan.kills):
            folder = plan.folder / f"lane{number}-{count}"
            reference = references[int(rng.integers(len(references)))]
            trial = Trial(reference, plan.executors, folder, rng)
            tally = trial.run()
            with lock:
                total.add(tally)
            count += 1
            print(told(total), *tally.complaints, sep="\n  ", file=sys.stderr, flush=True)
            if tally.is_clean:
                shutil.rmtree(folder, ignore_errors=True)

    with ThreadPoolExecutor(len(rngs)) as pool:
        for future in [pool.submit(lane, k, rng) for k, rng in enumerate(rngs)]:
            future.result()
    return total


def told(tally: Tally) -> str:
    """Returns a tally in one line."""
    return (
        f"{tally.runs} runs, {tally.kills} kills ({tally.driver_kills} drivers, "
        f"{tally.worker_kills} workers), {tally.resumes} resumes, "
        f"{tally.begun_again} begun again, {tally.orphans} orphans, {tally.damaged} damaged, "
        f"{tally.differences} differences, {tally.failures} failures"
    )


def main(arguments: Sequence[str] | None = None, cases: Sequence[SoakCase] = CASES) -> None:
    """Prints the tally; exit code 1 if anything went wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--kills", type=int, help="that are enough")
    parser.add_argument("--seed", type=int, default=0, help="of what strikes when")
    parser.add_argument("--executors", default="serial,processes", metavar="NAME,...")
    parser.add_argument("--jobs", type=int, default=2, help="runs at the same time")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep runs that went wrong")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="evosynth-soak-") as temporary:
        if given.keep:
            given.keep.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=given.keep)) if given.keep else Path(temporary)
        references = [reference_of(case, folder / f"reference{k}") for k, case in enumerate(cases)]
        plan = Plan(
            start + 60 * given.minutes, given.kills, tuple(given.executors.split(",")), folder
        )
        tally = soak(references, plan, np.random.default_rng(given.seed).spawn(given.jobs))
    seconds = round(time.monotonic() - start, 1)
    print(
        json.dumps(asdict(tally) | {"seconds": seconds})
        if given.json
        else f"{told(tally)}, {seconds} s"
    )
    if not tally.is_clean:
        sys.exit(1)
