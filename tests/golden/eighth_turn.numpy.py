"""eighth_turn: 2 real inputs, 4 outputs.

9 real operations: 5 additions, 4 multiplications.
Written by evosynth.
"""

import numpy as np

C1 = 0.7071067811865476  # sqrt(2)/2
C2 = 0.1234567890123

ROWS = 4096  # vectors at once: their intermediate values fit in the cache


def eighth_turn(x):
    """Multiply each vector of x, along the last axis, by the 4 x 2 matrix.

    Args:
        x: Array of shape (..., 2). float32, complex64 and anything smaller are
            computed in single precision, all else in double.

    Returns:
        A new array of shape (..., 4).
    """
    x = np.asarray(x)
    if x.shape[-1:] != (2,):
        raise ValueError(f"expected shape (..., 2), got {x.shape}")
    rows = x.reshape(-1, 2).astype(np.result_type(x.dtype, np.float32), copy=False)
    results = np.empty((len(rows), 4), rows.dtype)
    for start in range(0, len(rows), ROWS):
        block = slice(start, start + ROWS)
        _eighth_turn(rows[block].T, results[block].T)
    return results.reshape(*x.shape[:-1], 4)


def _eighth_turn(x, y):
    """Compute the rows of y from those of x; names are reused to save memory."""
    y[1] = 0
    t1 = C1 * x[0]
    t2 = C1 * x[1]
    t3 = t1 - t2
    y[3] = t3
    t1 = t1 + t2
    t2 = C2 * t3
    t1 = t1 + t2
    t1 = C1 * t1
    y[0] = t1
    t1 = t1 - t3
    y[2] = t1 + x[1]
