"""Grammars: one folder each."""

from dsl.grammars.base import GRAMMARS, InstructionSet
from dsl.grammars.expression.instructions import EXPRESSION
from dsl.grammars.factor.instructions import FACTOR

__all__ = ["EXPRESSION", "FACTOR", "GRAMMARS", "InstructionSet"]
