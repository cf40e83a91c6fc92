"""What `--help` prints: commands by purpose, options by section, examples to copy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from evosynth.cli.failures import Commands
from evosynth.names import PUBLIC

OTHERS = "Options"
# Names of options up to so many signs stand beside their help, longer ones above it.
WIDEST = 30  # as click has it
LONGEST_SUMMARY = 200


class Option(click.Option):
    """An option that stands under a heading of its command's help.

    Args:
        section: The heading.
    """

    def __init__(self, *arguments: Any, section: str = OTHERS, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.section = section


class Page(click.Command):
    """A command whose help has sections, examples, exit codes, and where to go on.

    Args:
        examples: Lines that can be copied; in the order in which they are best read.
        exit_codes: Of those that not every command has, what each means.
        see: Commands to read of next.
    """

    def __init__(
        self,
        *arguments: Any,
        examples: Sequence[str] = (),
        exit_codes: Mapping[int, str] | None = None,
        see: Sequence[str] = (),
        **options: Any,
    ) -> None:
        super().__init__(*arguments, **options)
        self.examples = tuple(examples)
        self.exit_codes = dict(exit_codes or {})
        self.see = tuple(see)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes options under their headings, in the order in which they are declared."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                sections.setdefault(getattr(parameter, "section", OTHERS), []).append(record)
        width = min(WIDEST, max(len(name) for rows in sections.values() for name, _ in rows))
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<{width}}", text) for name, text in records])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes examples as they are typed, exit codes, and where to go on."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':<{formatter.current_indent}}{example}\n")
        if self.exit_codes:
            with formatter.section("Exit codes"):
                formatter.write_dl(
                    [(str(code), text) for code, text in sorted(self.exit_codes.items())]
                )
        others = [f"`evosynth {name}`" for name in self.see]
        if self.name in PUBLIC:
            others.append(f"in Python `es.{self.name}`")
        if others:
            with formatter.section("See also"):
                formatter.write_text(", ".join(others))


class PageGroup(Page, click.Group):
    """A command with commands of its own, whose help is a page."""

    command_class = Page

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes options, then commands."""
        Page.format_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes every command with its summary."""
        self._write_commands("Commands", list(self.commands), formatter)

    def _write_commands(
        self, title: str, names: Sequence[str], formatter: click.HelpFormatter
    ) -> None:
        width = max(map(len, self.commands))
        with formatter.section(title):
            formatter.write_dl(
                [
                    (f"{name:<{width}}", self.commands[name].get_short_help_str(LONGEST_SUMMARY))
                    for name in names
                ]
            )


class Contents(PageGroup, Commands):
    """All commands, listed by what they are for."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._chapters: dict[str, list[str]] = {}

    def add_chapter(self, title: str, commands: Sequence[click.Command]) -> None:
        """Adds the commands that serve one purpose."""
        for command in commands:
            self.add_command(command)
            assert command.name is not None
            self._chapters.setdefault(title, []).append(command.name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the names of all commands, as they are listed."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes every command with its summary under its purpose."""
        for title, names in self._chapters.items():
            self._write_commands(title, names, formatter)
