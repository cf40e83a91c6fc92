"""What the workers of a Dask cluster of our own do first; Dask asks for `dask_setup`."""

from __future__ import annotations

import os

from evosynth.executors.process_limits import die_with_parent, ignore_interrupts


def dask_setup(worker: object) -> None:
    """Prepares a worker process: Ctrl-C, the end of its parent, and what tasks print."""
    ignore_interrupts()
    die_with_parent()
    os.dup2(2, 1)
