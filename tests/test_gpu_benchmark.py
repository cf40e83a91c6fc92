"""The benchmark of torch: what its tables hold, and that nothing unmeasured becomes a figure."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import gpu
from benchmarks.expression_evaluator import INPUTS, SETS, random_trees, to_tapes
from benchmarks.gpu import NOT_MEASURED, PROBE, Bounds, Race
from dsl.errors import EnvironmentMismatchError
from dsl.genome import pack
from dsl.targets import CAPACITY
from evosynth.settings import GENE_BYTES

torch = pytest.importorskip("torch")

FACTOR = ["n", "genomes", "population", "torch", "numba", "torch/numba", "genes", "distinct"]
FORMULAS = ["rows", "formulas", "of", "torch", "numba", "torch/numba"]
TINY = ["--device", "cpu", "--sizes", "4,8", "--populations", "50", "--search-seconds", "0"]


@pytest.fixture(autouse=True)
def little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "COPIED", 1 << 10)
    monkeypatch.setattr(gpu, "WIDEST_SOLVED", 4)
    monkeypatch.setattr(gpu, "ROWS", (8, 16))
    monkeypatch.setattr(gpu, "FORMULAS", (50,))


def tables(printed: str) -> list[list[list[str]]]:
    """Returns the cells of each table, heads first."""
    blocks: list[list[list[str]]] = [[]]
    for line in printed.splitlines():
        if line.startswith("|"):
            blocks[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        elif blocks[-1]:
            blocks.append([])
    return [block for block in blocks if block]


def number(cell: str) -> float:
    return float(cell.replace(",", "").rstrip("%"))


# The command


def test_the_tables(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    threads = torch.get_num_threads()
    monkeypatch.setattr(sys, "argv", ["benchmarks", "gpu", *TINY])
    benchmarks.main()
    printed = capsys.readouterr().out
    factor, formulas = tables(printed)
    assert factor[0] == [*FACTOR, "bound"]
    assert formulas[0] == FORMULAS
    assert [row[:3] for row in factor[2:]] == [["4", "solved", "50"], ["8", "random", "50"]]
    kinds = [[rows, "50", kind] for rows in ("8", "16") for kind in ("values", "with fit")]
    assert [row[:3] for row in formulas[2:]] == kinds
    for row in factor[2:]:
        fast, slow, ratio, genes, distinct, bound = map(number, row[3:])
        assert ratio == pytest.approx(fast / slow, rel=0.05)
        assert 0 < genes < 24
        assert 0 < distinct <= 100
        assert bound >= 0
    assert all(number(cell) >= 0 for row in formulas[2:] for cell in row[3:])
    assert printed.count("torch on cpu") == 2
    assert "no GPU here: figures of a GPU are not measured" in printed
    assert f"torch {torch.__version__}" in printed
    assert "python -m benchmarks variation" in printed
    assert torch.get_num_threads() == threads


def test_cells_beyond_the_bound(capsys: pytest.CaptureFixture[str]) -> None:
    gpu.main(TINY, Bounds(seconds=0))
    for table in tables(capsys.readouterr().out):
        assert len(table) > 2
        assert {cell for row in table[2:] for cell in row[3:]} == {NOT_MEASURED}


def test_one_evaluator_beyond_the_bound(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(race: Race, count: int) -> tuple[Any, dict[str, float]]:
        genomes = race._make(count)
        return genomes, {"numba": 0.5}

    monkeypatch.setattr(Race, "run", run)
    gpu.factor_table((4,), (50,), torch.device("cpu"), 1e9, Bounds())
    (_, _, row), *_ = tables(capsys.readouterr().out)
    assert row[3:6] == [NOT_MEASURED, "100", NOT_MEASURED]
    assert row[-1] == NOT_MEASURED


def test_share_of_the_bound(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Genomes of two genes: 2 genes of 2 x 16 x 4^2 bytes each, 100 a second, of 1 MB/s."""
    two = pack([np.ones((2, 6), np.int16)] * 50, 24)
    rates = {"torch": 0.5, "numba": 0.25}
    monkeypatch.setattr(Race, "run", lambda race, count: (two, rates))
    gpu.factor_table((4,), (50,), torch.device("cpu"), 1e6, Bounds())
    (_, _, row), *_ = tables(capsys.readouterr().out)
    assert row[3:] == ["100", "200", "0.5", "2.0", "2%", "10.24%"]


