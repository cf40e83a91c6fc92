"""Reading JSON that may have been made to exhaust time or memory, or to pass for numbers.

Size, number of values and depth are checked before anything is built, without recursion.
Numbers are finite and of at most 1,000 digits: NaN, Infinity and 1e999 are errors. Text is
UTF-8; a byte order mark is accepted.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from dsl.errors import DataError
from evosynth.runs.files import LARGEST, read_text

DEEPEST = 100
MOST_VALUES = 10_000_000
MOST_DIGITS = 1000
# A text, whole or not: the last alternative makes it match to the end, so that a text that is
# never closed is looked at once. No group can be entered twice at one place.
TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def read_json(path: Path, limit: int = LARGEST) -> Any:
    """Returns what a file holds.

    Args:
        path: The file.
        limit: Most bytes.

    Raises:
        DataError: It is no JSON, or beyond a limit; the message names file and position.
        StorageError: It cannot be read.
    """
    content = read_text(path, limit)
    try:
        return parse_json(content)
    except DataError as error:
        raise DataError(f"'{path}': {error}", error.hint) from error


def parse_json(content: str, values: int = MOST_VALUES) -> Any:
    """Returns what a text holds.

    Args:
        content: JSON.
        values: Most values.

    Raises:
        DataError: It is no JSON, or beyond a limit; the message names the position.
    """
    check_values(content, values)
    _check_depth(content)
    try:
        data = json.loads(content, parse_constant=_refused, parse_float=_real, parse_int=_integer)
        if "\\ud" in content or "\\uD" in content:
            json.dumps(data, ensure_ascii=False).encode()
    except _NumberError as error:
        where = _place(content, content.find(error.text))
        raise DataError(f"not JSON: {error.reason}: {where}") from error
    except UnicodeEncodeError as error:
        raise DataError("not JSON: half of a surrogate pair") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"not JSON: {str(error)[:100]}") from error
    return data


def check_values(content: str, most: int) -> None:
    """Checks that a text cannot hold more than so many values.

    Raises:
        DataError: It might.
    """
    found = sum(map(content.count, ",[{")) + content.count('"') // 2
    if found > most:
        raise DataError(f"not JSON that we read: {found} values, expected at most {most}")


def _check_depth(content: str) -> None:
    depth = 0
    for token in TOKEN.finditer(content):
        first = content[token.start()]
        if first in "[{":
            depth += 1
            if depth > DEEPEST:
                where = _place(content, token.start())
                raise DataError(f"not JSON that we read: nested deeper than {DEEPEST}: {where}")
        elif first != '"':
            depth -= 1


class _NumberError(Exception):
    """A number that is none."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(reason)
        self.text = text
        self.reason = reason


def _refused(text: str) -> Any:
    raise _NumberError(text, f"expected numbers, got {text}")


def _real(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _NumberError(text, f"{text[:20]} is no finite number")
    return number


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise _NumberError(text, f"a number of {len(text)} digits")
    return int(text)


def _place(content: str, position: int) -> str:
    """Says where a position is, as the standard library does."""
    line = content.count("\n", 0, position) + 1
    column = position - content.rfind("\n", 0, position)
    return f"line {line} column {column} (char {position})"
