"""What people read of an algorithm for every size."""

from __future__ import annotations

from evosynth.algorithm_result import AlgorithmResult, SizeCount
from evosynth.algorithm_verification import AlgorithmVerification
from evosynth.growth import Growth

MOST_PROBLEMS = 5
MOST_LINES = 120


def algorithm_lines(result: AlgorithmResult) -> list[str]:
    """Returns the rules, how they were verified, what they cost, where they lie, what next."""
    target, count = result.target, result.count
    body = result.text().rstrip().split("\n")
    if len(body) > MOST_LINES:
        body = [*body[:MOST_LINES], f"... {len(body) - MOST_LINES} more lines"]
    lines = [
        *body,
        "",
        f"found     {target.title}, {result.best.sizes_text}, in {count.operations:,} real "
        f"operations at n = {result.compared_size} ({count.additions} additions, "
        f"{count.multiplications} multiplications)",
        f"          {target.convention}",
        *_missing(result),
        *_verdict(result.verification),
        f"exact     {result.verification.proved_text}",
        f"growth    {growth_text(result.growth)}",
        *_table(result.table),
    ]
    if result.refined:
        lines.append(
            f"refined   at n = {result.refined.n} scaled values reduce it from "
            f"{result.refined.before:,} to {result.refined.after:,}, {result.refined.verdict}"
        )
    found = "" if result.found_at is None else f", first correct after {result.found_at:.1f} s"
    lines.append(
        f"search    {result.evaluations:,} evaluations, {result.seconds:.1f} s{found}, "
        f"seed {result.seed}, stopped by {result.stopped_by}"
    )
    if result.folder:
        lines += [
            f"run       {result.folder}",
            f"next      evosynth export {result.folder} --n {result.compared_size} --to c",
        ]
    return lines


def _missing(result: AlgorithmResult) -> list[str]:
    """Returns which radices that were asked for have no rule."""
    radices = " and ".join(map(str, result.missing_radices))
    found = f"{result.best.sizes_text} only: no rule of radix {radices} was found"
    return [f"          {found}"] if radices else []


def verified_lines(verification: AlgorithmVerification) -> list[str]:
    """Returns what is true of an algorithm, as `evosynth verify` prints it."""
    verified = "compared" if verification.problems else "verified"
    return [
        f"{verified}: {verification.checked_text}",
        f"exact: {verification.proved_text}",
        f"growth: {growth_text(verification.growth)}",
    ]


def growth_text(growth: Growth | None) -> str:
    """Returns how operations grow, and whether that is as n lg n."""
    if growth is None:
        return "too few sizes to tell"
    if not growth.is_quasilinear:
        kind = f"more than n lg n: as n^{growth.exponent:.3g}"
    else:
        kind = "n lg n or better"
    where = f"n = {growth.start:,} to {growth.end:,}"
    fit = f"exact at {where}" if growth.is_exact else f"least squares over {where}"
    return f"{growth.text} real operations ({kind}; {fit})"


def _verdict(verification: AlgorithmVerification) -> list[str]:
    problems = verification.problems
    if not problems:
        return [f"verified  {verification.checked_text}"]
    lines = [
        f"WRONG     NOT the transform at every size (right up to n = "
        f"{verification.verified_up_to:,})"
    ]
    lines += [f"          {problem}" for problem in problems[:MOST_PROBLEMS]]
    more = len(problems) - MOST_PROBLEMS
    return [*lines, f"          ... and {more} more"] if more > 0 else lines


def _table(rows: tuple[SizeCount, ...]) -> list[str]:
    """Returns operations by size, beside the matrix product and the best known."""
    head = ("n", "operations", "matrix product", "best known")
    cells = [
        (
            f"{row.n:,}",
            f"{row.operations:,}",
            f"{row.dense:,}" if row.dense else "-",
            f"{row.known.operations:,} ({row.known.source})" if row.known else "-",
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in list(zip(head, *cells, strict=True))[:3]]
    lines = [
        "  ".join(
            [*(f"{cell:>{w}}" for cell, w in zip(line[:3], widths, strict=True)), line[3]]
        ).rstrip()
        for line in (head, *cells)
    ]
    return [f"{'compare' if k == 0 else '':<10}{line}" for k, line in enumerate(lines)]
