"""What was found, beside the matrix product, the best known and rivals."""

from __future__ import annotations

from markupsafe import Markup

from dsl.accuracy import EXACT, output_factors
from dsl.cost import dense_count
from dsl.display import plural
from dsl.metrics import measure
from dsl.program import Program
from dsl.targets import UP_TO, Target
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.engine.approximate.points import is_within, point_of
from evosynth.formula_result import named_expressions
from evosynth.fronts import FrontPoint
from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.cost_bars import cost_bars, operations_bars
from evosynth.reports.figures import facts
from evosynth.reports.markup import Child, element, joined
from evosynth.reports.story import Story
from evosynth.runs import AlgorithmDocument, Document, claims_of, formula_claims
from evosynth.runs.folder import BEST, CONFIGURATION
from fitness.objectives import ERROR, OBJECTIVES

# Size at which operations of an algorithm are counted.
LARGEST = 1024
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
    dense = dense_count(target.matrix, target.domain == "complex").operations
    if document.approximate is None:
        told = _exactness(document, found.error)
        compared = operations_bars(story, target, found.operations, dense)
    else:
        asked = document.approximate.target
        point = point_of(program, asked)
        told, compared = _nearness(asked, point), cost_bars(asked, point)
    metrics = measure(program.code)
    rows: list[tuple[str, Child]] = [
        ("what", _up_to(target)),
        *told,
        *_factors(program, target),
        ("depth", f"{metrics.depth} operations one after the other"),
        ("values alive", f"at most {metrics.live_values} at once"),
        ("constants", str(metrics.constants)),
    ]
    return joined(
        [
            _headline(
                found.operations,
                f"real operations: {plural(found.additions, 'addition')}, "
                f"{plural(found.multiplications, 'multiplication')}. "
                + _saving(found.operations, dense),
            ),
            facts(rows),
            compared,
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
    size = _told_size(story, document)
    operations = document.algorithm.operations(size).operations
    rows = []
    if claims is not None:
        rows += [
            ("growth", f"{claims.growth} (lg: to base 2)" if claims.growth else "not told yet"),
            (
                "verified",
                f"in doubles at all sizes up to n = {claims.verified_up_to:,}, says the run",
            ),
            ("proved", f"exactly at all sizes up to n = {claims.proved_up_to:,}, says the run"),
        ]
    refined = story.result.get("refined")
    if isinstance(refined, dict) and all(type(refined.get(k)) is int for k in ("n", "after")):
        told = f"{refined['after']:,} operations at n = {refined['n']:,} after refinement"
        rows.append(("refined", f"{told}, says the run"))
    return joined([_headline(operations, f"real operations at n = {size:,}"), facts(rows)])


def _told_size(story: Story, document: AlgorithmDocument) -> int:
    """Returns the size that the run compares at, or that is drawn."""
    size = story.result.get("compared_size")
    if type(size) is int and 1 < size <= LARGEST and document.algorithm.has_size(size):
        return size
    return story.drawn_size


def _headline(operations: int, text: str) -> Markup:
    return element("p", element("strong", f"{operations:,}"), f" {text}", class_="key")


def _saving(operations: int, dense: int) -> str:
    if not operations:
        return f"The matrix product takes {dense:,}."
    if operations >= dense:
        return "Nothing cheaper than the matrix product was found."
    if dense < 1.1 * operations:
        return f"The matrix product takes {dense:,}."
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


def _nearness(target: ApproximateTarget, point: FrontPoint) -> list[tuple[str, Child]]:
    """Returns what was asked of an approximate program and what it has, recomputed."""
    asked = target.approximation
    objective, cost = OBJECTIVES.get(asked.objective), point.counted_by
    data = f" of {asked.covariance} data" if asked.covariance else ""
    wanted = f"at least {asked.tolerance:g} dB" if objective.is_decibel else f"{asked.tolerance:g}"
    loss = f"{objective.shown(point.loss)}{data}, wanted {wanted}; recomputed for this page"
    look = "good" if is_within(point, target) else "bad"
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


FOUND = SECTIONS.register(Section("found", "What was found", (BEST, CONFIGURATION), write))
