"""Time to the best known count, as a user sees it: whole processes, kernels compiled."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import numpy as np

# Target, size, goal in operations, seconds that a run may search.
CASES = (
    ("dft", 5, 44, 60),
    ("dft", 6, 44, 60),
    ("dft", 7, 96, 60),
    ("dft", 8, 56, 60),
    ("dft", 16, 168, 60),
    ("dft", 32, 456, 60),
    ("dft", 64, 1160, 120),
    ("wht", 8, 24, 60),
    ("dct2", 8, 42, 60),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one process did."""

    operations: int
    evaluations: int
    seconds: float


def run_once(name: str, n: int, goal: int, limit: int, seed: int) -> Outcome:
    """Runs the command line once."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "evosynth", "run", "--target", name, "--n", str(n)]
        command += ["--goal", str(goal), "--time", str(limit), "--seed", str(seed)]
        start = time.perf_counter()
        done = subprocess.run(
            [*command, "--json", "-q", "--out", folder], capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - start
    data = json.loads(done.stdout)
    if not data["verified"]:
        raise SystemExit(f"{name} {n} seed {seed}: not verified")
    return Outcome(data["operations"], data["evaluations"], seconds)


def main(seeds: int = 20) -> None:
    """Prints the table."""
    print(f"Time to the goal: whole process, {seeds} seeds")
    print(
        f"{'target':<8}{'goal':>6}{'reached':>9}{'median s':>10}{'worst s':>9}"
        f"{'median evaluations':>20}{'worst':>9}{'worst count':>13}"
    )
    run_once("dft", 8, 56, 60, 0)
    run_once("wht", 8, 24, 60, 0)
    for name, n, goal, limit in CASES:
        outcomes = [run_once(name, n, goal, limit, seed) for seed in range(seeds)]
        reached = sum(o.operations <= goal for o in outcomes)
        seconds = [o.seconds for o in outcomes]
        evaluations = [o.evaluations for o in outcomes]
        print(
            f"{name + ' ' + str(n):<8}{goal:>6}{reached:>6}/{seeds}{np.median(seconds):>10.1f}"
            f"{max(seconds):>9.1f}{np.median(evaluations):>20,.0f}{max(evaluations):>9,}"
            f"{max(o.operations for o in outcomes):>13}",
            flush=True,
        )
