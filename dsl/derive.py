"""Everything that follows from a primitive's matrix, derived with SymPy.

The columns (a, b) of a remainder K become (a, b) B^-1 when the block B is moved out of
K. From that: which parameters make an entry zero (or, for a block that can make none
zero, one), how a pair of entries with a zero fills in, and how to compute B x
and B^T x with additions and multiplications by constants.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import permutations
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import sympy

from dsl.errors import EnvironmentMismatchError
from dsl.exact_number import PARAMETER, Exact, is_exact, number_in, number_of
from dsl.primitives.base import Primitive, needs_complex
from dsl.straightline import UNITS, Ref

ENTRIES = sympy.symbols("a b c d")
# Numbers below it are zero: they are of moderate size, and computed in doubles.
VANISHING = 1e-12
# Solutions of a parameter that rows may propose.
MOST_CANDIDATES = 4
# Parameters and entries in general position, at which derived formulas are tried.
SAMPLES = ((0.7, 0.3, -0.8, 1.3, -0.45), (1.9, -1.1, 0.6, -0.35, 0.85))


class Step(NamedTuple):
    """One operation of a lowering: `left + right`, or `constant(p) * left`."""

    kind: Literal["add", "scale"]
    left: Ref
    right: Ref
    constant: sympy.Expr


@dataclass(frozen=True, slots=True)
class Lowering:
    """How to compute a block: steps on values 0 .. points - 1, then the results.

    Attributes:
        steps: Operations; the k-th defines value points + k.
        results: Where the block's results are.
        numeric: Parameter -> the constants of the scale steps, in order, as doubles.
    """

    steps: tuple[Step, ...]
    results: tuple[Ref, ...]
    numeric: Callable[[complex], tuple[complex, ...]]

    def constants(self, parameter: complex) -> tuple[complex, ...]:
        """Returns the constants of the scale steps, in order; exact if the parameter is."""
        expressions = tuple(step.constant for step in self.steps if step.kind == "scale")
        if isinstance(parameter, Exact):
            return tuple(Exact(number_of(e, parameter.number)) for e in expressions)
        if any(_is_irrational(e) for e in expressions) and is_exact(parameter):
            return _exact_constants(expressions, complex(parameter))
        return self.numeric(parameter)

    def matrix(self, parameter: complex) -> npt.NDArray[np.complex128]:
        """Returns the matrix that the steps compute: (points, points) complex128."""
        values = list(np.eye(len(self.results), dtype=complex))
        factors = iter(self.constants(parameter))

        def read(ref: Ref) -> npt.NDArray[np.complex128]:
            return values[ref.value] * UNITS[ref.unit]

        for step in self.steps:
            if step.kind == "add":
                values.append(read(step.left) + read(step.right))
            else:
                values.append(read(step.left) * next(factors))
        return np.stack([read(ref) for ref in self.results])


@lru_cache(maxsize=1 << 10)
def _is_irrational(expression: sympy.Expr) -> bool:
    """Tells whether there are numbers in an expression that are no fractions."""
    return any(
        part.is_number and not part.is_Rational for part in sympy.preorder_traversal(expression)
    )


@lru_cache(maxsize=1 << 10)
def _exact_constants(
    expressions: tuple[sympy.Expr, ...], parameter: complex
) -> tuple[complex, ...]:
    return tuple(Exact(number_of(e, number_in(parameter))) for e in expressions)


@dataclass(frozen=True, slots=True)
class Derivation:
    """What the system knows of a primitive beside its name.

    Attributes:
        matrix: (points, points) SymPy matrix in the parameter `p`.
        inverse: Its inverse.
        candidates: Parameters, as expressions in a remainder row's entries a, b, c and d,
            that make one entry of the transformed row zero (or one); none for a block
            without a parameter.
        makes_zeros: It can zero an entry, and is worth its place only where it does;
            otherwise its candidates make one an entry.
        turns: A candidate stands for itself times all powers of i (4), times 1 and -1
            (2), or for itself alone (1): the block does the same with any of them.
        filled: Non-zeros that rows with one entry have afterwards, by its position.
        orders: In which orders of the same values the block does different things.
        needs_complex: Its matrix is complex at real parameters: it fits complex data alone.
        is_regular: It is invertible, and real if its data are, at every usable parameter.
        lowering: How to compute B x.
        transposed: How to compute B^T x.
    """

    matrix: sympy.Matrix
    inverse: sympy.Matrix
    candidates: tuple[sympy.Expr, ...]
    makes_zeros: bool
    turns: int
    filled: tuple[int, ...]
    orders: tuple[tuple[int, ...], ...]
    needs_complex: bool
    is_regular: bool
    lowering: Lowering
    transposed: Lowering

    @property
    def is_ordered(self) -> bool:
        """Whether the block on (b, a) may gain what it does not on (a, b)."""
        return len(self.orders) > 1


@lru_cache(maxsize=256)
def derive(primitive: Primitive) -> Derivation:
    """Derives everything from the primitive's matrix, and checks it on numbers.

    Raises:
        EnvironmentMismatchError: The matrix is not square, singular, of more than four
            points, does not depend on its parameter, or is beyond what can be derived.
    """
    try:
        derivation = _derive(primitive)
        _check(primitive, derivation)
    except EnvironmentMismatchError as error:
        raise EnvironmentMismatchError(
            f"primitive '{primitive.name}': {error}", error.hint
        ) from error
    except Exception as error:  # a stranger's function, and SymPy on whatever it returns
        reason = f"{type(error).__name__}: {error}".split("\n")[0][:100]
        raise EnvironmentMismatchError(
            f"primitive '{primitive.name}': its matrix cannot be used: {reason}"
        ) from error
    return derivation


def _derive(primitive: Primitive) -> Derivation:
    factors = _factors(primitive)
    matrix = reduce(lambda one, other: (one * other).applyfunc(_tidied), factors)
    if primitive.points != matrix.rows:
        raise EnvironmentMismatchError(f"expected {primitive.points} points, got {matrix.rows}")
    determinant = _tidied(matrix.det())
    if determinant == 0:
        raise EnvironmentMismatchError("its matrix is singular")
    inverse = matrix.inv() if primitive.is_pairwise else matrix.adjugate() / determinant
    inverse = inverse.applyfunc(_tidied)
    candidates, turns, makes_zeros = _candidates(primitive, inverse)
    filled = tuple(sum(entry != 0 for entry in inverse.row(k)) for k in range(matrix.rows))
    return Derivation(
        matrix,
        inverse,
        candidates,
        makes_zeros,
        turns,
        filled,
        _orders(primitive, filled),
        needs_complex(primitive),
        _is_regular(matrix, determinant),
        _lower(factors, primitive),
        _lower([factor.T for factor in reversed(factors)], primitive),
    )


def _factors(primitive: Primitive) -> list[sympy.Matrix]:
    """Returns the matrices whose product the block is, in numbers that are exact.

    Raises:
        EnvironmentMismatchError: Their shapes do not fit.
    """
    factors = [[list(row) for row in factor] for factor in primitive.factors(PARAMETER)]
    points = len(factors[0])
    heights = [*map(len, factors[1:]), points]
    fits = all(
        len(row) == height
        for factor, height in zip(factors, heights, strict=True)
        for row in factor
    )
    if not fits or not all(heights) or points > len(ENTRIES):
        raise EnvironmentMismatchError(
            f"expected a square matrix of 1 to {len(ENTRIES)} points, or matrices whose "
            f"product is one, got {_shapes(factors)}"
        )
    matrices = [sympy.Matrix(factor).applyfunc(_exact) for factor in factors]
    unknown = set().union(*(matrix.free_symbols for matrix in matrices))
    if unknown - ({PARAMETER} if primitive.parameters else set()):
        raise EnvironmentMismatchError(
            f"its matrix has unknown symbols: {sorted(map(str, unknown))}"
        )
    return matrices


def _shapes(factors: Sequence[Sequence[Sequence[Any]]]) -> str:
    return " times ".join(f"{len(rows)} x {len(rows[-1]) if rows else 0}" for rows in factors)


def _exact(entry: Any) -> sympy.Expr:
    exact = sympy.nsimplify(entry, rational=True)
    return sympy.expand_complex(exact) if exact.is_number and exact.has(sympy.exp) else exact


def _tidied(entry: sympy.Expr) -> sympy.Expr:
    """Returns an entry in a simple form; of numbers, which may stay long, 0 is told."""
    if not entry.is_number:
        return sympy.simplify(entry)
    expanded = sympy.expand(entry)
    return sympy.Integer(0) if abs(complex(expanded)) < VANISHING else expanded


def _candidates(
    primitive: Primitive, inverse: sympy.Matrix
) -> tuple[tuple[sympy.Expr, ...], int, bool]:
    """Returns the parameters that rows propose, what each stands for, and if they zero."""
    if primitive.parameters == 0:
        return (), 1, primitive.points > 1
    row = sympy.Matrix([ENTRIES[: inverse.rows]]) * inverse
    zeros = _solutions(primitive, row, 0)
    candidates = zeros or _solutions(primitive, row, 1)
    if not candidates:
        raise EnvironmentMismatchError(
            "no entry of the transformed columns can be solved for the parameter",
            "the matrix must depend on its parameter; a block without one takes none",
        )
    turns = 1 if zeros or not primitive.is_pairwise else 4
    if primitive.is_pairwise and len(zeros) == 2 and sympy.simplify(zeros[0] + zeros[1]) == 0:
        candidates, turns = zeros[1:], 2
    return tuple(candidates[:MOST_CANDIDATES]), turns, bool(zeros)


def _orders(primitive: Primitive, filled: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """Returns the orders of the block's values that differ by more than scaled results.

    Tried at one parameter: of a block with one, equal blocks may be taken for different.
    """
    first, *others = permutations(range(primitive.points))
    if primitive.is_pairwise:
        return (first, *others) if len(set(filled)) > 1 else (first,)
    matrix = np.array(primitive.rows(SAMPLES[0][0]), complex)
    found = [first]
    for order in others:
        if not any(_is_alike(matrix[:, order], matrix[:, known]) for known in found):
            found.append(order)
    return tuple(found)


def _is_alike(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Tells whether two matrices have the same rows, up to their order and scale."""
    products = abs(one.conj() @ other.T)
    sizes = np.linalg.norm(one, axis=1)[:, None] * np.linalg.norm(other, axis=1)
    return bool(np.isclose(products, sizes, rtol=1e-9).any(axis=1).all())


