"""The core transform of H.264 as one block: additions and doublings alone."""

import evosynth as es


@es.primitive
def shift_add():
    """Four points in eight additions and two doublings."""
    halves = [[1, 0, 0, 1], [0, 1, 1, 0], [0, 1, -1, 0], [1, 0, 0, -1]]
    sums = [[1, 1, 0, 0], [0, 0, 1, 2], [1, -1, 0, 0], [0, 0, -2, 1]]
    return sums, halves
