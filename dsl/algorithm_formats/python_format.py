"""A Python module for NumPy: one recursive function per family, for every size."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np

from dsl.algorithm_formats.angle_text import angle_of, has_angle
from dsl.algorithm_formats.base import ALGORITHM_FORMATS
from dsl.algorithm_formats.base_sizes import base_sizes
from dsl.algorithm_formats.nested import Manner, lines_of
from dsl.algorithm_formats.preferences import preferences
from dsl.algorithm_formats.text import names
from dsl.formats.base import Format
from dsl.formats.python_module import function_name, indented
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.families import family, matrix_in
from dsl.grammars.recursive.rule import CALL, MULTIPLY, Rule, Step
from dsl.vectors import VECTORS
from dsl.vectors.fields import DOUBLES

INPUTS = ("x", "y")
WORDS = ("np", "lru_cache", "CHOICES", "MATRICES", "RULES", *INPUTS)
LONGEST = 44
SIZES_NAMED = 8

MODULE = '''\
"""{name}: {title}, {sizes}.

{convention}.
Written by evosynth.
"""

from functools import lru_cache

import numpy as np

# Sizes that are multiplied by their matrices.
MATRICES = {{
{matrices}}}
# Rules of each family: what divides sizes; families that are called, with parts of n.
RULES = {{
{rules}}}
# Where another rule is cheaper than the first one that applies.
CHOICES = {{{choices}}}


def {name}({parameters}):
    """Compute the {title} along the last axis.

    Args:
{arguments}
    Returns:
        Array of shape (..., n).

    Raises:
        ValueError: n is no size that the rules can do.
    """
{body}

@lru_cache(maxsize=None)
def _rule(family, n):
    """Return the number of the rule for n points, -1 for the matrix, None if there is none."""
    if n in MATRICES[family]:
        return -1
    for k in [CHOICES.get((family, n), 0), *range(len(RULES[family]))]:
        divisor, calls = RULES[family][k]
        if n % divisor == 0 and all(_rule(f, n * p // q) is not None for f, p, q in calls):
            return k
    return None


{functions}'''

BODY = """\
{conversions}    n = {size} if {first}.ndim else 0
    if {wrong}n < 1 or _rule("{family}", n) is None:
        raise ValueError(
            f"cannot do n = {{n}}; sizes that can be done: {some} ({sizes})"
        )
    return _{family}({arrays})
