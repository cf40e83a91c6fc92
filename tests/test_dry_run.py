"""`evosynth run --dry-run`: everything is checked and told, nothing is done."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import evosynth as es
from evosynth import planning
from evosynth.cli.dry_run import duration, plan_lines, rounded, size
from evosynth.cli.main import cli
from evosynth.planning import Plan, plan
from evosynth.request import Request
from evosynth.settings import Settings
from evosynth.workplace import Workplace

RUN = ["run", "--target", "dft", "--n", "8", "--dry-run"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(planning, "TRIED_SECONDS", 0.1)


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], prog_name="evosynth")


def answer(*arguments: object) -> Any:
    result = invoke(*arguments, "--json")
    assert result.exit_code == 0
    return json.loads(result.stdout)


def planned(settings: Settings | None = None, **request: Any) -> Plan:
    asked = Request(**({"target": "dft", "n": 8} | request))
    return plan(asked.make(0), settings or Settings(seed=0), Workplace(), asked, Path("runs"))


def told(found: Plan, what: str) -> str:
    """Returns a line of what people read, without its heading."""
    (line,) = [line for line in plan_lines(found) if line.startswith(f"{what} ")]
    return line[len(what) :].strip()


def test_it_tells_what_would_be_done_and_does_nothing() -> None:
    result = invoke(*RUN, "--seed", 3, "--evaluations", 2_000, "--workers", 1)
    assert result.exit_code == 0
    assert "measuring" in result.stderr
    lines = result.stdout.splitlines()
    for head, part in {
        "target": "8-point DFT, complex data",
        "search": "evolve, seed 3, 2 islands of 100 genomes, library run",
        "works": "executor auto, 1 core, evaluator numba",
        "ends": "after 2,000 evaluations",
        "time": "for 2,000 evaluations; ",
        "memory": "MiB",
        "run": "evosynth-runs/dft8-seed3",
    }.items():
        assert any(line.startswith(f"{head:<10}") and part in line for line in lines), head
    assert list(Path().iterdir()) == []


def test_its_options_are_those_that_the_run_stores() -> None:
    data = answer(*RUN, "--seed", 3, "--evaluations", 2_000, "-q")
    Path("plan.toml").write_text(data["options"])
    done = json.loads(invoke("run", "--config", "plan.toml", "--json").stdout)
    assert done["run"] == data["run"]
    assert (Path(done["run"]) / "run.toml").read_text() == data["options"]
    assert tomllib.loads(data["options"])["seed"] == done["seed"] == 3
    assert answer(*RUN, "--seed", 3)["run"] == f"{done['run']}-2", "the first is there now"


def test_plain_data() -> None:
    data = answer(*RUN, "--seed", 3, "--time", 7.5, "--goal", "best-known")
    assert (data["seed"], data["time"], data["goal"], data["evaluations"]) == (3, 7.5, 56, None)
    assert data["evaluations_per_second"] > 0
    assert 0 < data["memory_bytes"] < data["memory_limit_bytes"]
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (["--target", "dftt"], 2, "did you mean 'dft'"),
        (["--islands", 0], 2, "islands"),
        (["--evaluator", "torhc"], 2, "did you mean 'torch'"),
        (["--goal", "abc"], 2, "best-known"),
        (["--population", 1_000_000, "--islands", 1000], 2, "GiB"),
        (["--target", "missing.npy"], 65, "no such file"),
        (["--target", "nan.npy"], 65, "(0, 0)"),
        (["--out", "nan.npy"], 74, "Not a directory"),
        (["--out", "nan.npy/x"], 74, "nan.npy"),
        (["--out", "x" * 300], 74, "xxx"),
        (["--library", "nan.npy/x"], 74, "nan.npy"),
        (["--config", "missing.toml"], 74, "missing.toml"),
        (["--executor", "dask", "--scheduler", "tcp://127.0.0.1:1"], 69, "127.0.0.1:1"),
    ],
    ids=lambda value: " ".join(map(str, value))[:40] if isinstance(value, list) else "",
)
def test_what_a_run_would_refuse_is_refused(arguments: list[object], code: int, part: str) -> None:
    np.save("nan.npy", np.full((2, 2), np.nan))
    if code == 69:
        pytest.importorskip("distributed")
    result = invoke(*(RUN if "--target" not in arguments else RUN[:1] + RUN[-1:]), *arguments, "-q")
    assert (result.exit_code, result.stdout) == (code, ""), result.stderr
    assert part in result.stderr
    assert [path.name for path in Path().iterdir()] == ["nan.npy"]


def test_a_shared_library_is_read_and_not_made() -> None:
    assert answer(*RUN, "--library", "blocks")["library"] == "blocks"
    assert not Path("blocks").exists()
    es.run("dft", 4, seed=0, evaluations=2_000, library="blocks")
    (file,) = [path for path in Path("blocks").iterdir() if path.suffix == ".json"]
    file.write_text("{")
    assert invoke(*RUN, "--library", "blocks").exit_code == 65


def test_every_kind_of_target_can_be_planned() -> None:
    Path("d.csv").write_text("t,y\n" + "".join(f"{t},{2 * t}\n" for t in range(30)))
    matrix = planned()
    assert (matrix.thread_bytes > 0, matrix.rate is not None) == (True, True)
    formula = planned(target=None, n=None, data="d.csv")
    assert (formula.thread_bytes, formula.rate is not None) == (0, True)
    algorithm = planned(n=None, recursive=True)
    assert (algorithm.spec.population, algorithm.rate is not None) == (1_000, True)
    near = planned(target="dct2", n=4, tolerance=0.1)
    assert near.thread_bytes < matrix.thread_bytes
    assert plan_lines(near)


def test_a_target_that_is_an_object_has_no_options() -> None:
    found = planned(target=np.array([[1.0, 2.0], [3.0, 4.0]]), n=None)
    assert found.options is None
    assert plan_lines(found)[-1].startswith("nothing was done")


def test_memory_grows_with_what_is_asked() -> None:
    small, large = (
        planned(Settings(seed=0, evaluations=200, islands=islands)) for islands in (1, 4)
    )
    assert small.population_bytes < large.population_bytes
    assert small.memory == small.population_bytes + small.threads * small.thread_bytes
    assert planned(n=16).thread_bytes > small.thread_bytes


def test_a_search_that_is_too_slow_to_measure_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MOST_SECONDS", 0.0)
    found = planned(n=32)
    assert found.rate is None
    assert (
        told(found, "time") == "at most 45 s; no epoch was done in time to measure how fast it is"
    )


def test_time_follows_from_limits_and_speed() -> None:
    found = replace(planned(), rate=1_000.0)

    def time(**limits: Any) -> str:
        asked = {"evaluations": None, "seconds": None, "patience": None} | limits
        return told(replace(found, limits=replace(found.limits, **asked)), "time").split(";")[0]

    assert time(seconds=45.0) == "at most 45 s, about 45,000 evaluations"
    assert time(evaluations=1_000_000) == "about 16.7 min for 1,000,000 evaluations"
    assert time(evaluations=1_000_000, seconds=60.0) == "at most 60 s, about 60,000 evaluations"
    assert time(evaluations=1_000, seconds=60.0) == "about 1 s for 1,000 evaluations"
    assert time(patience=300_000) == "at least 5 min of patience"
    assert time() == "without limit"


def test_quantities_are_told_in_their_unit() -> None:
    assert [duration(s) for s in (0.5, 45, 119, 120, 7_200, 3e5, 1e9)] == [
        *("0.5 s", "45 s", "119 s", "2 min", "2 hours", "3.47 days", "11,574 days")
    ]
    assert [rounded(x) for x in (0.123, 5.4, 1234.5, 98765.0)] == ["0.12", "5", "1,200", "99,000"]
    assert [size(n) for n in (10, 2**20, 3 * 2**30)] == ["0.1 MiB", "1.0 MiB", "3.0 GiB"]
