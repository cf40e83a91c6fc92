"""Targets: families one file each, and matrices from files."""

from dsl.targets.approximate_target import ApproximateTarget, Approximation
from dsl.targets.base import (
    TARGETS,
    Target,
    TargetFamily,
    interleave,
    is_own_matrix,
    make_function_target,
    make_target,
    target_family,
)
from dsl.targets.butterflies import butterflies
from dsl.targets.circulant import circulant
from dsl.targets.convolution import convolution
from dsl.targets.db2 import db2
from dsl.targets.db4 import db4
from dsl.targets.dct1 import dct1, dct1_ortho
from dsl.targets.dct2 import dct2, dct2_ortho
from dsl.targets.dct3 import dct3, dct3_ortho
from dsl.targets.dct4 import dct4, dct4_ortho
from dsl.targets.dft import dft
from dsl.targets.dht import dht
from dsl.targets.dst1 import dst1, dst1_ortho
from dsl.targets.dst2 import dst2, dst2_ortho
from dsl.targets.dst3 import dst3, dst3_ortho
from dsl.targets.dst4 import dst4, dst4_ortho
from dsl.targets.exact_matrix import ExactMatrix
from dsl.targets.haar import haar
from dsl.targets.hilbert import hilbert
from dsl.targets.idft import idft
from dsl.targets.kernel import read_kernel
from dsl.targets.known import Known, best_known, known_counts
from dsl.targets.known_approximations import KnownApproximation, known_approximations
from dsl.targets.legendre import legendre
from dsl.targets.matrix_file import load_matrix
from dsl.targets.mdct import mdct
from dsl.targets.memory import CAPACITY, memory_limit, search_memory
from dsl.targets.python_function import is_function_name
from dsl.targets.random_matrix import random
from dsl.targets.rdft import rdft
from dsl.targets.scaling import SCALINGS, UP_TO, Scaling
from dsl.targets.skew_circulant import skew_circulant
from dsl.targets.toeplitz import toeplitz
from dsl.targets.trigonometric import cosine_transform, sine_transform
from dsl.targets.vandermonde import vandermonde
from dsl.targets.wavelet import wavelet_places
from dsl.targets.wht import wht
from dsl.targets.wht_sequency import wht_sequency

__all__ = [
    "CAPACITY",
    "SCALINGS",
    "TARGETS",
    "UP_TO",
    "ApproximateTarget",
    "Approximation",
    "ExactMatrix",
    "Known",
    "KnownApproximation",
    "Scaling",
    "Target",
    "TargetFamily",
    "best_known",
    "butterflies",
    "circulant",
    "convolution",
    "cosine_transform",
    "db2",
    "db4",
    "dct1",
    "dct1_ortho",
    "dct2",
    "dct2_ortho",
    "dct3",
    "dct3_ortho",
    "dct4",
    "dct4_ortho",
    "dft",
    "dht",
    "dst1",
    "dst1_ortho",
    "dst2",
    "dst2_ortho",
    "dst3",
    "dst3_ortho",
    "dst4",
    "dst4_ortho",
    "haar",
    "hilbert",
    "idft",
    "interleave",
    "is_function_name",
    "is_own_matrix",
    "known_approximations",
    "known_counts",
    "legendre",
    "load_matrix",
    "make_function_target",
    "make_target",
    "mdct",
    "memory_limit",
    "random",
    "rdft",
    "read_kernel",
    "search_memory",
    "sine_transform",
    "skew_circulant",
    "target_family",
    "toeplitz",
    "vandermonde",
    "wavelet_places",
    "wht",
    "wht_sequency",
]
