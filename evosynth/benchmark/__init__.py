"""Times a program's compiled code beside libraries."""

from evosynth.bench.measure import BATCHES, PRECISIONS, Bench, bench

__all__ = ["BATCHES", "PRECISIONS", "Bench", "bench"]
