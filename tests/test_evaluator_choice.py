"""Which evaluator a run works with: what is asked for, measured, told, stored; the same bits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import evosynth as es
from dsl.errors import EnvironmentMismatchError, EvosynthError, UsageError
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.targets import make_target
from evosynth import evaluator_choice
from evosynth.cases import AnyTarget, case_of
from evosynth.cli.main import cli
from evosynth.engine import turn
from evosynth.engine.driver import Limits, Search
from evosynth.engine.epoch_call import means_text, run_epoch
from evosynth.engine.expression.island import Rows
from evosynth.engine.factor_breeding import FactorBreeding
from evosynth.engine.means import Means
from evosynth.engine.plain_data import from_text
from evosynth.engine.spec import Spec
from evosynth.engine.trial import Trial, factor_trial, formula_trial
from evosynth.evaluator_choice import Choice, choose_evaluator, genomes_per_second
from evosynth.executors import ExecutorOptions, FuturesExecutor
from evosynth.executors.auto import AutoExecutor
from evosynth.executors.processes import ProcessExecutor
from evosynth.executors.serial import SerialExecutor
from evosynth.settings import OF_MATRICES, Settings
from evosynth.workplace import Workplace
from fitness import torch_devices
from fitness.evaluators import EVALUATORS, NUMBA, EvaluatorKind
from fitness.evaluators.expression_evaluator import ExpressionEvaluator
from fitness.evaluators.expression_reference import ExpressionReference

DFT = make_target("dft", 6)
SPEC = Settings(seed=1).spec(case_of(DFT))
# Short epochs: a turn of 50 genomes, four of them in an epoch.
QUICK = replace(OF_MATRICES, population=30, turn=50, turns=4)
BUDGET = 5 * 2 * 200
SAME = ("best.json", "front.json", "log.jsonl")


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Has "torch" score with compiled code; returns the devices that it was given."""
    used: list[str] = []

    def make(target: Any, threads: int = 1, device: str = "auto") -> Any:
        used.append(device)
        return NUMBA.make(target, threads)

    known = dict(EVALUATORS._members)
    known["torch"] = EvaluatorKind("torch", make, "as numba", uses_device=True)
    monkeypatch.setattr(EVALUATORS, "_members", known)
    turn._evaluator.cache_clear()
    yield used
    turn._evaluator.cache_clear()


