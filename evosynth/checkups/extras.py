"""Optional packages: which extras are there?"""

from __future__ import annotations

from collections.abc import Iterator

from evosynth.checkups.base import Check
from evosynth.checkups.requirements import Requirement, installed, requirements_of

NOT_FOR_USERS = ("test",)


def extras() -> Iterator[Check]:
    """Looks for the packages of every extra."""
    groups: dict[str, list[Requirement]] = {}
    for requirement in requirements_of("evosynth"):
        if requirement.extra and requirement.extra not in NOT_FOR_USERS:
            groups.setdefault(requirement.extra, []).append(requirement)
    for extra, requirements in groups.items():
        yield _check(extra, requirements)


def _check(extra: str, requirements: list[Requirement]) -> Check:
    found = {each: installed(each.name) for each in requirements}
    missing = [each.name for each, version in found.items() if version is None]
    old = [
        f"{each.name} {version}, expected {each.bounds}"
        for each, version in found.items()
        if version is not None and not each.is_met_by(version)
    ]
    name, how = f"extra {extra}", f"pip install 'evosynth[{extra}]'"
    if old:
        return Check(name, "warning", "; ".join(old), how)
    if missing:
        return Check(name, "ok", f"not installed: {', '.join(missing)}; {how}")
    return Check(name, "ok", ", ".join(f"{each.name} {version}" for each, version in found.items()))
