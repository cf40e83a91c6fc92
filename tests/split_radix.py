"""Split-radix programs of the DFT: straight-line code to refine, with exact constants."""

from __future__ import annotations

from fractions import Fraction

from dsl.cyclotomic import root
from dsl.exact_number import Exact
from dsl.grammars.factor.from_code import program_from_code
from dsl.program import Program
from dsl.straightline import Code, CodeWriter, Ref


def split_radix_code(n: int) -> Code:
    """Returns code of 4 n lg n - 6 n + 8 operations for the DFT of a power of two."""
    writer = CodeWriter("complex", n)
    return writer.finish(_transform(writer, [Ref(k) for k in range(n)]))


def split_radix(n: int) -> Program:
    """Returns the same as a program."""
    return program_from_code(split_radix_code(n), f"dft{n}")


def _transform(writer: CodeWriter, x: list[Ref]) -> list[Ref]:
    """Appends the DFT of the values: conjugate pairs, half and two quarters."""
    n = len(x)
    if n == 1:
        return x
    if n == 2:
        return [writer.add(x[0], x[1]), writer.add(x[0], x[1].times(2))]
    even = _transform(writer, x[0::2])
    one = _transform(writer, x[1::4])
    other = _transform(writer, [x[k - 1] for k in range(0, n, 4)])
    result = [Ref(0)] * n
    for k in range(n // 4):
        twiddle = root(Fraction(-k, n))
        p = writer.scale(Exact(twiddle), one[k])
        q = writer.scale(Exact(twiddle.conjugate()), other[k])
        total, difference = writer.add(p, q), writer.add(p, q.times(2)).times(3)
        result[k] = writer.add(even[k], total)
        result[k + n // 2] = writer.add(even[k], total.times(2))
        result[k + n // 4] = writer.add(even[k + n // 4], difference)
        result[k + 3 * n // 4] = writer.add(even[k + n // 4], difference.times(2))
    return result
