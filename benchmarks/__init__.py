"""Benchmarks: `python -m benchmarks` prints every table."""
