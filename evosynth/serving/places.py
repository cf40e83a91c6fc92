"""Room for so many connections at once, in which those that say nothing do not stay."""

from __future__ import annotations

import socket
import threading
from collections import OrderedDict
from contextlib import suppress
from typing import final

# Seconds in which a connection that was ended gives its place back.
LEAVING = 0.5


@final
class Places:
    """Places of connections.

    Args:
        most: How many there are.
    """

    def __init__(self, most: int) -> None:
        self._free = threading.BoundedSemaphore(most)
        self._silent: OrderedDict[socket.socket, None] = OrderedDict()
        self._guard = threading.Lock()

    def take(self, connection: socket.socket) -> bool:
        """Gives a connection a place, if need be a silent one's; False if there is none."""
        if not (self._free.acquire(blocking=False) or self._make_room()):
            return False
        with self._guard:
            self._silent[connection] = None
        return True

    def hear(self, connection: socket.socket) -> None:
        """Notes that a connection has asked for something: it keeps its place."""
        with self._guard:
            self._silent.pop(connection, None)

    def leave(self, connection: socket.socket) -> None:
        """Takes a place back."""
        self.hear(connection)
        self._free.release()

    def _make_room(self) -> bool:
        """Ends the connection that has been silent for the longest time; False if none is."""
        with self._guard:
            if not self._silent:
                return False
            connection, _ = self._silent.popitem(last=False)
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        return self._free.acquire(timeout=LEAVING)
