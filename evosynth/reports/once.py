"""Properties that are computed once for each object, without the others having to wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801  # it stands where `property` does
    """A property that is computed when it is first asked for.

    `functools.cached_property` of Python 3.11 has one lock for all objects of a class: while
    the large log of one run is read, the pages of all others would wait.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self._compute = compute
        self.__doc__ = compute.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> once[T]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: object | None, owner: type) -> once[T] | T:
        """Returns the value; two threads that ask at once may both compute it."""
        if instance is None:
            return self
        value = self._compute(instance)
        # From now on the object's own attribute is found first.
        instance.__dict__[self._name] = value
        return value
