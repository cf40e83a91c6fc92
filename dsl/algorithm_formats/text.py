"""Pseudo-code: an algorithm as people read it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from fractions import Fraction

from dsl.algorithm_formats.angle_text import has_angle, power, radians
from dsl.algorithm_formats.base import ALGORITHM_FORMATS
from dsl.algorithm_formats.base_sizes import base_sizes, one_point
from dsl.algorithm_formats.nested import Manner, lines_of
from dsl.formats.base import Format
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.rule import CALL, MULTIPLY, Rule, Step
from dsl.vectors import VECTORS

INPUTS = ("x", "y")
LETTERS = "abcdfghjklmopqstuvz"
# Steps that have a name of their own for these parameters.
SHORT = {
    ("take", (2, 0)): "evens({a})",
    ("take", (2, 1)): "odds({a})",
    ("part", (2, 0)): "low({a})",
    ("part", (2, 1)): "high({a})",
}
NOTES = {
    r"w\^": "w = exp(-2 pi i/n)",
    r"\br\b": "r = 0, 1, ... is the element",
    r"\bevens\(": "evens(x) = x[0::2], odds(x) = x[1::2]",
    r"\blow\(": "low(x), high(x): the halves",
    r"\bpart\(": "part(x, q of p): piece q = 0, 1, ... of p pieces",
    r"\binterleave\(": "interleave: elements in turn",
    r"\breverse\(": "reverse: the last element first",
    r"\bmirror\(": "mirror: element -r modulo the length for element r",
    r"\brotate\(": "rotate: element r + 1 for element r, the first one last",
    r"\badvance\(": "advance: element r + 1 for element r, 0 last",
    r"\bdelay\(": "delay: element r - 1 for element r, 0 first",
    r"\bpad\(": "pad(x): x, then as many zeros",
}
# Sizes at which operations are given.
LARGEST_SHOWN = 64
COUNTED = 3


def write(algorithm: Algorithm) -> str:
    """Writes the rules of every family, the base sizes and the valid ones."""
    blocks = ["\n".join(_head(algorithm))]
    for name in sorted(algorithm.rules, key=lambda name: name != algorithm.name):
        blocks += ["\n".join(rule_lines(name, rule)) for rule in algorithm.rules[name]]
        if bases := _bases(algorithm, name):
            blocks.append(bases)
    body = "\n\n".join(blocks[1:])
    notes = [note for sign, note in NOTES.items() if re.search(sign, body)]
    return "\n\n".join([blocks[0], body, "\n".join(notes)]).rstrip() + "\n"


def _head(algorithm: Algorithm) -> Iterator[str]:
    yield f"{algorithm.name}: {algorithm.family.title}, {algorithm.sizes_text}"
    yield algorithm.family.convention
    sizes = [n for n in algorithm.sizes if 2 < n <= LARGEST_SHOWN][-COUNTED:]
    counts = ", ".join(f"{algorithm.operations(n).operations} for n = {n}" for n in sizes)
    if counts:
        yield f"real operations: {counts}"
    if any(len(rules) > 1 for rules in algorithm.rules.values()):
        yield "where several rules apply, the one that needs the fewest operations"


def rule_lines(name: str, rule: Rule) -> Iterator[str]:
    """Returns the lines of a rule."""
    inputs = INPUTS[: len(rule.inputs)]
    manner = Manner(template, tuple(names()), inputs)
    condition = f", n a multiple of {rule.divisor}" if rule.divisor > 1 else ""
    yield f"{name}({', '.join(inputs)}){condition}:"
    rows = []
    for line in lines_of(rule, manner):
        ratio = rule.ratios[line.values[0]]
        (name,) = line.names or ("",)
        text = f"{name} = {line.text}" if name else f"return {line.text}"
        rows.append((text, f"# {length(ratio)} points" if name else ""))
    width = max((len(text) for text, note in rows if note), default=0)
    yield from (f"    {text.ljust(width + 2) * bool(note) or text}{note}" for text, note in rows)


def names() -> Iterator[str]:
    """Names values: a, b, ..., then a1, b1, ...; not r, n, w, e, i, x and y."""
    for round_ in itertools.count():
        if round_ > 256 // len(LETTERS) + 1:
            return
        yield from (f"{letter}{round_ or ''}" for letter in LETTERS)


def length(ratio: Fraction) -> str:
    """Returns a part of n: n, n/2, 3n/4."""
    above = "" if ratio.numerator == 1 else str(ratio.numerator)
    below = "" if ratio.denominator == 1 else f"/{ratio.denominator}"
    return f"{above}n{below}"


def template(step: Step) -> str:
    """Returns how a step is written, with the places of its operands."""
    if step.name == CALL:
        return f"{step.family}({{a}})"
    if step.name == MULTIPLY:
        return "{a} * {b}"
    key = (step.name, tuple(map(int, step.parameters)))
    if key in SHORT and all(p.denominator == 1 for p in step.parameters):
        return SHORT[key]
    primitive = VECTORS.get(step.name)
    values = dict(zip(primitive.parameters, map(str, step.parameters), strict=True))
    if has_angle(step.name):
        values |= {"angle": radians(step.parameters), "power": power(step.parameters)}
    text = primitive.words
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _bases(algorithm: Algorithm, name: str) -> str:
    """Returns what is done at sizes without a rule, in a line."""
    sizes = base_sizes(algorithm, name)
    parts = []
    if 1 in sizes:
        parts.append(f"n = 1: {one_point(name)}")
    if others := [str(n) for n in sizes if n > 1]:
        parts.append(f"n = {', '.join(others)}: the product with the matrix")
    return f"{name}(x), " + ";  ".join(parts) if parts else ""


TEXT = ALGORITHM_FORMATS.register(Format("text", ".txt", write, "pseudo-code of the rules"))
