"""Versions of evosynth and of what its results may depend on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("evosynth", "numpy", "numba", "deap", "sympy", "python-flint")


def version_of(package: str) -> str:
    """Returns an installed package's version, or "unknown"."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the packages that matter."""
    return {"python": platform.python_version()} | {name: version_of(name) for name in PACKAGES}
