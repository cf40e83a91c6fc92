"""Commands that look at what there is."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from dsl.targets import UP_TO
from evosynth.algorithm_verification import AlgorithmVerification
from evosynth.api import verify
from evosynth.catalogue import costs, functions, objectives, primitives, products, targets
from evosynth.cli.algorithm_lines import verified_lines
from evosynth.cli.front_command import report_point
from evosynth.formula_verification import FormulaVerification
from evosynth.fronts import PointVerification
from evosynth.record_table import Record, records

RECORD_HEAD = ("target", "n", "scaling", "found", "", "best known", "FFTW", "dense", "proof")
RECORD_NUMBERS = {"n", "found", "best known", "FFTW", "dense"}


def verify_and_report(run: Path, as_json: bool, pick: str | None = None) -> int:
    """Prints what `verify` finds; returns the exit code."""
    verification = verify(run, pick=pick)
    if isinstance(verification, PointVerification):
        return report_point(verification, as_json)
    if isinstance(verification, FormulaVerification):
        return _report_formula(verification, as_json)
    if isinstance(verification, AlgorithmVerification):
        return _report_algorithm(verification, as_json)
    problems = verification.problems
    if as_json:
        error = verification.found.error
        data = asdict(verification.found) | {
            "error": error if math.isfinite(error) else None,  # JSON has no infinity
            "target": verification.subject,
            "exact": verification.proof.summary,
            "verified": not problems,
            "problems": problems,
        }
        click.echo(json.dumps(data))
        return 1 if problems else 0
    click.echo(f"target: {verification.subject}")
    if problems:
        for problem in problems:
            click.echo(problem)
        click.echo("not verified")
    else:
        found = verification.found
        click.echo(
            f"verified: {found.operations} real operations ({found.additions} additions, "
            f"{found.multiplications} multiplications), relative error {found.error:.1e}"
        )
        click.echo(f"exact: {verification.proof.summary}")
    return 1 if problems else 0


def _report_formula(verification: FormulaVerification, as_json: bool) -> int:
    """Prints what is true of a formula; returns the exit code."""
    problems, found = verification.problems, verification.found
    if as_json:
        data = {name: None if value == math.inf else value for name, value in asdict(found).items()}
        extra = {
            "target": verification.subject,
            "r2": verification.r2 if math.isfinite(verification.r2) else None,
            "verified": not problems,
            "problems": problems,
        }
        click.echo(json.dumps(data | extra))
        return 1 if problems else 0
    click.echo(f"target: {verification.subject}")
    for problem in problems:
        click.echo(problem)
    click.echo(
        "not verified"
        if problems
        else f"verified: {found.operations} operations, R^2 {verification.r2:.12g} "
        f"on {verification.judged_by} rows"
    )
    return 1 if problems else 0


def _report_algorithm(verification: AlgorithmVerification, as_json: bool) -> int:
    """Prints what is true of an algorithm; returns the exit code."""
    problems = verification.problems
    if as_json:
        error = verification.error
        data = asdict(verification.found) | {
            "error": error if math.isfinite(error) else None,
            "target": verification.subject,
            "exact": verification.proved_text,
            "verified": not problems,
            "problems": problems,
        }
        click.echo(json.dumps(data))
        return 1 if problems else 0
    click.echo(f"target: {verification.subject}")
    for problem in problems:
        click.echo(problem)
    if problems:
        click.echo("not verified")
    for line in verified_lines(verification):
        click.echo(line)
    return 1 if problems else 0


def print_targets(as_json: bool) -> None:
    """Prints the transforms."""
    rows, known_by_samples = targets(), functions()
    if as_json:
        transforms = [{"kind": "transform", **row} for row in rows]
        transforms += [{"kind": "product", **row} for row in products()]
        click.echo(json.dumps(transforms + [{"kind": "samples", **r} for r in known_by_samples]))
        return
    click.echo("transforms")
    width = max(len("MODULE:FUNCTION"), *(len(row["name"]) for row in rows)) + 2
    for row in rows:
        click.echo(f"{row['name']:<{width}}{row['summary']}")
        facts = [row["convention"], row["sizes"], f"{row['input']} data"]
        facts += ["--kernel"] * row["takes_kernel"] + ["floats"] * (not row["exact"])
        facts += ["--recursive"] * row["recursive"]
        for line in ["; ".join(facts), *_known_lines(row)]:
            click.echo(f"{'':<{width}}{line}")
    click.echo(
        f"{'FILE.npy':<{width}}any matrix, real or complex, m x n; or .csv, .tsv, .txt, .mat"
    )
    click.echo(f"{'FILE.mat:NAME':<{width}}one of several matrices of a MATLAB file, to version 7")
    click.echo(f"{'MODULE:FUNCTION':<{width}}what a Python function returns, which this runs")
    click.echo("products, with --recursive only")
    for row in products():
        click.echo(f"{row['name']:<{width}}{row['summary']}")
        click.echo(f"{'':<{width}}{row['convention']}; {row['sizes']}; {row['input']} data")
    click.echo("functions, known by samples")
    for row in known_by_samples:
        click.echo(f"{row['name']:<{width}}{row['summary']}")
        options = [
            f"--{name.replace('_', '-')} {value}" for name, value in row["parameters"].items()
        ]
        facts = [row["convention"], *([f"singular: {row['singular']}"] if row["singular"] else [])]
        for line in ["; ".join(facts), *([" ".join(options)] if options else [])]:
            click.echo(f"{'':<{width}}{line}")
    click.echo(f"{'--data FILE.csv':<{width}}columns of numbers or dates; see --x, --y, --holdout")


def print_costs(as_json: bool) -> None:
    """Prints costs and objectives."""
    counted, measured = costs(), objectives()
    if as_json:
        click.echo(json.dumps({"costs": counted, "objectives": measured}))
        return
    width = max(len(row["name"]) for row in (*counted, *measured)) + 2
    click.echo("costs, what programs are counted by")
    for row in counted:
        bits = f"; --word-length {row['word_length']}" if row["word_length"] else ""
        click.echo(f"  {row['name']:<{width}}{row['summary']}{bits}")
    click.echo("objectives, what approximate programs are measured by")
    for row in measured:
        data = f"; --covariance {row['covariance']}" if row["covariance"] else ""
        click.echo(f"  {row['name']:<{width}}{row['summary']}{data}")


def _known_lines(row: dict[str, Any]) -> list[str]:
    """Returns the best known operations, size: count, one line for each source."""
    kinds = {"": row["best_known"]} | {
        f" {UP_TO[scaling]}": counts for scaling, counts in row["best_known_up_to"].items()
    }
    lines = []
    for up_to, counts in kinds.items():
        by_source: dict[str, list[str]] = {}
        for n, known in counts.items():
            by_source.setdefault(known["source"], []).append(f"{n}: {known['operations']}")
        lines += [
            f"best known{up_to} {', '.join(found)} ({source})"
            for source, found in by_source.items()
        ]
    return lines


def print_records(target: str | None, as_json: bool) -> None:
    """Prints the best programs found."""
    found = records(target)
    if as_json:
        click.echo(json.dumps([asdict(record) for record in found]))
        return
    if not found:
        click.echo(f"nothing is found or known of {target}")
        return
    for line in _aligned([RECORD_HEAD, *map(_record_cells, found)]):
        click.echo(line)
    if any(record.is_better for record in found):
        click.echo("* fewer real operations than known before")


def _record_cells(record: Record) -> tuple[str, ...]:
    counts = (record.found, record.best_known, record.fftw, record.dense)
    found, *others = ("-" if count is None else f"{count:,}" for count in counts)
    mark = "*" if record.is_better else ""
    names = (record.target, str(record.n), record.scaling)
    return (*names, found, mark, *others, record.proof or "-")


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Returns rows as lines: columns of numbers to the right, the others to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            f"{cell:>{width}}" if name in RECORD_NUMBERS else f"{cell:<{width}}"
            for name, cell, width in zip(RECORD_HEAD, row, widths, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def print_primitives(as_json: bool) -> None:
    """Prints blocks and patterns."""
    rows = primitives()
    if as_json:
        click.echo(json.dumps(rows))
        return
    kinds = {
        "block": "blocks of transforms (what)",
        "sum": "sums (what)",
        "pattern": "patterns (where)",
        "scalar": "functions of formulas, with the operations of each",
        "vector": "steps of algorithms for every size",
    }
    width = max(len(row["name"]) for row in rows) + 2
    for kind, title in kinds.items():
        click.echo(title)
        for row in (r for r in rows if r["kind"] == kind):
            cost = f" [{row['operations']}]" if "operations" in row else ""
            click.echo(f"  {row['name']:<{width}}{row['summary']}{cost}")
            if "matrix" in row:
                solved = ", ".join(row["candidates"])
                told = f", p solved from the remainder: {solved}" if solved else ""
                click.echo(f"  {'':<{width}}matrix {row['matrix']}{told}")
    click.echo("parameters of blocks: voted by all rows, one, or read from a row of the remainder")
    click.echo("constants of formulas: solved from what the formula leaves")
