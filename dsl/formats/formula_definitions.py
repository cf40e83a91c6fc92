"""Formulas as symbolic definitions: one per output, and one per value that is shared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import sympy

from dsl.plain_constants import plain_number
from dsl.program import Program
from dsl.scalars.derived import derive_scalar
from dsl.straightline import ZERO_VALUE, Code, Operation, Ref

# Operations of a definition; longer formulas are broken up.
LONGEST = 24
INVALID = (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo)


def formula_definitions(
    program: Program, *, is_whole: bool = False
) -> Iterator[tuple[sympy.Symbol, sympy.Expr]]:
    """Yields the simplified formulas: values t1, t2, ... as they are needed, then y0, y1, ...

    Args:
        program: Of formulas.
        is_whole: Define the outputs alone, in the inputs, however long they are.
    """
    code = program.plain_code
    uses = Counter(ref.value for operation in code.operations for ref in operation.operands)
    uses.update(ref.value for ref in code.outputs)
    known: dict[int, sympy.Expr] = {ZERO_VALUE: sympy.Integer(0)}
    known |= {k: sympy.Symbol(f"x{k}") for k in range(code.inputs)}
    sizes = dict.fromkeys(known, 0)
    count = 0

    def read(ref: Ref) -> sympy.Expr:
        return -known[ref.value] if ref.unit else known[ref.value]

    for value, operation in enumerate(code.operations, code.inputs):
        known[value] = applied(operation, [read(ref) for ref in operation.operands])
        sizes[value] = sum(sizes[ref.value] for ref in operation.operands) + 1
        is_shared = uses[value] > 1 and not _is_brief(operation, code)
        is_named = (is_shared or sizes[value] > LONGEST) and not known[value].is_number
        if is_named and not is_whole:
            count += 1
            symbol = sympy.Symbol(f"t{count}")
            yield symbol, known[value]
            known[value], sizes[value] = symbol, 0
    for k, ref in enumerate(code.outputs):
        yield sympy.Symbol(f"y{k}"), read(ref)


def _is_brief(operation: Operation, code: Code) -> bool:
    """Tells whether a value is shorter than its definition: a constant, a multiple of an input."""
    if operation.kind == "scale":
        return operation.left.value < code.inputs
    return operation.kind == "constant"


def applied(operation: Operation, operands: list[sympy.Expr]) -> sympy.Expr:
    """Returns an operation of expressions; nan where it is invalid whatever the inputs are."""
    try:
        result = _evaluated(operation, operands)
    except (ArithmeticError, TypeError, ValueError):  # SymPy compares no complex numbers
        return sympy.nan
    is_unreal = result.is_number and result.is_extended_real is False
    is_by_zero = any(remainder.args[1].is_zero for remainder in result.atoms(sympy.Mod))
    return sympy.nan if is_unreal or is_by_zero or result.has(*INVALID) else result


def _evaluated(operation: Operation, operands: list[sympy.Expr]) -> Any:
    if operation.kind == "add":
        return operands[0] + operands[1]
    if operation.kind == "apply":
        derived = derive_scalar(operation.function)
        # SymPy seeks common factors in remainders, which may take for ever.
        with sympy.evaluate(not derived.expression.has(sympy.Mod)):
            return derived.expression.xreplace(dict(zip(derived.symbols, operands, strict=True)))
    constant = plain_number(operation.constant.real)
    if operands and operands[0].is_Add:  # SymPy would make 2 x + 2 of 2 (x + 1)
        return sympy.Mul(constant, operands[0], evaluate=False)
    return constant * operands[0] if operands else constant