@pytest.fixture
def gpu(devices: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Has the device be a GPU."""
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(
        evaluator_choice, "device_named", lambda name: torch.device("cuda", int(name[5:] or 0))
    )
    monkeypatch.setattr(evaluator_choice, "device_title", lambda device: f"{device} (H200)")
    return devices


@pytest.fixture
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise EnvironmentMismatchError("torch is not installed", torch_devices.INSTALL)

    monkeypatch.setattr(torch_devices, "_imported_torch", missing)


@pytest.fixture
def rates(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Genomes per second that are measured, by evaluator."""
    told = {"numba": 1_000.0, "torch": 500.0}
    monkeypatch.setattr(
        evaluator_choice, "genomes_per_second", lambda trial, means, pause: told[means.evaluator]
    )
    return told


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evosynth.cases.matrix_case.OF_MATRICES", QUICK)


def chosen(target: AnyTarget = DFT, **asked: Any) -> Choice:
    case = case_of(target)
    spec = Settings(seed=1).spec(case)
    return choose_evaluator(Workplace(workers=2, **asked), case, spec, lambda: None)


# What is chosen


def test_compiled_by_default_and_nothing_is_measured(rates: dict[str, float]) -> None:
    rates.clear()
    assert chosen() == Choice(Means(2), Means(2), False, "numba")


@pytest.mark.usefixtures("devices")
def test_torch_on_the_cpu(rates: dict[str, float]) -> None:
    rates.clear()
    means = Means(2, "torch", "cpu")
    assert chosen(evaluator="torch", device="cpu") == Choice(means, means, False, "torch on cpu")


@pytest.mark.usefixtures("gpu")
def test_torch_on_a_gpu() -> None:
    means = Means(2, "torch", "cuda:1")
    choice = chosen(evaluator="torch", device="cuda:1")
    assert choice == Choice(means, means, True, "torch on cuda:1 (H200)")


@pytest.mark.usefixtures("devices")
def test_auto_takes_the_faster_one(rates: dict[str, float]) -> None:
    choice = chosen(evaluator="auto", device="cpu")
    assert choice.means == Means(2)
    assert choice.told == "numba: 1,000 genomes/s; torch on cpu 500"
    rates["torch"] = 2_345.6
    choice = chosen(evaluator="auto", device="cpu")
    assert choice.means == choice.here == Means(2, "torch", "cpu")
    assert choice.told == "torch on cpu: 2,346 genomes/s; numba 1,000"


@pytest.mark.usefixtures("no_torch")
def test_auto_without_torch(rates: dict[str, float]) -> None:
    rates.clear()
    choice = chosen(evaluator="auto")
    assert (choice.means, choice.told) == (Means(2), "numba: torch is not installed")


@pytest.mark.usefixtures("devices")
def test_auto_where_torch_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(trial: Trial, means: Means, pause: Callable[[], None]) -> float:
        if means.evaluator == "torch":
            raise RuntimeError("CUDA error: no kernel image\nCompile with ...")
        return 7.0

    monkeypatch.setattr(evaluator_choice, "genomes_per_second", measured)
    choice = chosen(evaluator="auto", device="cpu")
    assert choice.means == Means(2)
    assert choice.told == "numba: torch on cpu failed: CUDA error: no kernel image"


def test_rules_of_algorithms_have_one_evaluator(rates: dict[str, float]) -> None:
    rates.clear()
    choice = chosen(RecursiveTarget("wht"), evaluator="auto")
    assert choice.means == Means(2)
    assert choice.told.startswith("numba: its rules are scored by compiled code")
    with pytest.raises(UsageError, match="no evaluator 'torch' for an algorithm for every size"):
        chosen(RecursiveTarget("wht"), evaluator="torch")


@pytest.mark.usefixtures("no_torch")
def test_other_machines_look_after_their_own_devices() -> None:
    choice = chosen(evaluator="torch", device="cuda", scheduler="tcp://h:1")
    assert choice.means == Means(2, "torch", "cuda")
    assert choice.here == Means(2)
    assert choice.told == "torch, device cuda of each worker"
    with ThreadPoolExecutor(1) as pool:
        assert chosen(evaluator="torch", executor=pool).means == Means(2, "torch", "auto")


# What is measured


@pytest.mark.parametrize(
    ("fixed", "each", "most", "sizes"),
    [
        (0.0, 1e-3, 10, [10]),
        (0.01, 1e-3, 200, [32, 128, 200]),
        (0.01, 1e-3, 100_000, [32, 128, 512]),
        (0.7, 1e-5, 100_000, [32, 128, 512, 2_048, 8_192, 32_768]),
        (0.7, 0.0, 1_000, [32, 128, 512, 1_000]),
        (0.0, 1.0, 1_000, [32]),
    ],
    ids=str,
)
def test_batches_grow_until_they_tell(
    fixed: float, each: float, most: int, sizes: list[int]
) -> None:
    """Of evaluators that take some seconds for each batch, and some for each genome."""
    now, seen = [0.0], []

    def scoring(means: Means, count: int) -> Callable[[], object]:
        def score() -> None:
            seen.append(count)
            now[0] += fixed + each * count + (20.0 if len(seen) == 1 else 0.0)  # compiles

        return score

    rate = genomes_per_second(Trial(most, scoring), Means(), clock=lambda: now[0])
    assert rate == pytest.approx(most / (fixed + each * most))
    assert seen == [size for size in sizes for _ in range(2)]


def test_whoever_interrupts_need_not_wait() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        genomes_per_second(Trial(8, lambda means, count: lambda: None), Means(), interrupt)


def test_trials_are_as_large_as_what_a_search_scores() -> None:
    assert factor_trial(DFT, SPEC).most == SPEC.population
    wide = make_target("dft", 64)
    assert factor_trial(wide, SPEC).most == turn.turn_size(SPEC, 64) < SPEC.population
    samples = es.make_sampled_target("exp", seed=1)
    trial = formula_trial(samples, SPEC, 100)
    assert trial.most == SPEC.turn
    assert len(trial.scoring(Means(), 5)().errors) == 5  # type: ignore[attr-defined]
    scores = factor_trial(DFT, SPEC).scoring(Means(), 7)()
    assert len(scores.errors) == 7  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "kind"), [("numba", ExpressionEvaluator), ("reference", ExpressionReference)]
)
def test_formulas_are_scored_by_what_was_chosen(name: str, kind: type) -> None:
    x = np.arange(8.0)[None]
    assert isinstance(Rows.of(x, x[0], Means(1, name)).evaluator, kind)


