"""What was found, beside the matrix product, the best known and rivals."""

from __future__ import annotations

import math
from collections.abc import Iterable

from markupsafe import Markup

from dsl.accuracy import EXACT, output_factors
from dsl.cost import dense_count
from dsl.display import plural
from dsl.metrics import measure
from dsl.program import Program
from dsl.targets import UP_TO, Target
from evosynth.engine.approximate.points import is_within, point_of
from evosynth.formula_result import named_expressions
from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.drawing.bars import Bar, bars
from evosynth.reports.drawing.plots import NARROW, WIDE
from evosynth.reports.figures import Table, facts, figure
from evosynth.reports.markup import Child, element, joined
from evosynth.reports.rivals import Rival
from evosynth.reports.story import Story
from evosynth.runs import AlgorithmDocument, Document, claims_of, formula_claims
from evosynth.runs.approximation_data import ApproximateRecord
from evosynth.runs.folder import BEST, CONFIGURATION
from fitness.objectives import ERROR, OBJECTIVES

FOUND_LOOK, KNOWN_LOOK, DENSE_LOOK, RIVAL_LOOK = "s1", "s3", "s7", "s2"
# Rivals whose error is larger have not found the target.
NEAR = 1e-6
# Factors of outputs that are shown.
MOST_FACTORS = 16
NOTHING_YET = "Nothing has been found yet."


def write(story: Story) -> Markup | None:
    """Returns what was found, how it was verified, and how it compares."""
    document = story.document
    if document is None:
        return element("p", NOTHING_YET)
    if isinstance(document, AlgorithmDocument):
        return _of_algorithm(story, document)
    if story.samples is not None:
        return _of_formula(story, document)
    return _of_matrix(story, document)


def _of_matrix(story: Story, document: Document) -> Markup:
    target, program = story.matrix_target, document.program
    assert target is not None, "of a matrix"
    found = claims_of(program, target)
    nearly = document.approximate
    metrics = measure(program.code)
    rows: list[tuple[str, Child]] = [
        ("what", _up_to(target)),
        *(_exactness(document, found.error) if nearly is None else _nearness(nearly, program)),
        *_factors(program, target),
        ("depth", f"{metrics.depth} operations one after the other"),
        ("values alive", f"at most {metrics.live_values} at once"),
        ("constants", str(metrics.constants)),
    ]
    known = target.best_known
    dense = dense_count(target.matrix, target.domain == "complex").operations
    marks = [Bar("found", found.operations, f"{found.operations:,}", FOUND_LOOK)]
    if known is not None and nearly is None:
        marks.append(
            Bar("best known", known.operations, f"{known.operations:,}", KNOWN_LOOK, known.source)
        )
    marks += [_bar(rival) for rival in _by_cost(story.rivals)]
    marks.append(Bar("matrix product", dense, f"{dense:,}", DENSE_LOOK))
    return joined(
        [
            _headline(
                found.operations,
                f"real operations: {plural(found.additions, 'addition')}, "
                f"{plural(found.multiplications, 'multiplication')}. "
                + _saving(found.operations, dense),
            ),
            facts(rows),
            _comparison(f"Operations for {story.title}", marks, story.rivals),
        ]
    )


def _of_formula(story: Story, document: Document) -> Markup:
    target, program = story.samples, document.program
    assert target is not None, "of samples"
    found = formula_claims(program, target)
    judged_by, error = found.judged
    formulas = zip(target.outputs, named_expressions(program, target.inputs), strict=True)
    shown = "\n".join(f"{name} = {formula}" for name, formula in formulas)
    rows = [
        ("samples", target.convention),
        ("error", f"{error:.1e} of the standard deviation, on {judged_by} rows"),
        *([("made by", target.formula)] if target.formula else []),
    ]
    return joined(
        [
            element("pre", shown),
            _headline(
                found.operations,
                f"operations: {plural(found.additions, 'addition')}, "
                f"{plural(found.multiplications, 'multiplication')}, "
                f"{found.functions} of functions",
            ),
            facts(rows),
        ]
    )


def _of_algorithm(story: Story, document: AlgorithmDocument) -> Markup:
    claims = document.claims
    operations = document.algorithm.operations(story.drawn_size).operations
    rows = [("size of this count", f"n = {story.drawn_size}")]
    if claims is not None:
        rows += [
            ("growth", claims.growth or "too few sizes to tell"),
            (
                "verified",
                f"in doubles at all sizes up to n = {claims.verified_up_to:,}, says the run",
            ),
            ("proved", f"exactly at all sizes up to n = {claims.proved_up_to:,}, says the run"),
        ]
    return joined(
        [
            _headline(operations, f"real operations at n = {story.drawn_size}"),
            facts(rows),
        ]
    )


