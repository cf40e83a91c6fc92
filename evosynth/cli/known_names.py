"""Names that options take, written out: what registers them imports NumPy. Tests keep them true."""

from __future__ import annotations

# fmt: off
TRANSFORMS = [
    "butterflies", "circulant", "convolution", "db2", "db4", "dct1", "dct1_ortho", "dct2",
    "dct2_ortho", "dct3", "dct3_ortho", "dct4", "dct4_ortho", "dft", "dht", "dst1",
    "dst1_ortho", "dst2", "dst2_ortho", "dst3", "dst3_ortho", "dst4", "dst4_ortho", "haar",
    "hilbert", "idft", "legendre", "mdct", "random", "rdft", "skew_circulant", "toeplitz",
    "vandermonde", "wht", "wht_sequency",
]
FUNCTIONS = [
    "clock", "co2", "exp", "exp-neg", "inverse", "linear", "log", "seattle-temps", "sin",
    "sine", "sines", "snake-like", "step",
]
PRODUCTS = ["polymul"]
TARGETS = [*TRANSFORMS, *FUNCTIONS, *PRODUCTS]

# In the order in which people look for them.
FORMATS = [
    "text", "json", "sympy", "latex", "svg", "dot", "c", "c-fixed", "numpy", "numba", "torch",
]
ALGORITHM_FORMATS = ["python"]  # beside those that programs have, too
STRATEGIES = ["evolve", "hill-climb", "random"]
EXECUTORS = ["auto", "serial", "processes", "dask"]
EVALUATORS = ["numba", "torch", "auto"]
DEVICES = ["auto", "cpu", "cuda", "cuda:1"]
LIBRARIES = ["run", "none", "user"]
SCALINGS = ["exact", "common", "free"]
OBJECTIVES = ["error", "frobenius", "worst-case", "snr", "coding-gain"]
COSTS = ["flops", "multiplications", "fma", "shift-add"]
COVARIANCES = ["white", "ar1:0.95"]
HOLDOUTS = ["random", "tail", "none"]
INPUTS = ["real", "complex"]
EXPERIMENTS = [
    "activations", "boolean", "clock", "collinearity", "fft-by-gradient", "function-zoo",
    "sine-frequency", "slope", "sum-of-sines",
]
BASELINES = [
    "fourier", "relu", "leaky-relu", "tanh", "sigmoid", "softplus", "swish", "gelu", "snake",
    "x+sin2", "sinenet-sgd", "sinenet-adam", "sinenet-adamw", "single-frequency", "siren",
    "butterfly", "deep-linear", "dense", "l1", "low-rank", "near-fft", "network",
]
# fmt: on
