"""Our own packages: do they resolve beside evosynth?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from evosynth.checkups.base import Check
from evosynth.guard import SIBLINGS, check_siblings


def own_packages() -> Iterator[Check]:
    """Looks for modules of strangers in the place of ours."""
    home = Path(__file__).resolve().parent.parent.parent
    try:
        check_siblings()
    except ImportError as error:
        yield Check("own packages", "failed", str(error), "rename that file or start elsewhere")
    else:
        yield Check("own packages", "ok", f"{', '.join(SIBLINGS)} beside evosynth in {home}")
