"""What is to be learnt from samples: values of a function at given places, in three sets."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

LONGEST_IDENTIFIER = 40

# Values that users give are no larger: sums of squares must not overflow.
LARGEST = 1e100


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Values of a function. Compares by identity.

    Attributes:
        x: (rows, inputs) float64, finite, read-only and C-contiguous. It is a copy of what
            was given.
        y: (rows, outputs) float64, likewise.

    Raises:
        ValueError: The arrays are not such.
    """

    x: Numbers
    y: Numbers

    def __post_init__(self) -> None:
        for name, given in (("x", self.x), ("y", self.y)):
            if given.dtype != np.float64 or given.ndim != 2 or 0 in given.shape:
                raise ValueError(
                    f"{name}: expected (rows, columns) float64, got {given.shape} {given.dtype}"
                )
            if not np.isfinite(given).all():
                raise ValueError(f"{name}: expected finite values, got nan or inf")
            # Adding zero copies, and makes -0.0 into 0.0: equal samples have equal digests.
            array = np.ascontiguousarray(given + 0.0)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if len(self.x) != len(self.y):
            raise ValueError(f"expected as many rows, got {len(self.x)} of x, {len(self.y)} of y")

    def __len__(self) -> int:
        return len(self.x)

    def __reduce__(self) -> tuple[Any, ...]:
        return Samples, (self.x, self.y)  # a copy in another process is read-only too


@dataclass(frozen=True, eq=False)
class SampledTarget:
    """A function to find, known by samples. Compares by identity; compare `digest`.

    Attributes:
        name: What the command line calls it; the stem of the path for a file.
        title: What people call it.
        convention: Ranges and units, in one line.
        inputs: A name for every column of x.
        outputs: A name for every column of y.
        train: What a search may fit.
        validation: What it may choose by; None where there are too few rows.
        test: What nothing is chosen by, free of added noise; None where there are too few
            rows.
        formula: What the values were computed by, for people; "" if that is unknown.
        singular: Where the function is not defined or jumps, for people; "" if nowhere.
        noise: Standard deviation of the noise added to the values of training and
            validation, as a fraction of that of the values of training.
        is_exact: The values are those of a formula, without noise.
        source: Plain data from which `rebuild_sampled_target` makes the target again;
            empty for arrays.
        label: The name with the parameters that decide the values, such as "sine 31".
        notices: What the user should know about the rows, a line each.

    Raises:
        ValueError: The parts do not fit together.
    """

    name: str
    title: str
    convention: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    train: Samples
    validation: Samples | None = None
    test: Samples | None = None
    formula: str = ""
    singular: str = ""
    noise: float = 0.0
    is_exact: bool = False
    source: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = (*self.inputs, *self.outputs)
        if len(set(names)) != len(names):
            raise ValueError(f"target '{self.name}': expected different names, got {names}")
        for samples in self._sets():
            if samples is None:
                continue
            widths = samples.x.shape[1], samples.y.shape[1]
            if widths != (len(self.inputs), len(self.outputs)):
                raise ValueError(
                    f"target '{self.name}': expected {len(self.inputs)} inputs and"
                    f" {len(self.outputs)} outputs, got {widths[0]} and {widths[1]} columns"
                )

    def _sets(self) -> tuple[Samples, Samples | None, Samples | None]:
        return self.train, self.validation, self.test

    @property
    def domain(self) -> Literal["real"]:
        """The kind of the input data."""
        return "real"

    @property
    def identifier(self) -> str:
        """The label as an identifier with a number at the end, such as `sine_31`.

        The number keeps it apart from words of languages and names of their libraries,
        such as `exp` and `log2`. ASCII, at most 40 characters.
        """
        name = re.sub(r"\W", "_", self.label or self.name, flags=re.ASCII) or "samples"
        name = f"_{name}" if name[0].isdigit() else name
        tail = re.search(r"_\d+$", name[:LONGEST_IDENTIFIER])
        if tail and len(name) <= LONGEST_IDENTIFIER:
            return name
        size = f"_{len(self.inputs)}"
        return name[: LONGEST_IDENTIFIER - len(size)] + size

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the names of the columns and all samples, in hexadecimal.

        Sines, exponentials and logarithms may differ in their last bits between machines,
        and so may the digest of a target that is made again.
        """
        shapes = [None if each is None else len(each) for each in self._sets()]
        head = json.dumps([self.domain, self.inputs, self.outputs, shapes]) + "\n"
        digest = hashlib.sha256(head.encode())
        for samples in self._sets():
            if samples is not None:
                # Byte order is fixed so that a digest means the same on every machine.
                digest.update(samples.x.astype("<f8", copy=False).data)
                digest.update(samples.y.astype("<f8", copy=False).data)
        return digest.hexdigest()
