"""Times a program's compiled code beside libraries."""

from evosynth.benchmark.measure import BATCHES, PRECISIONS, Bench, bench

__all__ = ["BATCHES", "PRECISIONS", "Bench", "bench"]
