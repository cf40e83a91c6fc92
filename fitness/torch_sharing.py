"""Who works on which part of a population: threads, and parts that fit in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import TypeVar

import torch

from dsl.errors import EnvironmentMismatchError
from fitness.torch_devices import is_out_of_memory

Result = TypeVar("Result")
Work = Callable[[int, int], Result]


def shared(
    work: Work[Result], parts: list[tuple[int, int]], threads: int, device: torch.device
) -> list[Result]:
    """Returns what becomes of the parts of a population, in order; some in two pieces.

    Args:
        work: (start, stop) -> result.
        parts: Start and stop of each.
        threads: How many share them; an accelerator takes them one after the other.
        device: Where `work` works.

    Raises:
        EnvironmentMismatchError: There is not enough memory for one genome.
    """

    def run(part: tuple[int, int]) -> list[Result]:
        if device.type == "cpu":
            torch.set_num_threads(1)  # of this thread; the others have parts of their own
        with torch.inference_mode():
            return _in_pieces(work, *part, device)

    if device.type == "cuda":
        with torch.cuda.device(device):
            found = list(map(run, parts))
    else:
        with _kept_threads():
            found = list((map if threads < 2 else _pool(threads).map)(run, parts))
    return [result for results in found for result in results]


def _in_pieces(work: Work[Result], start: int, stop: int, device: torch.device) -> list[Result]:
    """Returns the result of a part, or those of its halves if it needs too much memory."""
    try:
        return [work(start, stop)]
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        if stop - start < 2:
            raise EnvironmentMismatchError(
                f"expected memory on {device} for one genome, got: {error}",
                "end what else uses it, or choose another device",
            ) from error
    middle = (start + stop) // 2  # here, where the failed attempt's memory is free again
    return [
        result
        for half in ((start, middle), (middle, stop))
        for result in _in_pieces(work, *half, device)
    ]


class _Users:
    """Who has set torch's own threads to one: their number before, and how many users."""

    lock = threading.Lock()
    threads = count = 0


@contextmanager
def _kept_threads() -> Iterator[None]:
    """Restores the number of threads of torch's own, which is also what new threads start with.

    Of several users at a time the last one restores what the first one found.
    """
    with _Users.lock:
        if not _Users.count:
            _Users.threads = torch.get_num_threads()
        _Users.count += 1
    try:
        yield
    finally:
        with _Users.lock:
            _Users.count -= 1
            if not _Users.count:
                torch.set_num_threads(_Users.threads)


@lru_cache(maxsize=2)
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)