def _is_regular(matrix: sympy.Matrix, determinant: sympy.Expr) -> bool:
    """Tells whether no parameter but 0 makes a matrix singular, infinite or complex."""
    waves = {wave(PARAMETER): sympy.Dummy() for wave in (sympy.cos, sympy.sin)}
    for entry in matrix:
        plain = entry.subs(waves)
        if not plain.is_rational_function() or not _is_one_power(sympy.fraction(plain)[1]):
            return False
    return _is_one_power(determinant)


def _is_one_power(expression: sympy.Expr) -> bool:
    """Tells whether an expression is a number times a power of the parameter."""
    variable = expression.as_independent(PARAMETER, as_Add=False)[1]
    return variable == 1 or variable.as_base_exp()[0] == PARAMETER


def _check(primitive: Primitive, derivation: Derivation) -> None:
    """Checks on numbers that candidates do what they promise and lowerings compute B."""
    goal = 0 if derivation.makes_zeros else 1
    for parameter, *entries in SAMPLES:
        matrix = np.array(primitive.rows(parameter), complex)
        for lowering, expected in (
            (derivation.lowering, matrix),
            (derivation.transposed, matrix.T),
        ):
            if not np.allclose(lowering.matrix(parameter), expected):
                raise EnvironmentMismatchError("its lowering computes another matrix")
        values = dict(zip(ENTRIES, entries, strict=True))
        for candidate in derivation.candidates:
            solved = complex(candidate.subs(values))
            turns = [solved * 1j ** (4 * k // derivation.turns) for k in range(derivation.turns)]
            for turned in turns:
                block = np.array(primitive.rows(turned), complex)
                row = np.array(entries[: len(block)]) @ np.linalg.inv(block)
                # A turned candidate gives a zero, or one times a free factor.
                distance = abs(np.abs(row) - goal).min()
                if distance > 1e-9 or not np.isfinite(row).all():
                    raise EnvironmentMismatchError("a candidate parameter does not solve it")


def _solutions(primitive: Primitive, row: sympy.Matrix, goal: int) -> list[sympy.Expr]:
    """Solves each entry of the transformed row for `goal`."""
    found: list[sympy.Expr] = []
    for entry in row:
        if primitive.is_angle:
            # Homogeneous in (cos, sin): divide by cos and solve for the tangent.
            tangent = sympy.Symbol("tangent")
            ratio = sympy.simplify(entry / sympy.cos(PARAMETER)).rewrite(sympy.tan)
            ratio = sympy.simplify(ratio).subs(sympy.tan(PARAMETER), tangent)
            roots = [sympy.atan(root) for root in sympy.solve(ratio - goal, tangent)]
        else:
            roots = sympy.solve(entry - goal, PARAMETER)
        found.extend(root for root in roots if root not in found)
    return found


def _lower(factors: Sequence[sympy.Matrix], primitive: Primitive) -> Lowering:
    """Finds the operations for the product of matrices with a vector, step by step."""
    points = factors[-1].cols
    steps: list[Step] = []
    values = [Ref(k) for k in range(points)]
    is_small = primitive.is_pairwise and len(factors) == 1
    for factor in reversed(factors):
        own_steps, results = (_factored if is_small else _by_constants)(factor)
        values = _appended(steps, points, own_steps, results, values)
    expressions = tuple(step.constant for step in steps if step.kind == "scale")
    numeric = sympy.lambdify(PARAMETER, expressions, "cmath")
    return Lowering(tuple(steps), tuple(values), numeric)


def _appended(
    steps: list[Step], points: int, own: Sequence[Step], results: Sequence[Ref], values: list[Ref]
) -> list[Ref]:
    """Appends a matrix's steps on some values; returns where its results are."""
    known = list(values)

    def moved(ref: Ref) -> Ref:
        return ref if ref.value < 0 else known[ref.value].times(ref.unit)

    for step in own:
        left, right = moved(step.left), moved(step.right)
        known.append(_emitted(steps, points, step._replace(left=left, right=right)))
    return [moved(ref) for ref in results]


def _emitted(steps: list[Step], points: int, step: Step) -> Ref:
    """Appends a step unless there is one like it; returns where its value is."""
    if step not in steps:
        steps.append(step)
    return Ref(points + steps.index(step))


def _factored(matrix: sympy.Matrix) -> tuple[list[Step], list[Ref]]:
    """Finds the operations for matrix * x: factored, common subexpressions shared."""
    inputs = sympy.symbols(f"x0:{matrix.cols}")
    atoms = sorted(
        {f for entry in matrix for f in entry.atoms(sympy.Function)}, key=sympy.default_sort_key
    )
    opaque = {atom: sympy.Symbol(f"constant{k}") for k, atom in enumerate(atoms)}
    products = [sympy.factor(entry.subs(opaque)) for entry in matrix * sympy.Matrix(inputs)]
    shared, outputs = sympy.cse(products, symbols=sympy.numbered_symbols("shared"))
    writer = _StepWriter(inputs, {symbol: atom for atom, symbol in opaque.items()})
    for symbol, expression in shared:
        writer.define(symbol, expression)
    return writer.steps, [writer.reference(expression) for expression in outputs]


def _by_constants(matrix: sympy.Matrix) -> tuple[list[Step], list[Ref]]:
    """Finds the operations for matrix * x: equal constants of a row or of a column once."""
    entries = {
        (r, c): _unit_and_constant(matrix[r, c])
        for r in range(matrix.rows)
        for c in range(matrix.cols)
        if matrix[r, c] != 0
    }
    by_rows, by_columns = (
        len({(place[axis], constant) for place, (_, constant) in entries.items() if constant != 1})
        for axis in (0, 1)
    )
    steps: list[Step] = []

    def scaled(value: Ref, constant: sympy.Expr) -> Ref:
        if constant == 1:
            return value
        plain = Step("scale", Ref(value.value), Ref(-1), constant)
        return _emitted(steps, matrix.cols, plain).times(value.unit)

    rows: list[list[tuple[Ref, sympy.Expr]]] = [[] for _ in range(matrix.rows)]
    for (r, c), (unit, constant) in entries.items():
        rows[r].append((Ref(c).times(unit), constant))
    if by_rows >= by_columns:
        products = [[scaled(x, constant) for x, constant in row] for row in rows]
        return steps, _sums(steps, matrix.cols, products)
    constants = [list(dict.fromkeys(constant for _, constant in row)) for row in rows]
    groups = [
        [x for x, other in row if other == constant]
        for row, own in zip(rows, constants, strict=True)
        for constant in own
    ]
    sums = iter(_sums(steps, matrix.cols, groups))
    terms = [[scaled(next(sums), constant) for constant in own] for own in constants]
    return steps, _sums(steps, matrix.cols, terms)


def _sums(steps: list[Step], points: int, rows: list[list[Ref]]) -> list[Ref]:
    """Adds up the terms of each row, pairs that several rows share once."""
    rows = [list(row) for row in rows]
    while any(len(row) > 1 for row in rows):
        pairs = [(row[k], row[m]) for row in rows for m in range(len(row)) for k in range(m)]
        shared = Counter(_up_to_unit(pair) for pair in pairs)
        left, right = max(map(_up_to_unit, pairs), key=shared.__getitem__)
        value = _emitted(steps, points, Step("add", left, right, sympy.Integer(1)))
        for row in rows:
            for unit in range(4):
                both = left.times(unit), right.times(unit)
                if row.count(both[0]) > (both[0] == both[1]) and both[1] in row:
                    row[row.index(both[0])] = value.times(unit)
                    row.remove(both[1])
    return [row[0] for row in rows]


def _up_to_unit(pair: tuple[Ref, Ref]) -> tuple[Ref, Ref]:
    """Turns a pair so that its first value is taken as it is."""
    left, right = sorted(pair)
    return Ref(left.value), Ref(right.value).times(right.unit - left.unit)


def _unit_and_constant(entry: sympy.Expr) -> tuple[int, sympy.Expr]:
    """Writes an entry as a power of i times a constant, which is positive where it is real."""
    for unit, turned in enumerate((entry, -sympy.I * entry, -entry, sympy.I * entry)):
        constant = sympy.expand(turned)
        if constant == 1:
            return unit, constant
        values = [complex(constant.subs(PARAMETER, sample[0])) for sample in SAMPLES]
        is_real = all(abs(value.imag) <= VANISHING * abs(value) for value in values)
        if is_real and values[0].real > 0:
            return unit, constant if entry.is_number or unit % 2 else turned
    negative = entry.could_extract_minus_sign()
    return (2, -entry) if negative else (0, entry)


class _StepWriter:
    """Turns SymPy expressions that are linear in the data into steps."""

    def __init__(self, inputs: Sequence[sympy.Symbol], atoms: dict[Any, Any]) -> None:
        self.steps: list[Step] = []
        self._known = {symbol: Ref(k) for k, symbol in enumerate(inputs)}
        self._points = len(inputs)
        self._atoms = atoms

    def define(self, symbol: sympy.Symbol, expression: sympy.Expr) -> None:
        self._known[symbol] = self.reference(expression)

    def reference(self, expression: sympy.Expr) -> Ref:
        """Returns where the expression's value is, adding the steps that make it."""
        if expression in self._known:
            return self._known[expression]
        if expression.is_Add:
            terms = sorted(expression.args, key=self._position)
            first, *rest = (self.reference(term) for term in terms)
            for term in rest:
                first = self._emit(Step("add", first, term, sympy.Integer(1)))
            return first
        data = [f for f in sympy.Mul.make_args(expression) if f.free_symbols & set(self._known)]
        constant = sympy.cancel(expression / data[0])
        unit = 0
        if constant.could_extract_minus_sign():
            constant, unit = -constant, 2
        reference = self.reference(data[0])
        if constant != 1:
            step = Step("scale", reference, Ref(-1), constant.subs(self._atoms))
            reference = self._emit(step)
        return reference.times(unit)

    def _position(self, term: sympy.Expr) -> int:
        """Orders the terms of a sum by their data, as people would write them."""
        return min(self._known[s].value for s in term.free_symbols if s in self._known)

    def _emit(self, step: Step) -> Ref:
        for position, earlier in enumerate(self.steps):
            if earlier == step:
                return Ref(self._points + position)
        self.steps.append(step)
        return Ref(self._points + len(self.steps) - 1)
