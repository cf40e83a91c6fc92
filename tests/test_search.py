"""What the search finds: counts of the literature, from the matrix alone, and truly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.fft
import scipy.linalg
from forests import scrambled, side_by_side

import evosynth as es
from evosynth.engine import archive

Array = npt.NDArray[Any]

ORACLES: dict[str, Callable[[Array], Array]] = {
    "dft": lambda x: np.fft.fft(x),
    "idft": lambda x: np.fft.ifft(x),
    "wht": lambda x: x @ scipy.linalg.hadamard(x.shape[-1]),
    "dct2": lambda x: scipy.fft.dct(x, type=2),
}
UNITS = (1, -1, 1j, -1j)
# (transform, size, operations to reach, within so many evaluations)
RUNS = [
    ("dft", 8, 56, 2_000),
    ("dft", 16, 168, 5_000),
    ("dft", 6, 44, 5_000),
    ("dft", 5, 44, 30_000),
    ("dft", 7, 92, 15_000),
    ("wht", 8, 24, 1_000),
    ("dct2", 8, 42, 10_000),
]


def walk(program: es.Program, x: Array) -> tuple[Array, int, int]:
    """Executes exported code one operation at a time, counting additions and products.

    Knows nothing of the package but the form of the code: x is (inputs, batch) real.
    """
    values = list(x)
    counts = {"add": 0, "scale": 0}

    def read(ref: Any) -> Array:
        if ref.value < 0:
            return np.zeros(x.shape[1])
        return {0: 1.0, 2: -1.0}[ref.unit] * values[ref.value]

    for operation in program.code.operations:
        counts[operation.kind] += 1
        if operation.kind == "add":
            values.append(read(operation.left) + read(operation.right))
        else:
            constant = complex(operation.constant)
            assert constant.imag == 0, "exported code is real"
            assert abs(constant.real) not in (0, 1), "not worth an operation"
            values.append(constant.real * read(operation.left))
    return np.array([read(ref) for ref in program.code.outputs]), counts["add"], counts["scale"]


def assert_true(result: es.Result, oracle: Callable[[Array], Array]) -> None:
    """Checks a result against an oracle and its count against an independent one."""
    rng = np.random.default_rng(0)
    n, is_complex = result.target.n, result.target.domain == "complex"
    parts = rng.standard_normal((2 if is_complex else 1, 50, n))
    x = parts[0] + 1j * parts[1] if is_complex else parts[0]
    wanted = oracle(x)
    flat = np.ascontiguousarray(x).view(np.float64)
    outputs, additions, multiplications = walk(result.best, flat.T)
    exported = np.ascontiguousarray(outputs.T)
    exported = exported.view(np.complex128) if is_complex else exported
    for computed in (exported, result.best(x), result.best.run_code(x)):
        assert computed.shape == wanted.shape
        assert np.linalg.norm(computed - wanted) <= 1e-12 * np.linalg.norm(wanted)
        assert np.abs(computed - wanted).max() <= 1e-12 * np.abs(wanted).max()
    claims = result.claims
    assert (claims.additions, claims.multiplications) == (additions, multiplications)
    assert claims.operations == additions + multiplications
    assert result.is_verified
    assert claims.error <= 1e-12


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("name", "n", "goal", "evaluations"), RUNS)
def test_reaches_the_known_count(name: str, n: int, goal: int, evaluations: int, seed: int) -> None:
    result = es.run(name, n=n, seed=seed, goal=goal, evaluations=evaluations)
    assert_true(result, ORACLES[name])
    assert result.stopped_by == "goal"
    assert result.claims.operations <= goal < result.dense


@pytest.mark.usefixtures("unrefined")
def test_the_inverse_is_true_as_well() -> None:
    result = es.run("idft", n=8, seed=0, evaluations=2_000)
    assert_true(result, ORACLES["idft"])
    assert result.claims.operations < result.dense


@pytest.fixture
def unrefined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves programs as the search finds them: their refinement takes longer."""
    monkeypatch.setattr(archive, "refine", lambda program, **_: program)


@pytest.mark.parametrize(("n", "dense"), [(2, 4), (3, 36), (4, 24), (6, 156), (10, None)])
@pytest.mark.usefixtures("unrefined")
def test_other_sizes_are_true_as_well(n: int, dense: int | None) -> None:
    result = es.run("dft", n=n, seed=0, evaluations=1_000)
    assert_true(result, np.fft.fft)
    if dense:
        assert result.dense == dense


@pytest.mark.parametrize("strategy", ["random", "hill-climb"])
@pytest.mark.usefixtures("unrefined")
def test_rivals_are_true_as_well(strategy: str) -> None:
    assert_true(es.run("dft", n=8, seed=0, evaluations=2_000, strategy=strategy), np.fft.fft)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("n", "goal", "evaluations"), [(8, 56, 3_000), (16, 168, 5_000)])
def test_the_search_is_told_nothing(
    n: int, goal: int, evaluations: int, seed: int, tmp_path: Path
) -> None:
    """Rows and columns in any order and times any unit: no name, no index order helps."""
    rng = np.random.default_rng(100 + seed)
    matrix = np.fft.fft(np.eye(n))[rng.permutation(n)][:, rng.permutation(n)]
    matrix = rng.choice(UNITS, n)[:, None] * matrix * rng.choice(UNITS, n)
    np.save(tmp_path / "mystery.npy", matrix)
    result = es.run(str(tmp_path / "mystery.npy"), seed=seed, goal=goal, evaluations=evaluations)
    assert result.stopped_by == "goal"
    assert result.claims.operations <= goal
    assert result.target.best_known is None
    assert_true(result, lambda x: x @ matrix.T)


@pytest.mark.parametrize("seed", [0, *(pytest.param(k, marks=pytest.mark.slow) for k in (1, 2))])
@pytest.mark.usefixtures("unrefined")
def test_evolution_beats_random_search(seed: int) -> None:
    """At n = 15, where blocks alone do not help random search: it is 10 % behind or more."""
    evolved, drawn = (
        es.run("dft", n=15, seed=seed, evaluations=3_000, strategy=strategy)
        for strategy in ("evolve", "random")
    )
    assert evolved.evaluations == drawn.evaluations == 3_000
    assert evolved.claims.operations < drawn.claims.operations
    for result in (evolved, drawn):
        assert_true(result, np.fft.fft)


def test_independent_parts_are_solved_once(tmp_path: Path) -> None:
    """Scrambled copies of a DFT 6 and its conjugate: four times what one takes, no more effort."""
    rng, part = np.random.default_rng(9), np.fft.fft(np.eye(6))
    matrix = side_by_side(*(scrambled(p, rng) for p in (part, part.T, part.conj(), part)))
    np.save(tmp_path / "copies.npy", matrix)
    result = es.run(str(tmp_path / "copies.npy"), seed=0, goal=4 * 44, evaluations=5_000)
    assert result.claims.operations <= 4 * 44
    assert_true(result, lambda x: x @ matrix.T)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_dft_32(seed: int) -> None:
    result = es.run("dft", n=32, seed=seed, goal=456, evaluations=10_000)
    assert result.claims.operations <= 456
    assert_true(result, np.fft.fft)
