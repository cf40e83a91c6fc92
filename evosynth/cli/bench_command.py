"""The `bench` command: times a program beside libraries, prints and stores a table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from dsl.errors import StorageError
from evosynth.benchmark import BATCHES, PRECISIONS, bench
from evosynth.cli.failures import taking_interrupts
from evosynth.runs.files import write_text

STORED = "bench.json"


def bench_and_report(
    run: Path, options: Mapping[str, Any], *, as_json: bool, is_quiet: bool
) -> None:
    """Measures, prints the table and stores it; a run folder keeps its own."""

    def report(line: str) -> None:
        if not is_quiet:
            click.echo(line, err=True)

    place = options["output"] or (run / STORED if run.is_dir() else None)
    if place is not None and (place.is_dir() or not place.parent.is_dir()):
        # Known before minutes of measuring.
        raise StorageError(f"cannot write '{place}'", "choose a file in a folder that exists")
    batches, precisions = options["batches"] or BATCHES, options["precisions"] or PRECISIONS
    with taking_interrupts():  # SIGTERM, too, must remove what was compiled
        measured = bench(run, batches, precisions, options["cores"] or None, report)
    data = json.dumps(measured.to_dict())
    click.echo(data if as_json else str(measured), nl=as_json)
    if place is not None:
        write_text(place, data + "\n", "choose another file with -o")
        report(f"stored in {place}")
