"""Scalar primitives: functions of numbers, one file each."""

from dsl.scalars.abs import abs
from dsl.scalars.add import add
from dsl.scalars.base import SCALARS, Scalar, scalar, sp
from dsl.scalars.cos import cos
from dsl.scalars.divide import divide
from dsl.scalars.exp import exp
from dsl.scalars.floor import floor
from dsl.scalars.log import log
from dsl.scalars.max import max
from dsl.scalars.min import min
from dsl.scalars.mod import mod
from dsl.scalars.multiply import multiply
from dsl.scalars.negate import negate
from dsl.scalars.sin import sin
from dsl.scalars.sqrt import sqrt
from dsl.scalars.step import step
from dsl.scalars.subtract import subtract

__all__ = [
    "SCALARS",
    "Scalar",
    "abs",
    "add",
    "cos",
    "divide",
    "exp",
    "floor",
    "log",
    "max",
    "min",
    "mod",
    "multiply",
    "negate",
    "scalar",
    "sin",
    "sp",
    "sqrt",
    "step",
    "subtract",
]
