"""Proposals of terms, and of formulas with less in them."""

from __future__ import annotations

import numpy as np

from dsl.genome import Genes
from dsl.grammars.expression.genome import (
    USE,
    back,
    constant,
    constants,
    gene,
    reference,
    with_constants,
)
from dsl.grammars.expression.values import parameters, steps_of
from evosynth.engine.expression.problem import Problem, appended, position_of

# Functions that a value may be bent by.
BENT = ("exp", "log", "sqrt", "abs")


def bend(problem: Problem) -> Genes | None:
    """A function of a value, roughly scaled to it."""
    chosen = problem.value_to_work_on()
    if not chosen:
        return None
    rng = problem.rng
    slot, v = chosen
    at = problem.address(slot, len(problem.genes))
    name = BENT[int(rng.integers(len(BENT)))]
    scale = float(rng.choice([-1.0, 1.0]))
    shift = 0.0
    if name == "exp":
        scale *= 1.0 if rng.random() < 0.5 else float(1 / np.std(v))
    elif name in ("log", "sqrt"):
        shift = float(max(0.0, -(scale * v).min() * 1.1)) if rng.random() < 0.5 else 0.0
    elif rng.random() < 0.7:
        shift = -scale * float(rng.choice(v))
    return appended(problem, gene(position_of(name), at, use=True, c0=scale, c1=shift))


def polished(problem: Problem) -> Genes | None:
    """The formula as it is: its constants may not have been solved yet."""
    return problem.genes if parameters(steps_of(problem.genes, len(problem.x))) else None


def line(problem: Problem) -> Genes | None:
    """A value itself as a term."""
    chosen = problem.value_to_work_on()
    if not chosen:
        return None
    at = problem.address(chosen[0], len(problem.genes))
    return appended(problem, gene(reference(), at, use=True))


def combination(problem: Problem) -> Genes | None:
    """A product or a quotient of two values, or the inverse of one."""
    one, two = problem.value_to_work_on(), problem.value_to_work_on()
    if not one or not two:
        return None
    rng = problem.rng
    length = len(problem.genes)
    if rng.random() < 0.3:
        divisor = problem.address(one[0], length + 1)
        rows = [gene(constant(), 0), gene(position_of("divide"), back(1), divisor + 1, use=True)]
        return np.concatenate([problem.genes, np.stack(rows)])
    name = "divide" if rng.random() < 0.3 else "multiply"
    first, second = (problem.address(slot, length) for slot in (one[0], two[0]))
    return appended(problem, gene(position_of(name), first, second + 1, use=True))


def drop(problem: Problem) -> Genes | None:
    """The formula without one of its terms."""
    terms = [s.position for s in steps_of(problem.genes, len(problem.x)) if s.is_term]
    if not terms:
        return None
    genes = problem.genes.copy()
    genes[terms[int(problem.rng.integers(len(terms)))], USE] = 0
    return genes


def plain(problem: Problem) -> Genes | None:
    """A gene without its shift, or without its scale."""
    steps = [s for s in steps_of(problem.genes, len(problem.x)) if s.is_unary]
    adorned = [s for s in steps if s.c0 != 1 or s.c1 != 0]
    if not adorned:
        return None
    changed = constants(problem.genes)
    step = adorned[int(problem.rng.integers(len(adorned)))]
    if step.c1 != 0:
        changed[step.position, 1] = 0.0
    else:
        changed[step.position, 0] = 1.0
    return with_constants(problem.genes, changed)


def tie(problem: Problem) -> Genes | None:
    """Two terms with one weight in common: their sum or their difference."""
    terms = [s.position for s in steps_of(problem.genes, len(problem.x)) if s.is_term]
    length = len(problem.genes)
    if len(terms) < 2 or length >= problem.capacity:
        return None
    one, two = (terms[k] for k in problem.rng.permutation(len(terms))[:2])
    weights = problem.fit.weights
    name = "add" if weights[one] * weights[two] > 0 else "subtract"
    genes = problem.genes.copy()
    genes[[one, two], USE] = 0
    row = gene(position_of(name), back(length - one), back(length - two) + 1, use=True)
    return np.concatenate([genes, row[None]])
