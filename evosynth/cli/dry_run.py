"""What `evosynth run --dry-run` prints: what would be done, and the options of it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from dsl.display import plural
from dsl.targets.memory import GIB
from evosynth.cases import AnyTarget
from evosynth.cli.failures import taking_interrupts
from evosynth.planning import Plan, plan
from evosynth.request import Request
from evosynth.settings import Settings
from evosynth.workplace import Workplace

MIB = 2**20
# Units of time, in seconds, each up to so many of it.
UNITS = ((1.0, "s", 120), (60.0, "min", 120), (3600.0, "hours", 72), (86400.0, "days", 1000))


def plan_and_report(
    target: AnyTarget,
    settings: Settings,
    workplace: Workplace,
    request: Request,
    out: Path,
    *,
    as_json: bool,
    is_quiet: bool,
) -> int:
    """Prints what a run would do; returns the exit code."""
    if not is_quiet:
        click.echo("measuring how fast it is, on a first start for minutes", err=True)
    with taking_interrupts() as interrupts:
        found = plan(target, settings, workplace, request, out, interrupts.check)
    click.echo(json.dumps(found.to_dict()) if as_json else "\n".join(plan_lines(found)))
    return 0


def plan_lines(found: Plan) -> list[str]:
    """Returns what people read of a plan."""
    spec, target = found.spec, found.target
    lines = [
        f"target    {target.title}, {target.domain} data",
        f"          {target.convention}",
        f"search    {spec.strategy}, seed {spec.seed}, {plural(spec.islands, 'island')} of "
        f"{spec.population:,} genomes, library {found.library}",
        f"works     executor {found.executor}, {plural(found.threads, 'core')}, "
        f"evaluator {found.evaluator}",
        f"ends      {_ends(found)}",
        f"time      {_time(found)}",
        f"memory    {_memory(found)}",
        f"run       {found.folder}",
        "nothing was done: without --dry-run it begins",
    ]
    return [*lines, "", *found.options.rstrip("\n").split("\n")] if found.options else lines


def _ends(found: Plan) -> str:
    limits = found.limits
    parts = []
    if limits.goal is not None:
        parts.append(f"at {limits.goal:,} operations")
    if limits.evaluations is not None:
        parts.append(f"after {limits.evaluations:,} evaluations")
    if limits.seconds is not None:
        parts.append(f"after {duration(limits.seconds)}")
    if limits.patience is not None:
        parts.append(f"after {limits.patience:,} evaluations without improvement")
    if limits.exact_patience is not None:
        parts.append(f"once it is exact after {limits.exact_patience:,} without improvement")
    return ", or ".join(parts) or "when it is interrupted"


def _time(found: Plan) -> str:
    """Returns how long it takes, as far as limits and speed tell."""
    limits, rate = found.limits, found.rate
    if rate is None:
        most = "" if limits.seconds is None else f"at most {duration(limits.seconds)}; "
        return f"{most}no epoch was done in time to measure how fast it is"
    speed = f"{rounded(rate)} evaluations per second in a trial on this machine"
    seconds = None if limits.evaluations is None else limits.evaluations / rate
    if seconds is not None and (limits.seconds is None or seconds < limits.seconds):
        return f"about {duration(seconds)} for {limits.evaluations:,} evaluations; {speed}"
    if limits.seconds is not None:
        return (
            f"at most {duration(limits.seconds)}, about {rounded(limits.seconds * rate)} "
            f"evaluations; {speed}"
        )
    if limits.patience is not None:
        return f"at least {duration(limits.patience / rate)} of patience; {speed}"
    return f"without limit; {speed}"


def _memory(found: Plan) -> str:
    """Returns how much memory it takes, and of what that is."""
    parts = [f"genomes {size(found.population_bytes)}"]
    if found.thread_bytes:
        parts.append(f"{plural(found.threads, 'thread')} of {size(found.thread_bytes)}")
    return (
        f"about {size(found.memory)} ({', '.join(parts)}; Python and its packages not counted), "
        f"the limit is {size(found.memory_limit)}"
    )


def duration(seconds: float) -> str:
    """Returns a time in the unit that it is best read in."""
    for unit, name, most in UNITS:
        if seconds < most * unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds / UNITS[-1][0]:,.0f} days"


def rounded(count: float) -> str:
    """Returns a number with the two digits of it that are worth telling."""
    return f"{float(f'{count:.2g}'):,.0f}" if count >= 1 else f"{count:.2g}"


def size(count: int) -> str:
    """Returns a number of bytes."""
    return f"{count / GIB:,.1f} GiB" if count >= GIB else f"{max(count / MIB, 0.1):,.1f} MiB"
