"""What the metadata of an installed package says that it needs."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, version

OPERATORS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "!=": operator.ne,
}
REQUIREMENT = re.compile(r"([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*\(?([^;)]*)\)?\s*(?:;(.*))?")
CLAUSE = re.compile(r"(>=|<=|==|!=|>|<)\s*v?(\d+(?:\.\d+)*)")
EXTRA = re.compile(r"""extra\s*==\s*['"]([^'"]+)['"]""")


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package that another one needs.

    Attributes:
        name: Of the package.
        bounds: Text such as ">=1.26,<3".
        extra: The extra that it belongs to; "" if it is always needed.
    """

    name: str
    bounds: str
    extra: str = ""

    def is_met_by(self, found: str) -> bool:
        """Tells whether a version is within the bounds, by its release numbers alone."""
        clauses = CLAUSE.findall(self.bounds)
        return all(OPERATORS[sign](*_padded(found, limit)) for sign, limit in clauses)


def requirements_of(package: str) -> Iterator[Requirement]:
    """Yields what an installed package needs; nothing if it is not installed."""
    try:
        told = metadata(package)
    except PackageNotFoundError:
        return
    for python in told.get_all("Requires-Python") or ():
        yield Requirement("Python", python)
    for line in told.get_all("Requires-Dist") or ():
        if match := REQUIREMENT.match(line):
            extra = EXTRA.search(match[3] or "")
            yield Requirement(match[1], match[2].replace(" ", ""), extra[1] if extra else "")


def installed(package: str) -> str | None:
    """Returns an installed package's version; None if there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _padded(found: str, limit: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns the release numbers of two versions, the shorter one with zeros after it."""
    match = re.match(r"\d+(?:\.\d+)*", found)
    one, two = (tuple(map(int, text.split("."))) for text in (match[0] if match else "0", limit))
    length = max(len(one), len(two))
    return one + (0,) * (length - len(one)), two + (0,) * (length - len(two))
