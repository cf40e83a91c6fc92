"""The `serve` command: the address on standard output, all else on standard error."""

from __future__ import annotations

from pathlib import Path

import click

from evosynth.cli.failures import Terminated, taking_interrupts
from evosynth.serving import RunsServer


def serve_and_wait(folder: Path, port: int, is_quiet: bool) -> None:
    """Serves pages until Ctrl-C, which is how this ends and no failure; SIGTERM is one."""
    try:
        with taking_interrupts(), RunsServer(folder, port) as server:
            click.echo(server.url)
            if not is_quiet:
                for line in server.narration():
                    click.echo(line, err=True)
            server.serve_forever()
    except Terminated:
        raise
    except KeyboardInterrupt:
        if not is_quiet:
            click.echo("stopped", err=True)