# What cannot be


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"evaluator": "tprch"}, "unknown evaluator 'tprch'"),
        ({"evaluator": 3}, "expected the name of an evaluator, got 3"),
        ({"evaluator": "torch", "device": "tpu"}, "unknown device 'tpu'"),
        ({"evaluator": "torch", "device": "mps"}, "no double precision"),
        ({"device": "cuda"}, "the evaluator 'numba' works on the CPU, not on 'cuda'"),
        ({"evaluator": "torch"}, "torch is not installed"),
        ({"evaluator": "auto", "device": "cuda"}, "torch is not installed"),
        ({"evaluator": "torch", "recursive": True, "n": None}, "no evaluator 'torch'"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("no_torch")
def test_nothing_is_written_if_it_cannot_work(
    asked: dict[str, Any], words: str, tmp_path: Path
) -> None:
    options = {"target": "wht", "n": 4, "seed": 1, "evaluations": 100, "out": tmp_path / "runs"}
    with pytest.raises(EvosynthError, match=words) as caught:
        es.run(**{**options, **asked})
    assert caught.value.hint
    assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("no_torch")
def test_a_fork_is_not_begun_either(tmp_path: Path) -> None:
    es.run("wht", 4, seed=1, evaluations=4_000, out=tmp_path / "runs")
    (run,) = (tmp_path / "runs").iterdir()
    with pytest.raises(EnvironmentMismatchError, match="torch is not installed"):
        es.fork(run, out=tmp_path / "forks", evaluations=8_000, evaluator="torch")
    assert not (tmp_path / "forks").exists()
    with pytest.raises(EnvironmentMismatchError, match="torch is not installed"):
        es.resume(run, evaluations=8_000, evaluator="torch")


# Where it works


def test_islands_share_a_gpu_in_this_process() -> None:
    case = case_of(DFT)

    def kind(is_accelerated: bool, **asked: Any) -> type:
        executor = Workplace(workers=2, **asked).make_executor(
            case, 2, is_accelerated=is_accelerated
        )
        executor.close(kill=True)
        return type(executor)

    assert kind(True) is SerialExecutor
    assert kind(False) is AutoExecutor
    assert kind(True, executor="processes") is ProcessExecutor


def test_epochs_are_told_what_to_work_with() -> None:
    told = []

    class Recording(SerialExecutor):
        threads = 3

        def submit(self, function: Any, *arguments: Any) -> Any:
            told.append(from_text(arguments[-1], Means))
            return super().submit(function, *arguments)

    spec = Spec("evolve", 1, 2, 20, 24, turn=20, restart=400, migration=1)
    executor = Recording(ExecutorOptions(1, 2, True))
    means = Means(1, "numba", "cuda:1")
    Search(FactorBreeding(DFT, spec), spec, Limits(evaluations=40), executor, means).run()
    assert told == [Means(3, "numba", "cuda:1")] * 2


@pytest.mark.parametrize("kind", ["serial", "processes", "futures"])
def test_every_executor_passes_it_on(kind: str) -> None:
    """An evaluator that nobody has is asked for."""
    breeding = FactorBreeding(DFT, SPEC)
    breeding.begin()
    task = breeding.setting(), breeding.state(0), 0, 0, 20, means_text(Means(1, "absent"))
    options = ExecutorOptions(1, 1, True)
    with ThreadPoolExecutor(1) as pool:
        makers: dict[str, Callable[[], Any]] = {
            "serial": lambda: SerialExecutor(options),
            "processes": lambda: ProcessExecutor(options),
            "futures": lambda: FuturesExecutor(pool),
        }
        executor = makers[kind]()
        try:
            future: Future[str] = executor.submit(run_epoch, *task)
            with pytest.raises(UsageError, match="unknown evaluator 'absent'"):
                future.result(120)
        finally:
            executor.close()


# The same bits, and what is said


@pytest.mark.usefixtures("quick")
def test_runs_have_the_same_bits_and_say_what_they_worked_with(
    devices: list[str], tmp_path: Path
) -> None:
    common: dict[str, Any] = {"target": "dft", "n": 6, "seed": 3, "workers": 1}
    asked: dict[str, dict[str, Any]] = {
        "numba": {},
        "torch": {"evaluator": "torch", "device": "cpu"},
    }
    for name, options in asked.items():
        es.run(**common, **options, evaluations=BUDGET, out=tmp_path / name)
    assert set(devices) == {"cpu"}
    folders = {name: next((tmp_path / name).iterdir()) for name in asked}
    noted = {name: configuration(folder)["evaluator"] for name, folder in folders.items()}
    assert noted == {"numba": "numba", "torch": "torch on cpu"}
    for name, folder in folders.items():
        assert configuration(folder)["scored_by"] == {"evaluator": name, "device": "cpu"}
    # Begun with torch, gone on with numba, and the other way round.
    for name, first, second in (("one", "torch", "numba"), ("two", "numba", "torch")):
        es.run(**common, **asked[first], evaluations=BUDGET // 2, out=tmp_path / name)
        folders[name] = next((tmp_path / name).iterdir())
        es.resume(folders[name], evaluations=BUDGET, workers=1, **asked[second])
        assert configuration(folders[name])["evaluator"] == noted[second]
    for file in SAME:
        contents = {name: (folder / file).read_bytes() for name, folder in folders.items()}
        assert contents["torch"] == contents["numba"]
        for name in ("one", "two") if file == "best.json" else ():
            assert contents[name] == contents["numba"]


def configuration(folder: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((folder / "run.json").read_text())
    return data


@pytest.mark.usefixtures("quick")
def test_a_finished_run_is_looked_at_without_measuring(
    rates: dict[str, float], tmp_path: Path
) -> None:
    rates.clear()
    found = es.run("dft", 6, seed=3, evaluations=BUDGET, out=tmp_path)
    (run,) = tmp_path.iterdir()
    before = (run / "run.json").read_bytes()
    again = es.resume(run, evaluator="auto")
    assert again.claims == found.claims
    assert (run / "run.json").read_bytes() == before


@pytest.mark.usefixtures("devices", "rates")
def test_progress_says_it(tmp_path: Path) -> None:
    command = ["run", "--target", "wht", "--n", "4", "--evaluations", "400", "--seed", "1"]
    command += ["--device", "cpu", "--out", str(tmp_path)]
    said = {
        name: CliRunner().invoke(cli, [*command, "--evaluator", name]).stderr.splitlines()
        for name in ("numba", "torch", "auto")
    }
    assert not any(line.startswith("evaluator") for line in said["numba"])
    assert said["torch"][1] == "evaluator torch on cpu"
    assert said["auto"][1] == "evaluator numba: 1,000 genomes/s; torch on cpu 500"
    quiet = CliRunner().invoke(cli, [*command, "--evaluator", "torch", "-q"])
    assert (quiet.exit_code, quiet.stderr) == (0, "")


def test_torch_itself() -> None:
    pytest.importorskip("torch")
    common: dict[str, Any] = {"target": "wht", "n": 4, "seed": 1, "evaluations": 100}
    results = [
        es.run(**common, **options)
        for options in ({}, {"evaluator": "torch", "device": "cpu", "islands": 2})
    ]
    assert results[0].best == results[1].best
    assert results[0].claims == results[1].claims
