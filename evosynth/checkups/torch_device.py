"""PyTorch, which rivals train with: is it there, and on what?"""

from __future__ import annotations

from collections.abc import Iterator

from evosynth.checkups.base import Check
from evosynth.checkups.in_process import NoAnswerError, answer_of
from evosynth.checkups.requirements import installed

SECONDS = 60.0
# In a process of its own: to import it takes seconds, and a broken driver may hang.
CODE = """
import json, torch
device = "cuda" if torch.cuda.is_available() else "cpu"
if device == "cpu" and torch.backends.mps.is_available():
    device = "mps"
name = torch.cuda.get_device_name() if device == "cuda" else ""
print(json.dumps([device, name]))
"""


def torch_device() -> Iterator[Check]:
    """Imports PyTorch and asks for its device, if it is installed."""
    version = installed("torch")
    if version is None:
        yield Check("torch", "ok", "not installed; rivals need it: pip install 'evosynth[torch]'")
        return
    try:
        device, name = answer_of(CODE, seconds=SECONDS)
    except NoAnswerError as error:
        yield Check("torch", "warning", f"{version} cannot be imported: {error}", "install it anew")
    else:
        yield Check("torch", "ok", f"{version}, device {device}{f' ({name})' if name else ''}")
