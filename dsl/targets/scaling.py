"""How far a program's matrix may be from its target: factors of the outputs."""

from __future__ import annotations

from typing import Literal, get_args

# A program computes a matrix A if its own is D A, with D the identity, one positive
# multiple of it, or any diagonal of positive real numbers.
Scaling = Literal["exact", "common", "free"]
SCALINGS: tuple[Scaling, ...] = get_args(Scaling)  # each admits what those before it do

UP_TO: dict[Scaling, str] = {
    "exact": "",
    "common": "up to one common factor",
    "free": "up to a factor per output",
}
