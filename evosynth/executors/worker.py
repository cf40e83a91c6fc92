"""A worker process: takes requests from standard input, one at a time, and answers them.

It imports little before the first request says what is needed.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
import threading
from queue import SimpleQueue
from typing import Any, BinaryIO

from evosynth.executors.answering import answer, resolved
from evosynth.executors.messages import packed, read_message, unpacked, write_message
from evosynth.executors.process_limits import (
    die_with_parent,
    ignore_interrupts,
    limit_memory,
    volunteer_when_memory_ends,
)
from evosynth.plugins.carrying import bring

# The exit code of a worker that is out of memory.
OUT_OF_MEMORY = 71


def main() -> None:
    """Answers requests until standard input ends."""
    ignore_interrupts()
    die_with_parent()
    volunteer_when_memory_ends()
    requests, replies = _take_pipes()
    faulthandler.enable()
    try:
        _serve(requests, replies)
    except MemoryError as error:
        os.write(2, f"MemoryError: {error}\n".encode(errors="replace"))
        os._exit(OUT_OF_MEMORY)
    except BrokenPipeError:
        os._exit(0)  # the parent has gone, and with it everyone to tell


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Returns the pipes of the protocol, out of reach of whatever a task reads or prints."""
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, replies


def _serve(requests: BinaryIO, replies: BinaryIO) -> None:
    hello = unpacked(read_message(requests) or sys.exit())
    if hello["memory"] is not None:
        limit_memory(hello["memory"])
    waiting: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests, waiting), daemon=True).start()
    if hello["rehearsal"] is not None:
        _rehearse(hello["rehearsal"], hello["packages"])
    write_message(replies, packed({"ready": os.getpid()}))
    while True:
        reply = answer(unpacked(waiting.get()), hello["packages"])
        write_message(replies, packed(reply))


def _listen(requests: BinaryIO, waiting: SimpleQueue[bytes]) -> None:
    """Passes requests on; ends the process when the parent has gone, even in mid-task."""
    while (content := read_message(requests)) is not None:
        waiting.put(content)
    os._exit(0)


def _rehearse(request: dict[str, Any], packages: list[str]) -> None:
    """Imports and compiles what a task needs."""
    with contextlib.suppress(Exception):  # the task itself will say what is wrong
        function = resolved(request["function"], packages)
        bring(request.get("plugins", ()))
        warm_up = getattr(sys.modules[function.__module__], "warm_up", None)
        if warm_up is not None:
            warm_up(*request["arguments"])
