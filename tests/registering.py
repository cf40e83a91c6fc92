"""Members of registries for the time of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from dsl.registry import Named, Registry

Member = TypeVar("Member", bound=Named)


@contextmanager
def registered(registry: Registry[Member], *members: Member) -> Iterator[None]:
    """Adds members to a registry, and takes them out at the end."""
    with ExitStack() as stack:
        for member in members:
            registry.register(member)
            stack.callback(registry.remove, member.name)
        yield
