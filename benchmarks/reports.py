"""How large reports are and how long they take, and how soon a live page shows what was found."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import evosynth as es
from evosynth.job import prepare
from evosynth.settings import Settings

DISCOVERED = Path(__file__).parent.parent / "experiments" / "discovered"
SIZES = (16, 64, 256)
ROUNDS = 3
IMPROVEMENTS = 10
# Seconds to wait for one of them.
PATIENCE = 30.0


def main() -> None:
    """Prints the table of reports, then the delay of live pages."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("report of a run: the whole command, median of", ROUNDS)
        print(f"{'program':<16}{'operations':>12}{'kB':>8}{'seconds':>10}")
        for n in SIZES:
            run, operations = _run(n, folder)
            seconds = statistics.median(_timed(run) for _ in range(ROUNDS))
            size = (run / "report.html").stat().st_size
            print(f"{f'DFT {n}':<16}{operations:>12,}{size / 1000:>8.0f}{seconds:>10.2f}")
        delays = _delays(folder)
        print("\nlive page: from writing a line of the log to its section on the stream")
        print(f"median {statistics.median(delays):.2f} s, longest {max(delays):.2f} s")


def _run(n: int, folder: Path) -> tuple[Path, int]:
    """Returns a run folder with a discovered program, and a log where a search is short."""
    result = es.run("dft", n=n, seed=1, evaluations=8_000 if n == 16 else 500, out=folder)
    assert result.folder is not None
    (best,) = sorted(DISCOVERED.glob(f"dft-{n}-*.json"))[:1]
    shutil.copy(best, result.folder / "best.json")
    program = es.load(result.folder)
    assert isinstance(program, es.Program)
    return result.folder, program.count.operations


def _timed(run: Path) -> float:
    start = time.perf_counter()
    command = [sys.executable, "-m", "evosynth", "report", str(run)]
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def _delays(folder: Path) -> list[float]:
    """Returns seconds from an improvement in the log to the event that shows it."""
    target, out = es.make_target("dft", 16), folder / "live"
    job = prepare(target, Settings(seed=1), out)
    assert job.folder is not None
    job.folder.start_log()
    command = [sys.executable, "-m", "evosynth", "serve", str(out), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        address = server.stdout.readline().decode().strip()
        seen: dict[str, float] = {}
        url = f"{address}runs/{job.folder.path.name}/events"
        threading.Thread(target=_listen, args=(url, seen), daemon=True).start()
        time.sleep(2)
        delays = []
        with job.folder.lock():
            for k in range(IMPROVEMENTS):
                operations = 1_000 - k
                record = {"epoch": k, "island": 0, "evaluations": 2_000 * (k + 1)}
                job.folder.append_log(record | {"best": operations})
                start = time.monotonic()
                while f"{operations:,} operations after" not in seen:
                    if time.monotonic() - start > PATIENCE:
                        raise TimeoutError("an improvement never came")
                    time.sleep(0.005)
                delays.append(seen[f"{operations:,} operations after"] - start)
        server.terminate()
    return delays


def _listen(url: str, seen: dict[str, float]) -> None:
    """Notes when each number of operations first came."""
    with urllib.request.urlopen(url) as stream:
        for line in stream:
            if line.startswith(b"data:") and b'"convergence"' in line:
                html = json.loads(line[5:])["html"]
                now = time.monotonic()
                for part in html.split('data-tip="')[1:]:
                    seen.setdefault(part[: part.find(" after") + 6], now)
