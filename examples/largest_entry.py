"""An objective of one's own: the largest error of an entry of the matrix."""

import numpy as np

import evosynth as es


@es.objective
def largest_entry(computed, target, covariance):
    """The largest error of an entry, relative to the largest entry."""
    errors = np.abs(computed - target.matrix).max(axis=(-2, -1))
    return errors / np.abs(target.matrix).max()
