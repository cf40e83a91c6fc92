"""PyTorch, which an evaluator works with and rivals train with: is it there, and on what?"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from evosynth.checkups.base import Check
from evosynth.checkups.in_process import NoAnswerError, answer_of
from evosynth.checkups.requirements import installed
from fitness.torch_devices import INSTALL

SECONDS = 60.0
# In a process of its own: to import it takes seconds, and a broken driver may hang.
CODE = """
import json, sys
sys.path[:] = sys.argv[1:]
from fitness.torch_devices import AUTO, CPU, device_named, device_title, no_gpu_because
device = device_named(AUTO)
print(json.dumps([device_title(device), no_gpu_because()[0] if device.type == CPU else ""]))
"""


def torch_device() -> Iterator[Check]:
    """Imports PyTorch and asks for its device, if it is installed."""
    version = installed("torch")
    if version is None:
        found = f"not installed; --evaluator torch and rivals need it: {INSTALL}"
        yield Check("torch", "ok", found)
        return
    try:
        device, why = answer_of(CODE, *sys.path, seconds=SECONDS)
    except NoAnswerError as error:
        yield Check("torch", "warning", f"{version} cannot be imported: {error}", "install it anew")
    else:
        told = f"{version}, device {device}" + (f": {why}" if why else "")
        yield Check("torch", "ok", f"{told}; --evaluator torch can use it")
