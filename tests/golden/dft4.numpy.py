"""dft4: 4 complex inputs, 4 outputs.

16 real operations: 16 additions, 0 multiplications.
Written by evosynth.
"""

import numpy as np

ROWS = 4096  # vectors at once: their intermediate values fit in the cache


def dft4(x):
    """Multiply each vector of x, along the last axis, by the 4 x 4 matrix.

    Args:
        x: Array of shape (..., 4). float32, complex64 and anything smaller are
            computed in single precision, all else in double.

    Returns:
        A new complex array of shape (..., 4).
    """
    x = np.asarray(x)
    if x.shape[-1:] != (4,):
        raise ValueError(f"expected shape (..., 4), got {x.shape}")
    rows = x.reshape(-1, 4).astype(np.result_type(x.dtype, np.complex64), copy=False)
    results = np.empty((len(rows), 4), rows.dtype)
    for start in range(0, len(rows), ROWS):
        block = slice(start, start + ROWS)
        _dft4(rows[block].T, results[block].T)
    return results.reshape(*x.shape[:-1], 4)


def _dft4(x, y):
    """Compute the rows of y from those of x; names are reused to save memory."""
    t1 = x[0] + x[2]
    t2 = x[0] - x[2]
    t3 = x[1] + x[3]
    t4 = x[1] - x[3]
    y[1] = t2 - 1j * t4
    y[3] = t2 + 1j * t4
    y[0] = t1 + t3
    y[2] = t1 - t3
