"""Experiments, one file each; `evosynth experiment NAME` runs them."""

from experiments.base import EXPERIMENTS

__all__ = ["EXPERIMENTS"]
