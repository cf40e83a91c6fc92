"""How large populations are: what grows with them, what does not fit, runs that go on."""

from __future__ import annotations

from pathlib import Path

import pytest

import evosynth as es
from dsl.errors import UsageError
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.targets import make_target
from evosynth import settings as settings_module
from evosynth.cases import AnyTarget, case_of
from evosynth.engine.driver import Limits
from evosynth.runs.configuration import Configuration, read_configuration
from evosynth.settings import OF_MATRICES, Settings, scaled

DFT = make_target("dft", 16)
TARGETS: dict[str, AnyTarget] = {
    "matrix": DFT,
    "formulas": es.make_sampled_target("exp", seed=1),
    "algorithm": RecursiveTarget("dft"),
}


def test_the_default_is_as_if_nothing_was_said() -> None:
    assert scaled(OF_MATRICES, None) is OF_MATRICES
    assert scaled(OF_MATRICES, OF_MATRICES.population) is OF_MATRICES


@pytest.mark.parametrize("name", TARGETS)
def test_turns_and_restarts_grow_with_the_population(name: str) -> None:
    case = case_of(TARGETS[name])
    before = Settings(seed=1).spec(case)
    after = Settings(seed=1, population=30 * before.population).spec(case)
    for field in ("population", "turn", "restart"):
        assert getattr(after, field) == 30 * getattr(before, field)
    for field in ("capacity", "migration", "islands"):
        assert getattr(after, field) == getattr(before, field)
    assert after.turns == 1


def test_epochs_are_as_long_as_before_where_they_can_be() -> None:
    case = case_of(DFT)
    usual = Settings(seed=1).spec(case)
    assert Settings(seed=1, population=500).spec(case).epoch == usual.epoch
    assert Settings(seed=1, population=20_000).spec(case).epoch == 40_000
    assert Settings(seed=1, population=10).spec(case).turns == usual.turns


def test_patience_grows_with_the_population_and_shrinks_with_none() -> None:
    case = case_of(DFT)
    usual = Settings().limits(case).patience
    assert usual is not None
    assert Settings(population=1_000).limits(case).patience == 10 * usual
    assert Settings(population=10).limits(case).patience == usual
    assert Settings(population=1_000, patience=77).limits(case) == Limits(patience=77)


@pytest.mark.parametrize("population", [3, 0, -5, 1_000_001, 10**30])
def test_populations_have_bounds(population: int) -> None:
    with pytest.raises(UsageError, match="expected a population of 4 to 1,000,000, got"):
        Settings(population=population)


@pytest.mark.parametrize("population", [4.0, "100", True])
def test_a_population_is_a_whole_number(population: object) -> None:
    with pytest.raises(UsageError, match="expected a whole number for population"):
        Settings(population=population)  # type: ignore[arg-type]


def test_populations_that_do_not_fit_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_module, "memory_limit", lambda: 1 << 30)
    case = case_of(DFT)
    assert Settings(population=50_000).spec(case).population == 50_000
    with pytest.raises(UsageError, match=r"100,000 on 2 islands needs about 1\.18 GiB") as caught:
        Settings(population=100_000).spec(case)
    assert "fewer islands" in caught.value.hint
    with pytest.raises(UsageError, match="on 20 islands"):
        Settings(population=50_000, islands=20).spec(case)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("population", [4, 1_000_000])
def test_runs_of_any_population_can_be_read(
    name: str, population: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_module, "memory_limit", lambda: 1 << 50)
    case, asked = case_of(TARGETS[name]), Settings(seed=1, population=population)
    spec = asked.spec(case)
    made = Configuration.of(TARGETS[name], spec, asked.limits(case), None, None)
    assert read_configuration(made.to_data()).spec == spec


@pytest.mark.parametrize("strategy", ["evolve", "hill-climb", "random"])
def test_smallest_populations(strategy: str) -> None:
    found = es.run("wht", 4, seed=1, population=4, strategy=strategy, evaluations=2_000)
    assert found.is_verified
    assert found.evaluations == 2_000


def test_a_run_of_a_large_population_goes_on(tmp_path: Path) -> None:
    common = {"target": "wht", "n": 2, "seed": 1, "islands": 1, "population": 2_000}
    whole = es.run(**common, evaluations=3 * 4_000)  # type: ignore[arg-type]
    es.run(**common, evaluations=4_000, out=tmp_path)  # type: ignore[arg-type]
    (run,) = tmp_path.iterdir()
    assert es.resume(run, evaluations=3 * 4_000).best == whole.best


def test_populations_whose_checkpoints_are_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_module, "memory_limit", lambda: 1 << 40)
    with pytest.raises(UsageError, match=r"on 10 islands makes checkpoints of about 3\.35 GiB"):
        Settings(population=400_000, islands=10).spec(case_of(DFT))
