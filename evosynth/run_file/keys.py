"""The keys of a run's options, and the kinds of value that each takes."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from dsl.errors import UsageError
from dsl.registry import brief

TEXT, WHOLE, NUMBER, FLAG = "text", "a whole number", "a number", "true or false"
TEXTS, WHOLES, NUMBERS = "a list of texts", "a list of whole numbers", "a list of numbers"
KINDS: dict[str, tuple[type, ...]] = {TEXT: (str,), WHOLE: (int,), NUMBER: (int, float)}

# As `es.run` has them, in the order in which they are written: what is computed first.
TARGET_KEYS: dict[str, tuple[str, ...]] = {
    "target": (TEXT,),
    "n": (WHOLE,),
    "input": (TEXT,),
    "kernel": (TEXT, NUMBERS),
    "scaling": (TEXT,),
    "frequency": (NUMBER,),
    "count": (WHOLE,),
    "samples": (WHOLE,),
    "test_samples": (WHOLE,),
    "noise": (NUMBER,),
    "data": (TEXT,),
    "x": (TEXT, TEXTS),
    "y": (TEXT, TEXTS),
    "holdout": (TEXT,),
    "recursive": (FLAG,),
    "radix": (WHOLE, TEXT, WHOLES),
    "calls": (TEXT, TEXTS),
    "tolerance": (NUMBER,),
    "front": (FLAG,),
    "objective": (TEXT,),
    "cost": (TEXT,),
    "covariance": (TEXT,),
    "word_length": (WHOLE,),
}
SEARCH_KEYS: dict[str, tuple[str, ...]] = {
    "seed": (WHOLE,),
    "strategy": (TEXT,),
    "islands": (WHOLE,),
    "population": (WHOLE,),
    "library": (TEXT,),
    "plugin": (TEXTS,),
}
LIMIT_KEYS: dict[str, tuple[str, ...]] = {
    "evaluations": (WHOLE,),
    "time": (NUMBER,),
    "patience": (WHOLE,),
    "goal": (WHOLE, TEXT),
}
PLACE_KEYS: dict[str, tuple[str, ...]] = {
    "workers": (WHOLE,),
    "executor": (TEXT,),
    "scheduler": (TEXT,),
    "scheduler_file": (TEXT,),
    "epoch_limit": (NUMBER,),
    "evaluator": (TEXT,),
    "device": (TEXT,),
    "out": (TEXT,),
}
KEYS = {**TARGET_KEYS, **SEARCH_KEYS, **LIMIT_KEYS, **PLACE_KEYS}
# Of one command that is typed, not of a run.
TYPED = ("json", "quiet", "config", "dry_run", "debug")


def checked_keys(data: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a file holds, by the names of `es.run`; dashes become underscores.

    Raises:
        UsageError: A key is unknown or there twice, or its value is of another kind.
    """
    found: dict[str, Any] = {}
    for key, value in data.items():
        name = key.replace("-", "_")
        if name not in KEYS:
            raise _unknown(key, name)
        if name in found:
            raise UsageError(f"key {brief(key)} is there twice, once with '-' and once with '_'")
        _check_kind(key, value, KEYS[name])
        found[name] = value
    return found


def _unknown(key: str, name: str) -> UsageError:
    if name in TYPED:
        return UsageError(
            f"key {brief(key)} is not of a run", "leave it out, and give it on the command line"
        )
    near = difflib.get_close_matches(name, KEYS, n=1)
    guess = f"did you mean '{near[0].replace('_', '-')}'? " if near else ""
    return UsageError(
        f"unknown key {brief(key)}",
        f"{guess}keys are the options of `evosynth run` without dashes before them",
    )


def _check_kind(key: str, value: Any, kinds: tuple[str, ...]) -> None:
    if not any(_is_of(kind, value) for kind in kinds):
        expected = f"{', '.join(kinds[:-1])} or {kinds[-1]}" if len(kinds) > 1 else kinds[0]
        raise UsageError(f"key {brief(key)}: expected {expected}, got {_shown(value)}")


def _is_of(kind: str, value: Any) -> bool:
    if kind in (TEXTS, WHOLES, NUMBERS):
        one = {TEXTS: TEXT, WHOLES: WHOLE, NUMBERS: NUMBER}[kind]
        return isinstance(value, list) and all(_is_of(one, each) for each in value)
    if kind == FLAG or isinstance(value, bool):
        return kind == FLAG and isinstance(value, bool)
    return isinstance(value, KINDS[kind])


def _shown(value: Any) -> str:
    """Returns a value as a file has it, and of what kind it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "another list"
    if isinstance(value, dict):
        return "a table"
    kind = next((kind for kind in (TEXT, WHOLE, NUMBER) if _is_of(kind, value)), None)
    return "a date or time" if kind is None else f"{kind}: {brief(value)}"
