"""LaTeX: the recurrences of every rule."""

from __future__ import annotations

import sympy

from dsl.algorithm_formats.base import ALGORITHM_FORMATS
from dsl.algorithm_formats.base_sizes import base_sizes, one_point
from dsl.algorithm_formats.recurrences import (
    NoFormulaError,
    Recurrence,
    Transformed,
    formulas_of,
    latex_of,
)
from dsl.algorithm_formats.text import rule_lines
from dsl.formats.base import Format
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.rule import Rule


def write(algorithm: Algorithm) -> str:
    """Writes the rules for amsmath: a paragraph and an `align*` environment each."""
    blocks = []
    for name in sorted(algorithm.rules, key=lambda name: name != algorithm.name):
        blocks += [_rule(name, rule) for rule in algorithm.rules[name]]
        if bases := _bases(algorithm, name):
            blocks.append(bases)
    return "\n".join(blocks)


def _rule(name: str, rule: Rule) -> str:
    condition = f" ({rule.divisor} divides $n$)" if rule.divisor > 1 else ""
    head = f"\\paragraph{{{_words(name)}{condition}}}\n"
    try:
        items = formulas_of(rule).items
    except NoFormulaError:
        body = "\n".join(rule_lines(name, rule))
        return f"{head}\\begin{{verbatim}}\n{body}\n\\end{{verbatim}}\n"
    body = " \\\\\n".join(_line(item) for item in items)
    return f"{head}\\begin{{align*}}\n{body}\n\\end{{align*}}\n"


def _line(item: Recurrence | Transformed) -> str:
    if isinstance(item, Transformed):
        family = _family(item.family, sympy.latex(item.length))
        return f"{item.result} &= {family}\\left({latex_of(item.operand)}\\right)"
    text = f"{latex_of(item.left)} &= {latex_of(item.right)}"
    if item.first == item.last:
        return text
    return f"{text}, && r = {item.first}, \\dots, {latex_of(item.last)}"


def _family(name: str, size: str) -> str:
    return f"\\operatorname{{{_words(name).upper()}}}_{{{size}}}"


def _words(name: str) -> str:
    return name.replace("_", "\\_")


def _bases(algorithm: Algorithm, name: str) -> str:
    sizes = base_sizes(algorithm, name)
    parts = []
    if 1 in sizes:
        value = sympy.latex(sympy.sympify(one_point(name).replace(" x", "*x")))
        parts.append(f"$n = 1$: ${value}$")
    if others := [str(n) for n in sizes if n > 1]:
        parts.append(f"$n = {', '.join(others)}$: the product with the matrix")
    return f"{_words(name)}, {'; '.join(parts)}.\n" if parts else ""


LATEX = ALGORITHM_FORMATS.register(
    Format("latex", ".tex", write, "recurrences in LaTeX for amsmath")
)
