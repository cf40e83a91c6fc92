"""Writing plain values as TOML: the standard library only reads it."""

from __future__ import annotations

import json
import math
from typing import Any


def toml_value(value: Any) -> str:
    """Returns a text, a number, a truth value or a list of such as TOML.

    Raises:
        TypeError: It is something else.
        ValueError: It is a text that UTF-8 cannot hold.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return repr(float(value)) if math.isfinite(value) else str(float(value))
    if isinstance(value, str):
        value.encode()  # paths may hold what is no text
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(map(toml_value, value))}]"
    raise TypeError(f"expected text, a number, a truth value or a list, got {type(value).__name__}")
