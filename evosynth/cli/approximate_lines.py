"""What people read of an approximate program, and of the front that it is from."""

from __future__ import annotations

from dsl.display import plural
from dsl.formats.sympy_format import definitions
from evosynth.approximate_result import ApproximateResult
from evosynth.cli.factor_lines import factor_lines

# Longer programs are cut here; `evosynth show` prints them whole.
MOST_LINES = 120


def approximate_lines(result: ApproximateResult) -> list[str]:
    """Returns the best program, what it costs and loses, the front, where it lies, what next."""
    point, asked, objective = result.point, result.target.approximation, result.objective
    body, claims = definitions(result.best), result.claims
    if len(body) > MOST_LINES:
        more = len(body) - MOST_LINES
        body = [*body[:MOST_LINES], f"... {more} more lines"]
    data = f" of {asked.covariance} data" if asked.covariance else ""
    near = "verified " if result.is_verified else "TOO FAR  "
    shifts = f", {plural(point.tally.shifts, 'shift')}" if point.tally.shifts else ""
    wanted = f"at least {asked.tolerance:g} dB" if objective.is_decibel else f"{asked.tolerance:g}"
    lines = [
        *body,
        "",
        *_table(result),
        "",
        f"found     {result.target.title}: {point.counted_by.name} {point.cost:,g} "
        f"{point.counted_by.unit}; {claims.operations:,} real operations "
        f"({claims.additions} additions, {claims.multiplications} multiplications{shifts})",
        f"          {result.target.convention}",
        f"{near} {objective.name}{data} {objective.shown(point.loss)}, wanted {wanted}; "
        f"relative error {claims.error:.1e}",
        *factor_lines(result.output_factors, result.target.target.scaling),
        f"compare   matrix product {result.dense:,} operations",
        f"search    {result.evaluations:,} evaluations, {result.seconds:.1f} s, "
        f"seed {result.seed}, stopped by {result.stopped_by}",
    ]
    if result.folder:
        lines += [
            f"run       {result.folder}",
            f"next      evosynth front {result.folder} -o front.svg",
            f"          evosynth show {result.folder} --pick cost={point.cost:.12g}",
        ]
    return lines


def _table(result: ApproximateResult) -> list[str]:
    """Returns the front, as a table, if it is more than one program."""
    return str(result.front).split("\n") if len(result.front) > 1 else []
