"""Notebooks: as pages of the site, and run again."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat

from docs.builder.places import DOCS, NOTEBOOKS

SECONDS = 300
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def notebooks() -> list[Path]:
    """Returns all notebooks."""
    return sorted(NOTEBOOKS.glob("*.ipynb"))


def read_notebook(path: Path) -> Any:
    """Returns a notebook."""
    return nbformat.reads(path.read_text(encoding="utf-8"), 4)  # type: ignore[no-untyped-call]


def run_notebook(path: Path, folder: Path) -> Any:
    """Returns a notebook with the outputs that it has when it is run in a folder.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell raises an error.
    """
    from nbclient import NotebookClient

    notebook = read_notebook(path)
    client = NotebookClient(
        notebook,
        timeout=SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
    )
    client.execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata.pop("language_info", None)
    return notebook


def write_notebook_page(path: Path) -> str:
    """Returns a notebook as a page."""
    notebook = read_notebook(path)
    parts = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        elif cell.cell_type == "code":
            parts.append(f"```python\n{cell.source}\n```")
            parts += [shown(output) for output in cell.outputs]
    name = path.relative_to(DOCS).as_posix()
    parts.append(f"This page is the notebook `docs/{name}`; the outputs are those stored in it.")
    return "\n\n".join(part for part in parts if part) + "\n"


def shown(output: Any) -> str:
    """Returns an output of a cell as it stands in a page."""
    if output.output_type == "stream":
        return "" if output.name == "stderr" else _fenced(output.text)
    data = output.get("data", {})
    if "image/svg+xml" in data:
        return f'<div class="output">\n{data["image/svg+xml"]}\n</div>'
    if "text/html" in data:
        return f'<div class="output">\n{data["text/html"]}\n</div>'
    if "text/latex" in data:
        return _fenced(data["text/latex"], "latex")
    return _fenced(data.get("text/plain", ""))


def _fenced(text: str, language: str = "text") -> str:
    """Returns a text as a block of code."""
    return f"```{language}\n{COLOURS.sub('', text).rstrip()}\n```" if text.strip() else ""


def main() -> None:
    """Runs all notebooks and stores their outputs."""
    import tempfile

    for path in notebooks():
        with tempfile.TemporaryDirectory() as folder:
            text = nbformat.writes(run_notebook(path, Path(folder)))  # type: ignore[no-untyped-call]
            path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
