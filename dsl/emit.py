"""Source text of the block functions that compiled evaluators need.

Only text: whoever has a compiler decides how to compile it. The functions are written in
the common subset of NumPy's Python that ahead-of-time and just-in-time compilers take,
and work on float64 and on complex128 alike.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import sympy
from sympy.printing.pycode import PythonCodePrinter

from dsl import cost
from dsl.derive import Lowering, derive
from dsl.primitives.base import Primitive

# Names that SymPy prints, as a compiler of NumPy's Python knows them.
FUNCTIONS = "cos, sin, sqrt = np.cos, np.sin, np.sqrt"


# Calls the kernel's own function with the block as a literal, to have it specialised.
_ARGUMENTS = "side, rule, i, j, choice, threshold, tables, voting, chosen"
_PROPOSE = f"return propose_{{block}}(view, {_ARGUMENTS})"


def emit_block_functions(primitives: Sequence[Primitive]) -> str:
    """Returns Python source of the functions that know the primitives.

    First come the derived properties of the primitives as tuples, by position. The
    functions are `constant_class(re, im)`, `candidates(block, a, b, out)`,
    `forward(block, p, out)`, `inverse(block, p, out)` (entries row by row) and
    `block_cost(block, is_output_side, p, addition, multiplication)`; `block` is the
    position in `primitives`. `propose_block` calls the kernel's `propose` for a block.
    The kernel provides `compiled`, the decorator that compiles functions, and `quotient`.
    """
    classes = [
        f"{name} = {getattr(cost, name)}"
        for name in ("UNIT", "AXIS", "DIAGONAL_UNIT", "DIAGONAL", "ONE_COMPONENT", "GENERAL")
    ]
    derived = [derive(p) for p in primitives]
    properties = [
        f"BLOCKS = {tuple(p.name for p in primitives)}",
        f"POINTS = {tuple(p.points for p in primitives)}",
        f"IS_ANGLE = {tuple(p.is_angle for p in primitives)}",
        f"MAKES_ZEROS = {tuple(d.makes_zeros for d in derived)}",
        f"TURNS = {tuple(d.turns for d in derived)}",
        f"FILLED = {tuple((d.filled * 2)[:2] for d in derived)}",
        f"IS_ORDERED = {tuple(d.is_ordered for d in derived)}",
    ]
    parts = [
        "\n".join([*properties, f"SAME = {cost.SAME}", *classes, FUNCTIONS]),
        "@compiled\n" + inspect.getsource(cost.constant_class).rstrip(),
        _function("candidates(block, a, b, out)", [_fill(_candidates(p)) for p in primitives]),
        _function("forward(block, p, out)", [_fill(list(derive(p).matrix)) for p in primitives]),
        _function("inverse(block, p, out)", [_fill(list(derive(p).inverse)) for p in primitives]),
        _function(
            "block_cost(block, is_output_side, p, addition, multiplication)",
            [_cost_lines(p) for p in primitives],
        ),
        _function(
            f"propose_block(view, block, {_ARGUMENTS})",
            [[_PROPOSE.format(block=k)] for k in range(len(primitives))],
        ),
        "\n".join(
            [
                *(f"elect_{k}, propose_{k} = specialise({k})" for k in range(len(primitives))),
                f"elect_shear = elect_{[p.name for p in primitives].index('shear')}",
            ]
        ),
    ]
    return "\n\n\n".join(parts) + "\n"


def _candidates(primitive: Primitive) -> list[sympy.Expr]:
    return list(derive(primitive).candidates)


def _fill(expressions: list[sympy.Expr]) -> list[str]:
    lines = [f"out[{k}] = {_text(e)}" for k, e in enumerate(expressions)]
    return [*lines, f"return {len(expressions)}"]


def _cost_lines(primitive: Primitive) -> list[str]:
    derived = derive(primitive)
    forward, transposed = _price(derived.lowering), _price(derived.transposed)
    if forward == transposed:
        return [f"return {forward}"]
    return ["if is_output_side:", f"    return {transposed}", f"return {forward}"]


def _price(lowering: Lowering) -> str:
    additions = sum(step.kind == "add" for step in lowering.steps)
    terms = [f"{additions} * addition"]
    constants = [_text(step.constant) for step in lowering.steps if step.kind == "scale"]
    for text in sorted(set(constants)):
        price = f"multiplication[constant_class(({text}).real, ({text}).imag)]"
        terms.append(f"{constants.count(text)} * {price}")
    return " + ".join(terms)


def _function(signature: str, bodies: list[list[str]]) -> str:
    lines = ["@compiled", f"def {signature}:"]
    for block, body in enumerate(bodies):
        lines.append(f"    if block == {block}:")
        lines.extend(f"        {line}" for line in body)
    return "\n".join([*lines, "    return 0"])


def _text(expression: sympy.Expr) -> str:
    text: str = _Printer().doprint(expression)
    return text


class _Printer(PythonCodePrinter):  # type: ignore[misc]  # SymPy is not annotated
    """Writes divisions as calls of the kernel's `quotient`, a cheap complex division."""

    def __init__(self) -> None:
        super().__init__({"fully_qualified_modules": False})

    def _print_Mul(self, expr: sympy.Expr) -> str:  # noqa: N802  # the name is SymPy's
        numerator, denominator = expr.as_numer_denom()
        if not denominator.free_symbols:
            return str(super()._print_Mul(expr))
        return f"quotient({self._print(numerator)}, {self._print(denominator)})"

    def _print_Pow(self, expr: sympy.Expr, rational: bool = False) -> str:  # noqa: N802
        if expr.exp == -1:
            return f"quotient(1.0, {self._print(expr.base)})"
        return str(super()._print_Pow(expr, rational=rational))
