"""Which rivals take part; PyTorch is imported here and no earlier."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from dsl.errors import EnvironmentMismatchError, UsageError
from dsl.registry import Registry, brief
from gradient_baselines.base import BASELINES, AnyTarget, Baseline

# Importing them registers their members.
PACKAGES = ("gradient_baselines.transforms", "gradient_baselines.functions")


def all_rivals() -> Registry[Baseline]:
    """Returns all rivals.

    Raises:
        EnvironmentMismatchError: PyTorch is not installed.
    """
    try:
        for name in PACKAGES:
            import_module(name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise EnvironmentMismatchError(
            "rivals train with PyTorch, which is not installed", "pip install 'evosynth[torch]'"
        ) from error
    return BASELINES


def choose_rivals(
    target: AnyTarget, names: str | Sequence[str] | None
) -> tuple[list[Baseline], dict[str, str]]:
    """Returns the rivals that fit a target, and of others of its kind why they do not.

    Args:
        target: What has to be computed.
        names: Of rivals; text may hold several, with commas. None means all.

    Raises:
        UsageError: A name is unknown, or no rival is left.
        EnvironmentMismatchError: PyTorch is not installed.
    """
    known = all_rivals()
    if names is None:
        asked = [each for each in known if each.is_for(target)]
    else:
        asked = [known.get(name) for name in _given(names)]
    left_out = {each.name: reason for each in asked if (reason := each.why_not(target))}
    chosen = [each for each in asked if each.name not in left_out]
    if not chosen:
        told = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        fitting = ", ".join(each.name for each in known if not each.why_not(target))
        raise UsageError(
            f"no rival is left for {target.title} ({told})", f"these fit it: {fitting}"
        )
    return chosen, left_out


def _given(names: str | Sequence[str]) -> list[str]:
    """Returns the names that a user gives, each once."""
    given = names.split(",") if isinstance(names, str) else names
    if not isinstance(given, Sequence) or not given:
        raise UsageError(
            f"expected names of rivals, got {brief(given)}", "leave them out for all that fit"
        )
    return list(dict.fromkeys(str(name).strip() for name in given))
