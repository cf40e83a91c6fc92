"""Whether a search for formulas that was read from a file makes sense."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dsl.errors import DataError
from dsl.genome import Genes
from dsl.grammars.expression.genome import FIELDS, constants
from dsl.grammars.expression.values import steps_of
from dsl.program import Program
from dsl.samples import SampledTarget
from evosynth.engine.expression.formula_epoch import FormulaIsland
from evosynth.engine.expression.formula_state import FormulaState, LoanState
from evosynth.engine.expression.front import Found
from evosynth.engine.expression.lending import MOST_LENT
from evosynth.engine.population_check import check_population
from evosynth.engine.spec import Spec

# Any field of a gene has a meaning; constants are doubles in four fields each.
LOWEST = np.full(len(FIELDS), np.iinfo(np.int16).min)
BOUNDS = np.full(len(FIELDS), np.iinfo(np.int16).max + 1)


def check_formulas(state: FormulaState, target: SampledTarget, spec: Spec) -> None:
    """Checks that islands, fronts and loans can be worked with.

    What is claimed of errors is not: whatever a run ends with is measured anew.

    Raises:
        DataError: Something does not fit.
    """
    outputs, inputs = len(target.outputs), len(target.inputs)
    if len(state.islands) != spec.islands:
        raise DataError(f"expected {spec.islands} islands, got {len(state.islands)}")
    if len(state.fronts) != outputs or len(state.exact) != outputs:
        raise DataError(f"expected formulas of {outputs} outputs")
    for island in state.islands:
        _check_island(island, outputs, spec)
    _check_loans(state.loans, inputs, spec.capacity)
    if len(state.loans) > MOST_LENT * outputs:
        raise DataError(f"expected at most {MOST_LENT} loans of an output")
    for front in state.fronts:
        _check_front(front, len(state.loans), spec.capacity)
    if state.best is not None:
        _check_program(state.best, target)
    _check_numbers(state, outputs)


def _check_island(island: FormulaIsland, outputs: int, spec: Spec) -> None:
    if len(island.populations) != outputs or len(island.efforts) != outputs:
        raise DataError(f"expected populations of {outputs} outputs")
    if min(island.efforts) < 0:
        raise DataError("expected evaluations spent on each output")
    for population in island.populations:
        check_population(population, spec.capacity, LOWEST, BOUNDS)
        _check_constants(population.genomes.genes)
        _check_scores(population.errors, population.operations)
        if population.stale < 0:
            raise DataError("expected evaluations since a population improved")


def _check_scores(errors: npt.NDArray[np.float64], operations: npt.NDArray[np.float64]) -> None:
    for scores in (errors, operations):
        if not np.all((scores >= 0) & np.isfinite(scores)):
            raise DataError("expected errors and operations from 0 on")


def _check_constants(genes: Genes) -> None:
    if not np.isfinite(constants(genes)).all():
        raise DataError("expected finite constants")


def _check_genes(genes: Genes, capacity: int) -> None:
    """Checks one genome."""
    if genes.ndim != 2 or genes.shape[1] != len(FIELDS) or len(genes) > capacity:
        raise DataError(f"expected at most {capacity} genes of {len(FIELDS)} fields")
    _check_constants(genes)


def _check_loans(loans: tuple[LoanState, ...], inputs: int, capacity: int) -> None:
    for place, loan in enumerate(loans):
        _check_genes(loan.genes, capacity)
        if not 0 <= loan.loans <= place:
            raise DataError("a loan uses one that comes after it")
        first = inputs + loan.loans
        if loan.slot not in [first + step.position for step in steps_of(loan.genes, first)]:
            raise DataError("a loan is of a value that its formula does not have")


def _check_front(front: tuple[Found, ...], loans: int, capacity: int) -> None:
    """Checks that no formula beats another one, too: so they are not too many to finish."""
    for found in front:
        _check_genes(found.genes, capacity)
        if not 0 <= found.loans <= loans:
            raise DataError("a formula uses a loan that there is not")
    _check_scores(np.array([f.error for f in front]), np.array([f.operations for f in front]))
    ordered = sorted(front, key=lambda f: (f.operations, f.error))
    if any(one.error <= two.error for one, two in pairwise(ordered)):
        raise DataError("expected a front of formulas")


def _check_program(program: Program, target: SampledTarget) -> None:
    shape = program.inputs, len(program.outputs)
    if program.grammar != "expression" or shape != (len(target.inputs), len(target.outputs)):
        raise DataError("expected a program of the target's inputs and outputs")
    for instruction in program.instructions:
        if not all(math.isfinite(abs(constant)) for constant in instruction.constants):
            raise DataError("expected finite constants of a program")


def _check_numbers(state: FormulaState, outputs: int) -> None:
    numbers = (*state.lenders, *(output for output, _ in state.refused))
    if not all(0 <= number < outputs for number in numbers):
        raise DataError(f"expected numbers of {outputs} outputs")
    if not all(math.isfinite(exact) and exact >= 0 for exact in state.exact):
        raise DataError("expected how exact formulas can be")
    if state.improved_at < 0:
        raise DataError("expected the evaluations of the last improvement")
