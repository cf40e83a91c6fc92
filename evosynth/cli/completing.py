"""What the shell offers for the values of options and for runs; nothing heavy is imported.

That files are possible is said first: Bash forgets what was said before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click
from click.shell_completion import CompletionItem

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

# Where runs are if nothing else is said, and what every one of them holds.
RUNS, MARK = "evosynth-runs", "run.json"
MOST_RUNS = 1_000


def names(known: Iterable[str], *, has_files: bool = False, is_list: bool = False) -> Complete:
    """Returns what completes one of several names.

    Args:
        known: The names.
        has_files: A path of a file will do as well.
        is_list: Several names with commas between them will do.
    """

    def complete(
        context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        before, comma, last = incomplete.rpartition(",") if is_list else ("", "", incomplete)
        found = [CompletionItem(before + comma + n) for n in known if n.startswith(last)]
        return [CompletionItem(incomplete, type="file"), *found] if has_files else found

    return complete


def files(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Completes the path of a file."""
    return [CompletionItem(incomplete, type="file")]


def folders(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Completes the path of a folder."""
    return [CompletionItem(incomplete, type="dir")]


def run_folders(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Completes a run, newest first, by its path or by its name alone; any folder will do."""
    found = [CompletionItem(str(path)) for path in _runs() if _fits(path, incomplete)]
    return [CompletionItem(incomplete, type="dir"), *found]


def runs_and_files(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Completes a run as `run_folders` does, or the path of a program file."""
    found = [item for item in run_folders(context, parameter, incomplete) if item.type == "plain"]
    return [CompletionItem(incomplete, type="file"), *found]


def _fits(path: Path, incomplete: str) -> bool:
    return str(path).startswith(incomplete) or path.name.startswith(incomplete)


def _runs() -> list[Path]:
    """Returns the run folders of the working directory's folder of runs."""
    try:
        found = [path for path in Path(RUNS).iterdir() if (path / MARK).is_file()]
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)[:MOST_RUNS]
    except OSError:  # there are none, or they cannot be read: the shell need not know why
        return []
