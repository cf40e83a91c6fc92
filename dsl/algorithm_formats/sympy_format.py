"""A Python script of SymPy equations: the recurrences of every rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

import sympy

from dsl.algorithm_formats.base import ALGORITHM_FORMATS
from dsl.algorithm_formats.base_sizes import base_sizes, one_point
from dsl.algorithm_formats.recurrences import (
    Formulas,
    NoFormulaError,
    Recurrence,
    formulas_of,
    text_of,
)
from dsl.algorithm_formats.text import rule_lines
from dsl.formats.base import Format
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.rule import Rule

FRACTION = re.compile(r"(?<![\w.)])(\d+)/(\d+)(?!\w)")
NAME = re.compile(r"\b[A-Za-z]\w*(?=\()|\b(?:pi|I|IndexedBase)\b")


def write(algorithm: Algorithm) -> str:
    """Writes a script that defines, for each rule, a list of equations; run it, or paste it."""
    lines = ["", 'n, r = symbols("n r", integer=True, positive=True)', *_vectors(algorithm)]
    for name, rules in algorithm.rules.items():
        for number, rule in enumerate(rules, 1):
            lines += ["", *_rule(name, rule, f"_{number}" if len(rules) > 1 else "")]
        lines += list(_bases(algorithm, name))
    code = "\n".join(line.partition("#")[0] for line in lines)
    needed = set(NAME.findall(code)) & set(dir(sympy))
    title = f"# {algorithm.name}: {algorithm.family.title}, {algorithm.sizes_text}"
    imports = f"from sympy import {', '.join(sorted(needed | {'symbols'}))}"
    return "\n".join([title, f"# {algorithm.family.convention}", imports, *lines]) + "\n"


def _vectors(algorithm: Algorithm) -> Iterator[str]:
    """Defines the vectors that occur."""
    found: dict[str, None] = {}
    for rule in (rule for rules in algorithm.rules.values() for rule in rules):
        with suppress(NoFormulaError):
            found.update(dict.fromkeys(formulas_of(rule).names))
    if found:
        yield f"{', '.join(found)} = map(IndexedBase, {' '.join(found)!r}.split())".replace(
            "'", '"'
        )


def _rule(name: str, rule: Rule, number: str) -> Iterator[str]:
    condition = f", n a multiple of {rule.divisor}" if rule.divisor > 1 else ""
    try:
        formulas = formulas_of(rule)
    except NoFormulaError:
        yield f"# {name}{number}{condition}: no formulas for single elements"
        yield from (f"# {line}" for line in rule_lines(name, rule))
        return
    yield f"# {name}{condition}"
    yield f"{name}{number} = ["
    yield from _items(formulas)
    yield "]"


def _items(formulas: Formulas) -> Iterator[str]:
    for item in formulas.items:
        if isinstance(item, Recurrence):
            equation = f"Eq({text_of(item.left)}, {text_of(item.right)})"
            # Python would make the fraction 1/6 a decimal: SymPy's own integer keeps it exact.
            equation = FRACTION.sub(r"S(\1)/\2", equation)
            is_one = item.first == item.last
            span = "" if is_one else f"  # r = {item.first}, ..., {text_of(item.last)}"
            yield f"    {equation},{span}"
        else:
            operand = text_of(item.operand)
            yield f"    # {item.result} = {item.family} of {operand}, {item.length} points"


def _bases(algorithm: Algorithm, name: str) -> Iterator[str]:
    sizes = base_sizes(algorithm, name)
    if 1 in sizes:
        yield f"# {name}, n = 1: {one_point(name)}"
    if others := [str(n) for n in sizes if n > 1]:
        yield f"# {name}, n = {', '.join(others)}: the product with the matrix"


SYMPY = ALGORITHM_FORMATS.register(Format("sympy", ".py", write, "recurrences as SymPy equations"))
