"""The doctor: each check in good and bad circumstances, and the command around them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import evosynth as es
from evosynth import checkups
from evosynth.checkups import (
    Check,
    control_group,
    in_process,
    requirements,
)
from evosynth.checkups.requirements import Requirement, requirements_of
from evosynth.cli.main import cli
from evosynth.diagnosing import Diagnosis

ROOT = Path(__file__).resolve().parent.parent


def module(name: str) -> Any:
    """The module of a checkup: the package has functions of the same names."""
    return sys.modules[f"evosynth.checkups.{name}"]


def statuses(checks: Any) -> dict[str, str]:
    return {check.name: check.status for check in checks}


def only(checks: Any) -> Check:
    (check,) = checks
    return check


# The command


QUICK = ("versions", "own_packages", "processors", "memory", "extras")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No process is started; runs go to a folder of this test."""
    monkeypatch.chdir(tmp_path)
    for name in ("c_compiler", "torch_device"):
        monkeypatch.setattr(checkups, name, lambda name=name: [Check(name, "ok", "fine")])
    monkeypatch.setattr(checkups, "kernels", lambda: [Check("kernels", "warning", "none", "wait")])
    return tmp_path


def test_a_table_for_people(quick: Path) -> None:
    done = CliRunner().invoke(cli, ["doctor"])
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert any(line.split()[:2] == ["ok", "numpy"] for line in lines)
    assert "\x1b" not in done.stdout
    assert lines[-1].endswith("1 warning") or "warnings" in lines[-1]
    # Aligned: what was found begins in one column, and so do remedies.
    start = next(line.index("none") for line in lines if line.startswith("warning  kernels"))
    remedy = lines[[line.startswith("warning  kernels") for line in lines].index(True) + 1]
    assert remedy.index("-> wait") == start
    assert list(quick.iterdir()) == [], "something was left behind"


def test_one_json_object(quick: Path) -> None:
    done = CliRunner().invoke(cli, ["doctor", "--json"])
    data = json.loads(done.stdout)
    assert done.exit_code == 0
    assert data["status"] == "warning"
    assert {"name", "status", "found", "remedy"} <= set(data["checks"][0])
    assert {"evosynth", "Python", "numba", "disk", "Dask"} <= {c["name"] for c in data["checks"]}


@pytest.mark.parametrize(
    ("checks", "code", "status"),
    [
        ([], 0, "ok"),
        ([Check("a", "warning", "x")], 0, "warning"),
        ([Check("a", "failed", "x"), Check("b", "warning", "x")], 78, "failed"),
        ([Check("a", "failed", "x", exit_code=69)], 69, "failed"),
        ([Check("a", "failed", "x", exit_code=69), Check("b", "failed", "x")], 78, "failed"),
    ],
)
def test_exit_codes(checks: list[Check], code: int, status: str) -> None:
    diagnosis = Diagnosis(tuple(checks))
    assert (diagnosis.exit_code, diagnosis.status) == (code, status)


def test_html_is_escaped() -> None:
    found = Diagnosis((Check("<script>", "failed", "<b>", "<i>"),))._repr_html_()
    assert "<script>" not in found
    assert "<b>" not in found
    assert "<i>" not in found


def test_doctor_stays_a_function(quick: Path) -> None:
    """A module of that name would take its place once it was imported."""
    for _ in range(2):
        assert isinstance(es.doctor(), Diagnosis)


