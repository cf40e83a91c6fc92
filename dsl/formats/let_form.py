"""Straight-line code as symbolic definitions: one per operation, then the outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import sympy

from dsl.exact import symbolic
from dsl.program import Program
from dsl.straightline import UNITS, Code, Ref

Definition = tuple[sympy.Symbol, sympy.Expr]


def let_form(program: Program) -> list[Definition]:
    """Returns the simplified code in the program's own domain as definitions.

    The inputs are x0, x1, ...; intermediate values t1, t2, ...; outputs y0, y1, ... A
    value that is used once, as an output, is defined under the output's name. Outputs
    come last, in order.
    """
    definitions = list(_definitions(program.plain_code, program.order))
    outputs = {str(symbol): k for k, (symbol, _) in enumerate(definitions)}
    names = [f"y{k}" for k in range(len(program.outputs))]
    last = [definitions[outputs[name]] for name in names]
    return [d for d in definitions if not str(d[0]).startswith("y")] + last


def printing_order(expression: sympy.Expr) -> str | None:
    """Returns SymPy's `order` for a definition: sums as written, constants as usual."""
    return "none" if expression.is_Add else None


def output_expressions(program: Program) -> list[sympy.Expr]:
    """Returns each output as one expression in the inputs x0, x1, ..."""
    known: dict[sympy.Symbol, sympy.Expr] = {}
    for symbol, expression in let_form(program):
        known[symbol] = expression.xreplace(known)
    return [known[sympy.Symbol(f"y{k}")] for k in range(len(program.outputs))]


def _definitions(code: Code, order: int) -> Iterator[Definition]:
    names = _names(code)

    def read(ref: Ref) -> sympy.Expr:
        if ref.value < 0:
            return sympy.Integer(0)
        unit = UNITS[ref.unit]
        return names[ref.value] * (int(unit.real) + sympy.I * int(unit.imag))

    for position, operation in enumerate(code.operations):
        if operation.kind == "add":
            # Not evaluated: SymPy would sort the terms, and t100 comes before t96.
            expression = sympy.Add(read(operation.left), read(operation.right), evaluate=False)
        else:
            expression = sympy.Mul(
                symbolic(operation.constant, order), read(operation.left), evaluate=False
            )
        yield names[code.inputs + position], expression
    for k, ref in enumerate(code.outputs):
        symbol = sympy.Symbol(f"y{k}")
        if ref.value < 0 or names[ref.value] != symbol:
            yield symbol, read(ref)


def _names(code: Code) -> list[sympy.Symbol]:
    """Names every value: input, intermediate, or the one output that it is."""
    uses = Counter(ref.value for op in code.operations for ref in op.operands)
    uses.update(ref.value for ref in code.outputs)
    direct = {
        ref.value: k for k, ref in enumerate(code.outputs) if uses[ref.value] == 1 and not ref.unit
    }
    names = [f"x{k}" for k in range(code.inputs)]
    count = 0
    for position in range(len(code.operations)):
        index = code.inputs + position
        if index in direct:
            names.append(f"y{direct[index]}")
        else:
            count += 1
            names.append(f"t{count}")
    return [sympy.Symbol(name) for name in names]
