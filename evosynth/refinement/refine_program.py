"""Cheaper programs for the same matrix, by scales of their intermediate values."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from dsl.accuracy import EXACT, relative_error
from dsl.grammars.factor.from_code import program_from_code
from dsl.program import Program
from dsl.simplify import simplify
from dsl.targets.scaling import Scaling
from evosynth.refinement.exact_scales import exact_scales, scaled
from evosynth.refinement.flow import Flow, code_of, flow_of
from evosynth.refinement.potentials import Scales, effort, scale_names, search
from evosynth.refinement.transpose import transposed_program

# Of 832 nodes, those of DFT 64, one takes half a second.
ROUNDS = 4

# Measured: rounds of up to 5 seconds below a million, of 35 seconds at 4 million.
QUICK = 2e6


def refine(
    program: Program,
    *,
    scaling: Scaling = "exact",
    rng: np.random.Generator,
    rounds: int = ROUNDS,
    pause: Callable[[], None] = lambda: None,
) -> Program:
    """Returns the cheapest program that is found by scaling intermediate values.

    The program is refined, then its transpose, until neither gains: products are shared
    where values are read, so that the two are not the same to the search.

    Args:
        program: What is to be made cheaper; its constants may be exact or doubles.
        scaling: "exact" keeps the matrix, "common" up to one positive factor, "free" up to
            a positive factor for each output.
        rng: Decides every random choice.
        rounds: How long it searches, each time after it found something.
        pause: Called between the anneals; may raise to end it.

    Returns:
        A program of fewer operations, its constants exact if those given are or are
        recognised; or the program that was given.

    Raises:
        ValueError: There is no such scaling.
    """
    best, is_turned, failures = program, False, 0
    while failures < 2:
        if is_turned:
            better = _refined_as_transpose(best, rng, rounds, pause)
        else:
            better = _refined(best, scaling, rng, rounds, pause)
        best, failures = (best, failures + 1) if better is None else (better, 0)
        is_turned = not is_turned
    return best


def is_quick(program: Program) -> bool:
    """Tells whether a round of refinement takes seconds, not minutes."""
    return effort(flow_of(program.plain_code)) <= QUICK


def _refined_as_transpose(
    program: Program, rng: np.random.Generator, rounds: int, pause: Callable[[], None]
) -> Program | None:
    """Returns the transpose of a cheaper transpose; None if there is none."""
    found = _refined(transposed_program(program), "exact", rng, rounds, pause)
    if found is None:
        return None
    better = transposed_program(found)
    return better if _is_better(better, program, program.matrix()) else None


def _refined(
    program: Program,
    scaling: Scaling,
    rng: np.random.Generator,
    rounds: int,
    pause: Callable[[], None],
) -> Program | None:
    """Returns a cheaper program; None if there is none."""
    flow = flow_of(program.plain_code)
    candidates = (
        _rewritten(program, flow, scaling, scales)
        for scales in _cheaper_scales(flow, scaling, rng, rounds, pause)
    )
    return next((better for better in candidates if better is not None), None)


def _cheaper_scales(
    flow: Flow,
    scaling: Scaling,
    rng: np.random.Generator,
    rounds: int,
    pause: Callable[[], None],
) -> Iterator[Scales]:
    """Yields the scales that make products cheaper, the best first."""
    found = []
    for pair in search(flow, scaling, rng, rounds):
        pause()
        found.append(pair)
    cheaper = [pair for pair in found if pair[0] < found[0][0]]
    yield from (scales for _, scales in sorted(cheaper, key=lambda pair: pair[0]))


def _rewritten(program: Program, flow: Flow, scaling: Scaling, scales: Scales) -> Program | None:
    """Returns the program with its values scaled; None if it is no better, or not the same."""
    exact = exact_scales(flow, scale_names(flow, scaling), scales)
    graph = None if exact is None else scaled(flow, exact)
    if exact is None or graph is None:
        return None
    better = program_from_code(simplify(code_of(graph)), program.name)
    factors = np.array([scale.real for scale in exact[flow.nodes - flow.outputs :]])
    with np.errstate(all="ignore"):  # constants of any size may come from a file
        wanted = program.matrix() * factors[:, None]
    return better if _is_better(better, program, wanted) else None


def _is_better(better: Program, program: Program, wanted: npt.NDArray[np.complex128]) -> bool:
    """Tells whether a program is cheaper and computes what is wanted."""
    if better.count.operations >= program.count.operations or not np.isfinite(wanted).all():
        return False
    return relative_error(better.matrix(), wanted) <= EXACT
