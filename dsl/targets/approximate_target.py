"""A matrix that programs need to compute only nearly, and what that means."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dsl.straightline import Domain
from dsl.targets.base import Target

if TYPE_CHECKING:
    from dsl.covariance import Covariance


@dataclass(frozen=True, slots=True)
class Approximation:
    """How near a program has to come, and what it costs.

    Attributes:
        tolerance: Of the best program: the most loss, or where the objective is in dB the
            least figure.
        objective: Name of what is lost (`fitness.objectives`).
        cost: Name of what is counted (`dsl.costs`).
        covariance: Of the inputs, as text; "" where it makes no difference.
        word_length: Bits of constants; None for a cost that does not know them.
    """

    tolerance: float
    objective: str = "error"
    cost: str = "flops"
    covariance: str = ""
    word_length: int | None = None

    def __str__(self) -> str:
        bits = f" at {self.word_length} bits" if self.word_length else ""
        data = f" of {self.covariance} data" if self.covariance else ""
        return f"{self.objective} {self.tolerance:g}{data}, cost {self.cost}{bits}"


@dataclass(frozen=True, slots=True, eq=False)
class ApproximateTarget:
    """A matrix to compute nearly.

    Attributes:
        target: The matrix.
        approximation: How near.
        covariance: Of the inputs, where the objective weighs them.
    """

    target: Target
    approximation: Approximation
    covariance: Covariance | None = None

    @property
    def name(self) -> str:
        """The matrix's name."""
        return self.target.name

    @property
    def n(self) -> int:
        """How many inputs a program has."""
        return self.target.n

    @property
    def domain(self) -> Domain:
        """The kind of the input data."""
        return self.target.domain

    @property
    def identifier(self) -> str:
        """The matrix's name and size as an identifier."""
        return f"{self.target.identifier}_approximate"

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.target.title}, approximately"

    @property
    def convention(self) -> str:
        """Sign, scale and order, in one line."""
        return self.target.convention

    @property
    def digest(self) -> str:
        """SHA-256 of the matrix's digest and of all that says how near, in hexadecimal."""
        parts = [self.target.digest, repr(self.approximation)]
        if self.covariance is not None:
            parts.append(hashlib.sha256(self.covariance.matrix.tobytes()).hexdigest())
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()
