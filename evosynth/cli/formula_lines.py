"""What people read at the end of a run that found formulas."""

from __future__ import annotations

import math

from dsl.display import plural
from evosynth.formula_result import FormulaResult, FrontPoint, named_expressions

MOST_POINTS = 10
WIDEST = 76


def formula_lines(result: FormulaResult) -> list[str]:
    """Returns the formulas, how well they fit, the front, where they lie, what next."""
    claims, target = result.claims, result.target
    formulas = zip(target.outputs, result.sympy(), strict=True)
    lines = [
        *(f"{name} = {formula}" for name, formula in formulas),
        "",
        f"found     {target.title} in {plural(claims.operations, 'operation')} "
        f"({plural(claims.additions, 'addition')}, "
        f"{plural(claims.multiplications, 'multiplication')}, {claims.functions} of functions)",
        f"          {target.convention}",
    ]
    if target.singular:
        lines.append(f"singular  {target.singular}")
    lines += [*_fits(result), _verdict(result)]
    if target.formula:
        lines.append(f"made by   {target.formula}")
    if len(target.outputs) == 1 and len(result.front) > 1:
        lines += ["front     operations  error    validation", *_front(result)]
    lines.append(
        f"search    {result.evaluations:,} evaluations, {result.seconds:.1f} s, "
        f"seed {result.seed}, stopped by {result.stopped_by}"
    )
    if result.folder:
        lines += [
            f"run       {result.folder}",
            f"next      evosynth show {result.folder} --format latex",
        ]
    return lines


def _fits(result: FormulaResult) -> list[str]:
    claims, target = result.claims, result.target
    sets = (
        ("training", target.train, claims.error),
        ("validation", target.validation, claims.validation_error),
        ("unseen", target.test, claims.test_error),
    )
    told = [
        f"{'fit' if k == 0 else '':<10}{_r2(error)} on {len(samples):,} {name} rows, "
        f"relative error {error:.1e}"
        for k, (name, samples, error) in enumerate(sets)
        if samples is not None and error is not None
    ]
    return told


def _r2(error: float) -> str:
    """Returns R^2, or how far it is from 1 where that tells more."""
    if not math.isfinite(error):
        return "R^2 undefined: a value is not finite"
    lacking = error * error
    return f"R^2 {1 - lacking:.6f}" if lacking > 1e-5 else f"R^2 1 - {lacking:.1e}"


def _verdict(result: FormulaResult) -> str:
    if not result.target.is_exact:
        better = "" if result.r2 > 0 else ", where it is no better than the mean"
        return f"checked   on {result.judged_by} rows{better}: nobody knows the formula"
    if result.is_verified:
        return "verified  it is the formula that made the samples, by unseen rows"
    return "NOT FOUND the formula that made the samples: unseen rows differ"


def _front(result: FormulaResult) -> list[str]:
    points = result.front
    step = max(1, math.ceil(len(points) / MOST_POINTS))
    shown = points[::-1][::step][::-1]
    return [_point(point, result.target.inputs) for point in shown]


def _point(point: FrontPoint, inputs: tuple[str, ...]) -> str:
    formula = str(named_expressions(point.program, inputs)[0])
    if len(formula) > WIDEST - 36:
        formula = formula[: WIDEST - 39] + "..."
    errors = f"{point.error:.1e}  {point.validation_error:.1e}"
    return f"          {point.operations:>10}  {errors}  {formula}"
