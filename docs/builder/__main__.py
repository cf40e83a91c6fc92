"""`python -m docs.builder [--serve]`: stages the pages, generates the reference, builds the site.

The renderer is Zensical, which reads `mkdocs.yml`. A dead link, a missing anchor or a citation
without reference ends the build.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable

from docs.builder.command_reference import write_commands
from docs.builder.notebook_pages import notebooks, write_notebook_page
from docs.builder.places import CONFIGURATION, DOCS, ROOT, SITE
from docs.builder.python_reference import write_python
from docs.builder.registry_reference import write_registries
from docs.builder.staging import stage

GENERATED: dict[str, Callable[[], str]] = {
    "reference/commands.md": write_commands,
    "reference/python.md": write_python,
    "reference/registries.md": write_registries,
}


def prepare() -> None:
    """Writes all pages to where the renderer reads them."""
    texts = {DOCS / name: write() for name, write in GENERATED.items()}
    texts |= {path.with_suffix(".md"): write_notebook_page(path) for path in notebooks()}
    stage(texts)


def render(*arguments: str) -> int:
    """Runs the renderer; returns its exit code."""
    command = [sys.executable, "-m", "zensical", *arguments, "-f", str(CONFIGURATION)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def main() -> None:
    """Builds the site, or shows it and waits for changes of the staged pages."""
    parser = argparse.ArgumentParser(prog="python -m docs.builder", description=__doc__)
    parser.add_argument("--serve", action="store_true", help="show it on http://localhost:8000")
    chosen = parser.parse_args()
    prepare()
    if chosen.serve:
        sys.exit(render("serve"))
    shutil.rmtree(SITE, ignore_errors=True)
    code = render("build", "--strict", "--clean")
    if not code:
        print(SITE / "index.html")
    sys.exit(code)


if __name__ == "__main__":
    main()
