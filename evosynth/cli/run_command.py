"""The `run` command: progress while it searches, and what it found."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping
from typing import Any

import click

from dsl.display import plural
from dsl.formats.sympy_format import definitions
from evosynth.algorithm_result import AlgorithmResult
from evosynth.cases import AnyResult
from evosynth.cli.algorithm_lines import algorithm_lines
from evosynth.cli.failures import INTERRUPTED, TERMINATED, taking_interrupts
from evosynth.cli.formula_lines import formula_lines
from evosynth.cli.progress import showing_progress
from evosynth.engine.driver import Snapshot
from evosynth.formula_result import FormulaResult
from evosynth.job import execute, prepare
from evosynth.matrix_result import Result
from evosynth.request import Request
from evosynth.settings import Settings

# Longer programs are cut here; `evosynth show` prints them whole.
MOST_LINES = 120


def run_and_report(options: Mapping[str, Any], *, as_json: bool, is_quiet: bool) -> int:
    """Runs a search and prints the result; returns the exit code."""
    names = Settings.__dataclass_fields__
    settings = Settings(**{name: options[name] for name in names}).with_seed()
    request = Request(**{name: options[name] for name in Request.__dataclass_fields__})
    assert settings.seed is not None
    job = prepare(request.make(settings.seed), settings, options["out"])
    with taking_interrupts() as interrupts, showing_progress(job, is_quiet) as show:

        def report(snapshot: Snapshot) -> None:
            show(snapshot)
            interrupts.check()

        result = execute(job, report)
    for notice in result.notices:
        click.echo(f"warning: {notice}", err=True)
    if as_json:
        click.echo(json.dumps(result.to_dict()))
    else:
        click.echo("\n".join(_lines_of(result)))
    if result.stopped_by == "interrupt":
        return TERMINATED if signal.SIGTERM in interrupts.received else INTERRUPTED
    return 0 if result.is_verified and _is_goal_met(result, options["goal"]) else 1


def _lines_of(result: AnyResult) -> list[str]:
    if isinstance(result, FormulaResult):
        return formula_lines(result)
    return algorithm_lines(result) if isinstance(result, AlgorithmResult) else _lines(result)


def _is_goal_met(result: AnyResult, goal: str | None) -> bool:
    if goal is None or result.stopped_by == "goal":
        return True
    what, found = "", 0
    if isinstance(result, AlgorithmResult):
        what, found = f" at n = {result.compared_size}", result.operations
    else:
        what = " of an exact formula" if isinstance(result, FormulaResult) else ""
        found = result.claims.operations
    click.echo(f"goal not met: {goal}{what}, found {found}", err=True)
    return False


def _lines(result: Result) -> list[str]:
    """Returns what people read at the end: found, verified, compared, stored, what next."""
    claims, target, program = result.claims, result.target, result.best
    metrics = result.metrics
    body = definitions(program)
    if len(body) > MOST_LINES:
        more = len(body) - MOST_LINES
        body = [*body[:MOST_LINES], f"... {more} more lines"]
    verified = "verified  against the matrix" if result.is_verified else "WRONG     NOT the matrix"
    lines = [
        *body,
        "",
        f"found     {target.title} in {claims.operations} real operations "
        f"({claims.additions} additions, {claims.multiplications} multiplications)",
        f"          {target.convention}",
        f"          depth {metrics.depth}, {metrics.live_values} values alive at once, "
        f"{plural(metrics.constants, 'constant')}",
        f"{verified}, relative error {claims.error:.1e}",
        f"exact     {result.proof.summary}",
        *_references(result),
        f"compare   matrix product {result.dense:,} operations, {_known(result)}",
        f"search    {result.evaluations:,} evaluations, {result.seconds:.1f} s, "
        f"seed {result.seed}, stopped by {result.stopped_by}",
    ]
    if result.folder:
        lines += [
            f"run       {result.folder}",
            f"next      evosynth show {result.folder} --format latex",
        ]
    return lines


def _references(result: Result) -> list[str]:
    """Says which blocks are computed more than once."""
    told = [
        f"{r.rows} x {r.columns} in {r.operations} operations {r.times} times"
        for r in result.references[:3]
    ]
    return [f"blocks    {'; '.join(told)}"] if told else []


def _known(result: Result) -> str:
    known = result.target.best_known
    return f"best known {known.operations:,} ({known.source})" if known else "no known count"
