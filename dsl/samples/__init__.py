"""Targets that are known by samples: families one file each, data files, and arrays."""

from dsl.samples.arrays import from_arrays
from dsl.samples.base import (
    SAMPLED,
    Parameter,
    SampledFamily,
    SampleSets,
    make_sampled_target,
    sampled_families,
    sampled_family,
)
from dsl.samples.clock import clock
from dsl.samples.co2 import co2
from dsl.samples.data_file import read_samples, rebuild_sampled_target
from dsl.samples.exp import exp
from dsl.samples.exp_neg import exp_neg
from dsl.samples.inverse import inverse
from dsl.samples.linear import linear
from dsl.samples.log import log
from dsl.samples.sampled_target import SampledTarget, Samples
from dsl.samples.seattle_temps import seattle_temps
from dsl.samples.sin import sin
from dsl.samples.sine import sine
from dsl.samples.sines import sines
from dsl.samples.snake_like import snake_like
from dsl.samples.step import step

__all__ = [
    "SAMPLED",
    "Parameter",
    "SampleSets",
    "SampledFamily",
    "SampledTarget",
    "Samples",
    "clock",
    "co2",
    "exp",
    "exp_neg",
    "from_arrays",
    "inverse",
    "linear",
    "log",
    "make_sampled_target",
    "read_samples",
    "rebuild_sampled_target",
    "sampled_families",
    "sampled_family",
    "seattle_temps",
    "sin",
    "sine",
    "sines",
    "snake_like",
    "step",
]
