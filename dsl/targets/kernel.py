"""Kernels: the numbers that decide a structured matrix, from users."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dsl.errors import UsageError
from dsl.registry import brief

# (length,) float64 or complex128.
Kernel: TypeAlias = npt.NDArray[Any]

HOW_TO_GIVE = "give numbers with commas between them, such as 1,2,-1,0.5 or 1+2j,3"
MOST_SHOWN = 8


def read_kernel(given: str | Sequence[complex] | Kernel) -> Kernel:
    """Returns a kernel as numbers; real where no imaginary part is left.

    Args:
        given: The numbers, or text with commas between them.

    Raises:
        UsageError: It is empty, or something in it is no finite number.
    """
    parts = given.split(",") if isinstance(given, str) else list(given)
    numbers = np.array([_number(part) for part in parts], np.complex128)
    if not len(numbers):
        raise UsageError("expected a kernel of numbers, got none", HOW_TO_GIVE)
    return numbers if numbers.imag.any() else np.ascontiguousarray(numbers.real)


def _number(part: Any) -> complex:
    try:
        number = complex(part.strip() if isinstance(part, str) else part)
    except (TypeError, ValueError, OverflowError):
        number = complex("nan")
    if not np.isfinite(number):
        raise UsageError(f"expected finite numbers in the kernel, got {brief(part)}", HOW_TO_GIVE)
    return number


def kernel_text(kernel: Kernel) -> str:
    """Returns the first numbers of a kernel, for a title."""
    shown = [f"{x:g}".strip("()") for x in kernel[:MOST_SHOWN].tolist()]
    return ", ".join(shown + ["..."] * (len(kernel) > MOST_SHOWN))


def padded(kernel: Kernel, n: int) -> Kernel:
    """Returns a kernel with zeros after it, n numbers in all.

    Raises:
        UsageError: It is longer.
    """
    if len(kernel) > n:
        raise UsageError(
            f"expected a kernel of at most {n} numbers, got {len(kernel)}", "shorten it, or raise n"
        )
    return np.concatenate([kernel, np.zeros(n - len(kernel))])


def centred(kernel: Kernel, n: int) -> Kernel:
    """Returns a kernel with zeros on both sides, 2 n - 1 numbers in all.

    Raises:
        UsageError: It is longer, or has no middle.
    """
    if len(kernel) % 2 == 0 or len(kernel) > 2 * n - 1:
        raise UsageError(
            f"expected an odd number of at most {2 * n - 1} kernel values, got {len(kernel)}",
            "the middle one is that of the diagonal",
        )
    return np.pad(kernel, n - 1 - len(kernel) // 2)