"""
FUNCTION = """\
def _{family}({arrays}):
    n = {size}
{bases}{rules}"""


def write(algorithm: Algorithm, *, name: str | None = None) -> str:
    """Writes a module with one function, which takes arrays (..., n) of every valid size.

    Args:
        algorithm: What to write.
        name: Of the function; by default the family's.

    Raises:
        UsageError: The name is none in Python, or has another meaning in the module.
    """
    return _Module(algorithm, name).text()


class _Module:
    """The text of a module; factors that depend on n get functions as they are found."""

    def __init__(self, algorithm: Algorithm, name: str | None) -> None:
        self.algorithm = algorithm
        own = tuple(f"_{called}" for called in algorithm.rules)
        self.name = function_name(algorithm, name, (*WORDS, *own, "_rule"))
        self.factors: dict[str, str] = {}
        self.orders = {called: preferences(algorithm, called) for called in algorithm.rules}

    def text(self) -> str:
        """Returns the module."""
        algorithm = self.algorithm
        functions = [self._function(called) for called in algorithm.rules]
        tables = [_factor_function(name, text) for text, name in self.factors.items()]
        tables += _sources(algorithm)
        about = algorithm.family
        inputs = INPUTS[: len(about.inputs)]
        choices = {
            (called, n): k
            for called, (_, exceptions) in self.orders.items()
            for n, k in exceptions.items()
        }
        return MODULE.format(
            name=self.name,
            title=about.title,
            sizes=algorithm.sizes_text,
            convention=about.convention[:1].upper() + about.convention[1:],
            matrices=indented([self._matrices(called) for called in algorithm.rules], 1),
            rules=indented([self._table(called) for called in algorithm.rules], 1),
            choices=", ".join(f"{key}: {k}" for key, k in choices.items()),
            parameters=", ".join(inputs),
            arguments=indented(
                [
                    f"{x}: Array of shape (..., {_length(ratio)})."
                    for x, ratio in zip(inputs, about.inputs, strict=True)
                ],
                2,
            ),
            body=self._body(inputs),
            functions="\n\n".join([*functions, *tables]),
        )

    def _body(self, inputs: tuple[str, ...]) -> str:
        algorithm, ratios = self.algorithm, self.algorithm.family.inputs
        kind = "np.complex128" if algorithm.family.domain == "complex" else "np.float64"
        lines = [f"{x} = np.asarray({x})" for x in inputs]
        convert = f"{{0}}.astype(np.result_type({{0}}.dtype, {kind}), copy=False)"
        lines += [f"{x} = {convert.format(x)}" for x in inputs]
        wrong = [
            f"{_size(x, ratio)} != n or " for x, ratio in zip(inputs[1:], ratios[1:], strict=True)
        ]
        if wrong and len(set(ratios)) == 1:
            lines.append(f"{', '.join(inputs)} = np.broadcast_arrays({', '.join(inputs)})")
            wrong = []
        return BODY.format(
            arrays=", ".join(inputs),
            conversions=indented(lines, 1),
            first=inputs[0],
            size=_size(inputs[0], ratios[0]),
            wrong="".join(wrong),
            family=algorithm.name,
            some=", ".join(map(str, algorithm.sizes[:SIZES_NAMED])) + ", ...",
            sizes=algorithm.sizes_text,
        )

    def _matrices(self, called: str) -> str:
        entries = []
        for n in base_sizes(self.algorithm, called):
            matrix = matrix_in(called, n, DOUBLES)
            if not np.imag(matrix).any():
                matrix = np.real(matrix)
            entries.append(f"{n}: np.array({matrix.tolist()!r})")
        return f'"{called}": {{{", ".join(entries)}}},'

    def _table(self, called: str) -> str:
        rules = []
        for k in self.orders[called][0]:
            rule = self.algorithm.rules[called][k]
            calls = dict.fromkeys(rule.calls)
            parts = ", ".join(f'("{f}", {r.numerator}, {r.denominator})' for f, r in calls)
            rules.append(f"({rule.divisor}, [{parts}])")
        return f'"{called}": [{", ".join(rules)}],'

    def _function(self, called: str) -> str:
        ratios = family(called).inputs
        inputs = INPUTS[: len(ratios)]
        order, _ = self.orders[called]
        bodies = [self._rule(self.algorithm.rules[called][k]) for k in order]
        rules = indented(bodies[-1], 1)
        if len(bodies) > 1:
            rules = indented([f'rule = _rule("{called}", n)'], 1)
            for k, body in enumerate(bodies):
                condition = f"if rule == {k}:" if k < len(bodies) - 1 else ""
                rules += indented([condition] if condition else [], 1)
                rules += indented(body, 2 if condition else 1)
        matrix = f'MATRICES["{called}"]'
        bases = [f"if n in {matrix}:", f"    return x @ {matrix}[n].T"]
        return FUNCTION.format(
            family=called,
            arrays=", ".join(inputs),
            size=_size(inputs[0], ratios[0]),
            bases=indented(bases if base_sizes(self.algorithm, called) else [], 1),
            rules=rules,
        )

    def _rule(self, rule: Rule) -> list[str]:
        def template(step: Step) -> str:
            return self._template(step, rule)

        manner = Manner(template, tuple(names()), INPUTS, LONGEST, _together)
        return [
            f"{', '.join(line.names)} = {line.text}" if line.names else f"return {line.text}"
            for line in lines_of(rule, manner)
        ]

    def _template(self, step: Step, rule: Rule) -> str:
        if step.name == CALL:
            return f"_{step.family}({{a}})"
        if step.name == MULTIPLY:
            return "{a} * {b}"
        primitive = VECTORS.get(step.name)
        text = primitive.numpy
        for name, value in zip(primitive.parameters, step.parameters, strict=True):
            text = text.replace(f"{{{name}}}", str(value))
        ratio = rule.ratios[step.operands[0]]
        text = re.sub(r"\blength\b", f"({_length(ratio)})", text)
        if has_angle(step.name):
            text = self._with_factor(text, step, ratio)
        text = re.sub(r"\b([ab])\b", r"{\1}", text)
        return re.sub(r"\bparts\b", "[{parts}]", re.sub(r"\bparts\[0\]", "{a}", text))

    def _with_factor(self, text: str, step: Step, ratio: Fraction) -> str:
        """Puts the angle into a text; a table of factors gets a function of its own."""
        angle = angle_of(step.parameters)
        if not angle.slope and not angle.offset:
            below = f" / {angle.denominator}" if angle.denominator > 1 else ""
            return text.replace("{angle}", f"{_times(angle.per_size, 'np.pi')}{below}")
        terms = [_times(angle.slope, "r"), str(angle.offset), _times(angle.per_size, "n")]
        parts = zip(terms, (angle.slope, angle.offset, angle.per_size), strict=True)
        top = " + ".join(term for term, number in parts if number).replace(" + -", " - ")
        top = f"({top}) % ({2 * angle.denominator} * n)"
        below = f"({angle.denominator} * n)" if angle.denominator > 1 else "n"
        text = text.replace("{angle}", f"np.pi / {below} * ({top})")
        factor = text.removeprefix("a * ")
        first = f"r = np.arange({_length(ratio)})\n" if angle.slope else ""
        key = f"{first}return {factor}"
        name = self.factors.setdefault(key, f"_factors_{len(self.factors) + 1}")
        return f"a * {name}(n)"


def _sources(algorithm: Algorithm) -> list[str]:
    """Returns the definitions that steps bring with them, each once."""
    rules = [rule for ordered in algorithm.rules.values() for rule in ordered]
    names = dict.fromkeys(step.name for rule in rules for step in rule.steps)
    return [
        VECTORS.get(name).source for name in names if name in VECTORS and VECTORS.get(name).source
    ]


def _together(called: str, arguments: list[str]) -> str:
    return f"_{called}(np.stack([{', '.join(arguments)}]))"


def _factor_function(name: str, text: str) -> str:
    body = indented(text.split("\n"), 1)
    return f"@lru_cache(maxsize=64)\ndef {name}(n):\n{body}"


def _times(number: int, symbol: str) -> str:
    return symbol if number == 1 else f"{number} * {symbol}"


def _length(ratio: Fraction) -> str:
    """Returns a part of n in whole numbers: n, n // 2, 3 * n // 4."""
    above = "n" if ratio.numerator == 1 else f"{ratio.numerator} * n"
    return above if ratio.denominator == 1 else f"{above} // {ratio.denominator}"


def _size(name: str, ratio: Fraction) -> str:
    """Returns n, given an input's length over n."""
    text = f"{name}.shape[-1]"
    if ratio.denominator > 1:
        text = f"{ratio.denominator} * {text}"
    return text if ratio.numerator == 1 else f"{text} // {ratio.numerator}"


PYTHON = ALGORITHM_FORMATS.register(
    Format("python", ".py", write, "recursive NumPy functions for arrays of every valid size")
)
