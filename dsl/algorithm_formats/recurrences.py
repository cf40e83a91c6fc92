"""Rules as recurrences: formulas for the elements of the result, for every size at once.

The loops that compute a rule are looked at for three sizes. Where their bounds and places
are the same linear functions of n, they are formulas.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from dsl.algorithm_formats.affine import Piece, linear_map
from dsl.algorithm_formats.angle_text import has_angle
from dsl.algorithm_formats.stages import Node, Stage, Staging
from dsl.grammars.recursive.rule import MULTIPLY, Rule, Step
from dsl.vectors import VECTORS
from dsl.vectors.base import NOWHERE

N, R = sympy.symbols("n r", integer=True, positive=True)
# Multiples of a rule's divisor: two sizes make a formula, the third one is the test of it.
MULTIPLES = (24, 30, 42)
# Not I, N, O, R, S, which have a meaning, and not the letters of inputs and results.
LETTERS = "ABCDEFGHJKLMPQTUVW"


class NoFormulaError(Exception):
    """The places that a rule reads are no linear functions of n, or a factor is no formula."""


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A formula for some elements of a vector.

    Attributes:
        left: Of element r of a part of the vector.
        right: What it is.
        first: The first r.
        last: The last one.
    """

    left: sympy.Expr
    right: sympy.Expr
    first: sympy.Expr
    last: sympy.Expr


@dataclass(frozen=True, slots=True)
class Transformed:
    """A call: the vector `result` is the transform of a vector with the elements `operand`."""

    result: str
    family: str
    operand: sympy.Expr
    length: sympy.Expr


@dataclass(frozen=True, slots=True)
class Formulas:
    """A rule as formulas, in the order in which they can be computed."""

    items: tuple[Recurrence | Transformed, ...]
    names: tuple[str, ...]


def formulas_of(rule: Rule) -> Formulas:
    """Returns a rule as formulas.

    Raises:
        NoFormulaError: There are none for every size.
    """
    stagings = [Staging(rule, rule.divisor * m) for m in MULTIPLES]
    return _Formulas(rule, stagings).formulas()


class _Formulas:
    """Compares the stages for three sizes."""

    def __init__(self, rule: Rule, stagings: list[Staging]) -> None:
        self.rule, self.stagings = rule, stagings
        self.sizes = [staging.n for staging in stagings]
        self.names: dict[int, str] = {}

    def formulas(self) -> Formulas:
        """Returns the formulas."""
        inputs = len(self.rule.inputs)
        for k in range(inputs):
            self.names[k] = "xy"[k] if inputs <= 2 else f"x{k + 1}"
        letters = (f"{letter}{k or ''}" for k in itertools.count() for letter in LETTERS)
        items: list[Recurrence | Transformed] = []
        output = self.rule.output
        if output >= inputs:
            self.names[output] = "X" if inputs == 1 else "Z"
        for stages in zip(*(staging.stages for staging in self.stagings), strict=True):
            items += self._stage(stages, letters)
        return Formulas(tuple(items), tuple(dict.fromkeys(self.names.values())))

    def _stage(self, stages: Sequence[Stage], letters: Any) -> list[Recurrence | Transformed]:
        items: list[Recurrence | Transformed] = []
        if len({len(stage.targets) for stage in stages}) != 1:
            raise NoFormulaError
        for targets in zip(*(stage.targets for stage in stages), strict=True):
            value = targets[0][0]
            if value not in self.names:
                self.names[value] = next(letters).lower()
            if len({len(pieces) for _, _, pieces in targets}) != 1:
                raise NoFormulaError
            nodes = [node for _, node, _ in targets]
            all_pieces = zip(*(pieces for _, _, pieces in targets), strict=True)
            items += [self._recurrence(value, nodes, pieces) for pieces in all_pieces]
        for call, *others in zip(*(stage.calls for stage in stages), strict=True):
            result = self.names.setdefault(call.value, next(letters))
            start = self._fitted([call.operand.start, *(c.operand.start for c in others)])
            base = sympy.IndexedBase(self.names[call.operand.value])
            step = call.operand.step
            if any(other.operand.step != step for other in others):
                raise NoFormulaError
            length = self._fitted([call.length, *(c.length for c in others)])
            operand = base[_index(start + step * R)]
            items.append(Transformed(result, call.family, operand, length))
        return items

    def _recurrence(self, value: int, nodes: Sequence[Node], pieces: Sequence[Piece]) -> Recurrence:
        if len({piece.step for piece in pieces}) != 1:
            raise NoFormulaError
        start = self._fitted([piece.start for piece in pieces])
        count = self._fitted([piece.count for piece in pieces])
        step = pieces[0].step
        # From element 1 on: so is the index.
        shift = start.as_coeff_Add()[0] if step == 1 and count != 1 else sympy.Integer(0)
        index = sympy.Integer(0) if count == 1 else R - shift
        left = sympy.IndexedBase(self.names[value])[_index(start + step * index)]
        right = self._expression(nodes, pieces, index)
        return Recurrence(left, right, shift, _index(shift + count - 1))

    def _expression(
        self, nodes: Sequence[Node], pieces: Sequence[Piece], index: sympy.Expr
    ) -> sympy.Expr:
        """Returns element `index` of a piece of a value."""
        places = [n.places[p.positions] for n, p in zip(nodes, pieces, strict=True)]
        absent = [bool((row == NOWHERE).all()) for row in places]
        if all(absent):
            return sympy.Integer(0)
        if any(absent):
            raise NoFormulaError
        try:
            maps = [linear_map(row) for row in places]
        except ValueError:
            raise NoFormulaError from None
        found = [one for one in maps if one is not None]
        if len({slope for slope, _ in found}) != 1:
            raise NoFormulaError
        place = sympy.expand(self._fitted([start for _, start in found]) + found[0][0] * index)
        node = nodes[0]
        if not node.operands:
            return sympy.IndexedBase(self.names[node.value])[_index(place)]
        step = self.stagings[0].step(node.value)
        terms = [
            self._expression([n.operands[k] for n in nodes], pieces, index)
            for k in range(len(node.operands))
        ]
        if step.name == MULTIPLY:
            return terms[0] * terms[1]
        primitive = VECTORS.get(step.name)
        return _factor(step, place) * _sum(
            [sympy.I ** primitive.unit(k) * term for k, term in enumerate(terms)]
        )

    def _fitted(self, numbers: list[int]) -> sympy.Expr:
        """Returns the linear function of n that has these values at the three sizes."""
        slope = Fraction(numbers[1] - numbers[0], self.sizes[1] - self.sizes[0])
        offset = numbers[0] - slope * self.sizes[0]
        if numbers[2] != slope * self.sizes[2] + offset:
            raise NoFormulaError
        return _rational(slope) * N + _rational(offset)


