"""Block primitives: one file each, in the order in which genes number them."""

from dsl.primitives.base import PRIMITIVES, Primitive, primitive
from dsl.primitives.butterfly import butterfly
from dsl.primitives.rotation import rotation
from dsl.primitives.scale import scale
from dsl.primitives.shear import shear

__all__ = ["PRIMITIVES", "Primitive", "butterfly", "primitive", "rotation", "scale", "shear"]
