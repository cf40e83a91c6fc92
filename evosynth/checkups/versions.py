"""Versions: are they those that evosynth was made for?"""

from __future__ import annotations

import platform
from collections.abc import Iterator

from evosynth.checkups.base import Check
from evosynth.checkups.requirements import Requirement, installed, requirements_of

# Whose versions decide bits and speed; the others are told of where they do not fit.
SHOWN = ("numpy", "numba", "llvmlite", "deap", "sympy", "scipy", "python-flint")


def versions() -> Iterator[Check]:
    """Compares what is installed with what the metadata of evosynth asks for."""
    own = installed("evosynth")
    if own is None:
        remedy = "pip install -e . in its folder"
        yield Check("evosynth", "warning", "not installed: bounds of versions unknown", remedy)
    else:
        yield Check("evosynth", "ok", own)
    needed = {each.name: each for each in requirements_of("evosynth") if not each.extra}
    # Numba alone says which llvmlite it works with.
    needed |= {each.name: each for each in requirements_of("numba") if each.name == "llvmlite"}
    yield _check(needed.pop("Python", Requirement("Python", "")), platform.python_version())
    for name in SHOWN:
        yield _check(needed.pop(name, Requirement(name, "")), installed(name))
    for requirement in needed.values():
        check = _check(requirement, installed(requirement.name))
        if check.status != "ok":
            yield check


def _check(requirement: Requirement, found: str | None) -> Check:
    name, bounds = requirement.name, requirement.bounds
    remedy = f"pip install '{name}{bounds}'"
    if name == "Python":
        remedy = f"make an environment with Python {bounds}"
    if found is None:
        return Check(name, "failed", "not installed", remedy)
    if not requirement.is_met_by(found):
        return Check(name, "failed", f"{found}, expected {bounds}", remedy)
    return Check(name, "ok", found)
