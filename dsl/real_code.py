"""Complex straight-line code as real code: two real values for each complex one."""

from __future__ import annotations

import math

from dsl.cost import SAME
from dsl.exact_number import Exact
from dsl.straightline import ZERO, ZERO_VALUE, Code, CodeWriter, Ref


def to_real(code: Code) -> Code:
    """Returns real code for complex code, or real code as it is.

    Complex value k becomes the real values 2 k (real part) and 2 k + 1 (imaginary part)
    among inputs and outputs. The real operations are as many as `dsl.cost` says.
    """
    if code.domain == "real":
        return code
    real = CodeWriter("real", 2 * code.inputs)
    parts = [(Ref(2 * k), Ref(2 * k + 1)) for k in range(code.inputs)]

    def read(ref: Ref) -> tuple[Ref, Ref]:
        if ref.value == ZERO_VALUE:
            return ZERO, ZERO
        re, im = parts[ref.value]
        for _ in range(ref.unit):
            re, im = im.times(2), re
        return re, im

    def product(constant: complex, re: Ref, im: Ref) -> tuple[Ref, Ref]:
        a, b = _clean(constant)
        if b == 0:
            return real.scale(a, re), real.scale(a, im)
        if a == 0:
            return real.scale(-b, im), real.scale(b, re)
        if abs(a) == abs(b):
            sign = 0 if a == b else 2
            inner = real.add(re, im.times(2 + sign)), real.add(im, re.times(sign))
            return real.scale(a, inner[0]), real.scale(a, inner[1])
        return (
            real.add(real.scale(a, re), real.scale(-b, im)),
            real.add(real.scale(b, re), real.scale(a, im)),
        )

    for operation in code.operations:
        if operation.kind == "scale":
            parts.append(product(operation.constant, *read(operation.left)))
        else:
            left, right = read(operation.left), read(operation.right)
            parts.append((real.add(left[0], right[0]), real.add(left[1], right[1])))
    outputs = [part for ref in code.outputs for part in read(ref)]
    return real.finish(outputs)


def _clean(constant: complex) -> tuple[complex, complex]:
    """Returns both components, made exactly 0, 1 or equal where they are by `dsl.cost`."""
    parts = constant.parts() if isinstance(constant, Exact) else (constant.real, constant.imag)
    sizes = [abs(part) for part in parts]
    size = max(sizes)

    def tidy(part: complex) -> complex:
        if abs(part) <= SAME * size:
            return 0.0
        return math.copysign(1.0, part.real) if abs(abs(part) - 1) <= SAME else part

    a, b = map(tidy, parts)
    if abs(abs(a) - abs(b)) <= SAME * size:
        b = a if (a.real > 0) == (b.real > 0) else -a
    return a, b
