"""Where pages are, and where the site is built."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
NOTEBOOKS = DOCS / "notebooks"
CONFIGURATION = ROOT / "mkdocs.yml"

# What `mkdocs.yml` names as `docs_dir` and `site_dir`; git ignores both.
STAGED = ROOT / "build" / "docs" / "pages"
SITE = ROOT / "build" / "docs" / "site"


def pages() -> list[Path]:
    """Returns the Markdown pages that people write, in the order of their paths."""
    return sorted(DOCS.rglob("*.md"))
