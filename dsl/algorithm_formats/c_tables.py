"""Tables of numbers in C: each content once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dsl.formats.c_operations import literal

LONGEST_LINE = 100


class Tables:
    """Static tables of a file, in order of first use."""

    def __init__(self, precision: str) -> None:
        self.precision = precision
        self._numbers: dict[bytes, str] = {}
        self._places: dict[bytes, str] = {}
        self._definitions: list[str] = []

    def numbers(self, values: npt.NDArray[np.float64]) -> str:
        """Returns the name of a table of numbers.

        Raises:
            UsageError: One is too large for the precision.
        """
        key = (values + 0.0).tobytes()  # of -0.0 as of 0.0
        if key not in self._numbers:
            self._numbers[key] = f"w{len(self._numbers) + 1}"
            texts = [self.number(value) for value in (values + 0.0).tolist()]
            real = "double" if self.precision == "double" else "float"
            self._define(f"static const {real} {self._numbers[key]}[{len(texts)}]", texts)
        return self._numbers[key]

    def number(self, value: float) -> str:
        """Returns a number as C reads it."""
        return literal(repr(value), self.precision)

    def places(self, values: npt.NDArray[np.intp]) -> str:
        """Returns the name of a table of places."""
        key = values.tobytes()
        if key not in self._places:
            self._places[key] = f"p{len(self._places) + 1}"
            texts = list(map(str, values.tolist()))
            self._define(f"static const long {self._places[key]}[{len(texts)}]", texts)
        return self._places[key]

    def _define(self, head: str, texts: Sequence[str]) -> None:
        lines, line = [], "   "
        for text in texts:
            if len(line) + len(text) + 2 > LONGEST_LINE:
                lines.append(line)
                line = "   "
            line += f" {text},"
        body = "\n".join([*lines, line.rstrip(",")])
        self._definitions.append(f"{head} = {{\n{body}\n}};\n")

    def text(self) -> str:
        """Returns all definitions."""
        return "".join(self._definitions)
