"""A program: instructions in static single assignment form.

Values are numbered: first the inputs, then the results of the instructions in order. An
operand may name any earlier value. A program is immutable and checks itself when built.
"""

from __future__ import annotations

import cmath
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl import display
from dsl.cost import SAME, Count, count_code
from dsl.exact_number import Exact, is_exact
from dsl.grammars import GRAMMARS
from dsl.real_code import to_real
from dsl.registry import brief
from dsl.straightline import UNITS, Code, CodeWriter, Domain, Ref, only_finite

# More than any search produces: a limit against files made to exhaust memory.
MOST_INSTRUCTIONS = 100_000
MOST_VALUES = 1 << 12
# Operands of all instructions together; the same of constants.
MOST_OPERANDS = 1 << 22
# So many distinct constants, none of them recognised, and the others are not tried.
MOST_UNKNOWN = 48
# Of coefficients of all values in the inputs, which simplification keeps at once.
MOST_COEFFICIENTS = 1 << 26


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step of a program.

    Attributes:
        name: An instruction of the program's grammar.
        operands: Numbers of earlier values.
        constants: Its parameters.
        stage: Which stage of the program it belongs to, for people.
    """

    name: str
    operands: tuple[int, ...]
    constants: tuple[complex, ...] = ()
    stage: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "constants", tuple(map(_tidy, self.constants)))


def _tidy(constant: complex) -> complex:
    """Turns -0.0 into 0.0, so that equal instructions are written alike."""
    return constant if isinstance(constant, Exact) else complex(constant) + 0j


@dataclass(frozen=True)
class Program:
    """Instructions, with the values that are the program's outputs.

    Attributes:
        grammar: Whose instructions they are.
        domain: "real" or "complex" data.
        inputs: Number of inputs.
        instructions: In order.
        outputs: Numbers of the values that are returned.
        name: An identifier, for exported code: target and size.

    Raises:
        ValueError: Something does not fit; the message names the position.
    """

    grammar: str
    domain: Domain
    inputs: int
    instructions: tuple[Instruction, ...]
    outputs: tuple[int, ...]
    name: str = "program"

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", self.name):
            raise ValueError(f"expected a name of letters, digits and _, got {brief(self.name)}")
        if self.domain not in ("real", "complex"):
            raise ValueError(f"expected domain 'real' or 'complex', got {brief(self.domain)}")
        if not 0 < self.inputs <= MOST_VALUES or not 0 < len(self.outputs) <= MOST_VALUES:
            raise ValueError(f"expected 1 to {MOST_VALUES} inputs and outputs")
        if len(self.instructions) > MOST_INSTRUCTIONS:
            raise ValueError(f"expected at most {MOST_INSTRUCTIONS} instructions")
        if self.inputs * (self.inputs + len(self.instructions)) > MOST_COEFFICIENTS:
            raise ValueError("expected fewer inputs or instructions: too large to analyse")
        if self.grammar not in GRAMMARS:
            raise ValueError(f"unknown grammar {brief(self.grammar)}")
        if not self.is_linear and self.domain != "real":
            raise ValueError(f"expected domain 'real': grammar '{self.grammar}' is of real numbers")
        self._check_outputs()

    def _check_outputs(self) -> None:
        defined = self.first_results[-1]
        for position, value in enumerate(self.outputs):
            if not 0 <= value < defined:
                raise ValueError(f"output {position} names value {value} of {defined}")

    @property
    def is_linear(self) -> bool:
        """Whether it multiplies by a matrix; otherwise it computes formulas of real numbers."""
        return GRAMMARS.get(self.grammar).is_linear

    def _expect_linear(self, what: str) -> None:
        if not self.is_linear:
            raise ValueError(
                f"program '{self.name}' is made of formulas, which have no {what}: "
                "expected a program for a matrix"
            )

    @cached_property
    def first_results(self) -> tuple[int, ...]:
        """The number of each instruction's first result, and the number of values."""
        grammar = GRAMMARS.get(self.grammar)
        defined = [self.inputs]
        for position, instruction in enumerate(self.instructions):
            where = f"instruction {position} ({brief(instruction.name)})"
            if not 0 <= instruction.stage < MOST_INSTRUCTIONS:
                raise ValueError(f"{where} has a stage outside 0 .. {MOST_INSTRUCTIONS - 1}")
            for operand in instruction.operands:
                if not 0 <= operand < defined[-1]:
                    raise ValueError(f"{where} reads value {operand} of {defined[-1]}")
            if not all(cmath.isfinite(c) for c in instruction.constants):
                raise ValueError(f"{where} has a constant that is not finite")
            if self.domain == "real" and any(c.imag for c in instruction.constants):
                raise ValueError(f"{where} has a complex constant on real data")
            try:
                count = grammar.results(
                    instruction.name, len(instruction.operands), instruction.constants
                )
            except ValueError as error:
                raise ValueError(f"{where}: {error}") from error
            if self.domain == "real" and grammar.needs_complex(instruction.name):
                raise ValueError(f"{where} has complex numbers of its own on real data")
            defined.append(defined[-1] + count)
        return tuple(defined)

    def execute(self, x: npt.ArrayLike) -> npt.NDArray[Any]:
        """Runs the program on a batch: (..., inputs) -> (..., outputs).

        Of formulas a result is nan if it, or what it needs, is not a finite number.
        """
        data = np.asarray(x)
        if data.shape[-1:] != (self.inputs,):
            raise ValueError(f"expected (..., {self.inputs}) values, got shape {data.shape}")
        if not self.is_linear:
            data = only_finite(data)
        grammar = GRAMMARS.get(self.grammar)
        values: list[npt.NDArray[Any]] = [data[..., k] for k in range(self.inputs)]
        for instruction in self.instructions:
            operands = [values[k] for k in instruction.operands]
            values.extend(grammar.execute(instruction.name, operands, instruction.constants))
        shape = data.shape[:-1]
        return np.stack([np.broadcast_to(values[k], shape) for k in self.outputs], axis=-1)

    __call__ = execute

    def __repr__(self) -> str:
        return display.brief_text(self)

    def _repr_latex_(self) -> str | None:
        return display.latex(self)

    def _repr_svg_(self) -> str | None:
        return display.svg(self)

    def lower(self) -> Code:
        """Returns straight-line code that computes the same, as written (`dsl.simplify`)."""
        grammar = GRAMMARS.get(self.grammar)
        code = CodeWriter(self.domain, self.inputs)
        values = [Ref(k) for k in range(self.inputs)]
        for instruction in self.instructions:
            operands = [values[k] for k in instruction.operands]
            values.extend(grammar.lower(instruction.name, operands, instruction.constants, code))
        return code.finish([values[k] for k in self.outputs])

    def with_exact_constants(self, known: Sequence[Exact] = ()) -> Program:
        """Returns the program with its constants as exact numbers.

        Args:
            known: Numbers that the constants may be, up to powers of i; by default
                constants are recognised by their digits.

        Raises:
            ValueError: It is made of formulas, whose constants stay as they are.
        """
        self._expect_linear("exact constants")
        from dsl.exact import rounded  # SymPy: only who asks pays for its import

        def exact(constant: complex) -> complex:
            if constant in UNITS:
                return constant
            for number in known:
                for unit in UNITS:
                    if abs(number * unit - constant) <= SAME * abs(constant):
                        return number * unit
            return rounded(constant, self.order)

        instructions = (
            replace(instruction, constants=tuple(map(exact, instruction.constants)))
            for instruction in self.instructions
        )
        return replace(self, instructions=tuple(instructions))

    @property
    def is_exact(self) -> bool:
        """Whether every constant stands for an exact number."""
        return all(is_exact(c) for instruction in self.instructions for c in instruction.constants)

    @cached_property
    def order(self) -> int:
        """What angles among the constants are sought by, or 0 if none is likely exact.

        The size of the transform; 0 where the first constants are all unknown, since
        trying all of them for nothing takes seconds.

        Raises:
            ValueError: It is made of formulas, whose constants stay as they are.
        """
        self._expect_linear("order")
        from dsl.exact import recognise_constant

        order = max(self.inputs, len(self.outputs))
        distinct = dict.fromkeys(c for i in self.instructions for c in i.constants)
        sample = [c for c in distinct if c not in UNITS][:MOST_UNKNOWN]
        is_hopeless = len(sample) == MOST_UNKNOWN and not any(
            recognise_constant(c, order) for c in sample
        )
        return 0 if is_hopeless else order

    @property
    def constants_order(self) -> int | None:
        """What formats recognise constants by: `order`, or None for those of formulas."""
        return self.order if self.is_linear else None

    @cached_property
    def plain_code(self) -> Code:
        """Simplified straight-line code in the program's own domain."""
        return self._with_exact_constants(self._simplified[0])

    @cached_property
    def code(self) -> Code:
        """The real straight-line code that is counted, verified and exported."""
        return self._with_exact_constants(self._simplified[1])

    @cached_property
    def _simplified(self) -> tuple[Code, Code]:
        """Simplified code in the program's own domain, and in real arithmetic."""
        from dsl.schedule import schedule
        from dsl.simplify import simplify

        if not self.is_linear:
            from dsl.value_numbering import share_values

            code = schedule(share_values(self.lower()))
            return code, code
        with np.errstate(all="ignore"):  # constants of any size may come from a file
            plain = simplify(self.lower())
            real = plain if plain.domain == "real" else simplify(to_real(plain))
            return schedule(plain), schedule(real)

    def _with_exact_constants(self, code: Code) -> Code:
        """Rounds constants correctly: they are products of the program's by now."""
        if not self.is_linear:
            return code
        from dsl.exact import rounded

        return code.with_constants(lambda c: rounded(c, self.order))

    @cached_property
    def count(self) -> Count:
        """Real operations of `code`."""
        return count_code(self._simplified[1])

    def matrix(self) -> npt.NDArray[Any]:
        """Returns the matrix that `code` computes: (outputs, inputs) of the domain's type.

        Raises:
            ValueError: It is made of formulas, which have none.
        """
        self._expect_linear("matrix")
        with np.errstate(all="ignore"):  # what overflows is not the target, and no warning
            return self.run_code(np.eye(self.inputs)).T

    def run_code(self, x: npt.ArrayLike) -> npt.NDArray[Any]:
        """Runs `code` on a batch of the program's domain: (..., inputs) -> (..., outputs)."""
        if self.domain == "real":
            result = self.code.execute(x)
            return result if self.is_linear else only_finite(result)
        data = np.ascontiguousarray(x, np.complex128)
        result = self.code.execute(data.view(np.float64))
        return np.ascontiguousarray(result).view(np.complex128)
