"""HTML and SVG from values: whatever is no markup yet is escaped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from markupsafe import Markup, escape

Child: TypeAlias = "str | Markup | None"
Value: TypeAlias = "str | float | bool | None"

# Elements without an end tag in HTML, and SVG shapes without content.
EMPTY = frozenset({"br", "circle", "img", "input", "line", "path", "polygon", "polyline", "rect"})


def element(name: str, *children: Child, **attributes: Value) -> Markup:
    """Returns an element.

    Args:
        name: Such as "figure".
        *children: Its content; text is escaped, None left out.
        **attributes: A final underscore is dropped and others become dashes, so that `class_` and
            `data_tip` can be written. None and False are left out; True is an attribute without
            value. Numbers are written short.
    """
    named = [f"{_name(key)}{_value(value)}" for key, value in attributes.items() if _is_set(value)]
    start = " ".join([name, *named])
    if name in EMPTY and not children:
        return Markup(f"<{start}/>")
    content = "".join(str(escape(child)) for child in children if child is not None)
    return Markup(f"<{start}>{content}</{name}>")


def joined(parts: Iterable[Child]) -> Markup:
    """Returns markup and text one after the other."""
    return Markup("").join(part for part in parts if part is not None)


def number(value: float) -> str:
    """Returns a coordinate with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _is_set(value: Value) -> bool:
    return value is not None and value is not False


def _name(key: str) -> str:
    # SVG has attributes in camel case, which no argument here collides with.
    return key.rstrip("_").replace("_", "-")


def _value(value: Value) -> str:
    if value is True:
        return ""
    text = number(value) if isinstance(value, int | float) else str(escape(value))
    return f'="{text}"'
