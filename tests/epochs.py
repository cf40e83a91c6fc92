"""Epochs of a search without its driver, and damage done to what it saved."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

from hypothesis import strategies as st

from evosynth.engine.breeding import Breeding
from evosynth.engine.epoch_call import means_text, read_epoch, run_epoch
from evosynth.engine.means import Means
from evosynth.engine.spec import Spec

# Numbers and other values that a damaged file may have in the place of others.
JUNK: list[Any] = [
    *(None, True, -1, 0, 1, 7, 999, 1 << 15, 1 << 40, -(1 << 63), 10**30, -0.5, 1e308),
    *("", "x", "inf", "nan", "1/3", "dft", [], [[]], [0], {}, {"x": 1}),
]


def advanced(
    breeding: Breeding, spec: Spec, first: int, count: int, made: int = 0, threads: int = 1
) -> int:
    """Lets all islands do some epochs, as the driver does; returns the evaluations made.

    Args:
        breeding: The islands.
        spec: Theirs.
        first: Number of the first epoch.
        count: Of epochs.
        made: Evaluations before.
        threads: That an epoch may use.
    """
    means = means_text(Means(threads))
    for epoch in range(first, first + count):
        tasks = [(breeding.setting(), breeding.state(k)) for k in range(spec.islands)]
        for island, task in enumerate(tasks):
            state, own, _ = read_epoch(run_epoch(*task, epoch, island, spec.epoch, means))
            made += own
            breeding.take_in(island, state, made)
            breeding.record(island)
        if (epoch + 1) % spec.migration == 0:
            breeding.migrate()
    return made


def text_of(breeding: Breeding, *without: str) -> str:
    """Returns all that a search knows as JSON, which files hold."""
    data = breeding.saved()
    return json.dumps({key: value for key, value in data.items() if key not in without})


# Where, as one choice at every level, and what is put there; or which byte of an array becomes
# which.
paths = st.lists(st.integers(0, 997), min_size=1, max_size=9)
edits = st.lists(
    st.one_of(
        st.tuples(paths, st.sampled_from(JUNK)),
        st.tuples(paths, st.tuples(st.integers(0, 1 << 20), st.integers(0, 255))),
    ),
    min_size=1,
    max_size=3,
)


def damaged(data: Any, changes: list[tuple[list[int], Any]]) -> Any:
    """Returns a copy of plain data with values, or bytes of arrays, that are others."""
    root = [copy.deepcopy(data)]
    for path, change in changes:
        parent, key = _place(root, path, is_leaf=isinstance(change, tuple))
        parent[key] = _changed(parent[key], change)
    return root[0]


def _place(root: list[Any], path: list[int], is_leaf: bool) -> tuple[Any, Any]:
    """Follows a path as far as it goes, or on to a leaf."""
    parent: Any = root
    key: Any = 0
    choices = iter(path)
    while isinstance(parent[key], list | dict) and parent[key]:
        choice = next(choices, None)
        if choice is None:
            if not is_leaf:
                break
            choice = path[0]
        parent = parent[key]
        keys = list(parent) if isinstance(parent, dict) else range(len(parent))
        key = keys[choice % len(parent)]
    return parent, key


def _changed(value: Any, change: Any) -> Any:
    if not isinstance(change, tuple):
        return copy.deepcopy(change)
    place, byte = change
    if isinstance(value, str) and len(value) >= 16:
        try:
            content = bytearray(base64.b64decode(value, validate=True))
        except ValueError:
            return value
        content[place % len(content)] = byte
        return base64.b64encode(content).decode()
    return value + byte if type(value) is int else value
