"""How languages write the functions that scalar primitives are made of.

One table per language and one printer for all of them: a primitive that is declared with
these functions can be written in every language, and a new language is one more table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import sympy
from sympy.printing.str import StrPrinter

from dsl.scalars.base import Scalar


@dataclass(frozen=True, slots=True, eq=False)
class Language:
    """How a language writes functions.

    Attributes:
        name: Of the language.
        functions: SymPy's name of a function -> pattern with {0} and {1} for the operands.
    """

    name: str
    functions: Mapping[str, str]


# The remainder is written out the same way everywhere: languages disagree about its sign.
MOD = "({{0}} - {{1}} * {floor}({{0}} / {{1}}))"


def _prefixed(prefix: str) -> dict[str, str]:
    same = ("sin", "cos", "exp", "log", "sqrt", "floor")
    names = {name: f"{prefix}{name}({{0}})" for name in same}
    return names | {"Mod": MOD.format(floor=f"{prefix}floor")}


NUMPY = Language(
    "numpy",
    _prefixed("np.")
    | {
        "Abs": "np.abs({0})",
        "Min": "np.minimum({0}, {1})",
        "Max": "np.maximum({0}, {1})",
        "Heaviside": "np.heaviside({0}, 0.0)",
        "sign": "np.sign({0})",
    },
)
# Numba has no heaviside; on numbers it takes minimum and maximum as they are.
NUMBA = Language(
    "numba",
    dict(NUMPY.functions)
    | {"Heaviside": "(1.0 if {0} > 0.0 else 0.0 * {0} if {0} != {0} else 0.0)"},
)
TORCH = Language(
    "torch",
    _prefixed("torch.")
    | {
        "Abs": "torch.abs({0})",
        # Of tensors and of numbers, which torch.minimum does not take.
        "Min": "torch.where(({0} < {1}) | ({0} != {0}), {0}, {1})",
        "Max": "torch.where(({0} > {1}) | ({0} != {0}), {0}, {1})",
        # torch.heaviside makes 0 of nan, and has no derivative.
        "Heaviside": "torch.where({0} > 0.0, 1.0, 0.0 * {0})",
    },
)
# fmin and fmax would replace a nan.
C = Language(
    "c",
    _prefixed("")
    | {
        "Abs": "fabs({0})",
        "Min": "({0} < {1} || {0} != {0} ? {0} : {1})",
        "Max": "({0} > {1} || {0} != {0} ? {0} : {1})",
        "Heaviside": "({0} > 0 ? 1.0 : {0} != {0} ? {0} : 0.0)",
    },
)


class _Printer(StrPrinter):  # type: ignore[misc]  # SymPy is not annotated
    """Writes arithmetic with infix operators, numbers as decimals, functions by the table."""

    def __init__(self, language: Language) -> None:
        super().__init__({"order": "none"})
        self._language = language

    def _print_Function(self, expr: sympy.Function) -> str:  # noqa: N802  # names are SymPy's
        return self._call(type(expr).__name__, expr.args)

    def _print_Mod(self, expr: sympy.Mod) -> str:  # noqa: N802
        return self._call("Mod", expr.args)

    def _print_Heaviside(self, expr: sympy.Heaviside) -> str:  # noqa: N802
        return self._call("Heaviside", expr.args[:1])

    def _print_LatticeOp(self, expr: sympy.Expr) -> str:  # noqa: N802  # Min and Max
        name = type(expr).__name__
        first, *others = sorted(expr.args, key=str)
        text = self._print(first)
        for other in others:
            text = self._language.functions[name].format(text, self._print(other))
        return str(text)

    def _print_Abs(self, expr: sympy.Abs) -> str:  # noqa: N802
        return self._call("Abs", expr.args)

    def _print_Pow(self, expr: sympy.Pow, rational: bool = False) -> str:  # noqa: N802
        base, exponent = expr.args
        if exponent == sympy.Rational(1, 2):
            return self._call("sqrt", (base,))
        if exponent.is_negative:
            return f"(1.0 / {self._operand(base**-exponent)})"
        if not exponent.is_Integer:
            raise ValueError(f"expected whole powers and square roots, got {expr}")
        return f"({' * '.join([self._operand(base)] * int(exponent))})"

    def _print_Mul(self, expr: sympy.Mul) -> str:  # noqa: N802
        sign = "-" if expr.could_extract_minus_sign() else ""
        factors = (-expr if sign else expr).as_ordered_factors()
        above = [f for f in factors if not (f.is_Pow and f.args[1] == -1)]
        below = [f.args[0] for f in factors if f.is_Pow and f.args[1] == -1]
        text = " * ".join(self._operand(f) for f in above) or "1.0"
        for factor in below:
            text = f"{text} / {self._operand(factor)}"
        return f"{sign}{text}"

    def _print_Add(self, expr: sympy.Add, order: str | None = None) -> str:  # noqa: N802
        text = ""
        for term in expr.args:
            if term.could_extract_minus_sign():
                text += f" - {self._operand(-term)}" if text else f"-{self._operand(-term)}"
            else:
                text += f" + {self._print(term)}" if text else str(self._print(term))
        return text

    def _print_Rational(self, expr: sympy.Rational) -> str:  # noqa: N802
        return f"({expr.p}.0 / {expr.q}.0)"

    def _print_Integer(self, expr: sympy.Integer) -> str:  # noqa: N802
        return f"{expr.p}.0"

    def _print_NumberSymbol(self, expr: sympy.NumberSymbol) -> str:  # noqa: N802  # pi, e
        return repr(float(expr))

    _print_Pi = _print_Exp1 = _print_NumberSymbol  # noqa: N815

    def _operand(self, expr: sympy.Expr) -> str:
        text = str(self._print(expr))
        return f"({text})" if expr.is_Add or expr.is_Mul else text

    def _call(self, name: str, arguments: tuple[sympy.Expr, ...]) -> str:
        if name not in self._language.functions:
            raise ValueError(f"no way to write '{name}' in {self._language.name}")
        texts = [str(self._print(argument)) for argument in arguments]
        pattern = self._language.functions[name]
        needs = [
            f"({t})" if a.is_Add or a.is_Mul else t for a, t in zip(arguments, texts, strict=True)
        ]
        is_call = pattern.count("{0}") == 1 and len(texts) == 1
        return pattern.format(*(texts if is_call else needs))


def template(scalar: Scalar, language: Language) -> str:
    """Returns a primitive's text in a language, with {0} and {1} for its operands.

    What is put in must be atomic: a name, a number, or something in brackets.
    """
    return _template(scalar, language)


@lru_cache(maxsize=1024)
def _template(scalar: Scalar, language: Language) -> str:
    symbols = sympy.symbols("OPERAND0_ OPERAND1_", real=True)[: scalar.arity]
    text = _Printer(language).doprint(sympy.sympify(scalar.expression(*symbols)))
    for position, symbol in enumerate(symbols):
        text = text.replace(str(symbol), f"{{{position}}}")
    return text
