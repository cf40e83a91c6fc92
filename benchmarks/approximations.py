"""Approximate programs beside published ones, and what a tolerance saves; whole processes."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import evosynth as es
from dsl.targets.known_approximations import known_approximations
from evosynth.fronts import Front, FrontPoint

CODEC = (
    "--target dct2 --n 8 --scaling free --front --objective coding-gain --covariance ar1:0.95 "
    "--cost shift-add --word-length 8"
)
# Additions beyond those of published transforms.
FURTHER = (28, 32, 36, 40)
# What a tolerance is given for, and the tolerances.
TOLERANCES = (1e-2, 1e-3, 1e-6)
ASKED = (
    "--target dft --n 16 --cost flops",
    "--target dft --n 16 --cost flops --objective frobenius",
    "--target dft --n 16 --cost shift-add --word-length 24",
    "--target dft --n 16 --cost multiplications",
)


def front_of(options: str, seed: int, seconds: float) -> tuple[Front, dict[str, Any]]:
    """Runs the command line once; returns its front and what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "evosynth", "run", *options.split(), "--seed", str(seed)]
        command += ["--time", str(seconds), "--json", "-q", "--out", folder, "--workers", "1"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not done.stdout:
            raise SystemExit(f"{options}: {done.stderr}")
        found = json.loads(done.stdout)
        if es.verify(Path(found["run"])).problems and found["verified"]:
            raise SystemExit(f"{options}, seed {seed}: not verified")
        return es.front(found["run"]), found


def print_codec(seeds: int, seconds: float) -> None:
    """Prints the gain of fronts at the additions of published transforms."""
    fronts = [front_of(CODEC, seed, seconds)[0] for seed in range(seeds)]
    print(f"8-point DCT-II without multiplications: coding gain in dB, AR(1) 0.95, {seeds} seeds")
    print(f"{'additions':>10}{'published':>11}{'least':>9}{'median':>9}{'most':>9}{'shifts':>10}")
    rows = {known.additions: known for known in known_approximations("dct2", 8)}
    for additions in (*sorted(rows), *FURTHER):
        points = [_cheaper(front, additions) for front in fronts]
        gains = [front.objective.figure(p.loss) for front, p in zip(fronts, points, strict=True)]
        shifts = sorted(point.tally.shifts for point in points)
        told, known = "", rows.get(additions)
        if known is not None:
            as_good = sum(gain >= known.gain - 1e-3 for gain in gains)
            told = f"  {known.name}, {known.shifts} shifts: as good in {as_good} of {seeds}"
        print(
            f"{additions:>10}{f'{known.gain:.2f}' if known else '':>11}{min(gains):>9.3f}"
            f"{np.median(gains):>9.3f}{max(gains):>9.3f}"
            f"{f'{shifts[0]} to {shifts[-1]}':>10}{told}",
            flush=True,
        )


def _cheaper(front: Front, additions: int) -> FrontPoint:
    """Returns the best point of a front that costs at most so much."""
    return min((p for p in front if p.cost <= additions), key=lambda p: p.loss)


def print_tolerances(seeds: int, seconds: float) -> None:
    """Prints what the 16-point DFT costs within tolerances."""
    print(f"\n16-point DFT within a tolerance: cost of the best program, {seeds} seeds")
    print(f"{'':<62}" + "".join(f"{tolerance:>16g}" for tolerance in TOLERANCES))
    for options in ASKED:
        cells = []
        for tolerance in TOLERANCES:
            asked = f"{options} --tolerance {tolerance:g}"
            costs = [front_of(asked, seed, seconds)[1]["cost"] for seed in range(seeds)]
            cells.append(f"{min(costs):g} to {max(costs):g}")
        print(
            f"{options.removeprefix('--target '):<62}" + "".join(f"{cell:>16}" for cell in cells),
            flush=True,
        )


def main(arguments: Sequence[str]) -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks approximations")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--time", type=float, default=60.0, help="seconds of each run")
    parser.add_argument("--only", choices=("codec", "tolerances"))
    given = parser.parse_args(arguments)
    if given.only != "tolerances":
        print_codec(given.seeds, given.time)
    if given.only != "codec":
        print_tolerances(given.seeds, given.time)