def test_a_check_that_fails_itself_is_a_failed_check(
    quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Iterator[Check]:
        yield Check("before", "ok", "")
        raise ImportError("libfoo.so is missing\nand more")

    monkeypatch.setattr(checkups, "kernels", broken)
    found = es.doctor()
    assert found.exit_code == 78
    check = next(check for check in found.checks if check.status == "failed")
    assert check.name == "kernels"
    assert check.found == "ImportError: libfoo.so is missing"


def test_all_of_it_as_it_is(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "evosynth", "doctor", "--json"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    data = json.loads(done.stdout)
    failed = [check for check in data["checks"] if check["status"] == "failed"]
    assert (done.returncode, failed) == (0, [])
    kernels = next(check for check in data["checks"] if check["name"] == "kernels")
    assert "compiled: none" in kernels["found"]
    assert str(tmp_path / "cache") in kernels["found"]


# Versions


@pytest.mark.parametrize(
    ("bounds", "version", "is_met"),
    [
        (">=1.26", "1.26", True),
        (">=1.26", "1.26.0", True),
        (">=1.26", "1.9.4", False),
        (">=1.26", "2.0", True),
        (">=1.26,<2", "2.0", False),
        ("<0.51,>=0.50.0dev0", "0.50.0", True),
        ("<0.51,>=0.50.0dev0", "0.51.0rc1", False),
        ("==2.13.0", "2.13.0+cpu", True),
        ("==2.13.0", "2.13.1", False),
        ("!=1.5", "1.5.0", False),
        ("", "0", True),
        (">=3.11", "3.10.9", False),
    ],
)
def test_bounds(bounds: str, version: str, is_met: bool) -> None:
    assert Requirement("x", bounds).is_met_by(version) == is_met


def test_metadata_are_read() -> None:
    found = {(each.name, each.extra): each.bounds for each in requirements_of("evosynth")}
    assert found["Python", ""] == ">=3.11"
    assert found["numpy", ""].startswith(">=")
    assert ("numpy", "test") not in found
    assert found["torch", "torch"].startswith(">=")
    assert list(requirements_of("no-such-package")) == []


def test_versions_fit_here() -> None:
    assert set(statuses(checkups.versions()).values()) == {"ok"}


def test_an_old_or_missing_package_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    real = requirements.installed
    spoilt = {"numpy": "1.20.3", "deap": None, "click": "7.0"}
    monkeypatch.setattr(module("versions"), "installed", lambda p: spoilt.get(p, real(p)))
    found = {check.name: check for check in checkups.versions()}
    assert {name for name, check in found.items() if check.status != "ok"} == set(spoilt)
    assert found["numpy"].found.startswith("1.20.3, expected >=")
    assert found["numpy"].remedy.startswith("pip install 'numpy>=")
    assert found["deap"].found == "not installed"


def test_a_strangers_package_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def stranger() -> None:
        raise ImportError("evosynth needs its own package 'dsl', but Python finds '/x/dsl.py'")

    assert only(checkups.own_packages()).status == "ok"
    monkeypatch.setattr(module("own_packages"), "check_siblings", stranger)
    check = only(checkups.own_packages())
    assert check.status == "failed"
    assert "/x/dsl.py" in check.found


# Processors and memory


def group(folder: Path, line: str, files: dict[str, str]) -> tuple[Path, Path]:
    """Makes control groups and the file that says which one is ours."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    (folder / "own").write_text(line + "\n")
    return folder, folder / "own"


@pytest.mark.parametrize(
    ("line", "files", "processors", "size"),
    [
        ("0::/", {}, None, None),
        ("0::/", {"cpu.max": "max 100000", "memory.max": "max"}, None, None),
        ("0::/", {"cpu.max": "150000 100000", "memory.max": "1073741824"}, 1.5, 1 << 30),
        ("0::/a/b", {"a/cpu.max": "50000 100000", "a/b/memory.max": "4096"}, 0.5, 4096),
        (
            "4:cpu,cpuacct:/x\n3:memory:/x",
            {
                "cpu/x/cpu.cfs_quota_us": "200000",
                "cpu/x/cpu.cfs_period_us": "100000",
                "memory/x/memory.limit_in_bytes": "9223372036854771712",
                "memory/memory.limit_in_bytes": "5000",
            },
            2.0,
            5000,
        ),
        ("4:cpu:/x", {"cpu/x/cpu.cfs_quota_us": "-1", "cpu/x/cpu.cfs_period_us": "1"}, None, None),
        ("nonsense", {"cpu.max": "what ever"}, None, None),
    ],
)
def test_limits_of_control_groups(
    line: str, files: dict[str, str], processors: float | None, size: int | None, tmp_path: Path
) -> None:
    places = group(tmp_path, line, files)
    assert control_group.cpu_limit(*places) == processors
    assert control_group.memory_limit(*places) == size


@pytest.mark.parametrize(
    ("variables", "status", "part"),
    [
        ({}, "ok", "not set"),
        ({"OMP_NUM_THREADS": "1"}, "ok", "OMP_NUM_THREADS=1"),
        ({"NUMBA_NUM_THREADS": "64"}, "warning", "NUMBA_NUM_THREADS=64 with 4 cores"),
        ({"NUMBA_NUM_THREADS": "zero"}, "warning", "zero"),
        ({"OMP_NUM_THREADS": "0"}, "warning", "OMP_NUM_THREADS=0"),
    ],
)
def test_thread_settings(
    variables: dict[str, str], status: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*module("processors").THREADS, "NUMBA_DISABLE_JIT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(module("processors"), "usable_cores", lambda: 4)
    check = next(check for check in checkups.processors() if check.name == "threads")
    assert check.status == status
    assert part in check.found


def test_a_cpu_limit_and_interpreted_kernels_are_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module("processors"), "usable_cores", lambda: 8)
    monkeypatch.setattr(module("processors"), "cpu_limit", lambda: 2.5)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    found = {check.name: check for check in checkups.processors()}
    assert found["processors"].status == found["compilation"].status == "warning"
    assert found["processors"].remedy == "give runs --workers 2"
    monkeypatch.setattr(module("processors"), "cpu_limit", lambda: 8.0)
    assert statuses(checkups.processors())["processors"] == "ok"


def test_memory_and_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    place = module("memory")
    monkeypatch.setattr(place, "_physical", lambda: 8 << 30)
    monkeypatch.setattr(place, "_limits", lambda: [(16 << 30, "too much")])
    assert only(checkups.memory()) == Check("memory", "ok", "8.0 GiB")
    monkeypatch.setattr(place, "_limits", lambda: [(4 << 30, "a"), (2 << 30, "b")])
    check = only(checkups.memory())
    assert (check.status, check.found) == ("warning", "8.0 GiB, b 2.0 GiB")
    monkeypatch.setattr(place, "_physical", lambda: None)
    monkeypatch.setattr(place, "_limits", lambda: [])
    assert only(checkups.memory()).found == "size unknown"


# Kernels, disk, compiler


def test_kernels_that_are_kept_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fitness import kernel_cache

    class Files:
        folder = tmp_path

        def __init__(self, sound: int, other: int) -> None:
            self.counts = sound, other

        def standing(self) -> tuple[int, int]:
            return self.counts

    found: list[Any] = [Files(2, 0), Files(1, 0), Files(1, 0), Files(1, 0)]
    left = iter(found)
    monkeypatch.setattr(kernel_cache, "files_of", lambda function: next(left))
    assert only(checkups.kernels()).status == "ok"
    left = iter([Files(1, 0), Files(0, 1), None, None])
    check = only(checkups.kernels())
    assert check.status == "warning"
    assert "first run: those for formulas" in check.found
    assert "1 outdated or damaged" in check.found
    left = iter([None] * 4)
    check = only(checkups.kernels())
    assert check.status == "warning"
    assert "NUMBA_CACHE_DIR" in check.remedy


def test_kernels_of_this_process() -> None:
    found = only(checkups.kernels()).found
    assert "compiled" in found


def test_disk_is_tried_and_left_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check = only(checkups.run_disk(tmp_path / "not" / "there"))
    assert check.status == "ok", check
    assert " ms in " in check.found
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(module("run_disk"), "SLOW", -1.0)
    assert only(checkups.run_disk(tmp_path)).status == "warning"
    monkeypatch.setattr(module("run_disk"), "LITTLE", 1 << 80)
    assert "make room" in only(checkups.run_disk(tmp_path)).remedy


def test_a_disk_that_cannot_be_written_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    assert only(checkups.run_disk(tmp_path / "file")).status == "failed"

    def refuse(*arguments: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    check = only(checkups.run_disk(tmp_path))
    assert check.status == "failed"
    assert "No space left" in check.found
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(("command", "status"), [("false", "warning"), ("no-such-cc", "warning")])
def test_a_compiler_that_does_not_work(
    command: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", command)
    check = only(checkups.c_compiler())
    assert check.status == status
    assert check.remedy


# Optional packages


def test_extras_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    place = module("extras")
    asked = [
        Requirement("numpy", ">=1"),
        Requirement("torch", ">=2.6", "torch"),
        Requirement("matplotlib", ">=3.8", "plot"),
        Requirement("distributed", ">=2024.8", "dask"),
        Requirement("pytest", ">=8", "test"),
    ]
    versions = {"torch": "2.7.0", "matplotlib": "3.1"}
    monkeypatch.setattr(place, "requirements_of", lambda name: asked)
    monkeypatch.setattr(place, "installed", versions.get)
    found = {check.name: check for check in checkups.extras()}
    assert set(found) == {"extra torch", "extra plot", "extra dask"}
    assert found["extra torch"] == Check("extra torch", "ok", "torch 2.7.0")
    assert found["extra plot"].status == "warning"
    assert "pip install 'evosynth[dask]'" in found["extra dask"].found


def test_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    place = module("torch_device")
    monkeypatch.setattr(place, "installed", lambda name: None)
    assert only(checkups.torch_device()).status == "ok"
    monkeypatch.setattr(place, "installed", lambda name: "2.9")
    monkeypatch.setattr(place, "answer_of", lambda code, *path, seconds: ["cuda:0 (H200)", ""])
    found = only(checkups.torch_device()).found
    assert found == "2.9, device cuda:0 (H200); --evaluator torch can use it"
    monkeypatch.setattr(place, "answer_of", lambda code, *path, seconds: ["cpu", "no CUDA"])
    assert only(checkups.torch_device()).found.startswith("2.9, device cpu: no CUDA; ")

    def fail(code: str, *path: str, seconds: float) -> None:
        raise in_process.NoAnswerError("no answer within 60 s")

    monkeypatch.setattr(place, "answer_of", fail)
    assert only(checkups.torch_device()).status == "warning"


@pytest.mark.parametrize(
    ("code", "part"),
    [
        ("import os; os.abort()", "exit code"),
        ("raise ImportError('no libfoo')", "no libfoo"),
        ("import time; time.sleep(60)", "no answer within 0.5 s"),
        ("print('hello')", "no answer"),
        ("pass", "no answer"),
    ],
)
def test_processes_without_an_answer(code: str, part: str) -> None:
    with pytest.raises(in_process.NoAnswerError, match=part):
        in_process.answer_of(code, seconds=0.5 if "sleep" in code else 30)


def test_processes_with_an_answer() -> None:
    code = "import json, sys; print('noise'); print(json.dumps(sys.argv[1:]))"
    assert in_process.answer_of(code, "a", "b", seconds=30) == ["a", "b"]


# Dask


def answering(workers: dict[str, dict[str, Any]]) -> Callable[..., Any]:
    return lambda code, *arguments, seconds: workers


def test_dask_workers_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    place = module("dask_cluster")
    own = {"Python": place.platform.python_version()}
    own |= {name: requirements.installed(name) for name in place.SAME}
    monkeypatch.setattr(place, "installed", lambda name: own.get(name, "2026.1"))
    assert statuses(checkups.dask_cluster()) == {"Dask": "ok"}
    monkeypatch.setattr(place, "answer_of", answering({"a": own, "b": own}))
    found = checkups.dask_cluster("tcp://x:1")
    assert set(statuses(found).values()) == {"ok"}
    assert found[1].found == "tcp://x:1: 2 workers"
    monkeypatch.setattr(place, "answer_of", answering({}))
    assert statuses(checkups.dask_cluster("tcp://x:1"))["Dask scheduler"] == "warning"
    other = own | {"numpy": "1.0", "evosynth": None}
    monkeypatch.setattr(place, "answer_of", answering({"a": own, "b": other}))
    found = checkups.dask_cluster(scheduler_file="file.json")
    failed = {check.name: check for check in found if check.status == "failed"}
    assert set(failed) == {"workers' numpy", "workers' evosynth"}
    assert failed["workers' numpy"].found == f"1.0 on 1, here {own['numpy']}"
    assert failed["workers' numpy"].exit_code == 78


def test_a_scheduler_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module("dask_cluster"), "installed", lambda name: None)
    assert only(checkups.dask_cluster()).status == "ok"
    assert only(checkups.dask_cluster("tcp://x:1")).status == "failed"


@pytest.mark.parametrize("option", ["--scheduler", "--scheduler-file"])
def test_a_scheduler_that_is_not_there_is_exit_69(
    option: str, quick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(module("dask_cluster"), "CONNECT_SECONDS", 1)
    (quick / "file.json").write_text('{"address": "tcp://127.0.0.1:1"}')
    where = "tcp://127.0.0.1:1" if option == "--scheduler" else "file.json"
    done = CliRunner().invoke(cli, ["doctor", option, where])
    assert done.exit_code == 69, done.output
    assert "is not reachable" in done.stdout
    assert where in done.stdout


CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(2, threads_per_worker=1, dashboard_address=None, processes=False) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.mark.slow
def test_a_cluster_is_seen() -> None:
    pytest.importorskip("distributed")
    with subprocess.Popen(
        [sys.executable, "-c", CLUSTER.replace("processes=False", "protocol='tcp://'")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as cluster:
        assert cluster.stdout
        try:
            address = cluster.stdout.readline().strip()
            found = checkups.dask_cluster(address)
        finally:
            cluster.communicate("")
    assert found[1].found == f"{address}: 2 workers"
    assert set(statuses(found).values()) == {"ok"}
