"""Messages between processes: JSON, in UTF-8, each after its length."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

LENGTH_BYTES = 8


def packed(message: dict[str, Any]) -> bytes:
    """Returns a message of text and whole numbers as bytes.

    Any text comes back as it was, lone surrogates too: escaped ones would not, since two of
    them in a row are read as one character.
    """
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")


def unpacked(content: bytes) -> dict[str, Any]:
    """Returns the message that was packed.

    Raises:
        ValueError: It was not.
    """
    message: dict[str, Any] = json.loads(content.decode("utf-8", "surrogatepass"))
    return message


def write_message(stream: BinaryIO, content: bytes) -> None:
    """Writes a packed message to a pipe."""
    stream.write(len(content).to_bytes(LENGTH_BYTES, "big"))
    stream.write(content)
    stream.flush()


def read_message(stream: BinaryIO) -> bytes | None:
    """Returns the next packed message of a pipe; None at the end, or if it is cut off."""
    prefix = stream.read(LENGTH_BYTES)
    length = int.from_bytes(prefix, "big")
    if len(prefix) < LENGTH_BYTES:
        return None
    content = stream.read(length)
    return content if len(content) == length else None
