"""A guard against strangers' modules that hide the packages beside this one."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

SIBLINGS = ("dsl", "fitness", "gradient_baselines")


def check_siblings(names: Sequence[str] = SIBLINGS) -> None:
    """Checks that sibling packages are found beside evosynth.

    A file `dsl.py` or `fitness.py` in the working directory would be imported in place
    of ours.

    Raises:
        ImportError: One is not; the message names the file in its place.
    """
    home = Path(__file__).resolve().parent.parent
    for name in names:
        spec = find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None or origin.parent.parent != home:
            raise ImportError(
                f"evosynth needs its own package '{name}' in '{home}', but Python finds "
                f"{str(origin) if origin else 'none'!r}: rename that file or start elsewhere"
            )
