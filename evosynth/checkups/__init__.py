"""What `evosynth doctor` looks at: one file each. A check never raises, it says what failed."""

from evosynth.checkups.base import Check, Status, checked
from evosynth.checkups.c_compiler import c_compiler
from evosynth.checkups.dask_cluster import dask_cluster
from evosynth.checkups.extras import extras
from evosynth.checkups.kernels import kernels
from evosynth.checkups.memory import memory
from evosynth.checkups.own_packages import own_packages
from evosynth.checkups.plugins import plugins
from evosynth.checkups.processors import processors
from evosynth.checkups.run_disk import run_disk
from evosynth.checkups.torch_device import torch_device
from evosynth.checkups.versions import versions

__all__ = [
    "Check",
    "Status",
    "c_compiler",
    "checked",
    "dask_cluster",
    "extras",
    "kernels",
    "memory",
    "own_packages",
    "plugins",
    "processors",
    "run_disk",
    "torch_device",
    "versions",
]
