"""The `bench` command: times a program beside libraries, prints and stores a table."""

from __future__ import annotations

import json
from pathlib import Path

import click

from evosynth.bench import BATCHES, PRECISIONS, bench
from evosynth.runs.files import write_text

STORED = "bench.json"


def bench_and_report(
    run: Path,
    batches: tuple[int, ...],
    precisions: tuple[str, ...],
    cores: tuple[int, ...],
    output: Path | None,
    *,
    as_json: bool,
    is_quiet: bool,
) -> None:
    """Measures, prints the table and stores it; a run folder keeps its own."""

    def report(line: str) -> None:
        if not is_quiet:
            click.echo(line, err=True)

    measured = bench(run, batches or BATCHES, precisions or PRECISIONS, cores or None, report)
    data = json.dumps(measured.to_dict())
    click.echo(data if as_json else str(measured), nl=as_json)
    place = output or (run / STORED if run.is_dir() else None)
    if place is not None:
        write_text(place, data + "\n")
        report(f"stored in {place}")