def _sum(terms: list[sympy.Expr]) -> sympy.Expr:
    """Returns a sum with its terms in their order."""
    parts = [part for term in terms for part in (term.args if term.is_Add else [term]) if part]
    return sympy.Add(*parts, evaluate=False) if len(parts) > 1 else sympy.Add(*parts)


def _index(expression: sympy.Expr) -> sympy.Expr:
    """Returns an index with its terms in order: n, r, 1, those to be subtracted last."""
    expression = sympy.expand(expression)
    terms = [expression.coeff(symbol) * symbol for symbol in (N, R)]
    terms.append(expression - sympy.Add(*terms))
    return _sum(sorted(terms, key=lambda term: term.could_extract_minus_sign()))


def text_of(expression: sympy.Expr) -> str:
    """Returns an expression as SymPy reads it, sums in their order."""
    return str(sympy.sstr(expression, order="none"))


def latex_of(expression: sympy.Expr) -> str:
    """Returns an expression in LaTeX, sums in their order."""
    return str(sympy.latex(expression, order="none"))


def _rational(number: Fraction) -> sympy.Rational:
    return sympy.Rational(number.numerator, number.denominator)


def _factor(step: Step, place: sympy.Expr) -> sympy.Expr:
    """Returns a step's factor of an element, read from the text of the primitive."""
    primitive = VECTORS.get(step.name)
    if primitive.factor is None:
        return sympy.Integer(1)
    if primitive.source:  # its text names a function
        raise NoFormulaError
    numbers = [_rational(p) for p in step.parameters]
    known = {"a": sympy.Integer(1), "n": N, "I": sympy.I, "r": place}
    text = primitive.numpy.replace("np.", "").replace("1j", "I")
    if has_angle(step.name):
        slope, offset, turn = numbers
        known["angle"] = 2 * sympy.pi * (sympy.together((slope * place + offset) / N) + turn)
    for name, number in zip(primitive.parameters, numbers, strict=True):
        known[name] = number
        text = text.replace(f"{{{name}}}", name)
    text = text.replace("{angle}", "angle")
    try:
        # The text is the primitive's own declaration, never a file's.
        return sympy.nsimplify(sympy.parse_expr(text, local_dict=known), rational=True)
    except (SyntaxError, TypeError, ValueError, AttributeError, NameError):
        raise NoFormulaError from None