def test_quick_leaves_most_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "FORMULAS", (50, 10**9))
    monkeypatch.setattr(gpu, "search_table", lambda *given: pytest.fail("searches"))
    options = ["--quick", "--device", "cpu", "--sizes", "4,8,4096", "--populations", "50,60"]
    gpu.main(options, Bounds(seconds=0))
    factor, formulas = tables(capsys.readouterr().out)
    assert [(row[0], row[2]) for row in factor[2:]] == [("4", "50"), ("8", "50")]
    assert [row[:2] for row in formulas[2:]] == [["8", "50"]] * 2


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--device", "abacus"], "unknown device"),
        (["--sizes", "1"], "expected numbers above 1"),
        (["--populations", "many"], "invalid"),
    ],
)
def test_what_cannot_be_done(
    options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        gpu.main(options)
    assert told in capsys.readouterr().err


def test_it_is_asked_for_by_name() -> None:
    assert benchmarks.OF_THEIR_OWN["gpu"] == "gpu"
    assert "gpu" not in benchmarks.TABLES


# A race


class Clock:
    """Seconds that scoring adds to, and what was scored."""

    def __init__(self) -> None:
        self.now, self.scored = 0.0, list[tuple[str, int]]()

    def scorer(self, name: str, each: float, fixed: float = 0.0) -> Any:
        def score(population: int) -> None:
            self.now += fixed + each * population
            self.scored.append((name, population))

        return score

    def race(self, *, seconds: float = 30.0, memory: int = 2**40, **score: Any) -> Race:
        return Race(score, lambda count: count, Bounds(seconds, memory, lambda: self.now))


def test_evaluators_take_turns() -> None:
    clock = Clock()
    race = clock.race(fast=clock.scorer("fast", 0.001), slow=clock.scorer("slow", 0.01))
    clock.scored.clear()
    population, seconds = race.run(100)
    assert population == 100
    assert seconds == pytest.approx({"fast": 0.1, "slow": 1.0})
    assert clock.scored == [("fast", 100), ("slow", 100)] * gpu.ROUNDS


def test_who_takes_too_long_is_left_out() -> None:
    clock = Clock()
    race = clock.race(fast=clock.scorer("fast", 0.001), slow=clock.scorer("slow", 0.1))
    assert set(race.run(200)[1]) == {"fast", "slow"}
    assert clock.scored.count(("slow", 200)) == 1  # a second round would take 40 s in all
    clock.scored.clear()
    assert set(race.run(400)[1]) == {"fast"}
    assert ("slow", 400) not in clock.scored
    assert race.run(10**6) == (None, {})
    assert 10**4 < max(population for _, population in clock.scored) <= 30_000


def test_what_a_call_costs_in_itself_is_no_genome_s() -> None:
    """To judge by the first few genomes, a population of 10^4 would take ten minutes."""
    clock = Clock()
    race = clock.race(it=clock.scorer("it", 1e-4, fixed=2))
    assert race.run(10**4)[1] == pytest.approx({"it": 3})


def test_the_first_call_compiles() -> None:
    clock, calls = Clock(), list[int]()

    def score(population: int) -> None:
        clock.now += 0.001 if calls else 100
        calls.append(population)

    assert set(clock.race(it=score).run(PROBE)[1]) == {"it"}


def test_genes_beyond_memory() -> None:
    clock = Clock()
    bytes_each = CAPACITY * GENE_BYTES * gpu.COPIES
    race = clock.race(memory=100 * bytes_each, it=clock.scorer("it", 1e-9))
    assert race.run(101) == (None, {})
    assert set(race.run(100)[1]) == {"it"}


@pytest.mark.parametrize(
    "error",
    [MemoryError(), torch.OutOfMemoryError("CUDA out of memory."), EnvironmentMismatchError("")],
)
def test_an_evaluator_beyond_memory(error: Exception) -> None:
    clock = Clock()

    def score(population: int) -> None:
        if population > PROBE:
            raise error

    race = clock.race(it=clock.scorer("it", 0.001), large=score)
    assert set(race.run(100)[1]) == {"it"}
    assert set(race.run(PROBE)[1]) == {"it"}


def test_other_errors_are_told() -> None:
    def score(population: int) -> None:
        raise RuntimeError("an illegal memory access")

    with pytest.raises(RuntimeError, match="illegal"):
        Clock().race(it=score)


# Populations


def test_genes_of_shared_beginnings_count_once() -> None:
    a, b, c = np.eye(3, 6, dtype=np.int16) + 1
    genomes = pack([[a, b, c], [b], [a, b], [a, c], [a, b, c]], 4)
    assert gpu.distinct_share(genomes) == 5 / 11  # a, ab, abc, ac, b
    assert gpu.distinct_share(genomes.take([0])) == 1
    assert gpu.distinct_share(pack([[a], [a, 0 * a]], 4)) == 2 / 3  # a gene of zeros is one


def test_more_formulas_have_other_inputs() -> None:
    trees = random_trees(SETS[gpu.FUNCTIONS], 20)
    drawn = to_tapes(trees)
    made = gpu.some_formulas(drawn, 50)
    again = np.arange(50) % 20
    for name in ("primitives", "constants", "is_live", "is_term", "lengths"):
        assert np.array_equal(getattr(made, name), getattr(drawn, name)[again])
    for name in ("left", "right"):
        found, given = getattr(made, name), getattr(drawn, name)[again]
        is_input = (given >= 0) & (given < INPUTS)
        assert np.array_equal(found[:20], given[:20])
        assert not np.array_equal(found[20:], given[20:])
        assert np.array_equal(found[~is_input], given[~is_input])
        assert ((found >= 0) & (found < INPUTS))[is_input].all()


# Searches


def test_searches(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "SEARCHES", ((4, 16), (8, None)))
    asked = []

    def run(request: dict[str, Any], folder: str) -> dict[str, Any]:
        assert Path(folder).is_dir()
        asked.append(request)
        operations = 16 if request["evaluator"] == "torch" else 17
        return {"operations": operations, "best_seconds": 1.5, "seconds": 9, "evaluations": 4_000}

    gpu.search_table(torch.device("cpu"), 7, run)
    assert [request["time"] for request in asked] == [7] * 4
    assert [request["population"] for request in asked] == [gpu.SEARCH_POPULATION, None] * 2
    (_, _, *rows), *_ = tables(capsys.readouterr().out)
    assert [row[3:6] for row in rows] == [
        ["16", "16", "1.5"],
        ["16", "17", "not reached"],
        ["-", "16", "1.5"],
        ["-", "17", "1.5"],
    ]
    assert rows[0] == ["4", "torch on cpu", "4,096", "16", "16", "1.5", "9.0", "4,000"]
    assert rows[1][1:3] == ["numba", "default"]


def test_a_real_search(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "SEARCHES", ((2, 4),))
    monkeypatch.setattr(gpu, "SEARCH_POPULATION", 10)
    gpu.search_table(torch.device("cpu"), 5)
    (_, _, *rows), *_ = tables(capsys.readouterr().out)
    assert [(row[4], number(row[5]) >= 0) for row in rows] == [("4", True)] * 2
