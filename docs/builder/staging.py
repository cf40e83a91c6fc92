"""Copies the pages, with links that hold within the site.

On GitHub a page may link to any file of the repository. The site has pages only, so that each
file that is linked to becomes a page: a README as it is, code as code. A link that leads nowhere
ends the build.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from docs.builder.markdown import rewrite_prose
from docs.builder.places import DOCS, ROOT, STAGED, pages

# Files of the repository that the navigation names; others follow from links.
OUTSIDE = ("CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md", "experiments/README.md")
LANGUAGES = {".py": "python", ".json": "json", ".toml": "toml"}

LINK = re.compile(r"(\]\()([^)\s]+)(\))")
ELSEWHERE = re.compile(r"[a-z]+:")
CITATION = re.compile(r"(?<!\[)\[([A-Z][A-Za-z]+[12][0-9]{3}[a-z]?)\](?!\()")
ENTRY = re.compile(r"^- \*\*\[(\w+)\]\*\*", re.MULTILINE)
REFERENCES = "references.md"


class DeadLinkError(Exception):
    """A page links to a file, or cites a work, that there is not."""


def keys() -> set[str]:
    """Returns the keys of all references."""
    return set(ENTRY.findall((DOCS / REFERENCES).read_text(encoding="utf-8")))


def place_of(source: Path) -> Path:
    """Returns where a file of the repository lies among the staged pages."""
    if source.is_relative_to(DOCS):
        return STAGED / source.relative_to(DOCS)
    path = source.relative_to(ROOT)
    if path.name == "README.md" and path.parent != Path():
        return STAGED / "repository" / path.parent.with_suffix(".md")
    name = path.name.lower() if path.suffix == ".md" else f"{path.name}.md"
    return STAGED / "repository" / path.with_name(name)


def stage(generated: Mapping[Path, str]) -> None:
    """Stages all pages and what they link to.

    Args:
        generated: Further pages: where they would stand in the repository, and their text.

    Raises:
        DeadLinkError: A link or a citation leads nowhere.
    """
    shutil.rmtree(STAGED, ignore_errors=True)
    waiting = [*pages(), *generated, *(ROOT / path for path in OUTSIDE)]
    waiting += [*DOCS.rglob("*.svg"), *DOCS.rglob("*.css")]
    done = set()
    while waiting:
        source = waiting.pop()
        if source not in done:
            done.add(source)
            waiting += _stage_file(source, generated.get(source))


def _stage_file(source: Path, text: str | None) -> list[Path]:
    """Stages one file, or the text that was made for it; returns the files that it links to."""
    place = place_of(source)
    place.parent.mkdir(parents=True, exist_ok=True)
    if source.is_relative_to(DOCS) and source.suffix != ".md":
        shutil.copy(source, place)
        return []
    text = source.read_text(encoding="utf-8") if text is None else text
    if source.suffix != ".md":
        place.write_text(_as_page(source, text), encoding="utf-8")
        return []
    linked: list[Path] = []

    def rewrite(prose: str) -> str:
        return LINK.sub(lambda m: m[1] + relinked(source, m[2], linked) + m[3], prose)

    text = rewrite_prose(text, rewrite)
    if source == DOCS / REFERENCES:
        text = ENTRY.sub(lambda m: f'- <span id="{m[1].lower()}"></span>**[{m[1]}]**', text)
    else:
        text = cite(text, place)
    place.write_text(text, encoding="utf-8")
    return linked


def _as_page(source: Path, text: str) -> str:
    """Returns a file of code as a page."""
    language = LANGUAGES.get(source.suffix, "text")
    return f"# {source.relative_to(ROOT).as_posix()}\n\n```{language}\n{text.rstrip()}\n```\n"


def relinked(source: Path, link: str, linked: list[Path]) -> str:
    """Returns a link as it has to be within the site; adds the file that it leads to.

    Raises:
        DeadLinkError: It leads nowhere.
    """
    path, mark, anchor = link.partition("#")
    if ELSEWHERE.match(link) or not path:
        return link
    goal = (source.parent / path).resolve()
    if goal.is_dir():
        goal /= "README.md"
    if goal.suffix == ".ipynb":  # becomes a page of its own
        exists, goal = goal.exists(), goal.with_suffix(".md")
    else:
        exists = goal.is_file() or _is_generated(goal)
        if exists and goal.is_file():
            linked.append(goal)
    if not exists or not goal.is_relative_to(ROOT):
        raise DeadLinkError(f"{source.relative_to(ROOT)}: no file '{link}'")
    return Path(os.path.relpath(place_of(goal), place_of(source).parent)).as_posix() + mark + anchor


def _is_generated(goal: Path) -> bool:
    """Tells whether a link leads to a page that is generated; the renderer checks that it is."""
    return goal.is_relative_to(DOCS / "reference")


def cite(text: str, place: Path) -> str:
    """Returns a staged page with its citations linked to the references.

    Raises:
        DeadLinkError: A citation has no reference.
    """
    known = keys()
    references = Path(os.path.relpath(STAGED / REFERENCES, place.parent)).as_posix()

    def linked(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise DeadLinkError(f"{place.relative_to(STAGED)}: no reference [{match[1]}]")
        return f"[\\[{match[1]}\\]]({references}#{match[1].lower()})"

    return rewrite_prose(text, lambda prose: CITATION.sub(linked, prose))
