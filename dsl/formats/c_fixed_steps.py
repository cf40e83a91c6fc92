"""The steps of a fixed-point program as C: one statement each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from dsl.fixed_point import FixedProgram, Step, Term
from dsl.number_forms import signed_digits
from dsl.plain_constants import text_of_constant


def statements(fixed: FixedProgram, is_shift_add: bool) -> str:
    """Returns the body of a function, a statement per line.

    Args:
        fixed: What the function computes.
        is_shift_add: Products are sums of products by powers of two.
    """
    lines = list(_Lines(fixed, is_shift_add))
    if not any("x[" in line for line in lines):
        lines.insert(0, "(void)x;")
    return "\n".join(f"    {line}" for line in lines)


class _Lines:
    """The lines of one program; values get their names as they are written."""

    def __init__(self, fixed: FixedProgram, is_shift_add: bool) -> None:
        self._fixed, self._is_shift_add = fixed, is_shift_add
        self._word = f"int{fixed.words.length}_t"
        self._wide = f"int{fixed.words.wide_length}_t"
        self._names = [f"x[{k}]" for k in range(fixed.inputs)]
        self._reads = Counter(term.value for step in fixed.steps for term in step.terms)
        self._outputs: dict[int, list[int]] = {}
        for k, value in enumerate(fixed.outputs):
            self._outputs.setdefault(value, []).append(k)

    def __iter__(self) -> Iterator[str]:
        for value in range(self._fixed.inputs):
            yield from self._copies(value)
        temporaries = 0
        for value, step in enumerate(self._fixed.steps, self._fixed.inputs):
            outputs = self._outputs.get(value, [])
            if outputs and not self._reads[value]:
                self._names.append(f"y[{outputs.pop(0)}]")
                declared = ""
            else:
                temporaries += 1
                self._names.append(f"t{temporaries}")
                declared = f"const {self._word} "
            yield f"{declared}{self._names[value]} = {self._rounded(step)};{self._meanings(step)}"
            yield from self._copies(value)

    def _copies(self, value: int) -> Iterator[str]:
        for k in self._outputs.get(value, []):
            yield f"y[{k}] = {self._names[value]};"

    def _rounded(self, step: Step) -> str:
        """Writes the value of a step as a word."""
        if not step.terms:
            return "0"
        first = step.terms[0]
        if len(step.terms) == 1 and first.multiplier == 1 and not step.shift:
            return self._names[first.value]
        products = [self._product(term) for term in step.terms]
        signs = ["-" if term.multiplier < 0 else "+" for term in step.terms]
        rest = "".join(f" {s} {p}" for s, p in zip(signs[1:], products[1:], strict=True))
        total = f"{signs[0].strip('+')}{products[0]}{rest}"
        return f"({self._word})" + (
            f"rounded({total}, {step.shift})" if step.shift else f"({total})"
        )

    def _product(self, term: Term) -> str:
        """Writes a term without its sign."""
        value, multiplier = f"({self._wide}){self._names[term.value]}", abs(term.multiplier)
        if not self._is_shift_add or _is_power_of_two(multiplier):
            return f"{value} * {multiplier}" if multiplier > 1 else value
        digits = [round(digit.value) for digit in signed_digits(float(multiplier), 0).digits]
        parts = [f"{value} * {abs(d)}" if abs(d) > 1 else value for d in digits]
        signs = ["-" if d < 0 else "+" for d in digits]
        rest = "".join(f" {s} {p}" for s, p in zip(signs[1:], parts[1:], strict=True))
        return f"({parts[0]}{rest})"

    def _meanings(self, step: Step) -> str:
        """Writes a comment that says what multipliers stand for."""
        found = []
        for term in step.terms:
            constant, multiplier = term.constant.real, abs(term.multiplier)
            if math.frexp(constant)[0] != 0.5:
                exponent = round(math.log2(multiplier) - math.log2(constant))
                meaning = text_of_constant(term.constant, self._fixed.source.constants_order)
                found.append(f"{multiplier}: {_bracketed(meaning)} * 2^{exponent}")
        return f" /* {', '.join(found)} */" if found else ""


def _bracketed(text: str) -> str:
    return f"({text})" if " + " in text or " - " in text else text


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0
