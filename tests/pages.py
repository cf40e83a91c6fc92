"""What tests of pages share: reading HTML, and runs whose every text is full of markup."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

# Breaks out of attributes, of elements, of scripts and of styles, if anything lets it.
HOSTILE = """"'><img src=x onerror=alert(1)><script>alert(2)</script></style></title>&amp;"""
# The same without what no name of a folder can have.
HOSTILE_NAME = """"'><img src=x onerror=alert(1)><script>alert(2)&amp;"""


@dataclass
class Reader(HTMLParser):
    """Elements of a page, their attributes, and its text by the element that it stands in."""

    elements: Counter[str] = field(default_factory=Counter)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    classes: Counter[str] = field(default_factory=Counter)
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name == "class":
                self.classes.update((value or "").split())

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def make_hostile(run: Path) -> None:
    """Puts markup wherever a run folder has text of its own, and leaves it a run."""
    configuration = json.loads((run / "run.json").read_text())
    configuration["evaluator"] = HOSTILE
    configuration["versions"]["numpy"] = HOSTILE
    configuration["spec"]["strategy"] = HOSTILE
    configuration["parent"] = {"run": HOSTILE, "epoch": HOSTILE}
    configuration["result"]["stopped_by"] = HOSTILE
    _give_entries(configuration["target"])
    (run / "run.json").write_text(json.dumps(configuration))
    best = json.loads((run / "best.json").read_text())
    best["claims"]["proof"] = HOSTILE
    _give_entries(best["target"])
    (run / "best.json").write_text(json.dumps(best))
    (run / "run.toml").write_text(f"# {HOSTILE}\n")


def _give_entries(target: dict[str, Any]) -> None:
    """Makes a target with entries say something else of itself."""
    if "entries" in target:
        target["title"] = target["convention"] = HOSTILE
