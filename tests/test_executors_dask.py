"""The executor for Dask, on real clusters with processes."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import executor_tasks as tasks
import pytest
from driver_processes import WORKERS, driver, is_gone, started, wait_until

from dsl.errors import DataError, EnvironmentMismatchError, EvosynthError, ExecutorError
from evosynth.executors import EXECUTORS, ExecutorOptions, TaskError, TaskFuture, dask_executor
from evosynth.executors.dask_executor import DaskExecutor

ANY_TEXT = "a\0\n\r\x7f\x85é\u2028\ufeff\uffff\U0001f600\ud83d\ude00\udfff\\\"'{"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the system has no such limit")


def executor(**changes: Any) -> DaskExecutor:
    patience = changes.pop("patience", 60.0)
    options = {"workers": WORKERS, "tasks": WORKERS, "is_parallel_inside": True} | changes
    return DaskExecutor(ExecutorOptions(**options), tasks.MODULES, patience)


@pytest.fixture(scope="module")
def own() -> Iterator[DaskExecutor]:
    """A cluster of evosynth's own."""
    made = executor()
    yield made
    made.close(kill=True)


class Cluster:
    """A scheduler and workers as users start them, without nannies."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--port", "0", "--host", "127.0.0.1")
        self.workers: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        return str(json.loads(self.file.read_text())["address"])

    def add_worker(self) -> None:
        self.workers.append(self._start("worker", "--nthreads", "1", "--no-nanny"))

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(self, kind: str, *options: str) -> subprocess.Popen[bytes]:
        file = ("--scheduler-file", str(self.file), "--no-dashboard")
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options, *file],
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    yield made
    made.close()


def error_of(future: TaskFuture) -> Exception:
    """Waits as a driver does, who looks up between."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            future.result(0.05)
        except TimeoutError:
            continue
        except (EvosynthError, TaskError) as error:
            return error
    raise AssertionError("it never came")


def test_results_come_back(own: DaskExecutor) -> None:
    futures = [own.submit(tasks.double, "ab", times) for times in range(3 * WORKERS)]
    assert [future.result() for future in futures] == ["ab" * k for k in range(3 * WORKERS)]
    assert all(future.done() for future in futures)
    assert own.submit(tasks.double, ANY_TEXT, 1).result() == ANY_TEXT
    assert (own.name, own.threads, own.worker_count()) == ("dask", 1, WORKERS)
    numbers = {int(own.submit(tasks.process_number).result()) for _ in range(8)}
    assert os.getpid() not in numbers


def test_the_same_call_is_made_again(own: DaskExecutor, tmp_path: Path) -> None:
    for _ in range(2):
        own.submit(tasks.slow, str(tmp_path), "a", 0).result()
    assert len(started(tmp_path)) == 2


def test_errors_come_back(own: DaskExecutor) -> None:
    error = error_of(own.submit(tasks.refuse, "bread"))
    assert type(error) is DataError
    assert (str(error), getattr(error, "hint", "")) == ("no bread", "another one")
    error = error_of(own.submit(tasks.fail, "why"))
    assert isinstance(error, TaskError)
    assert str(error).startswith("ZeroDivisionError: why\n")
    assert "in fail" in str(error)
    with pytest.raises(TypeError, match="not of"):
        own.submit(os.getcwd)


def test_a_task_that_raises_is_not_tried_again(own: DaskExecutor, tmp_path: Path) -> None:
    assert isinstance(error_of(own.submit(tasks.slow, str(tmp_path), "a", -100)), TaskError)
    assert len(started(tmp_path)) == 1


def test_large_texts_go_both_ways(own: DaskExecutor) -> None:
    text = "0123456789é" * 1_700_000
    assert own.submit(tasks.double, text, 1).result() == text


def test_what_a_task_prints_stays_off_our_output(tmp_path: Path) -> None:
    with driver("dask", "chatter", tmp_path) as process:
        output, _ = process.communicate(timeout=60)
    assert output.splitlines() == [f"{tmp_path} {tmp_path}", "closed"]


def test_a_killed_worker_is_replaced(own: DaskExecutor, tmp_path: Path) -> None:
    """W1: the results are the same, and Dask's logs do not reach the user."""
    futures = [own.submit(tasks.slow, str(tmp_path), f"t{k}", 50) for k in range(4)]
    wait_until(lambda: len(started(tmp_path)) >= 2)
    for number in started(tmp_path):
        os.kill(number, signal.SIGKILL)
    assert [future.result() for future in futures] == ["T0", "T1", "T2", "T3"]
    assert len(started(tmp_path)) > 4


def test_a_task_that_ends_its_worker_is_given_up(
    own: DaskExecutor, capfd: pytest.CaptureFixture[str]
) -> None:
    """W2: other tasks go on."""
    bad, good = own.submit(tasks.crash, ""), own.submit(tasks.double, "ab", 2)
    error = error_of(bad)
    assert isinstance(error, ExecutorError)
    assert "the task lost its worker 3 times; the last was tcp://" in str(error)
    assert good.result() == "abab"
    assert own.submit(tasks.double, "ab", 3).result() == "ababab"
    assert "distributed" not in capfd.readouterr().err


@on_linux
def test_tasks_without_end_or_bounds_are_given_up(tmp_path: Path) -> None:
    """W3, W4: also a task that holds the interpreter."""
    made = executor(task_seconds=2, task_memory=400 << 20)
    futures = [made.submit(tasks.hold, str(tmp_path), "a", 0), made.submit(tasks.swallow, "")]
    for future in futures:
        assert "lost its worker 3 times" in str(error_of(future))
    assert made.submit(tasks.double, "ab", 2).result() == "abab"
    made.close()


