"""What structured matrices that are no named transform's cost: `python -m benchmarks matrices`.

Each is written to a file and given to the command line as that file, with nothing told of it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.targets import make_target

Matrix = npt.NDArray[Any]


def butterflies(n: int, seed: int, is_rotation: bool = False) -> Matrix:
    """Returns a product of lg n random butterfly factors, rows and columns in random order."""
    rng = np.random.default_rng(seed)
    matrix = np.eye(n)
    for stride in (1 << k for k in range(n.bit_length() - 1)):
        tops = [k for k in range(n) if not k & stride]
        for top in tops:
            angle = rng.uniform(0, 2 * np.pi)
            turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
            block = turn if is_rotation else rng.standard_normal((2, 2))
            pair = [top, top + stride]
            matrix[pair] = block @ matrix[pair]
    return matrix[rng.permutation(n)][:, rng.permutation(n)]


def butterflies_cost(n: int) -> int:
    """Returns the operations of a product of lg n random butterfly factors.

    A block of two points is two products and two sums once its outputs have scales of their
    own, which the next factor takes in; the last scales are n products more. As many
    products as the matrices have free numbers: fewer do not do for almost all of them.
    """
    return 2 * n * (n.bit_length() - 1) + n


def wavelet_packet(n: int) -> Matrix:
    """Returns the full packet tree of the Daubechies wavelet of four taps, periodic."""
    root = np.sqrt(3)
    low = np.array([1 + root, 3 + root, 3 - root, 1 - root]) / (4 * np.sqrt(2))
    high = low[::-1] * [1, -1, 1, -1]
    matrix = np.eye(n)
    size = n
    while size >= 4:
        step = np.zeros((size, size))
        for row in range(size // 2):
            for tap in range(4):
                step[row, (2 * row + tap) % size] += low[tap]
                step[size // 2 + row, (2 * row + tap) % size] += high[tap]
        matrix = np.kron(np.eye(n // size), step) @ matrix
        size //= 2
    return matrix


def steering(sensors: int, sines: npt.NDArray[np.float64]) -> Matrix:
    """Returns the responses of a line of sensors half a wave apart, one column a direction."""
    return np.exp(-1j * np.pi * np.outer(np.arange(sensors), sines))


def _arbitrary(seed: int) -> Matrix:
    return steering(24, np.sort(np.random.default_rng(seed).uniform(-1, 1, 12)))


def _toeplitz(seed: int) -> Matrix:
    kernel = np.random.default_rng(seed).standard_normal(31)
    return make_target("toeplitz", 16, kernel=kernel.tolist()).matrix


def _circulant(seed: int) -> Matrix:
    kernel = np.random.default_rng(seed).standard_normal(16)
    return make_target("circulant", 16, kernel=kernel.tolist()).matrix


# Name -> seed to matrix; whether the matrix depends on it.
CASES: dict[str, Callable[[int], Matrix]] = {
    "butterflies 64": lambda seed: butterflies(64, seed),
    "rotations 64": lambda seed: butterflies(64, seed, is_rotation=True),
    "toeplitz 16": _toeplitz,
    "circulant 16": _circulant,
    "vandermonde 16": lambda _: make_target("vandermonde", 16).matrix,
    "db2 packets 16": lambda _: wavelet_packet(16),
    "steering 24 x 12": lambda _: steering(24, np.arange(-6, 6) / 6),
    "any steering 24 x 12": _arbitrary,
    "random 16": lambda seed: np.random.default_rng(seed).standard_normal((16, 16)),
}
GOALS = {"butterflies 64": butterflies_cost(64), "rotations 64": butterflies_cost(64)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one process found."""

    operations: int
    dense: int
    seconds: float


def run_once(matrix: Matrix, seconds: float, seed: int, goal: int | None) -> Outcome:
    """Runs the command line once on a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "matrix.npy"
        np.save(path, matrix)
        command = [sys.executable, "-m", "evosynth", "run", "--target", str(path), "--json", "-q"]
        command += ["--time", str(seconds), "--seed", str(seed), "--out", folder]
        command += ["--goal", str(goal)] if goal else []
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    data = json.loads(done.stdout)
    if not data["verified"]:
        raise SystemExit(f"seed {seed}: not verified")
    return Outcome(data["operations"], data["dense_operations"], data["seconds"])


def main(arguments: Sequence[str]) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks matrices", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--time", type=float, default=60.0, metavar="SECONDS")
    parser.add_argument("--no-goal", action="store_true", help="go on at the planted cost, too")
    options = parser.parse_args(arguments)
    if unknown := set(options.cases) - CASES.keys():
        parser.error(f"unknown case {sorted(unknown)}; known: {', '.join(CASES)}")
    print(f"Matrices from files, {options.seeds} seeds, {options.time:g} s each")
    print(
        f"{'matrix':<22}{'dense':>8}{'planted':>9}{'reached':>9}"
        f"{'median':>8}{'best':>7}{'worst':>7}{'saved':>7}{'median s':>10}"
    )
    for name, make in CASES.items():
        if not options.cases or name in options.cases:
            _print_case(name, make, options)


def _print_case(name: str, make: Callable[[int], Matrix], options: argparse.Namespace) -> None:
    goal = None if options.no_goal else GOALS.get(name)
    seeds = range(options.seeds)
    outcomes = [run_once(make(seed), options.time, seed, goal) for seed in seeds]
    counts = [outcome.operations for outcome in outcomes]
    planted = GOALS.get(name)
    reached = sum(planted is not None and count <= planted for count in counts)
    median, dense = float(np.median(counts)), outcomes[0].dense
    print(
        f"{name:<22}{dense:>8,}{planted or '-':>9}"
        f"{f'{reached}/{len(counts)}' if planted else '-':>9}"
        f"{median:>8.0f}{min(counts):>7}{max(counts):>7}{1 - median / dense:>7.0%}"
        f"{np.median([outcome.seconds for outcome in outcomes]):>10.1f}",
        flush=True,
    )
