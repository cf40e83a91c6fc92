"""From solved genomes to a program: one formula for every output, equal values made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dsl.genome import Genes
from dsl.grammars.expression.instructions import CONSTANT
from dsl.grammars.expression.values import Step, steps_of
from dsl.program import Instruction, Program


@dataclass(frozen=True, slots=True, eq=False)
class Loan:
    """A value of another output's formula, which a formula may use like an input.

    Attributes:
        genes: The genome that makes it: (length, 12) int16.
        slot: Of the value: inputs and loans first, then one per gene.
        loans: What the genome's inputs beyond those of the target are.
    """

    genes: Genes
    slot: int
    loans: tuple[Loan, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A genome with its weights.

    Attributes:
        genes: (length, 12) int16.
        intercept: Constant term.
        weights: Of the terms, by position of the gene; those that are 0 are left out.
        loans: What the genome's inputs beyond those of the target are.
    """

    genes: Genes
    intercept: float = 0.0
    weights: Mapping[int, float] = field(default_factory=dict)
    loans: tuple[Loan, ...] = ()


def build_formulas(formulas: Sequence[Formula], inputs: int, name: str) -> Program:
    """Writes one formula per output as a program."""
    writer = _Writer(inputs)
    outputs = tuple(writer.formula(formula) for formula in formulas)
    return Program("expression", "real", inputs, tuple(writer.instructions), outputs, name)


class _Writer:
    def __init__(self, inputs: int) -> None:
        self.instructions: list[Instruction] = []
        self._inputs = inputs
        self._known: dict[tuple[object, ...], int] = {}
        self._lent: dict[Loan, int] = {}

    def formula(self, formula: Formula) -> int:
        """Writes a formula; returns its value."""
        slots = self._slots(formula.genes, formula.loans)
        first = self._inputs + len(formula.loans)
        total: int | None = None
        # What is added comes first: a difference needs no change of sign.
        for position, weight in sorted(formula.weights.items(), key=lambda item: item[1] < 0):
            if weight == 0:
                continue
            value = slots[first + position]
            if total is None:
                total = self._product(weight, value)
            elif weight < 0:
                total = self._emit("subtract", total, self._product(-weight, value))
            else:
                total = self._emit("add", total, self._product(weight, value))
        if total is None:
            return self._constant(formula.intercept)
        return self._shifted(total, formula.intercept)

    def _slots(self, genes: Genes, loans: Sequence[Loan]) -> dict[int, int]:
        """Writes the live genes of a genome; returns their values by slot."""
        steps = steps_of(genes, self._inputs + len(loans))
        slots = {k: k for k in range(self._inputs)}
        read = {slot for step in steps for slot in (step.left, step.right)}
        for k, loan in enumerate(loans, self._inputs):
            if k in read:
                if loan not in self._lent:
                    self._lent[loan] = self._slots(loan.genes, loan.loans)[loan.slot]
                slots[k] = self._lent[loan]
        for step in steps:
            slots[self._inputs + len(loans) + step.position] = self._step(step, slots)
        return slots

    def _step(self, step: Step, slots: Mapping[int, int]) -> int:
        if step.name == "constant":
            return self._constant(step.c0)
        left = slots[step.left]
        if step.name == "reference":
            return left
        if step.is_unary:
            return self._emit(step.name, self._shifted(self._product(step.c0, left), step.c1))
        right = self._constant(step.c0) if step.takes_constant else slots[step.right]
        return self._emit(step.name, left, right)

    def _product(self, constant: float, value: int) -> int:
        if constant == 1:
            return value
        if constant == -1:
            return self._emit("negate", value)
        return self._emit("multiply", self._constant(constant), value)

    def _shifted(self, value: int, by: float) -> int:
        if by == 0:
            return value
        name = "add" if by > 0 else "subtract"
        return self._emit(name, value, self._constant(abs(by)))

    def _constant(self, number: float) -> int:
        return self._emit(CONSTANT, constants=(number,))

    def _emit(self, name: str, *operands: int, constants: tuple[complex, ...] = ()) -> int:
        key = (name, operands, constants)
        if key not in self._known:
            self._known[key] = self._inputs + len(self.instructions)
            self.instructions.append(Instruction(name, operands, constants))
        return self._known[key]
