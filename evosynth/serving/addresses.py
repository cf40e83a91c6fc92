"""What an address asks for: the list, a run, or the events of either; nothing else has one."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, unquote_to_bytes

LONGEST = 2048
LIST, EVENTS, RUNS = "/", "events", "runs"
AFTER = "after"
# Only what we write ourselves: percent signs belong to names of runs alone.
PATH = re.compile(r"/(?:runs/(?P<name>[A-Za-z0-9._~%-]+)/)?(?P<events>events)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Address:
    """An address of ours.

    Attributes:
        run: Name of a run folder; None for the list.
        is_stream: Events are asked for, not the page.
        after: What the page has already, as `id` of an event; "" if it has nothing.
    """

    run: str | None
    is_stream: bool
    after: str = ""


def read_address(text: str) -> Address | None:
    """Returns what the path and query of a request ask for; None if it is none of ours."""
    path, _, query = text.partition("?")
    match = PATH.fullmatch(path) if len(text) <= LONGEST else None
    if match is None:
        return None
    name = match["name"]
    if name is not None and (name := _decoded(name)) is None:
        return None
    after = parse_qs(query, max_num_fields=8).get(AFTER, [""]) if _is_plain(query) else [""]
    return Address(name, match["events"] is not None, after[0])


def run_address(name: str) -> str:
    """Returns the address of a run's page, relative to the list's."""
    return f"{RUNS}/{quote(os.fsencode(name), safe='')}/"


def events_address(after: str) -> str:
    """Returns the address of the events that follow, relative to the page's."""
    return f"{EVENTS}?{AFTER}={after}"


def _is_plain(query: str) -> bool:
    return query.count("&") < 8


def _decoded(text: str) -> str | None:
    """Returns the name of a folder; None for what no listing of a folder holds."""
    name = os.fsdecode(unquote_to_bytes(text))
    if name in ("", ".", "..") or any(sign in "/\\\0" for sign in name):
        return None
    return name
