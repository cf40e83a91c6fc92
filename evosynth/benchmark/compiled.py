"""The program's own contestants: its C and its Numba form, compiled."""

from __future__ import annotations

import ctypes
import importlib.util
import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evosynth.bench.rivals import Contestant

Array = npt.NDArray[Any]
Kernel = Callable[[Array, Array], object]


def shares(count: int, parts: int) -> list[slice]:
    """Splits a batch into parts of nearly equal size."""
    ends = [count * k // parts for k in range(parts + 1)]
    return [slice(one, two) for one, two in itertools.pairwise(ends)]


def in_threads(kernel: Kernel, x: Array, y: Array, cores: int, pool: Executor) -> None:
    """Runs a kernel that releases the interpreter's lock on shares of a batch."""
    if cores == 1:
        kernel(x, y)
    else:
        list(pool.map(lambda part: kernel(x[part], y[part]), shares(len(x), cores)))


def c_kernel(library: Path, function: str) -> Kernel:
    """Returns a function of a C library as a kernel on arrays of whole batches."""
    entry = getattr(ctypes.CDLL(str(library)), function)
    entry.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    entry.restype = None
    return lambda x, y: entry(x.ctypes.data, y.ctypes.data, len(x))


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
    library = folder / f"{name}.so"
    if library.exists():
        y = np.empty((len(x), outputs), x.dtype)
        kernel = c_kernel(library, f"{name}_batch")
        yield Contestant("C", lambda: in_threads(kernel, x, y, cores, pool), lambda: y)
    module = numba_module(folder / f"{name}_numba.py")
    z = np.empty((len(x), outputs), x.dtype)
    compiled = getattr(module, f"{name}_batch" if cores == 1 else f"{name}_parallel")
    yield Contestant("Numba", lambda: compiled(x, z), lambda: z)
