"""Executors on this machine: what goes in comes back, whatever becomes of the workers."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import executor_tasks as tasks
import pytest
from driver_processes import WORKERS, driver, is_gone, started, wait_until

from dsl.errors import DataError, EvosynthError, ExecutorError
from evosynth.executors import (
    EXECUTORS,
    Executor,
    ExecutorOptions,
    FuturesExecutor,
    TaskError,
    TaskFuture,
)
from evosynth.executors.auto import AutoExecutor
from evosynth.executors.processes import ProcessExecutor
from evosynth.executors.serial import SerialExecutor

OPTIONS = ExecutorOptions(WORKERS, WORKERS, True)
# Every kind of code point, also those that are no characters and two that look like a pair.
ANY_TEXT = "a\0\n\r\x1a\x7f\x85é\u2028\ufeff\uffff\U0001f600\U0010ffff\ud83d\ude00\udfff\\\"'{"
LARGE = 20_000_000
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="the system has no such limit")


def processes(**changes: Any) -> ProcessExecutor:
    options = {"workers": WORKERS, "tasks": WORKERS, "is_parallel_inside": True} | changes
    return ProcessExecutor(ExecutorOptions(**options), tasks.MODULES)


def in_threads() -> SerialExecutor:
    return SerialExecutor(ExecutorOptions(WORKERS, WORKERS, False))


def auto(**changes: Any) -> AutoExecutor:
    options = {"workers": WORKERS, "tasks": WORKERS, "is_parallel_inside": True} | changes
    return AutoExecutor(ExecutorOptions(**options), tasks.MODULES, start_after=0)


@pytest.fixture
def pools() -> Iterator[dict[str, concurrent.futures.Executor]]:
    """Executors as users have them, closed by them."""
    made: dict[str, concurrent.futures.Executor] = {}
    yield made
    for pool in made.values():
        pool.shutdown(cancel_futures=True)


@pytest.fixture(params=["serial", "threads", "processes", "auto", "thread pool", "process pool"])
def executor(request: pytest.FixtureRequest, pools: dict[str, Any]) -> Iterator[Executor]:
    if request.param == "thread pool":
        pools["it"] = concurrent.futures.ThreadPoolExecutor(WORKERS)
    elif request.param == "process pool":
        spawn = multiprocessing.get_context("spawn")
        pools["it"] = concurrent.futures.ProcessPoolExecutor(WORKERS, spawn)
    makers = {
        "serial": lambda: SerialExecutor(OPTIONS),
        "threads": in_threads,
        "processes": processes,
        "auto": auto,
    }
    if request.param in makers:
        made: Executor = makers[request.param]()
    else:
        made = FuturesExecutor(pools["it"], tasks.MODULES)
    yield made
    made.close(kill=True)


@pytest.fixture
def workers() -> Iterator[ProcessExecutor]:
    made = processes()
    yield made
    made.close(kill=True)


def error_of(future: TaskFuture) -> Exception:
    with pytest.raises((EvosynthError, TaskError)) as caught:
        future.result(120)
    return caught.value


# What all executors do alike


def test_results_come_back(executor: Executor) -> None:
    futures = [executor.submit(tasks.double, "ab", times) for times in range(3 * WORKERS)]
    assert [future.result() for future in futures] == ["ab" * k for k in range(3 * WORKERS)]
    assert all(future.done() for future in futures)
    assert [future.result() for future in futures[:2]] == ["", "ab"]
    assert not futures[0].cancel()
    assert 1 <= executor.worker_count() <= WORKERS
    assert 1 <= executor.threads <= WORKERS


def test_any_text_and_any_number_come_back(executor: Executor) -> None:
    assert executor.submit(tasks.double, ANY_TEXT, 1).result() == ANY_TEXT
    assert executor.submit(tasks.shown, "", -(10**40)).result() == f"{''!r} {-(10**40)}"


def test_our_errors_come_back(executor: Executor) -> None:
    error = error_of(executor.submit(tasks.refuse, "bread"))
    assert type(error) is DataError
    assert (str(error), error.hint, error.exit_code) == ("no bread", "another one", 65)
    assert executor.submit(tasks.double, "on", 1).result() == "on"


@pytest.mark.parametrize(
    ("function", "told"),
    [(tasks.fail, "ZeroDivisionError: why"), (tasks.leave, "SystemExit: 5")],
)
def test_other_exceptions_come_back_with_their_traceback(
    executor: Executor, function: Any, told: str
) -> None:
    error = error_of(executor.submit(function, "why"))
    assert isinstance(error, TaskError)
    assert str(error).splitlines()[0] == told
    assert f"in {function.__name__}" in str(error)


def test_what_is_no_text_is_refused(executor: Executor) -> None:
    error = error_of(executor.submit(tasks.no_text, ""))
    assert str(error) == "the task no_text returned int, not text"


def test_a_closed_executor_finishes_what_it_has(tmp_path: Path) -> None:
    for made in (processes(), in_threads()):
        futures = [made.submit(tasks.slow, str(tmp_path), f"t{k}", 5) for k in range(3)]
        made.close()
        assert all(future.done() for future in futures)
        assert [future.result() for future in futures] == ["T0", "T1", "T2"]


def test_members() -> None:
    assert set(EXECUTORS.names()) == {"auto", "dask", "processes", "serial"}
    for name in ("auto", "processes", "serial"):
        made = EXECUTORS.get(name).make(OPTIONS)
        assert made.name == name
        made.close(kill=True)


# Serial


def test_serial_runs_a_task_when_its_result_is_asked_for(tmp_path: Path) -> None:
    made = SerialExecutor(OPTIONS)
    futures = [made.submit(tasks.slow, str(tmp_path), name, 0) for name in "ab"]
    assert not started(tmp_path)
    assert futures[1].result() == "B"
    assert [future.done() for future in futures] == [False, True]
    assert futures[0].cancel()
    assert len(started(tmp_path)) == 1
    with pytest.raises(concurrent.futures.CancelledError):
        futures[0].result()
    assert (made.threads, made.worker_count()) == (WORKERS, 1)


def test_serial_is_interrupted_and_asked_again() -> None:
    interrupts = [KeyboardInterrupt]

    def task() -> str:
        if interrupts:
            raise interrupts.pop()
        return "done"

    future = SerialExecutor(OPTIONS).submit(task)
    with pytest.raises(KeyboardInterrupt):
        future.result()
    assert not future.done()
    assert future.result() == "done"


def test_serial_uses_threads_for_tasks_that_cannot() -> None:
    made = in_threads()
    assert (made.threads, made.worker_count()) == (1, WORKERS)
    begun = [threading.Event() for _ in range(2)]

    def meet(index: int) -> str:
        """Waits for the other one to begin."""
        begun[index].set()
        return "met" if begun[1 - index].wait(60) else "alone"

    both = [made.submit(meet, k) for k in range(2)]
    assert [future.result(60) for future in both] == ["met", "met"]
    made.close()


# Processes


def test_processes_share_the_cores(workers: ProcessExecutor) -> None:
    numbers = {workers.submit(tasks.process_number).result() for _ in range(20)}
    assert len(numbers) <= WORKERS
    assert str(os.getpid()) not in numbers
    for cores, count, expected in [(8, 2, (2, 4)), (2, 8, (2, 1)), (3, 2, (2, 1)), (1, 1, (1, 1))]:
        made = processes(workers=cores, tasks=count)
        assert (made.worker_count(), made.threads) == expected
        if cores == 8:
            assert made.submit(tasks.threads).result() == "4"
        made.close(kill=True)


def test_workers_import_only_what_a_task_needs(workers: ProcessExecutor) -> None:
    for name in ("numpy", "numba", "sympy", "distributed", "asyncio"):
        assert workers.submit(tasks.is_imported, name).result() == "False", name
    assert workers.submit(tasks.is_imported, "dsl.errors").result() == "True"


def test_workers_run_functions_of_ours_alone(workers: ProcessExecutor) -> None:
    for function in (os.getcwd, error_of, lambda: "x"):
        with pytest.raises(TypeError, match="not of"):
            workers.submit(function)  # type: ignore[arg-type]
    for argument in (1.0, None, b"x", True):
        with pytest.raises(TypeError, match="text and whole numbers"):
            workers.submit(tasks.double, argument, 1)  # type: ignore[arg-type]


def test_a_worker_itself_runs_functions_of_ours_alone() -> None:
    """The driver's check is for people; this one is the worker's own."""
    from evosynth.executors.answering import answer

    for name in ("os:getcwd", "json:dumps", "executor_tasks:double"):
        reply = answer({"function": name, "arguments": []}, ("dsl", "evosynth", "fitness"))
        assert reply["failure"].startswith(f"TypeError: '{name}' is not of dsl,")
    reply = answer({"function": "dsl.errors:nothing", "arguments": []}, ("dsl",))
    assert "no function" in reply["failure"]


def test_what_a_task_prints_does_no_harm(workers: ProcessExecutor, tmp_path: Path) -> None:
    for text in ("a", "b"):
        assert workers.submit(tasks.chatter, text).result() == text
    with driver("processes", "chatter", tmp_path) as process:
        output, _ = process.communicate(timeout=60)
    assert output.splitlines() == [f"{tmp_path} {tmp_path}", "closed"]


def test_large_texts_go_both_ways(workers: ProcessExecutor) -> None:
    text = "0123456789é" * (LARGE // 12)
    assert len(text.encode()) > 0.9 * LARGE
    assert workers.submit(tasks.double, text, 1).result() == text


def test_workers_do_not_look_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "dsl", "executor_tasks"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('executed')")
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    monkeypatch.chdir(tmp_path)
    made = processes()
    assert made.submit(tasks.double, "a", 2).result() == "aa"
    made.close()


def test_a_killed_worker_is_replaced(workers: ProcessExecutor, tmp_path: Path) -> None:
    """W1: the results are the same."""
    futures = [workers.submit(tasks.slow, str(tmp_path), f"t{k}", 50) for k in range(4)]
    wait_until(lambda: len(started(tmp_path)) >= 2)
    for number in started(tmp_path):
        os.kill(number, signal.SIGKILL)
    assert [future.result() for future in futures] == ["T0", "T1", "T2", "T3"]
    assert len(started(tmp_path)) > 4


def test_a_worker_killed_at_rest_is_replaced(workers: ProcessExecutor) -> None:
    before = {workers.submit(tasks.process_number).result() for _ in range(20)}
    for number in before:
        os.kill(int(number), signal.SIGKILL)
    wait_until(lambda: all(is_gone(int(number)) for number in before))
    assert workers.submit(tasks.process_number).result() not in before


@pytest.mark.parametrize(
    ("function", "argument", "how", "words"),
    [
        (tasks.end, 3, "exit 3", "something went wrong"),
        (tasks.crash, "", "signal 11 (SIGSEGV)", "Fatal Python error: Segmentation fault"),
    ],
)
def test_a_task_that_ends_its_worker_is_given_up(
    workers: ProcessExecutor, function: Any, argument: Any, how: str, words: str
) -> None:
    """W2: other tasks go on."""
    bad, good = workers.submit(function, argument), workers.submit(tasks.double, "ab", 2)
    assert good.result() == "abab"
    error = error_of(bad)
    assert isinstance(error, ExecutorError)
    assert (
        str(error) == f"the task {function.__name__} lost its worker 3 times: {how}; {how}; {how}"
    )
    assert error.hint == f"the last worker wrote: {words}"
    assert workers.submit(tasks.double, "ab", 3).result() == "ababab"


@pytest.mark.parametrize("function", [tasks.never, tasks.hold])
def test_a_task_that_never_returns_is_given_up(function: Any, tmp_path: Path) -> None:
    """W3: also one that holds the interpreter."""
    made = processes(task_seconds=0.5)
    bad, good = made.submit(function, str(tmp_path), "a", 1), made.submit(tasks.double, "ab", 2)
    assert good.result() == "abab"
    error = error_of(bad)
    assert str(error).endswith("lost its worker 3 times: over 0.5 s; over 0.5 s; over 0.5 s")
    made.close()


@on_linux
def test_a_task_that_allocates_without_bound_is_given_up() -> None:
    """W4."""
    made = processes(task_memory=200 << 20)
    bad, good = made.submit(tasks.swallow, ""), made.submit(tasks.double, "ab", 2)
    assert good.result() == "abab"
    error = error_of(bad)
    assert isinstance(error, ExecutorError)
    memory = "out of memory"
    assert str(error).endswith(f"lost its worker 3 times: {memory}; {memory}; {memory}")
    made.close()


def test_a_worker_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evosynth.executors.worker_process.START", "import no_such_module")
    made = processes()
    error = error_of(made.submit(tasks.double, "a", 1))
    assert str(error).endswith("exit 1; exit 1; exit 1")
    assert "no_such_module" in error.hint
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    error = error_of(made.submit(tasks.double, "a", 1))
    assert "could not be started" in str(error)
    made.close()
    monkeypatch.setattr(sys, "executable", "")
    with pytest.raises(ExecutorError, match="interpreter"):
        processes()


def test_killed_processes_give_up_at_once(tmp_path: Path) -> None:
    made = processes()
    futures = [made.submit(tasks.hold, str(tmp_path), f"t{k}", 0) for k in range(WORKERS + 1)]
    wait_until(lambda: len(started(tmp_path)) == WORKERS)
    before = time.monotonic()
    made.close(kill=True)
    assert time.monotonic() - before < 10
    assert all(is_gone(number) for number in started(tmp_path))
    assert all(future.done() for future in futures)
    for future in futures[:WORKERS]:
        assert "given up" in str(error_of(future))
    assert futures[-1].cancelled()
    with pytest.raises(ExecutorError, match="closed"):
        made.submit(tasks.double, "a", 1)


def test_close_while_workers_start() -> None:
    for kill in (True, False):
        processes().close(kill)


def test_interrupts_do_not_reach_workers(workers: ProcessExecutor, tmp_path: Path) -> None:
    futures = [workers.submit(tasks.slow, str(tmp_path), f"t{k}", 50) for k in range(2)]
    wait_until(lambda: len(started(tmp_path)) == 2)
    for number in started(tmp_path):
        os.kill(number, signal.SIGINT)
    assert [future.result() for future in futures] == ["T0", "T1"]
    assert len(started(tmp_path)) == 2, "a task was run again"


def test_ctrl_c_leaves_tasks_alone_and_no_worker_behind(tmp_path: Path) -> None:
    with driver("processes", "slow", tmp_path) as process:
        wait_until(lambda: len(started(tmp_path)) == WORKERS)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert output.splitlines() == ["interrupted", "TASK0 TASK1", "closed"]
    assert len(started(tmp_path)) == WORKERS, "a task was run again"
    assert all(is_gone(number) for number in started(tmp_path))


@pytest.mark.parametrize("task", ["slow", pytest.param("hold", marks=on_linux)])
def test_no_worker_outlives_a_killed_driver(task: str, tmp_path: Path) -> None:
    """W6: not even one that never looks up."""
    with driver("processes", task, tmp_path) as process:
        wait_until(lambda: len(started(tmp_path)) == WORKERS)
        process.kill()
        wait_until(lambda: all(is_gone(number) for number in started(tmp_path)), 5)


# Auto


def test_auto_moves_to_workers_when_they_are_ready(tmp_path: Path) -> None:
    made, here = auto(), str(os.getpid())
    note = str(tmp_path / "note.warm")
    first = made.submit(tasks.process_number, note)
    assert first.result() == here, "it waited for workers"
    assert made.worker_count() == 1
    wait_until(lambda: made.submit(tasks.process_number, note).result() != here)
    assert Path(note).read_text() != here, "they were not warm"
    assert (made.worker_count(), made.threads) == (WORKERS, 1)
    made.close()


def test_auto_moves_tasks_that_wait(tmp_path: Path) -> None:
    made = auto()
    futures = [made.submit(tasks.slow, str(tmp_path), f"t{k}", 20) for k in range(4)]
    assert made.worker_count() == 1
    wait_until(lambda: made.worker_count() == WORKERS)
    assert not started(tmp_path)
    assert futures[2].result() == "T2"
    assert all(isinstance(future.placed, concurrent.futures.Future) for future in futures)
    assert [future.result() for future in futures] == ["T0", "T1", "T2", "T3"]
    assert os.getpid() not in started(tmp_path)
    made.close()


@pytest.mark.parametrize("changes", [{"workers": 1}, {"tasks": 1}])
def test_auto_starts_no_workers_without_need(changes: dict[str, int]) -> None:
    made = auto(**changes)
    for _ in range(3):
        assert made.submit(tasks.process_number).result() == str(os.getpid())
    assert made._far is None
    made.close()


def test_auto_starts_no_workers_for_short_runs() -> None:
    made = AutoExecutor(OPTIONS, tasks.MODULES, start_after=3600)
    assert made.submit(tasks.process_number).result() == str(os.getpid())
    assert made._far is None
    made.close()


def test_auto_does_without_workers_that_never_become_ready() -> None:
    made = auto()
    for _ in range(3):
        assert made.submit(tasks.double, "endless", 1).result() == "endless"
    assert made._far is not None
    made.close()


# Executors of users


def test_a_broken_pool_is_told(pools: dict[str, Any]) -> None:
    spawn = multiprocessing.get_context("spawn")
    pools["it"] = concurrent.futures.ProcessPoolExecutor(1, spawn)
    made = FuturesExecutor(pools["it"], tasks.MODULES)
    assert made.worker_count() == 1
    error = error_of(made.submit(tasks.end, 3))
    assert isinstance(error, ExecutorError)
    assert "BrokenProcessPool" in str(error)
    with pytest.raises(ExecutorError, match="BrokenProcessPool"):
        made.submit(tasks.double, "a", 1)


def test_a_pool_of_the_users_is_left_to_them(pools: dict[str, Any], tmp_path: Path) -> None:
    pools["it"] = concurrent.futures.ThreadPoolExecutor(1)
    made = FuturesExecutor(pools["it"], tasks.MODULES)
    futures = [made.submit(tasks.slow, str(tmp_path), f"t{k}", 30) for k in range(2)]
    with pytest.raises(TimeoutError):
        futures[0].result(0.01)
    made.close(kill=True)
    assert futures[0].result() == "T0"
    assert isinstance(error_of(futures[1]), ExecutorError)
    assert pools["it"].submit(str, 1).result() == "1"


def test_workers_with_another_evosynth_are_refused(
    pools: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pools["it"] = concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    monkeypatch.setattr("evosynth.executors.answering._version", lambda: "9.9.9")
    error = error_of(FuturesExecutor(pools["it"], tasks.MODULES).submit(tasks.double, "a", 1))
    assert type(error).__name__ == "EnvironmentMismatchError"
    assert "evosynth 9.9.9, a worker has" in str(error)
