"""A search for formulas as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dsl.genome import Genes
from dsl.grammars.expression.build import Loan
from dsl.program import Program
from evosynth.engine.expression.formula_epoch import FormulaIsland
from evosynth.engine.expression.front import Found


@dataclass(frozen=True, slots=True, eq=False)
class LoanState:
    """A value that a formula lends.

    Attributes:
        genes: (length, 12) int16 of the formula.
        slot: Of the value.
        loans: How many loans come before it that the formula could use.
    """

    genes: Genes
    slot: int
    loans: int


@dataclass(frozen=True, slots=True, eq=False)
class FormulaState:
    """All that a search knows, but for its samples.

    Attributes:
        islands: The islands.
        fronts: By output.
        loans: Values that exact formulas lend.
        lenders: Outputs that lend.
        refused: Output, and digest of the genes, of formulas that were exact by chance.
        exact: Of each output, up to which error a formula is exact.
        best: The best program that was written.
        improved_at: Evaluations when the standing last improved.
    """

    islands: tuple[FormulaIsland, ...]
    fronts: tuple[tuple[Found, ...], ...]
    loans: tuple[LoanState, ...]
    lenders: tuple[int, ...]
    refused: tuple[tuple[int, bytes], ...]
    exact: tuple[float, ...]
    best: Program | None
    improved_at: int


def loan_states(loans: Sequence[Loan]) -> tuple[LoanState, ...]:
    """Returns loans without those that they use, which come before them."""
    return tuple(LoanState(loan.genes, loan.slot, len(loan.loans)) for loan in loans)


def loans_of(states: Sequence[LoanState]) -> list[Loan]:
    """Returns the loans."""
    loans: list[Loan] = []
    for state in states:
        loans.append(Loan(state.genes, state.slot, tuple(loans[: state.loans])))
    return loans