def test_close_finishes_or_gives_up(tmp_path: Path) -> None:
    for kill, finished in [(False, ["t0.done", "t1.done"]), (True, [])]:
        folder = tmp_path / str(kill)
        folder.mkdir()
        levels = [logging.getLogger(name).level for name in ("distributed", "distributed.client")]
        made = executor()
        futures = [made.submit(tasks.slow, str(folder), f"t{k}", 6000 * kill) for k in range(2)]
        wait_until(lambda folder=folder: len(started(folder)) == 2)  # type: ignore[misc]
        before = time.monotonic()
        made.close(kill)
        assert time.monotonic() - before < 30
        assert sorted(file.name for file in folder.glob("*.done")) == finished
        assert all(is_gone(number) for number in started(folder))
        assert all(future.done() for future in futures)
        after = [logging.getLogger(name).level for name in ("distributed", "distributed.client")]
        assert after == levels


@pytest.mark.parametrize("task", ["slow", pytest.param("hold", marks=on_linux)])
def test_no_worker_outlives_a_killed_driver(task: str, tmp_path: Path) -> None:
    """W6: not even one that never looks up."""
    with driver("dask", task, tmp_path) as process:
        wait_until(lambda: len(started(tmp_path)) == WORKERS)
        process.kill()
        wait_until(lambda: all(is_gone(number) for number in started(tmp_path)), 5)


def test_ctrl_c_leaves_tasks_alone_and_no_worker_behind(tmp_path: Path) -> None:
    with driver("dask", "slow", tmp_path) as process:
        wait_until(lambda: len(started(tmp_path)) == WORKERS)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert output.splitlines() == ["interrupted", "TASK0 TASK1", "closed"]
    assert len(started(tmp_path)) == WORKERS, "a task was run again"
    assert all(is_gone(number) for number in started(tmp_path))


# Clusters of users


def test_a_users_cluster_by_file_and_by_address(cluster: Cluster, tmp_path: Path) -> None:
    made = executor(scheduler_file=str(cluster.file), patience=1.0)
    alone = made.submit(tasks.double, "ab", 2)
    assert "has had no worker for 1 s" in str(error_of(alone))
    assert made.worker_count() == 0
    made.patience = 60.0
    for _ in range(WORKERS):
        cluster.add_worker()
    assert alone.result() == "abab", "a worker that comes late is as good"
    wait_until(lambda: made.worker_count() == WORKERS)

    other = EXECUTORS.get("dask").make(ExecutorOptions(1, 2, True, scheduler=cluster.address))
    assert other.worker_count() == WORKERS
    other.close()
    # W1 without a nanny: another worker takes over.
    futures = [made.submit(tasks.slow, str(tmp_path), f"t{k}", 50) for k in range(3)]
    wait_until(lambda: len(started(tmp_path)) >= 2)
    cluster.workers[0].kill()
    assert [future.result() for future in futures] == ["T0", "T1", "T2"]
    made.close()
    assert cluster.workers[1].poll() is None, "the user's workers are the user's"


def test_a_lost_scheduler_is_told(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.add_worker()
    wait_until(cluster.file.exists)
    monkeypatch.setattr(dask_executor, "CONNECT_SECONDS", 2.0)
    made = executor(scheduler_file=str(cluster.file))
    future = made.submit(tasks.slow, str(tmp_path), "a", 6000)
    wait_until(lambda: started(tmp_path))
    address = cluster.address
    cluster.scheduler.kill()
    error = error_of(future)
    assert isinstance(error, ExecutorError)
    assert str(error) == f"lost the connection to the Dask scheduler at {address}"
    with pytest.raises(ExecutorError):
        made.submit(tasks.double, "a", 1).result()
    made.close(kill=True)


def test_a_scheduler_that_hangs_is_told(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    made = executor(scheduler_file=str(cluster.file), patience=0.5)
    monkeypatch.setattr(dask_executor, "CONNECT_SECONDS", 1.0)
    cluster.scheduler.send_signal(signal.SIGSTOP)
    error = error_of(made.submit(tasks.double, "a", 1))
    assert isinstance(error, ExecutorError)
    made.close(kill=True)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"scheduler": "tcp://127.0.0.1:9"}, "tcp://127.0.0.1:9"),
        ({"scheduler": "nonsense://x:1"}, "nonsense://x:1"),
        ({"scheduler_file": "/no/such/file.json"}, "/no/such/file.json"),
    ],
)
def test_a_scheduler_out_of_reach_is_named_within_ten_seconds(
    options: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dask_executor.CONNECT_SECONDS < 10
    monkeypatch.setattr(dask_executor, "CONNECT_SECONDS", 1.0)
    before = time.monotonic()
    with pytest.raises(ExecutorError, match="scheduler") as caught:
        executor(**options)
    assert time.monotonic() - before < 10
    assert named in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "\x00"])
def test_a_damaged_scheduler_file_is_named(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "scheduler.json"
    file.write_text(text)
    monkeypatch.setattr(dask_executor, "CONNECT_SECONDS", 0.2)
    with pytest.raises(ExecutorError, match=r"no address .*scheduler\.json"):
        executor(scheduler_file=str(file))


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EnvironmentMismatchError) as caught:
        executor()
    assert caught.value.hint == "pip install 'evosynth[dask]'"
