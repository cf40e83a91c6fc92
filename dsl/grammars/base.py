"""What a grammar is: an instruction set with a meaning."""

from __future__ import annotations

from typing import Any, Protocol

import numpy.typing as npt

from dsl.registry import Registry
from dsl.straightline import CodeWriter, Ref


class InstructionSet(Protocol):
    """The instructions that programs of one grammar are made of."""

    @property
    def name(self) -> str:
        """What programs call it."""
        ...

    @property
    def is_linear(self) -> bool:
        """Whether every instruction is a linear map, whose constants may be recognised.

        Otherwise programs are formulas of real numbers: results that are not finite are
        invalid, and constants stay the doubles that they are.
        """
        ...

    def results(self, name: str, operands: int, constants: tuple[complex, ...]) -> int:
        """Returns how many values an instruction defines.

        Raises:
            ValueError: There is no such instruction, or it takes other operands or
                constants.
        """
        ...

    def needs_complex(self, name: str) -> bool:
        """Tells whether an instruction that exists has numbers that are complex in itself."""
        ...

    def execute(
        self, name: str, values: list[npt.NDArray[Any]], constants: tuple[complex, ...]
    ) -> list[npt.NDArray[Any]]:
        """Computes an instruction's results on batches, each value of shape (...)."""
        ...

    def lower(
        self, name: str, values: list[Ref], constants: tuple[complex, ...], code: CodeWriter
    ) -> list[Ref]:
        """Writes an instruction as straight-line code; returns where its results are."""
        ...


GRAMMARS: Registry[InstructionSet] = Registry("grammar")
