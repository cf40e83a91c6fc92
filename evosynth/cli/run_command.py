"""The `run` command: progress while it searches, and what it found."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from dsl.display import plural
from dsl.errors import EvosynthError, ExecutorError, StorageError
from dsl.formats.sympy_format import definitions
from evosynth.algorithm_result import AlgorithmResult
from evosynth.approximate_result import ApproximateResult
from evosynth.cases import AnyResult
from evosynth.cli.algorithm_lines import algorithm_lines
from evosynth.cli.approximate_lines import approximate_lines
from evosynth.cli.config_option import with_config
from evosynth.cli.dry_run import plan_and_report
from evosynth.cli.factor_lines import factor_lines
from evosynth.cli.failures import INTERRUPTED, TERMINATED, taking_interrupts
from evosynth.cli.formula_lines import formula_lines
from evosynth.cli.progress import showing_progress
from evosynth.cli.structure_command import structure_lines
from evosynth.evaluator_choice import check_evaluator
from evosynth.formula_result import FormulaResult
from evosynth.job import Job, execute, prepare
from evosynth.matrix_result import Result
from evosynth.plugins.remembering import options_text
from evosynth.request import Request
from evosynth.resuming import Budget, branch, reopen
from evosynth.settings import Settings
from evosynth.workplace import Workplace

T = TypeVar("T")

NOTHING_CHEAPER = "          nothing cheaper than the matrix product was found"

# Longer programs are cut here; `evosynth show` prints them whole.
MOST_LINES = 120


def run_and_report(options: Mapping[str, Any], *, as_json: bool, is_quiet: bool) -> int:
    """Runs a search and prints the result; returns the exit code."""
    options = with_config(options)
    settings = _made(Settings, options).with_seed()
    workplace = _made(Workplace, options)
    request = _made(Request, options)
    assert settings.seed is not None
    target = request.make(settings.seed)
    if options["dry_run"]:
        return plan_and_report(
            target,
            settings,
            workplace,
            request,
            options["out"],
            as_json=as_json,
            is_quiet=is_quiet,
        )
    job = prepare(target, settings, options["out"], workplace, request)
    return _execute_and_report(job, workplace, options["goal"], as_json, is_quiet)


def resume_and_report(
    run: Path, options: Mapping[str, Any], *, as_json: bool, is_quiet: bool
) -> int:
    """Goes on with a run and prints the result; returns the exit code."""
    workplace = _made(Workplace, options)
    job = reopen(run, _made(Budget, options))
    if job.is_finished and job.configuration is not None and job.configuration.result is not None:
        return _tell_of_the_end(run, job, job.configuration.result, as_json, is_quiet)
    check_evaluator(workplace, job.case, job.spec)
    return _execute_and_report(job, workplace, options["goal"], as_json, is_quiet)


def _tell_of_the_end(
    run: Path, job: Job, result: Mapping[str, Any], as_json: bool, is_quiet: bool
) -> int:
    """Says what a run has found that has nothing left to do."""
    if as_json:
        click.echo(json.dumps(dict(result) | _scored_by(job)))
    else:
        found = f"{result.get('operations')} operations, stopped by {result.get('stopped_by')}"
        click.echo(f"finished  {found} after {result.get('evaluations')} evaluations")
        click.echo(f"next      evosynth show {run}")
    if not is_quiet:
        click.echo("a larger --evaluations, --time or --patience lets it go on", err=True)
    return 0


def fork_and_report(run: Path, options: Mapping[str, Any], *, as_json: bool, is_quiet: bool) -> int:
    """Begins a run where another one stood and prints the result; returns the exit code."""
    workplace = _made(Workplace, options)
    places = options["seed"], options["epoch"], options["out"]
    job = branch(run, _made(Budget, options), *places, workplace)
    return _execute_and_report(job, workplace, options["goal"], as_json, is_quiet)


def _made(kind: type[T], options: Mapping[str, Any]) -> T:
    """Returns a dataclass of those options that are its fields."""
    names: Iterable[str] = kind.__dataclass_fields__  # type: ignore[attr-defined]
    return kind(**{name: options[name] for name in names})


def _execute_and_report(
    job: Job, workplace: Workplace, goal: str | None, as_json: bool, is_quiet: bool
) -> int:
    with taking_interrupts() as interrupts, showing_progress(job, is_quiet) as progress:
        try:
            result = execute(job, progress.report, interrupts.check, workplace, progress.tell)
        except (EvosynthError, KeyboardInterrupt) as error:
            if job.folder is not None and job.folder.path.exists() and _can_go_on(error):
                click.echo(_going_on(job.folder.path), err=True)
            raise
    for notice in result.notices:
        click.echo(f"warning: {notice}", err=True)
    if as_json:
        click.echo(json.dumps(result.to_dict() | _scored_by(job)))
    else:
        click.echo("\n".join(_lines_of(result)))
    if result.stopped_by == "interrupt":
        if job.folder is not None:
            click.echo(_going_on(job.folder.path), err=True)
        return TERMINATED if signal.SIGTERM in interrupts.received else INTERRUPTED
    return 0 if result.is_verified and _is_goal_met(result, goal) else 1


def _scored_by(job: Job) -> dict[str, Any]:
    """Returns with what genomes were scored, as the run's folder has it."""
    found = {} if job.folder is None else job.folder.read_configuration()
    return {name: found[name] for name in ("scored_by",) if name in found}


def _going_on(folder: Path) -> str:
    """Returns what to type to go on with a run."""
    return f"go on with: evosynth resume {folder}{options_text()}"


def _can_go_on(error: BaseException) -> bool:
    """Says whether what ended a run leaves it to be resumed."""
    return isinstance(error, ExecutorError | StorageError | KeyboardInterrupt)


def _lines_of(result: AnyResult) -> list[str]:
    if isinstance(result, ApproximateResult):
        return approximate_lines(result)
    if isinstance(result, FormulaResult):
        return formula_lines(result)
    return algorithm_lines(result) if isinstance(result, AlgorithmResult) else _lines(result)


def _is_goal_met(result: AnyResult, goal: str | None) -> bool:
    if goal is None or result.stopped_by == "goal":
        return True
    what, found = "", 0.0
    if isinstance(result, AlgorithmResult):
        what, found = f" at n = {result.compared_size}", result.operations
    elif isinstance(result, ApproximateResult):
        what, found = f" within the tolerance ({result.point.counted_by.unit})", result.point.cost
    else:
        what = " of an exact formula" if isinstance(result, FormulaResult) else ""
        found = result.claims.operations
    click.echo(f"goal not met: {goal}{what}, found {found:g}", err=True)
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
        *factor_lines(result.output_factors, target.scaling),
        *_references(result),
        *(structure_lines(result.structure) if result.structure else []),
        f"compare   matrix product {result.dense:,} operations, {_known(result)}",
        *([] if result.is_cheaper else [NOTHING_CHEAPER]),
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
