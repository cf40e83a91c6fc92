"""Rules of size-generic algorithms, written by hand."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.rule import CALL, MULTIPLY, Rule, Step

HALF = Fraction(1, 2)


class RuleWriter:
    """Collects steps; values are numbers, as in rules."""

    def __init__(self, inputs: int) -> None:
        self.steps: list[Step] = []
        self.inputs = inputs

    def step(self, name: str, *operands: int, parameters: tuple[object, ...] = ()) -> int:
        """Appends a primitive."""
        fractions = tuple(Fraction(str(p)) for p in parameters)
        self.steps.append(Step(name, operands, fractions))
        return self.inputs + len(self.steps) - 1

    def call(self, family: str, operand: int) -> int:
        self.steps.append(Step(CALL, (operand,), (), family))
        return self.inputs + len(self.steps) - 1

    def multiply(self, left: int, right: int) -> int:
        return self.step(MULTIPLY, left, right)

    def take(self, value: int, radix: int, offset: int) -> int:
        return self.step("take", value, parameters=(radix, offset))

    def part(self, value: int, radix: int, offset: int) -> int:
        return self.step("part", value, parameters=(radix, offset))

    def add(self, left: int, right: int) -> int:
        return self.step("add", left, right)

    def subtract(self, left: int, right: int) -> int:
        return self.step("subtract", left, right)

    def twiddle(self, value: int, slope: object, offset: object = 0, turn: object = 0) -> int:
        return self.step("twiddle", value, parameters=(slope, offset, turn))

    def concatenate(self, *values: int) -> int:
        return self.step("concatenate", *values, parameters=(len(values),))

    def interleave(self, *values: int) -> int:
        return self.step("interleave", *values, parameters=(len(values),))


def written(
    build: Callable[[RuleWriter], int], inputs: tuple[Fraction, ...] = (Fraction(1),)
) -> Rule:
    """Returns the rule whose result a function builds."""
    writer = RuleWriter(len(inputs))
    output = build(writer)
    return Rule(tuple(writer.steps), output, inputs)


def _radix2(w: RuleWriter) -> int:
    even, odd = w.call("dft", w.take(0, 2, 0)), w.call("dft", w.take(0, 2, 1))
    turned = w.twiddle(odd, -1)
    return w.concatenate(w.add(even, turned), w.subtract(even, turned))


def _split_radix(w: RuleWriter) -> int:
    even = w.call("dft", w.take(0, 2, 0))
    first = w.twiddle(w.call("dft", w.take(0, 4, 1)), -1)
    third = w.twiddle(w.call("dft", w.take(0, 4, 3)), -3)
    total = w.add(first, third)
    turned = w.step("times_minus_i", w.subtract(first, third))
    tail = w.concatenate(total, turned)
    return w.concatenate(w.add(even, tail), w.subtract(even, tail))


def _conjugate_pair(w: RuleWriter) -> int:
    """Split radix with the elements at -1, 3, 7, ... in place of those at 3, 7, 11, ..."""
    even = w.call("dft", w.take(0, 2, 0))
    first = w.twiddle(w.call("dft", w.take(0, 4, 1)), -1)
    # Reversed, 3, 7, ... are -1, -5, ...: the elements wanted at negative indices.
    negative = w.call("dft", w.step("reverse", w.take(0, 4, 3)))
    third = w.twiddle(w.step("mirror", negative), 1)
    total = w.add(first, third)
    turned = w.step("times_minus_i", w.subtract(first, third))
    tail = w.concatenate(total, turned)
    return w.concatenate(w.add(even, tail), w.subtract(even, tail))


def _radix3(w: RuleWriter) -> int:
    zeroth, first, second = (w.call("dft", w.take(0, 3, offset)) for offset in range(3))
    first, second = w.twiddle(first, -1), w.twiddle(second, -2)
    total, difference = w.add(first, second), w.subtract(first, second)
    middle = w.add(zeroth, w.step("scale", total, parameters=("-1/2",)))
    root = w.step("sine", difference, parameters=(0, 0, "1/6"))
    turned = w.step("times_minus_i", root)
    return w.concatenate(w.add(zeroth, total), w.add(middle, turned), w.subtract(middle, turned))


def _idft(w: RuleWriter) -> int:
    return w.step("over_n", w.step("mirror", w.call("dft", 0)))


def _wht(w: RuleWriter) -> int:
    low, high = w.part(0, 2, 0), w.part(0, 2, 1)
    return w.concatenate(w.call("wht", w.add(low, high)), w.call("wht", w.subtract(low, high)))


def _dct2(w: RuleWriter) -> int:
    low, high = w.part(0, 2, 0), w.step("reverse", w.part(0, 2, 1))
    even, odd = w.call("dct2", w.add(low, high)), w.call("dct4", w.subtract(low, high))
    return w.interleave(even, odd)


def _dct4(w: RuleWriter) -> int:
    divided = w.step("half_secant", 0, parameters=("1/4", "1/8", 0))
    y = w.call("dct2", divided)
    return w.add(y, w.step("advance", y))


def _dht(w: RuleWriter) -> int:
    even, odd = w.call("dht", w.take(0, 2, 0)), w.call("dht", w.take(0, 2, 1))
    cosine = w.step("cosine", odd, parameters=(1, 0, 0))
    sine = w.step("sine", w.step("mirror", odd), parameters=(1, 0, 0))
    turned = w.add(cosine, sine)
    return w.concatenate(w.add(even, turned), w.subtract(even, turned))


def _polymul(w: RuleWriter) -> int:
    one, two = (w.call("dft", w.step("pad", k)) for k in range(2))
    return w.call("idft", w.multiply(one, two))


RADIX2 = written(_radix2)
SPLIT_RADIX = written(_split_radix)
CONJUGATE_PAIR = written(_conjugate_pair)
RADIX3 = written(_radix3)
IDFT = written(_idft)
WHT = written(_wht)
DCT2, DCT4 = written(_dct2), written(_dct4)
DHT = written(_dht)
POLYMUL = written(_polymul, (HALF, HALF))

ALGORITHMS = {
    "radix2": Algorithm("dft", {"dft": (RADIX2,)}),
    "split_radix": Algorithm("dft", {"dft": (SPLIT_RADIX,)}),
    "conjugate_pair": Algorithm("dft", {"dft": (CONJUGATE_PAIR,)}),
    "radix3": Algorithm("dft", {"dft": (RADIX3,)}),
    "mixed": Algorithm("dft", {"dft": (RADIX2, RADIX3)}),
    "split_mixed": Algorithm("dft", {"dft": (SPLIT_RADIX, RADIX3)}),
    "idft": Algorithm("idft", {"idft": (IDFT,), "dft": (SPLIT_RADIX,)}),
    "wht": Algorithm("wht", {"wht": (WHT,)}),
    "dct2": Algorithm("dct2", {"dct2": (DCT2,), "dct4": (DCT4,)}),
    "dct4": Algorithm("dct4", {"dct2": (DCT2,), "dct4": (DCT4,)}),
    "dht": Algorithm("dht", {"dht": (DHT,)}),
    "polymul": Algorithm(
        "polymul", {"polymul": (POLYMUL,), "dft": (SPLIT_RADIX,), "idft": (IDFT,)}
    ),
}
