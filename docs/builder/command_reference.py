"""The reference of the command line, from the commands themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from docs.builder.markdown import code, table
from evosynth.cli.main import CHAPTERS, cli

HEAD = """# Commands

Generated from the commands: `evosynth COMMAND --help` says the same. Data go to standard output,
narration to standard error; `--json` prints one object.
"""


def write_commands() -> str:
    """Returns the page of all commands, by what they are for."""
    parts = [HEAD, "## evosynth\n", *_option_tables(cli)]
    for chapter, commands in CHAPTERS.items():
        parts.append(f"## {chapter}\n")
        for command in commands:
            parts += _section(command, "evosynth")
    return "\n".join(parts)


def _section(command: click.Command, parent: str) -> Iterator[str]:
    """Yields the parts of the section of one command, and of those that it has."""
    assert command.name is not None
    path = f"{parent} {command.name}"
    context = click.Context(command, info_name=path)
    yield f"### {path.removeprefix('evosynth ')}\n"
    yield inspect.cleandoc(command.help or "").replace("\b\n", "") + "\n"
    yield f"```text\n{' '.join([path, *command.collect_usage_pieces(context)])}\n```\n"
    yield from _option_tables(command)
    examples = getattr(command, "examples", ())
    if examples:
        yield "\n".join(["```sh", *examples, "```\n"])
    codes = getattr(command, "exit_codes", {})
    yield table(("exit code", "meaning"), codes.items())
    see = getattr(command, "see", ())
    if see:
        links = (f"[{name}](#{name.replace(' ', '-')})" for name in see)
        yield f"See also {', '.join(links)}.\n"
    if isinstance(command, click.Group):
        for each in command.commands.values():
            yield from _section(each, path)


def _option_tables(command: click.Command) -> Iterator[str]:
    """Yields a table of the options under each heading of a command's help."""
    context = click.Context(command, parent=click.Context(cli, **cli.context_settings))
    sections: dict[str, list[tuple[str, str]]] = {}
    for option in command.get_params(context):
        record = option.get_help_record(context) if isinstance(option, click.Option) else None
        if record is not None:
            title = getattr(option, "section", "Options")
            sections.setdefault(title, []).append((code(record[0]), record[1].replace("  [", " [")))
    yield from (table((title, ""), rows) for title, rows in sections.items())
