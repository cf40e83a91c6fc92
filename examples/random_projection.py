"""A rival of one's own: least squares on random vectors, every entry a parameter."""

import numpy as np

import evosynth as es
from evosynth.extending import Fit, LossPoint, Model


@es.baseline(told="that it is linear")
def random_projection(target, seed, budget):
    """Least squares on random vectors."""
    x = np.random.default_rng(seed).normal(size=(4 * target.n, target.n))
    found = np.linalg.lstsq(x, x @ target.matrix.T, rcond=None)[0].T
    error = float(np.abs(found - target.matrix).max() / np.abs(target.matrix).max())
    size = found.size * (1 + np.iscomplexobj(found))
    model = Model("least squares", error, error, size, size, 2 * size)
    return Fit((model,), 0.0, (LossPoint(1, 0.0, error),))
