"""Source text of the block functions that compiled evaluators need.

Only text: whoever has a compiler decides how to compile it. The functions are written in
the common subset of NumPy's Python that ahead-of-time and just-in-time compilers take,
and work on float64 and on complex128 alike.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import sympy
from sympy.printing.pycode import PythonCodePrinter

from dsl import cost
from dsl.derive import ENTRIES, Lowering, derive
from dsl.errors import EnvironmentMismatchError
from dsl.primitives.base import Primitive

# Names that SymPy prints, as a compiler of NumPy's Python knows them.
FUNCTIONS = "cos, sin, sqrt = np.cos, np.sin, np.sqrt"
KNOWN_FUNCTIONS = (sympy.cos, sympy.sin, sympy.atan)
# Larger whole numbers are written as doubles.
MOST_WHOLE = 1 << 53
# Entries as complex numbers, where a formula may leave the real ones.
WIDENED = sympy.symbols("a_ b_ c_ d_")

# Calls the kernel's own function with the block as a literal, to have it specialised.
_ARGUMENTS = "side, rule, i, j, choice, threshold, tables, voting, chosen"
_PROPOSE = f"return propose_{{block}}(view, {_ARGUMENTS})"
_PROPOSE_TUPLES = f"return propose_tuples(view, block, {_ARGUMENTS})"
_COMPLEX_ONLY = ["if holds_reals(view):", "    return 0"]


def emit_block_functions(primitives: Sequence[Primitive]) -> str:
    """Returns Python source of the functions that know the primitives.

    First come the derived properties of the primitives as tuples, by position. The
    functions are `constant_class(re, im)`, `candidates(block, a, b, out)`,
    `forward(block, p, out)`, `inverse(block, p, out)` (entries row by row) and
    `block_cost(block, is_output_side, p, addition, multiplication)`; `block` is the
    position in `primitives`. `propose_block` calls the kernel's `propose` for a block.
    Blocks that are not pairwise have `tuple_candidates(block, a, b, c, d, out)` instead.
    The kernel provides `compiled`, the decorator that compiles functions, and `quotient`,
    `assemble`, `widened`, `narrowed` and `holds_reals`.

    Raises:
        EnvironmentMismatchError: A primitive needs a function that kernels do not have.
    """
    classes = [
        f"{name} = {getattr(cost, name)}"
        for name in ("UNIT", "AXIS", "DIAGONAL_UNIT", "DIAGONAL", "ONE_COMPONENT", "GENERAL")
    ]
    derived = [derive(p) for p in primitives]
    properties = [
        f"BLOCKS = {tuple(p.name for p in primitives)}",
        f"POINTS = {tuple(p.points for p in primitives)}",
        f"PARAMETERS = {tuple(p.parameters for p in primitives)}",
        f"IS_PAIRWISE = {tuple(p.is_pairwise for p in primitives)}",
        f"IS_ANGLE = {tuple(p.is_angle for p in primitives)}",
        f"IS_REGULAR = {tuple(d.is_regular for d in derived)}",
        f"MAKES_ZEROS = {tuple(d.makes_zeros for d in derived)}",
        f"TURNS = {tuple(d.turns for d in derived)}",
        f"FILLED = {tuple((d.filled * 2)[:2] for d in derived)}",
        f"IS_ORDERED = {tuple(d.is_ordered for d in derived)}",
    ]
    of_pairs = [_candidate_lines(p) if p.is_pairwise else [] for p in primitives]
    of_tuples = [[] if p.is_pairwise else _tuple_candidate_lines(p) for p in primitives]
    parts = [
        "\n".join([*properties, f"SAME = {cost.SAME}", *classes, FUNCTIONS]),
        "@compiled\n" + inspect.getsource(cost.constant_class).rstrip(),
        _function("candidates(block, a, b, out)", of_pairs),
        _function("tuple_candidates(block, a, b, c, d, out)", of_tuples),
        _function("forward(block, p, out)", [_fill(derive(p).matrix, "p") for p in primitives]),
        _function("inverse(block, p, out)", [_fill(derive(p).inverse, "p") for p in primitives]),
        _function(
            "block_cost(block, is_output_side, p, addition, multiplication)",
            [_cost_lines(p) for p in primitives],
        ),
        _function(
            f"propose_block(view, block, {_ARGUMENTS})",
            [_propose_lines(k, p) for k, p in enumerate(primitives)],
        ),
        "\n".join(
            [
                *(
                    f"elect_{k}, propose_{k} = specialise({k})"
                    for k, p in enumerate(primitives)
                    if p.is_pairwise
                ),
                f"elect_shear = elect_{[p.name for p in primitives].index('shear')}",
            ]
        ),
    ]
    return "\n\n\n".join(parts) + "\n"


def _propose_lines(block: int, primitive: Primitive) -> list[str]:
    guard = _COMPLEX_ONLY if derive(primitive).needs_complex else []
    propose = _PROPOSE.format(block=block) if primitive.is_pairwise else _PROPOSE_TUPLES
    return [*guard, propose]


def _candidate_lines(primitive: Primitive) -> list[str]:
    formulas = derive(primitive).candidates
    return [*(f"out[{k}] = {_solved(f)}" for k, f in enumerate(formulas)), _return(formulas)]


def _tuple_candidate_lines(primitive: Primitive) -> list[str]:
    """Returns lines that write the candidates whose entries are all there."""
    lines = ["count = 0"] if primitive.parameters else []
    for formula in derive(primitive).candidates:
        needed = " and ".join(f"{e} != 0" for e in ENTRIES if e in formula.free_symbols)
        lines += [f"if {needed}:", f"    out[count] = {_solved(formula)}", "    count += 1"]
    return [*lines, "return count" if primitive.parameters else "return 0"]


def _solved(formula: sympy.Expr) -> str:
    """Returns a formula of entries as text; what may leave the real numbers as complex."""
    has_roots = any(not power.exp.is_Integer for power in formula.atoms(sympy.Pow))
    if not has_roots and not formula.has(sympy.I):
        return _text(formula, "a")
    wide = formula.subs(dict(zip(ENTRIES, WIDENED, strict=True)))
    text = _text(wide, "1j")
    for entry, symbol in zip(ENTRIES, WIDENED, strict=True):
        text = text.replace(symbol.name, f"widened({entry.name})")
    return f"narrowed({text}, a)"


def _fill(matrix: sympy.Matrix, like: str) -> list[str]:
    lines = [f"out[{k}] = {_text(e, like)}" for k, e in enumerate(matrix)]
    return [*lines, _return(list(matrix))]


def _return(written: Sequence[sympy.Expr]) -> str:
    return f"return {len(written)}"


def _cost_lines(primitive: Primitive) -> list[str]:
    derived = derive(primitive)
    forward, transposed = _price(derived.lowering), _price(derived.transposed)
    if forward == transposed:
        return [f"return {forward}"]
    return ["if is_output_side:", f"    return {transposed}", f"return {forward}"]


def _price(lowering: Lowering) -> str:
    additions = sum(step.kind == "add" for step in lowering.steps)
    terms = [f"{additions} * addition"]
    constants = [step.constant for step in lowering.steps if step.kind == "scale"]
    classes = [_class(constant) for constant in constants]
    terms += [f"{classes.count(text)} * multiplication[{text}]" for text in sorted(set(classes))]
    return " + ".join(terms)


def _class(constant: sympy.Expr) -> str:
    """Returns the class of a constant as text: a number if it is known."""
    if constant.is_number:
        value = complex(constant)
        return str(cost.constant_class(value.real, value.imag))
    text = _text(constant, "p")
    return f"constant_class(({text}).real, ({text}).imag)"


def _function(signature: str, bodies: list[list[str]]) -> str:
    lines = ["@compiled", f"def {signature}:"]
    for block, body in enumerate(bodies):
        lines.extend([f"    if block == {block}:"] if body else [])
        lines.extend(f"        {line}" for line in body)
    return "\n".join([*lines, "    return 0"])


def _text(expression: sympy.Expr, like: str) -> str:
    """Returns an expression as text; numbers that are complex are of the type of `like`."""
    unknown = {
        type(part).__name__
        for part in expression.atoms(sympy.Function)
        if not part.is_number and not isinstance(part, KNOWN_FUNCTIONS)
    }
    if unknown:
        known = ", ".join(function.__name__ for function in KNOWN_FUNCTIONS)
        raise EnvironmentMismatchError(
            f"its matrix or its candidates need {', '.join(sorted(unknown))}: expected {known} "
            "and roots at most"
        )
    text: str = _Printer(like).doprint(expression)
    return text


class _Printer(PythonCodePrinter):  # type: ignore[misc]  # SymPy is not annotated
    """Writes divisions as calls of the kernel's `quotient`, a cheap complex division."""

    def __init__(self, like: str) -> None:
        super().__init__({"fully_qualified_modules": False})
        self._like = like

    def _print(self, expr: sympy.Expr, **options: Any) -> str:
        """Writes numbers other than small fractions by their digits."""
        is_number = isinstance(expr, sympy.Expr) and expr.is_number
        if not is_number or (expr.is_Rational and max(abs(expr.p), expr.q) <= MOST_WHOLE):
            return str(super()._print(expr, **options))
        value = complex(expr)
        if value.imag:
            return f"assemble({value.real!r}, {value.imag!r}, {self._like})"
        return repr(value.real) if value.real >= 0 else f"({value.real!r})"

    def _print_Mul(self, expr: sympy.Expr) -> str:  # noqa: N802  # the name is SymPy's
        numerator, denominator = expr.as_numer_denom()
        if not denominator.free_symbols:
            return str(super()._print_Mul(expr))
        return f"quotient({self._print(numerator)}, {self._print(denominator)})"

    def _print_Pow(self, expr: sympy.Expr, rational: bool = False) -> str:  # noqa: N802
        if expr.exp == -1:
            return f"quotient(1.0, {self._print(expr.base)})"
        return str(super()._print_Pow(expr, rational=rational))
