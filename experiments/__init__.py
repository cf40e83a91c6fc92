"""Experiments: one file each, run by hand; see `experiments.base` for the contract."""
