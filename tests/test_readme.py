"""The README: its Python runs, its commands exist with the options that it gives them."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import click
import pytest

from evosynth.cli.main import cli

README = Path(__file__).resolve().parent.parent / "README.md"
DOORS = (["evosynth"], ["python", "-m", "evosynth"])
SHELL = ("sh", "bash", "shell", "console")
FENCE = re.compile(r"^ {0,3}```[ \t]*([^\n`]*)\n(.*?)^ {0,3}```[ \t]*$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^ {4}((?:pip|evosynth) .*)$", re.MULTILINE)
INLINE = re.compile(r"(?<!`)`(evosynth [^`\n]+)`")

Block = tuple[int, str, str]


def blocks(text: str) -> list[Block]:
    """Returns line, language and content of every fenced block."""
    return [
        (text.count("\n", 0, m.start()) + 1, m.group(1).strip(), m.group(2))
        for m in FENCE.finditer(text)
    ]


def commands(text: str) -> list[tuple[int, list[str]]]:
    """Returns line and arguments of every evosynth command that a reader may type.

    Those are in shell blocks, in indented lines that begin with pip or evosynth, and in
    code within the text.
    """
    typed = [
        (text.count("\n", 0, match.start(1)) + 1, match.group(1))
        for pattern in (INDENTED, INLINE)
        for match in pattern.finditer(text)
    ]
    for start, language, content in blocks(text):
        if language in SHELL:
            lines = content.replace("\\\n", "  ").splitlines()
            typed += [(start + offset, line) for offset, line in enumerate(lines, 1)]
    found = []
    for place, line in sorted(typed):
        for part in split(shlex.split(line.removeprefix("$ "), comments=True)):
            door = next((d for d in DOORS if part[: len(d)] == d), None)
            if door:
                found.append((place, part[len(door) :]))
    return found


def split(words: list[str]) -> list[list[str]]:
    """Splits words at the operators of the shell; a redirection ends a command."""
    parts: list[list[str]] = [[]]
    for word in words:
        if word in ("&&", "||", "|", ";", "&", ">", "2>", ">>"):
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def assert_parses(arguments: list[str]) -> None:
    """Checks a command against click's tree without running it."""
    try:
        root = cli.make_context("evosynth", list(arguments))
        rest = [*getattr(root, "_protected_args", []), *root.args]
        if rest:
            name, command, remaining = cli.resolve_command(root, rest)
            assert command is not None
            command.make_context(name, remaining, parent=root)
    except click.exceptions.Exit:
        pass  # --help and --version
    except click.ClickException as error:
        raise AssertionError(f"evosynth {shlex.join(arguments)}: {error.message}") from error


TEXT = README.read_text(encoding="utf-8") if README.exists() else ""
PYTHON = [block for block in blocks(TEXT) if block[1] == "python"]


@pytest.mark.parametrize("block", PYTHON, ids=lambda b: f"line {b[0]}")
def test_python_runs(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line, _, content = block
    monkeypatch.chdir(tmp_path)
    if ">>>" in content:
        test = doctest.DocTestParser().get_doctest(content, {}, "README", str(README), line)
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
        lines: list[str] = []
        assert runner.run(test, out=lines.append).failed == 0, "".join(lines)
    else:
        exec(compile("\n" * line + content, str(README), "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("command", commands(TEXT), ids=lambda c: f"line {c[0]}")
def test_command_exists(command: tuple[int, list[str]]) -> None:
    assert_parses(command[1])


def test_every_fence_is_closed_and_names_its_language() -> None:
    fences = re.findall(r"^ {0,3}```", TEXT, re.MULTILINE)
    assert len(fences) == 2 * len(blocks(TEXT))
    for line, language, _ in blocks(TEXT):
        assert language, f"line {line}: name the language of the block, for example sh or text"


def test_a_written_readme_shows_both_doors() -> None:
    if not TEXT.strip():
        pytest.skip("the README is not written yet")
    assert PYTHON, "show how to use it from Python"
    assert any(arguments[:1] == ["run"] for _, arguments in commands(TEXT))


EXAMPLE = """
    pip install . && evosynth run --target dft --n 8

Indented lines are typed; `evosynth targets` may be, ``evosynth nonsense`` and evosynth alone not.

```sh
evosynth run --target dft --n 16 --json > result.json  # a comment
evosynth show runs/dft16-seed0 \\
    --format latex | head -1
python -m evosynth --help
```

```text
evosynth is not what is meant here --nonsense
```

```python
>>> 1 + 1
2
```
"""


def test_the_example_is_read_right() -> None:
    found = [arguments for _, arguments in commands(EXAMPLE)]
    assert found == [
        ["run", "--target", "dft", "--n", "8"],
        ["targets"],
        ["run", "--target", "dft", "--n", "16", "--json"],
        ["show", "runs/dft16-seed0", "--format", "latex"],
        ["--help"],
    ]
    assert [block[1] for block in blocks(EXAMPLE)] == ["sh", "text", "python"]
    for arguments in found:
        assert_parses(arguments)


@pytest.mark.parametrize("line", ["rum", "run --target", "run --n x", "show", "run --target x -z"])
def test_a_wrong_command_is_found(line: str) -> None:
    with pytest.raises(AssertionError):
        assert_parses(line.split())
