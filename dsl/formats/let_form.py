"""Programs as symbolic definitions: of values, then of the outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import sympy

from dsl.exact import symbolic
from dsl.formats.formula_definitions import formula_definitions
from dsl.plain_constants import expression_latex, expression_text
from dsl.program import Program
from dsl.straightline import UNITS, Code, Ref

Definition = tuple[sympy.Symbol, sympy.Expr]


def let_form(program: Program) -> list[Definition]:
    """Returns the simplified code in the program's own domain as definitions.

    The inputs are x0, x1, ...; intermediate values t1, t2, ...; outputs y0, y1, ... There
    is one per operation; a value that is used once, as an output, is defined under the
    output's name. Of formulas only values that are shared are defined, or that would make
    a formula long. Outputs come last, in order.
    """
    if not program.is_linear:
        return list(formula_definitions(program))
    definitions = list(_definitions(program.plain_code, program.order))
    outputs = {str(symbol): k for k, (symbol, _) in enumerate(definitions)}
    names = [f"y{k}" for k in range(len(program.outputs))]
    last = [definitions[outputs[name]] for name in names]
    return [d for d in definitions if not str(d[0]).startswith("y")] + last


def definition_text(program: Program, expression: sympy.Expr) -> str:
    """Returns the right-hand side of one of a program's definitions as SymPy reads it."""
    if not program.is_linear:
        return expression_text(expression)
    return str(sympy.sstr(expression, order=_printing_order(expression)))


def definition_latex(program: Program, expression: sympy.Expr) -> str:
    """Returns the right-hand side of one of a program's definitions in LaTeX."""
    if not program.is_linear:
        return expression_latex(expression)
    return str(sympy.latex(expression, order=_printing_order(expression)))


def _printing_order(expression: sympy.Expr) -> str | None:
    """Returns SymPy's `order` for a definition: sums as written, constants as usual."""
    return "none" if expression.is_Add else None


def with_names(expressions: list[sympy.Expr], names: Sequence[str]) -> list[sympy.Expr]:
    """Returns expressions in symbols of these names instead of x0, x1, ..."""
    symbols = {sympy.Symbol(f"x{k}"): sympy.Symbol(name) for k, name in enumerate(names)}
    return [expression.xreplace(symbols) for expression in expressions]


def symbolic_outputs(program: Program) -> list[sympy.Expr]:
    """Returns each output as one expression in the inputs x0, x1, ...

    Where values are shared again and again, these are long.
    """
    if not program.is_linear:
        return [expression for _, expression in formula_definitions(program, is_whole=True)]
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
