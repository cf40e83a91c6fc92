"""C with words to be replaced: NAME, REAL, and those that begin with @."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

WORD = re.compile(r"@[a-z_]+|\bNAME(?=\b|_)|\bREAL\b")
NAMES = ("transform.c", "transposition.c", "load.c", "store.c", "test_main.c", "formula.c")
FIXED_NAMES = ("fixed.c", "fixed_rounding.c", "fixed_test_main.c")


@cache
def template(name: str) -> str:
    """Returns the text of a template."""
    return (files(__name__) / name).read_text(encoding="utf-8")


@cache
def identifiers(names: tuple[str, ...] = NAMES) -> frozenset[str]:
    """Returns all words of templates: what no other name may be."""
    return frozenset(re.findall(r"\w+", " ".join(map(template, names))))


def filled(text: str, parts: Mapping[str, str]) -> str:
    """Replaces the words; what comes in place of one is left as it is."""
    return WORD.sub(lambda match: parts[match[0]], text)
