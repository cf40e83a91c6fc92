"""Which values of formulas must be checked for infinity when they are computed elsewhere.

A result that is not finite is invalid, and so is all that is computed from it. Languages
compute with infinity instead, which is as good as long as it does not come out as a
number: 1 / (1 / 0) would be 0. So infinity is made nan where a value is an output, or
goes into a function that hides it; nan itself is passed on by everything.
"""

from __future__ import annotations

import sys
from functools import lru_cache

import numpy as np

from dsl.scalars import SCALARS, Scalar
from dsl.scalars.derived import derive_scalar
from dsl.straightline import Code

# Operands at the limits of functions: one that makes infinity of a number does it of these.
LARGE, TINY = sys.float_info.max, 5e-324
PROBES = tuple(sign * size for sign in (1.0, -1.0) for size in (LARGE, 1.0, 0.5, TINY, 0.0))


def guarded_values(code: Code) -> frozenset[int]:
    """Returns the values that may be infinite, and are outputs or read by who hides it.

    Inputs are taken to be finite.
    """
    infinite: set[int] = set()
    hidden = {ref.value for ref in code.outputs}
    for value, operation in enumerate(code.operations, code.inputs):
        if operation.kind in ("add", "scale"):
            infinite.add(value)
        elif operation.kind == "apply":
            scalar = SCALARS.get(operation.function)
            hides = derive_scalar(scalar.name).hides_infinity
            values = {ref.value for ref in operation.operands}
            hidden |= values if hides else set()
            if _makes_infinity(scalar, not hides and bool(values & infinite)):
                infinite.add(value)
    return frozenset(infinite & hidden)


@lru_cache(maxsize=256)
def _makes_infinity(scalar: Scalar, of_infinity: bool) -> bool:
    """Tells whether results may be infinite, of operands that may be or that may not."""
    probes = np.array(PROBES + ((np.inf, -np.inf) if of_infinity else ()))
    with np.errstate(all="ignore"):
        results = derive_scalar(scalar.name).numpy(*np.meshgrid(*[probes] * scalar.arity))
    return bool(np.isinf(results).any())
