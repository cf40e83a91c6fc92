"""What people read at the end of a run that found formulas."""

from __future__ import annotations

import math
from typing import Any

from dsl.display import plural
from evosynth.formula_result import FormulaResult, FrontPoint, named_expressions

MOST_POINTS = 10
HOUR = 60 * 60
WIDEST = 76


def formula_lines(result: FormulaResult) -> list[str]:
    """Returns the formulas, how well they fit, the front, where they lie, what next."""
    claims, target = result.claims, result.target
    formulas = result.sympy()
    lines = [
        *(f"{name} = {formula}" for name, formula in zip(target.outputs, formulas, strict=True)),
        *_hours(formulas),
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


def _hours(formulas: list[Any]) -> list[str]:
    """Says which whole numbers are hours or days in seconds, if any."""
    atoms = {atom for formula in formulas for atom in formula.atoms() if atom.is_Rational}
    parts = {abs(int(part)) for atom in atoms for part in (atom.p, atom.q)}
    numbers = sorted(parts, reverse=True)
    told = [f"{n} = {_sexagesimal(n // HOUR)}" for n in numbers if n and n % HOUR == 0]
    return [f"where     {', '.join(told)}"] if told else []


def _sexagesimal(hours: int) -> str:
    days, rest = divmod(hours, 24)
    factors = [str(days), "24"] if rest == 0 else [str(hours)]
    return "*".join([factor for factor in factors if factor != "1"] + ["60", "60"])


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
