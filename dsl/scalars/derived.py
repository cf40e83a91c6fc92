"""What follows from the declaration of a scalar primitive: its price and its properties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from dsl.cost import FUNCTION_PRICES
from dsl.scalars.base import SCALARS, Scalar
from dsl.scalars.spelling import NUMPY, template

# Operands that tell apart what a function does with infinity.
PROBES = (-np.inf, np.inf, -1.5, 0.5)

# Stands for constants of formulas: no product with it is free.
ANY_CONSTANT = 0.7


@dataclass(frozen=True, slots=True)
class DerivedScalar:
    """What follows from a declaration.

    Attributes:
        symbols: The operands.
        expression: In these symbols.
        operations: What one application costs.
        is_commutative: The operands may change places.
        hides_infinity: An operand that is not finite may give a result that is.
        numpy: The function on NumPy arrays.
        gradient: Its derivatives by each operand, likewise; that of a jump is 0.
    """

    symbols: tuple[sympy.Symbol, ...]
    expression: sympy.Expr
    operations: int
    is_commutative: bool
    hides_infinity: bool
    numpy: Any
    gradient: tuple[Any, ...]


def derive_scalar(name: str) -> DerivedScalar:
    """Returns what follows from the declaration of a registered primitive."""
    return _derived(SCALARS.get(name))


@lru_cache(maxsize=256)
def _derived(scalar: Scalar) -> DerivedScalar:
    symbols = operand_symbols(scalar.arity)
    expression = sympy.sympify(scalar.expression(*symbols))
    extra = expression.free_symbols - set(symbols)
    if extra:
        raise ValueError(f"'{scalar.name}' has unknown symbols: {sorted(map(str, extra))}")
    function = _compiled(scalar)
    gradient = [_compiled(_derivative(scalar, expression, symbol)) for symbol in symbols]
    swapped = sympy.sympify(scalar.expression(*symbols[::-1]))
    return DerivedScalar(
        symbols,
        expression,
        _price(expression),
        scalar.arity == 2 and swapped == expression,
        _hides_infinity(function, scalar.arity),
        function,
        tuple(gradient),
    )


def _derivative(scalar: Scalar, expression: sympy.Expr, symbol: sympy.Symbol) -> Scalar:
    """Returns a derivative as a scalar of the same operands."""
    written = expression.replace(sympy.Mod, lambda x, y: x - y * sympy.floor(x / y))
    jumps = written.atoms(sympy.floor, sympy.Heaviside)
    constants = {jump: sympy.Dummy(real=True) for jump in jumps}
    slope = written.xreplace(constants).diff(symbol)
    slope = slope.replace(sympy.Heaviside, lambda x, *_: sympy.Heaviside(x, 0))
    slope = slope.xreplace({constant: jump for jump, constant in constants.items()})
    symbols = operand_symbols(scalar.arity)

    def evaluated(*operands: sympy.Symbol) -> sympy.Expr:
        return slope.xreplace(dict(zip(symbols, operands, strict=True)))

    return Scalar(f"{scalar.name} by {symbol}", evaluated, scalar.arity, "")


def operand_symbols(arity: int) -> tuple[sympy.Symbol, ...]:
    """Returns the symbols x, y that stand for the operands."""
    return tuple(sympy.symbols("x y", real=True)[:arity])


def expression_price(text: str, constants: Sequence[str] = ()) -> int:
    """Returns the operations of a formula in x as written, nothing shared.

    Args:
        text: Of the formula, as SymPy reads it, such as "x/(1 + exp(-x))".
        constants: Names in it that stand for numbers that are known beforehand.

    Raises:
        ValueError: It has a function without a price.
    """
    names: dict[str, Any] = dict.fromkeys(constants, sympy.Float(ANY_CONSTANT))
    return _price(sympy.sympify(text, locals=names | {"x": operand_symbols(1)[0]}))


def _price(expression: sympy.Expr) -> int:
    """Returns the operations of an expression as written, nothing shared."""
    inner = sum(_price(argument) for argument in expression.args)
    if expression.is_Atom:
        return 0
    if expression.is_Add:
        return inner + len(expression.args) - 1
    if expression.is_Mul:
        # A quotient is priced as a division; its numerator takes no product with 1 / y, and a
        # change of sign is free.
        factors = [f for f in expression.args if f not in (-1, 1)]
        divisors = sum(_is_inverse(f) for f in factors)
        return inner + max(len(factors) - 1 - divisors, 0)
    if expression.is_Pow:
        base, exponent = expression.args
        if exponent in (-1, sympy.Rational(1, 2)):
            name = "division" if exponent == -1 else "sqrt"
            return _price(base) + FUNCTION_PRICES[name]
        if exponent.is_Integer:
            products = abs(int(exponent)).bit_length() + bin(abs(int(exponent))).count("1") - 2
            return _price(base) + products + FUNCTION_PRICES["division"] * (int(exponent) < 0)
        raise ValueError(f"expected whole powers and square roots, got {expression}")
    head = type(expression).__name__
    if head not in FUNCTION_PRICES:
        known = ", ".join(FUNCTION_PRICES)
        raise ValueError(f"'{head}' has no price; known: {known}")
    return inner + FUNCTION_PRICES[head] * max(1, len(expression.args) - 1)


def _is_inverse(factor: sympy.Expr) -> bool:
    return bool(factor.is_Pow and factor.args[1].is_Integer and factor.args[1] < 0)


def _compiled(scalar: Scalar) -> Any:
    text = template(scalar, NUMPY).format("x", "y")
    names = ", ".join("xy"[: scalar.arity])
    return eval(f"lambda {names}: {text}", {"np": np})  # text that we printed


def _hides_infinity(function: Any, arity: int) -> bool:
    grid = np.meshgrid(*[np.array(PROBES)] * arity)
    is_infinite = np.logical_or.reduce([np.isinf(operand) for operand in grid])
    with np.errstate(all="ignore"):
        return bool(np.isfinite(function(*grid))[is_infinite].any())
