"""Vector primitives: the sparse steps of size-generic programs, in order."""

from dsl.vectors.add import ADD
from dsl.vectors.advance import ADVANCE
from dsl.vectors.base import VECTORS, Parameters, VectorPrimitive
from dsl.vectors.concatenate import CONCATENATE
from dsl.vectors.cosine import COSINE
from dsl.vectors.delay import DELAY
from dsl.vectors.half_secant import HALF_SECANT
from dsl.vectors.interleave import INTERLEAVE
from dsl.vectors.mirror import MIRROR
from dsl.vectors.negate import NEGATE
from dsl.vectors.over_n import OVER_N
from dsl.vectors.pad import PAD
from dsl.vectors.part import PART
from dsl.vectors.reverse import REVERSE
from dsl.vectors.rotate import ROTATE
from dsl.vectors.scale import SCALE
from dsl.vectors.sine import SINE
from dsl.vectors.subtract import SUBTRACT
from dsl.vectors.take import TAKE
from dsl.vectors.times_minus_i import TIMES_MINUS_I
from dsl.vectors.twice_cosine import TWICE_COSINE
from dsl.vectors.twiddle import TWIDDLE

__all__ = [
    "ADD",
    "ADVANCE",
    "CONCATENATE",
    "COSINE",
    "DELAY",
    "HALF_SECANT",
    "INTERLEAVE",
    "MIRROR",
    "NEGATE",
    "OVER_N",
    "PAD",
    "PART",
    "REVERSE",
    "ROTATE",
    "SCALE",
    "SINE",
    "SUBTRACT",
    "TAKE",
    "TIMES_MINUS_I",
    "TWICE_COSINE",
    "TWIDDLE",
    "VECTORS",
    "Parameters",
    "VectorPrimitive",
]
