"""Block primitives: one file each, in the order in which genes number them."""

from dsl.primitives.base import PRIMITIVES, Primitive, declared, primitive
from dsl.primitives.butterfly import butterfly
from dsl.primitives.rotation import rotation
from dsl.primitives.scale import scale
from dsl.primitives.shear import shear

__all__ = [
    "PRIMITIVES",
    "Primitive",
    "butterfly",
    "declared",
    "primitive",
    "rotation",
    "scale",
    "shear",
]
