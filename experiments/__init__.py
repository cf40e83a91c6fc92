"""Experiments, one file each; `evosynth experiment NAME` runs them."""

from experiments.activations import ACTIVATION_TABLE
from experiments.base import EXPERIMENTS
from experiments.boolean import BOOLEAN
from experiments.clock import CLOCK
from experiments.collinearity import COLLINEARITY
from experiments.fft_by_gradient import FFT_BY_GRADIENT
from experiments.function_zoo import FUNCTION_ZOO
from experiments.sine_frequency import SINE_FREQUENCY
from experiments.slope import SLOPE
from experiments.sum_of_sines import SUM_OF_SINES

__all__ = [
    "ACTIVATION_TABLE",
    "BOOLEAN",
    "CLOCK",
    "COLLINEARITY",
    "EXPERIMENTS",
    "FFT_BY_GRADIENT",
    "FUNCTION_ZOO",
    "SINE_FREQUENCY",
    "SLOPE",
    "SUM_OF_SINES",
]
