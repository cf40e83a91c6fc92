"""Programs as products of sparse matrices, the way people write fast transforms.

Every stage of a program maps the values that are alive before it to those alive after it.
Instructions that read results of the same stage get a factor of their own, so that every
entry is one of an instruction's matrix. Results take the places of the values that they
are the last to read.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.errors import UsageError
from dsl.grammars import GRAMMARS
from dsl.program import Instruction, Program

# Entries of all factors, nearly all of them ones that pass values on.
MOST_ENTRIES = 2_000_000


@dataclass(frozen=True, slots=True)
class Factor:
    """A sparse matrix.

    Attributes:
        shape: Rows and columns.
        entries: Value at (row, column) where it is not 0.
        stage: Of the instructions; None where it only picks and orders the outputs.
    """

    shape: tuple[int, int]
    entries: dict[tuple[int, int], complex]
    stage: int | None

    def matrix(self) -> npt.NDArray[Any]:
        """Returns the dense matrix, complex128."""
        dense = np.zeros(self.shape, np.complex128)
        for place, value in self.entries.items():
            dense[place] = value
        return dense


def factors(program: Program) -> list[Factor]:
    """Returns factors of the program's matrix, in the order in which they are applied.

    The last one picks the outputs, unless they are in order already. A program without
    instructions has this one factor.

    Raises:
        UsageError: The factors together would have too many entries, or the program is
            made of formulas.
    """
    if not program.is_linear:
        raise UsageError(
            f"program '{program.name}' is made of formulas: expected one for a matrix",
            "write it without factors, as definitions",
        )
    exact = program.with_exact_constants()
    return _Factors(exact).run()


class _Factors:
    def __init__(self, program: Program) -> None:
        self._program = program
        self._grammar = GRAMMARS.get(program.grammar)
        self._groups = instruction_groups(program)
        self._last = self._last_readers()
        self._slots = {k: k for k in range(program.inputs) if self._last[k] >= 0}

    def run(self) -> list[Factor]:
        """Returns the factors."""
        found: list[Factor] = []
        columns = {k: k for k in range(self._program.inputs)}
        width, total = self._program.inputs, 0
        for number, group in enumerate(self._groups):
            self._place(number, group)
            rows = _ranks(self._slots)
            entries = self._entries(group, rows, columns)
            found.append(Factor((len(rows), width), entries, _stage(self._program, group)))
            columns, width = rows, len(rows)
            total += len(entries)
            if total > MOST_ENTRIES:
                raise UsageError(
                    "the program is too long to be written as factors",
                    "write it as definitions",
                )
        picked = {(row, columns[value]): 1 + 0j for row, value in enumerate(self._program.outputs)}
        if not found or set(picked) != {(k, k) for k in range(width)}:
            found.append(Factor((len(self._program.outputs), width), picked, None))
        return found

    def _last_readers(self) -> dict[int, int]:
        """Returns the number of each value's last group of readers, -1 if there is none."""
        last = dict.fromkeys(range(self._program.first_results[-1]), -1)
        for number, group in enumerate(self._groups):
            for position in group:
                last |= dict.fromkeys(self._program.instructions[position].operands, number)
        return last | dict.fromkeys(self._program.outputs, len(self._groups))

    def _results(self, position: int) -> range:
        firsts = self._program.first_results
        return range(firsts[position], firsts[position + 1])

    def _place(self, number: int, group: list[int]) -> None:
        """Gives the results of a group places, those of values that end here first."""
        ending = {k for k in self._slots if self._last[k] <= number}
        waiting: list[int] = []
        placed: dict[int, int] = {}
        for position in group:
            operands = self._program.instructions[position].operands
            for k, result in enumerate(self._results(position)):
                wishes = [k for k in (*operands[k:], *operands[:k]) if k in ending]
                if self._last[result] < 0:
                    continue
                if wishes:
                    ending.discard(wishes[0])
                    placed[result] = self._slots.pop(wishes[0])
                else:
                    waiting.append(result)
        free = sorted(self._slots.pop(k) for k in ending)
        beyond = max([*self._slots.values(), *placed.values(), *free], default=-1) + 1
        free += range(beyond, beyond + len(waiting))
        self._slots |= placed | dict(zip(waiting, free, strict=False))

    def _entries(
        self, group: list[int], rows: dict[int, int], columns: dict[int, int]
    ) -> dict[tuple[int, int], complex]:
        entries = {(rows[k], columns[k]): 1 + 0j for k in rows if k in columns}
        for position in group:
            instruction = self._program.instructions[position]
            for result, form in zip(self._results(position), self._forms(instruction), strict=True):
                if result in rows:
                    sums: dict[int, complex] = defaultdict(complex)
                    for operand, weight in zip(instruction.operands, form, strict=True):
                        sums[columns[operand]] += weight
                    entries |= {(rows[result], k): v for k, v in sums.items() if v}
        return entries

    def _forms(self, instruction: Instruction) -> list[list[complex]]:
        """Returns the matrix of an instruction, row by row."""
        count = len(instruction.operands)
        units = list(np.eye(count, dtype=np.complex128))
        results = self._grammar.execute(instruction.name, units, instruction.constants)
        return [np.broadcast_to(row, count).tolist() for row in results]


def instruction_groups(program: Program) -> list[list[int]]:
    """Returns positions of instructions that can go into one matrix, in order."""
    groups: list[list[int]] = []
    made: dict[int, int] = {}  # value -> level in the stage
    stage: int | None = None
    start = 0
    for position, instruction in enumerate(program.instructions):
        if instruction.stage != stage:
            stage, start, made = instruction.stage, len(groups), {}
        level = max((made[k] + 1 for k in instruction.operands if k in made), default=start)
        if level == len(groups):
            groups.append([])
        groups[level].append(position)
        results = range(*program.first_results[position : position + 2])
        made |= dict.fromkeys(results, level)
    return groups


def _ranks(slots: dict[int, int]) -> dict[int, int]:
    """Numbers the values by their places, without gaps."""
    return {value: row for row, value in enumerate(sorted(slots, key=lambda k: slots[k]))}


def _stage(program: Program, group: list[int]) -> int:
    return program.instructions[group[0]].stage
