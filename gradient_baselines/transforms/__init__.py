"""Rivals that learn a matrix, one file each."""

from gradient_baselines.base import BASELINES
from gradient_baselines.transforms.butterfly import BUTTERFLY
from gradient_baselines.transforms.deep_linear import DEEP_LINEAR
from gradient_baselines.transforms.dense import DENSE
from gradient_baselines.transforms.l1_sparse import L1_SPARSE
from gradient_baselines.transforms.low_rank import LOW_RANK
from gradient_baselines.transforms.near_fft import NEAR_FFT
from gradient_baselines.transforms.network import NETWORK

__all__ = [
    "BASELINES",
    "BUTTERFLY",
    "DEEP_LINEAR",
    "DENSE",
    "L1_SPARSE",
    "LOW_RANK",
    "NEAR_FFT",
    "NETWORK",
]
