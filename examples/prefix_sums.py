"""A target of one's own: all sums of the first elements."""

import numpy as np

import evosynth as es


@es.target(title="{n} prefix sums", convention="row k: the sum of elements 0 to k")
def prefix_sums(n):
    """The sum of the elements up to each one."""
    return np.tril(np.ones((n, n)))
