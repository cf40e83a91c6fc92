"""Rivals that learn a matrix, one file each."""

from gradient_baselines.base import BASELINES
from gradient_baselines.transforms.dense import DENSE

__all__ = ["BASELINES", "DENSE"]
