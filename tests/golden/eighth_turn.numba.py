"""eighth_turn: 2 real inputs, 4 outputs.

9 real operations: 5 additions, 4 multiplications.
Numba compiles it at the first call for each type of data. Written by evosynth.
"""

import os

import numpy as np
from numba import njit, prange

C1 = 0.7071067811865476  # sqrt(2)/2
C2 = 0.1234567890123

ROWS = 256  # vectors per task of a thread


def eighth_turn(x, parallel=False):
    """Multiply each vector of x, along the last axis, by the 4 x 2 matrix.

    Args:
        x: Array of shape (..., 2). float32, complex64 and anything smaller are
            computed in single precision, all else in double.
        parallel: Use several threads, which pays from some thousand vectors on.

    Returns:
        A new array of shape (..., 4).
    """
    x = np.asarray(x)
    if x.shape[-1:] != (2,):
        raise ValueError(f"expected shape (..., 2), got {x.shape}")
    dtype = np.result_type(x.dtype, np.float32)
    if dtype.char not in "fdFD":
        raise TypeError(f"expected single or double precision, got {x.dtype}")
    rows = np.ascontiguousarray(x.reshape(-1, 2), dtype)
    results = np.empty((len(rows), 4), dtype)
    if parallel:
        eighth_turn_parallel(rows, results)
    else:
        eighth_turn_batch(rows, results)
    return results.reshape(*x.shape[:-1], 4)


# Compiled code is kept in __pycache__ for the next start, if this is a file.
CACHE = os.path.isfile(eighth_turn.__code__.co_filename)


@njit(cache=CACHE, nogil=True)
def eighth_turn_batch(x, y):
    """Write the results for x, shape (rows, 2), to y, shape (rows, 4), apart from x."""
    if x.shape[1] != 2 or y.shape != (len(x), 4):
        raise ValueError("expected x of shape (rows, 2) and y of shape (rows, 4)")
    _eighth_turn(x, y, 0, len(x))


@njit(cache=CACHE, parallel=True)
def eighth_turn_parallel(x, y):
    """Do the same in several threads."""
    if x.shape[1] != 2 or y.shape != (len(x), 4):
        raise ValueError("expected x of shape (rows, 2) and y of shape (rows, 4)")
    for task in prange((len(x) + ROWS - 1) // ROWS):
        start = task * ROWS
        _eighth_turn(x, y, start, min(start + ROWS, len(x)))


@njit(cache=CACHE, nogil=True)
def _eighth_turn(x, y, start, stop):
    real = x.real.dtype.type
    c1 = real(C1)
    c2 = real(C2)
    for r in range(start, stop):
        y[r, 1] = real(0)
        t1 = c1 * x[r, 0]
        t2 = c1 * x[r, 1]
        t3 = t1 - t2
        y[r, 3] = t3
        t4 = t1 + t2
        t5 = c2 * t3
        t6 = t4 + t5
        t7 = c1 * t6
        y[r, 0] = t7
        t8 = t7 - t3
        y[r, 2] = t8 + x[r, 1]
