"""dft4: 4 complex inputs, 4 outputs.

16 real operations: 16 additions, 0 multiplications.
Numba compiles it at the first call for each type of data. Written by evosynth.
"""

import os

import numpy as np
from numba import njit, prange

ROWS = 256  # vectors per task of a thread


def dft4(x, parallel=False):
    """Multiply each vector of x, along the last axis, by the 4 x 4 matrix.

    Args:
        x: Array of shape (..., 4). float32, complex64 and anything smaller are
            computed in single precision, all else in double.
        parallel: Use several threads, which pays from some thousand vectors on.

    Returns:
        A new complex array of shape (..., 4).
    """
    x = np.asarray(x)
    if x.shape[-1:] != (4,):
        raise ValueError(f"expected shape (..., 4), got {x.shape}")
    dtype = np.result_type(x.dtype, np.complex64)
    if dtype.char not in "fdFD":
        raise TypeError(f"expected single or double precision, got {x.dtype}")
    rows = np.ascontiguousarray(x.reshape(-1, 4), dtype)
    results = np.empty((len(rows), 4), dtype)
    if parallel:
        dft4_parallel(rows, results)
    else:
        dft4_batch(rows, results)
    return results.reshape(*x.shape[:-1], 4)


# Compiled code is kept in __pycache__ for the next start, if this is a file.
CACHE = os.path.isfile(dft4.__code__.co_filename)


@njit(cache=CACHE, nogil=True)
def dft4_batch(x, y):
    """Write the results for x, shape (rows, 4), to y, shape (rows, 4), apart from x."""
    if x.shape[1] != 4 or y.shape != (len(x), 4):
        raise ValueError("expected x of shape (rows, 4) and y of shape (rows, 4)")
    _dft4(x, y, 0, len(x))


@njit(cache=CACHE, parallel=True)
def dft4_parallel(x, y):
    """Do the same in several threads."""
    if x.shape[1] != 4 or y.shape != (len(x), 4):
        raise ValueError("expected x of shape (rows, 4) and y of shape (rows, 4)")
    for task in prange((len(x) + ROWS - 1) // ROWS):
        start = task * ROWS
        _dft4(x, y, start, min(start + ROWS, len(x)))


@njit(cache=CACHE, nogil=True)
def _dft4(x, y, start, stop):
    for r in range(start, stop):
        t1 = x[r, 0].real + x[r, 2].real
        t2 = x[r, 0].real - x[r, 2].real
        t3 = x[r, 0].imag + x[r, 2].imag
        t4 = x[r, 0].imag - x[r, 2].imag
        t5 = x[r, 1].real + x[r, 3].real
        t6 = x[r, 1].real - x[r, 3].real
        im1 = t4 - t6
        im3 = t4 + t6
        re0 = t1 + t5
        re2 = t1 - t5
        t7 = x[r, 1].imag + x[r, 3].imag
        t8 = x[r, 1].imag - x[r, 3].imag
        re1 = t2 + t8
        re3 = t2 - t8
        im0 = t3 + t7
        im2 = t3 - t7
        y[r, 0] = complex(re0, im0)
        y[r, 1] = complex(re1, im1)
        y[r, 2] = complex(re2, im2)
        y[r, 3] = complex(re3, im3)
