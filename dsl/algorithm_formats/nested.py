"""Steps as expressions: what is used once and short is written where it is used."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dsl.grammars.recursive.rule import CALL, Rule, Step

# How tightly an expression holds together.
SUM, PRODUCT, ATOM = range(3)
FIELD = re.compile(r"\{(\w+)\}")
OPENING, CLOSING = "([{", ")]}"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: values that get names, or the result.

    Attributes:
        values: Their numbers; several of calls that are done together.
        names: What they are called; "" for the result.
        text: What they are.
    """

    values: tuple[int, ...]
    names: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Manner:
    """How steps are written.

    Attributes:
        template: Step -> text with `{a}` and `{b}` for operands, or `{parts}` for all.
        names: For values that are not written where they are used, in order.
        inputs: Names of inputs.
        longest: An expression that is longer gets a name.
        together: (family, arguments) -> calls that are done together; None if none are.
    """

    template: Callable[[Step], str]
    names: Sequence[str]
    inputs: Sequence[str]
    longest: int = 28
    together: Callable[[str, list[str]], str] | None = None


def lines_of(rule: Rule, manner: Manner) -> list[Line]:
    """Returns the lines of a rule; the last is its output."""
    return _Lines(rule, manner).lines()


class _Lines:
    """The lines of one rule; values get their texts as they are written."""

    def __init__(self, rule: Rule, manner: Manner) -> None:
        self.rule, self.manner = rule, manner
        self.texts = dict(enumerate(manner.inputs[: len(rule.inputs)]))
        self.names = iter(manner.names)
        self.uses: Counter[int] = Counter()
        for value in self._order():
            fields = Counter(FIELD.findall(manner.template(self._step(value))))
            for position, operand in enumerate(self._step(value).operands):
                self.uses[operand] += fields[chr(ord("a") + position)] + fields["parts"]

    def _step(self, value: int) -> Step:
        return self.rule.steps[value - len(self.rule.inputs)]

    def _order(self) -> list[int]:
        """Returns the values that are needed: calls as early as their likes, if together."""
        first = len(self.rule.inputs)
        values = [v for v in range(first, len(self.rule.ratios)) if self.rule.used[v]]
        if self.manner.together is None:
            return values
        depths = call_depths(self.rule)
        return sorted(values, key=lambda v: (depths[v], self._step(v).name != CALL))

    def lines(self) -> list[Line]:
        """Returns the lines; the last is the output."""
        lines, output = [], self.rule.output
        for group in self._groups():
            if len(group) > 1:
                lines.append(self._together(group))
                continue
            (value,) = group
            operands = [self.texts[k] for k in self._step(value).operands]
            text = filled(self.manner.template(self._step(value)), operands)
            self.texts[value] = text
            is_long = len(text) > self.manner.longest
            if value != output and (self.uses[value] != 1 or is_long):
                lines.append(Line((value,), self._named(group), text))
        return [*lines, Line((output,), (), self.texts[output])]

    def _together(self, group: list[int]) -> Line:
        assert self.manner.together is not None
        operands = [self.texts[self._step(value).operands[0]] for value in group]
        text = self.manner.together(self._step(group[0]).family, operands)
        return Line(tuple(group), self._named(group), text)

    def _named(self, group: list[int]) -> tuple[str, ...]:
        for value in group:
            self.texts[value] = next(self.names)
        return tuple(self.texts[value] for value in group)

    def _groups(self) -> list[list[int]]:
        """Returns the values in order, calls that are done together as one."""
        depths = call_depths(self.rule)
        groups: dict[object, list[int]] = {}
        for value in self._order():
            step, key = self._step(value), value
            if step.name == CALL and self.manner.together is not None:
                alike = (depths[value], step.family, self.rule.ratios[value])
                groups.setdefault(alike, []).append(value)
            else:
                groups[key] = [value]
        return list(groups.values())


def call_depths(rule: Rule) -> list[int]:
    """Returns, for each value, how many calls follow on each other up to it."""
    depths = [0] * len(rule.inputs)
    for step in rule.steps:
        depths.append(max(depths[k] for k in step.operands) + (step.name == CALL))
    return depths


def filled(template: str, operands: list[str]) -> str:
    """Puts operands into a template, in brackets where they need them."""

    def operand(match: re.Match[str]) -> str:
        if match[1] == "parts":
            return ", ".join(operands)
        text = operands[ord(match[1]) - ord("a")]
        needed = _needed(template, match)
        if needed == PRODUCT and text.startswith("-") and match.start():
            needed = ATOM if template[: match.start()][-2:] not in ("+ ", "- ") else PRODUCT
        return text if tightness(text) >= needed else f"({text})"

    text = FIELD.sub(operand, template)
    return text.replace(" + -", " - ").replace(" - -", " + ")


def _needed(template: str, match: re.Match[str]) -> int:
    """Returns how tight an operand must be to be written without brackets."""
    before, after = template[: match.start()], template[match.end() :]
    if after.startswith(("[", ".")):
        return ATOM
    if before.count("(") > before.count(")") or before.count("[") > before.count("]"):
        is_enclosed = before.rstrip()[-1] in "([," and after[:1] in ")],"
        return SUM if is_enclosed else ATOM
    is_sum = tightness(FIELD.sub("v", template)) == SUM
    return SUM if is_sum and not before.endswith("- ") else PRODUCT


def tightness(text: str) -> int:
    """Returns how tightly an expression holds together: the loosest sign outside brackets."""
    depth, loosest = 0, ATOM
    for position, letter in enumerate(text):
        depth += (letter in OPENING) - (letter in CLOSING)
        if depth == 0 and letter == " ":
            if text[position + 1 : position + 3] in ("+ ", "- "):
                return SUM
            loosest = PRODUCT
    return min(loosest, PRODUCT) if text.startswith("-") else loosest
