"""The one shape of every seam: an ordered table of named members."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Generic, Protocol, TypeVar

from dsl.errors import UsageError


class Named(Protocol):
    """Anything with a name."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...


Member = TypeVar("Member", bound=Named)


def brief(value: object, limit: int = 40) -> str:
    """Returns a value as error messages quote it: short, whatever a file holds there."""
    if not isinstance(value, str | int | float | bool) or (
        isinstance(value, int) and abs(value) > 10**limit
    ):
        return f"a value of type {type(value).__name__}"
    text = repr(value if not isinstance(value, str) else value[: limit + 1])
    return text if len(text) <= limit + 2 else f"{text[:limit]}...'"


class Registry(Generic[Member]):
    """Members of one seam, in the order in which they were registered."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._members: dict[str, Member] = {}
        self._edition = 0

    @property
    def edition(self) -> int:
        """Changes with the members: what follows from them may be kept by it."""
        return self._edition

    def register(self, member: Member) -> Member:
        """Adds a member and returns it.

        Raises:
            UsageError: The name is taken.
        """
        if member.name in self._members:
            raise UsageError(
                f"{self.kind} '{member.name}' is registered already",
                "choose another name",
            )
        self._members[member.name] = member
        self._edition += 1
        return member

    def remove(self, name: str) -> Member:
        """Takes the member of that name out again, and returns it.

        Raises:
            UsageError: There is none.
        """
        member = self.get(name)
        del self._members[name]
        self._edition += 1
        return member

    def get(self, name: str, choices: Sequence[str] | None = None) -> Member:
        """Returns the member of that name.

        Args:
            name: Of the member.
            choices: Names that can be chosen where this one was; by default all.

        Raises:
            UsageError: There is none; the message suggests the nearest of the choices.
        """
        if name in self._members:
            return self._members[name]
        known = self.names() if choices is None else choices
        near = difflib.get_close_matches(name, known, n=1)
        guess = f"did you mean '{near[0]}'? " if near else ""
        raise UsageError(
            f"unknown {self.kind} {brief(name)}",
            f"{guess}known: {', '.join(known)}",
        )

    def index(self, name: str) -> int:
        """Returns the position of the member of that name."""
        return list(self._members).index(self.get(name).name)

    def names(self) -> tuple[str, ...]:
        """Returns all names in order."""
        return tuple(self._members)

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members.values())

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, name: object) -> bool:
        return name in self._members
