"""Which options of a run are paths, and where relative ones begin."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dsl.targets import is_function_name, is_own_matrix
from evosynth.settings import LIBRARIES

ALWAYS = ("data", "scheduler_file", "out")


def with_paths(options: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Returns options whose relative paths begin at a folder.

    A target may be a name or a path, as may the covariance and the library.
    """
    found = dict(options)
    names = [name for name in ALWAYS if name in found]
    target = found.get("target", "")
    if is_own_matrix(target) and not is_function_name(target):
        names.append("target")
    if found.get("covariance", "").endswith(".npy"):
        names.append("covariance")
    if found.get("library", LIBRARIES[0]) not in LIBRARIES:
        names.append("library")
    found |= {name: str(folder / found[name]) for name in names}
    if "plugin" in found:
        found["plugin"] = [str(folder / text) for text in found["plugin"]]
    return found
