"""What a target is: the matrix that a program must compute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.straightline import Domain

@dataclass(frozen=True, slots=True)
class Target:
    name: str
    n: int
    matrix: npt.NDArray[Any]
    domain: Domain
