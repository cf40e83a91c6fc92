"""Compiled kernels: where they are kept, and whether a first start will compile them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module

from evosynth.checkups.base import Check

# What runs of each kind call: module and function.
KERNELS = {
    "transforms": ("fitness.evaluators.factor_kernel", "evaluate"),
    "formulas": ("fitness.evaluators.expression_kernel", "evaluate"),
    "algorithms": ("evosynth.engine.recursive.finding_kernel", "breed"),
    "refinement": ("evosynth.refinement.potentials_kernel", "anneal"),
}


def kernels() -> Iterator[Check]:
    """Counts what is compiled and sound."""
    from fitness.kernel_cache import files_of

    found = {kind: files_of(getattr(import_module(m), f)) for kind, (m, f) in KERNELS.items()}
    files = {kind: each for kind, each in found.items() if each is not None}
    if not files:
        yield Check(
            "kernels",
            "warning",
            "no folder to keep them in can be written: every start compiles anew",
            "set NUMBA_CACHE_DIR to a folder that can be written",
        )
        return
    place = os.path.commonpath([each.folder for each in files.values()])
    standing = {kind: each.standing() for kind, each in files.items()}
    kept = ", ".join(f"{sound} for {kind}" for kind, (sound, _) in standing.items() if sound)
    text = f"compiled: {kept or 'none'}; under {place}"
    missing = [kind for kind, (sound, _) in standing.items() if not sound]
    if missing:
        text += f"; compiled at the first run: those for {', '.join(missing)}"
    spoilt = sum(other for _, other in standing.values())
    if spoilt:
        text += f"; {spoilt} outdated or damaged"
        remedy = "nothing: they are compiled anew when they are needed"
        yield Check("kernels", "warning", text, remedy)
    else:
        yield Check("kernels", "ok", text)
