"""Runs the examples of a page from top to bottom; a process of its own, for `test_docs.py`.

    python page_runner.py < blocks.json

Blocks are line, kind and content. `sh` is run by bash, without lines that install what is there,
`python` in one namespace; a block with a title is written to that file. `text` right after a block
that was run is what it must have printed: its lines in this order, with "..." for anything within
a line and for further lines.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

TITLE = re.compile(r'title="([^"]+)"')


def run_page(blocks: list[list[Any]]) -> None:
    """Runs all blocks of a page in the working directory; the first wrong one is an error."""
    namespace: dict[str, Any] = {"__name__": "__main__"}
    printed: str | None = None
    for line, kind, content in blocks:
        title = TITLE.search(kind)
        language = kind.split(" ")[0]
        if title:
            Path(title[1]).write_text(content, encoding="utf-8")
        elif language == "sh":
            printed = run_shell(content, line)
            continue
        elif language == "python":
            printed = run_python(content, line, namespace)
            continue
        elif language == "text" and printed is not None:
            check_output(content, printed, line)
        printed = None


def run_shell(content: str, line: int) -> str:
    """Returns what commands print; they must succeed."""
    content = re.sub(r"^pip install .*$", "", content, flags=re.MULTILINE)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", content],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"line {line}: exit code {done.returncode}\n{content}\n{done.stdout}")
    return done.stdout


def run_python(content: str, line: int, namespace: dict[str, Any]) -> str:
    """Returns what statements print; they lie in a file, where their sources are looked up."""
    file = Path(f"line_{line}.py").resolve()
    file.write_text("\n" * line + content, encoding="utf-8")
    with contextlib.redirect_stdout(io.StringIO()) as stream:
        exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), namespace)
    return stream.getvalue()


def check_output(expected: str, printed: str, line: int) -> None:
    """Checks that the lines of a page were printed in this order, others between them or not."""
    lines = iter(each.rstrip() for each in printed.splitlines())
    for wanted in expected.splitlines():
        if wanted.strip() in ("", "..."):
            continue
        pattern = re.compile(".*".join(map(re.escape, wanted.rstrip().split("..."))))
        if not any(pattern.fullmatch(each) for each in lines):
            raise AssertionError(f"line {line}: this was not printed:\n{wanted}\nbut\n{printed}")


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    run_page(json.load(sys.stdin))
