"""Grammars: one folder each."""

from dsl.grammars.base import GRAMMARS, InstructionSet
from dsl.grammars.factor.instructions import FACTOR

__all__ = ["FACTOR", "GRAMMARS", "InstructionSet"]
