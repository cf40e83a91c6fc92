"""The program's own contestants: its C and its Numba form, compiled."""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evosynth.benchmark.rivals import Contestant

Array = npt.NDArray[Any]
PAGE = 4096
# Takes input and output, returns what does the work on them: nothing else is timed.
Kernel = Callable[[Array, Array], Callable[[], object]]


def shares(count: int, parts: int) -> list[slice]:
    """Splits a batch into parts of nearly equal size."""
    ends = [count * k // parts for k in range(parts + 1)]
    return [slice(one, two) for one, two in itertools.pairwise(ends)]


def in_threads(
    kernel: Kernel, x: Array, y: Array, cores: int, pool: Executor
) -> Callable[[], object]:
    """Returns what runs a kernel that releases the interpreter's lock on shares of a batch."""
    tasks = [kernel(x[part], y[part]) for part in shares(len(x), cores)]
    if cores == 1:
        return tasks[0]
    return lambda: [future.result() for future in [pool.submit(task) for task in tasks]]


def rows_kernel(library: ctypes.CDLL, name: str) -> Kernel:
    """Returns the C function for vectors one after the other."""
    entry = _entry(library, f"{name}_batch", 1)
    return lambda x, y: functools.partial(entry, *_addresses(x, y), ctypes.c_size_t(len(x)))


def blocks_kernel(library: ctypes.CDLL, name: str) -> Kernel:
    """Returns the C function for blocks of vectors side by side: (blocks, values, size)."""
    entry = _entry(library, f"{name}_blocks", 2)

    def kernel(x: Array, y: Array) -> Callable[[], object]:
        sizes = ctypes.c_size_t(len(x)), ctypes.c_size_t(x.shape[2])
        return functools.partial(entry, *_addresses(x, y), *sizes)

    return kernel


def _addresses(x: Array, y: Array) -> tuple[ctypes.c_void_p, ctypes.c_void_p]:
    """Returns the addresses of arrays, as objects that keep the arrays alive."""
    return x.ctypes.data_as(ctypes.c_void_p), y.ctypes.data_as(ctypes.c_void_p)


def _entry(library: ctypes.CDLL, name: str, sizes: int) -> Any:
    entry = getattr(library, name)
    entry.argtypes = [ctypes.c_void_p] * 2 + [ctypes.c_size_t] * sizes
    entry.restype = None
    return entry


def in_blocks(x: Array) -> Array:
    """Returns vectors, (count, n), in the layout of blocks: (blocks, values, size).

    Complex numbers become two values. The last block is filled up with zeros; the array
    begins with a page.
    """
    real = x.view(x.real.dtype)
    size = 128 // real.itemsize
    blocks = -(-len(x) // size)
    padded = np.zeros((blocks * size, real.shape[1]), real.dtype)
    padded[: len(x)] = real
    result = aligned((blocks, real.shape[1], size), real.dtype)
    result[:] = padded.reshape(blocks, size, -1).transpose(0, 2, 1)
    return result


def from_blocks(y: Array, count: int, dtype: npt.DTypeLike) -> Array:
    """Returns vectors, (count, n), from the layout of blocks."""
    rows = np.ascontiguousarray(y.transpose(0, 2, 1)).reshape(-1, y.shape[1])
    return rows[:count].view(dtype)


def aligned(shape: tuple[int, ...], dtype: npt.DTypeLike) -> Array:
    """Returns an array that begins with a page, as large ones mostly do.

    Where input and output lie apart by a page and one line of the cache, processors take
    loads for such that wait for stores, and blocks take 1.7 times as long.
    """
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.zeros(size + PAGE, np.uint8)
    start = -memory.ctypes.data % PAGE
    return memory[start : start + size].view(dtype).reshape(shape)


def numba_module(path: Path) -> Any:
    """Imports the program's Numba form."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def own_contestants(
    folder: Path, name: str, x: Array, outputs: int, cores: int, pool: Executor
) -> Iterator[Contestant]:
    """Yields the program's compiled forms.

    Args:
        folder: Where the worker's parent put `NAME.so` and `NAME_numba.py`.
        name: Of the function.
        x: (count, n) batch.
        outputs: Numbers per result.
        cores: Threads.
        pool: With as many threads.
    """

    def run(kernel: Kernel, given: Array, results: Array) -> Callable[[], object]:
        return in_threads(kernel, given, results, cores, pool)

    if (folder / f"{name}.so").exists():
        yield from _c_contestants(ctypes.CDLL(str(folder / f"{name}.so")), name, x, outputs, run)
    module = numba_module(folder / f"{name}_numba.py")
    z = aligned((len(x), outputs), x.dtype)
    compiled = getattr(module, f"{name}_batch" if cores == 1 else f"{name}_parallel")
    yield Contestant("Numba", lambda: compiled(x, z), lambda: z)


def _c_contestants(
    library: ctypes.CDLL,
    name: str,
    x: Array,
    outputs: int,
    run: Callable[[Kernel, Array, Array], Callable[[], object]],
) -> Iterator[Contestant]:
    y = aligned((len(x), outputs), x.dtype)
    yield Contestant("C", run(rows_kernel(library, name), x, y), lambda: y)
    given = in_blocks(x)
    parts = x.real.dtype.itemsize
    length = outputs * x.itemsize // parts
    results = aligned((len(given), length, given.shape[2]), given.dtype)
    yield Contestant(
        "C, batch last",
        run(blocks_kernel(library, name), given, results),
        lambda: from_blocks(results, len(x), x.dtype),
    )
