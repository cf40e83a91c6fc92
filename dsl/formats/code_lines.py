"""What the formats for code share: straight-line code as lines, one per operation."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from dsl.formats.infinities import guarded_values
from dsl.formats.signs import NEGATIVE
from dsl.plain_constants import text_of_constant
from dsl.scalars import SCALARS
from dsl.scalars.spelling import NUMPY, Language, template
from dsl.straightline import ZERO_VALUE, Code, Operation, Ref

# What takes its operands between brackets and commas, which need no brackets themselves.
BRACKETED = re.compile(r"\(((?:[^()]|\([^()]*\))*)\)")  # as a whole, with brackets inside
ENCLOSED = re.compile(r"(?<=[(,])( ?)\{([01])\}(?=[,)])")


@dataclass(frozen=True, slots=True)
class Style:
    """How a module writes values.

    Attributes:
        read: Position of an input -> expression.
        write: Position of an output -> what is assigned to.
        constant: Position among `constants` -> expression.
        zero: The expression of zero.
        is_frugal: A name is taken again when its value is not needed any more.
        language: How functions are written.
        guard: For formulas, the pattern of an expression that makes nan of infinity.
    """

    read: Callable[[int], str]
    write: Callable[[int], str]
    constant: Callable[[int], str]
    zero: str
    is_frugal: bool = True
    language: Language = NUMPY
    guard: str = ""


def constants(code: Code, order: int | None) -> dict[str, str]:
    """Returns the distinct constants in order of first use, with what they are exactly.

    Args:
        code: Straight-line code with positive constants (`dsl.formats.signs`).
        order: The program's order (`Program.constants_order`).

    Returns:
        Decimal -> text of the exact number, "" where the decimal says it all.
    """
    return {digits: _meaning(constant, order) for digits, constant in _distinct(code).items()}


def _distinct(code: Code) -> dict[str, complex]:
    found: dict[str, complex] = {}
    for operation in code.operations:
        if operation.kind in ("scale", "constant"):
            found.setdefault(decimal(operation.constant), operation.constant)
    return found


def _meaning(constant: complex, order: int | None) -> str:
    text = text_of_constant(constant, order)
    try:
        complex(text)
    except ValueError:
        return text
    return ""


def decimal(constant: complex) -> str:
    """Returns a number as Python reads it."""
    real, imaginary = constant.real, constant.imag
    if not (math.isfinite(real) and math.isfinite(imaginary)):
        return f'complex("{complex(constant)}")' if imaginary else f'float("{real}")'
    if not imaginary:
        return repr(real)
    sign = "-" if imaginary < 0 else "+"
    return f"{real!r} {sign} {abs(imaginary)!r}j" if real else f"{imaginary!r}j"


def assignments(code: Code, style: Style) -> list[str]:
    """Returns the lines that compute every output: one per operation, then copies.

    A value that is used once, as an output, is assigned to the output at once.
    """
    return list(_Lines(code, style))


class _Lines:
    """The lines of one piece of code; values get their names as they are written."""

    def __init__(self, code: Code, style: Style) -> None:
        self._code, self._style = code, style
        self._names = {ZERO_VALUE: style.zero} | {k: style.read(k) for k in range(code.inputs)}
        self._constants = {digits: k for k, digits in enumerate(_distinct(code))}
        self._reads = Counter(ref.value for op in code.operations for ref in op.operands)
        self._outputs: defaultdict[int, list[int]] = defaultdict(list)
        for k, ref in enumerate(code.outputs):
            self._outputs[ref.value].append(k)
        self._guarded = guarded_values(code) if style.guard else frozenset()
        self._numbers: dict[int, int] = {}
        self._free: list[int] = []

    def __iter__(self) -> Iterator[str]:
        for value in range(ZERO_VALUE, self._code.inputs):
            yield from self._copies(value)
        for value, operation in enumerate(self._code.operations, self._code.inputs):
            if operation.kind == "constant":
                number = self._constants[decimal(operation.constant)]
                self._names[value] = self._style.constant(number)
                yield from self._copies(value)
                continue
            expression = self._expression(operation)
            if value in self._guarded:
                expression = self._style.guard.format(expression)
            for ref in operation.operands:
                self._reads[ref.value] -= 1
                self._release(ref.value)
            self._names[value] = self._new_name(value)
            yield f"{self._names[value]} = {expression}"
            yield from self._copies(value)
            self._release(value)

    def _new_name(self, value: int) -> str:
        outputs = self._outputs[value]
        if len(outputs) == 1 and not self._reads[value] and not self._code.outputs[outputs[0]].unit:
            return self._style.write(outputs.pop())
        number = heappop(self._free) if self._free else len(self._numbers) + 1
        self._numbers[value] = number
        return f"t{number}"

    def _release(self, value: int) -> None:
        if self._style.is_frugal and value in self._numbers and not self._reads[value]:
            heappush(self._free, self._numbers.pop(value))

    def _copies(self, value: int) -> Iterator[str]:
        for k in self._outputs[value]:
            yield f"{self._style.write(k)} = {self._term(self._code.outputs[k])}"

    def _expression(self, operation: Operation) -> str:
        if operation.kind == "apply":
            return self._application(operation)
        left = self._term(operation.left)
        if operation.kind == "scale":
            constant = self._constants[decimal(operation.constant)]
            return f"{self._style.constant(constant)} * {left}"
        right = self._term(operation.right)
        return f"{left} - {right[1:]}" if right.startswith("-") else f"{left} + {right}"

    def _application(self, operation: Operation) -> str:
        """Writes a function; signs are put in brackets unless they stand in some already."""
        terms = [self._term(ref) for ref in operation.operands]
        pattern = template(SCALARS.get(operation.function), self._style.language)
        if whole := BRACKETED.fullmatch(pattern):
            pattern = whole[1]
        pattern = ENCLOSED.sub(lambda match: match[1] + terms[int(match[2])], pattern)
        return pattern.format(*(f"({t})" if t.startswith("-") else t for t in terms))

    def _term(self, ref: Ref) -> str:
        sign = "-" if ref.unit in NEGATIVE else ""
        factor = "1j * " if ref.unit % 2 else ""
        return f"{sign}{factor}{self._names[ref.value]}"