def _headline(operations: int, text: str) -> Markup:
    return element("p", element("strong", f"{operations:,}"), f" {text}", class_="key")


def _saving(operations: int, dense: int) -> str:
    if not operations:
        return f"The matrix product takes {dense:,}."
    if operations >= dense:
        return "Nothing cheaper than the matrix product was found."
    return f"The matrix product takes {dense / operations:.1f} times as many."


def _up_to(target: Target) -> str:
    free = UP_TO.get(target.scaling, "")
    return f"{target.convention}; {free}" if free else target.convention


def _exactness(document: Document, error: float) -> list[tuple[str, Child]]:
    """Returns the error, recomputed, and what the file claims of a proof."""
    text = f"{error:.1e} relative, of the worst output, recomputed for this page"
    is_right = error <= EXACT
    shown = element(
        "span",
        text if is_right else f"NOT the target: {text}",
        class_="good" if is_right else "bad",
    )
    proof = document.claims.proof if document.claims else ""
    told = f"{proof}, says the run; evosynth verify looks again" if proof else "not looked at yet"
    return [("error", shown), ("exact", told)]


def _nearness(nearly: ApproximateRecord, program: Program) -> list[tuple[str, Child]]:
    """Returns what was asked of an approximate program and what it has, recomputed."""
    asked, point = nearly.target.approximation, point_of(program, nearly.target)
    objective, cost = OBJECTIVES.get(asked.objective), point.counted_by
    data = f" of {asked.covariance} data" if asked.covariance else ""
    wanted = f"at least {asked.tolerance:g} dB" if objective.is_decibel else f"{asked.tolerance:g}"
    loss = f"{objective.shown(point.loss)}{data}, wanted {wanted}; recomputed for this page"
    look = "good" if is_within(point, nearly.target) else "bad"
    rows: list[tuple[str, Child]] = [
        ("cost", f"{point.cost:,g} {cost.unit}, counted by {cost.name}"),
        (objective.name, element("span", loss, class_=look)),
    ]
    if objective.name != ERROR.name:
        rows.append((ERROR.name, f"{point.error:.1e} relative, of the worst output"))
    return rows


def _factors(program: Program, target: Target) -> list[tuple[str, Child]]:
    """Returns by what outputs are larger than the target's, where they may be."""
    if target.scaling == "exact":
        return []
    factors = output_factors(program.matrix(), target.matrix, target.scaling)
    shown = factors[:1] if target.scaling == "common" else factors[:MOST_FACTORS]
    text = ", ".join(f"{factor:.9g}" for factor in shown)
    more = f", {len(factors) - len(shown)} more" * (
        target.scaling == "free" and len(factors) > len(shown)
    )
    return [("factors", f"outputs are {text}{more} times the target's")]


def _by_cost(rivals: Iterable[Rival]) -> list[Rival]:
    counted = (rival for rival in rivals if not math.isnan(rival.operations))
    return sorted(counted, key=lambda rival: rival.operations)


def _bar(rival: Rival) -> Bar:
    text = f"{rival.operations:,.0f}"
    if not rival.error <= NEAR:
        text += f", error {rival.error:.0e}"
    seeds = f"median of {rival.seeds} seeds" if rival.seeds > 1 else "one seed"
    note = f"error {rival.error:.1e}, {seeds}, {rival.seconds:.1f} s"
    return Bar(rival.label, rival.operations, text, RIVAL_LOOK, note)


def _comparison(title: str, marks: list[Bar], rivals: Iterable[Rival]) -> Markup:
    caption = (
        "Real additions and multiplications; shorter is cheaper. The matrix product multiplies "
        "every entry that is neither 0 nor a power of i and shares nothing."
    )
    if any(True for _ in rivals):
        caption += (
            " Rivals were trained by gradient descent on the same target and counted by the same "
            "rule; their error is given where they miss it."
        )
    rows = [(mark.name, mark.text, mark.note) for mark in marks]
    pictures = [bars(title, marks, width) for width in (WIDE, NARROW)]
    return figure(pictures, caption, Table(("", "operations", ""), rows))


FOUND = SECTIONS.register(Section("found", "What was found", (BEST, CONFIGURATION), write))
