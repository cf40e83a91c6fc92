"""Rivals that learn a function from samples, one file each."""

from gradient_baselines.base import BASELINES
from gradient_baselines.functions.fourier import FOURIER
from gradient_baselines.functions.network import NETWORKS
from gradient_baselines.functions.sinenet import SINENETS
from gradient_baselines.functions.single_frequency import SINGLE_FREQUENCY
from gradient_baselines.functions.siren import SIREN

__all__ = ["BASELINES", "FOURIER", "NETWORKS", "SINENETS", "SINGLE_FREQUENCY", "SIREN"]
