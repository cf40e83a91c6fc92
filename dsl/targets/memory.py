"""How much memory a search needs, known before anything is allocated."""

from __future__ import annotations

import os

from dsl.errors import EvosynthError
from dsl.genome import most_sums

GIB = 2**30
FALLBACK_MEMORY = 8 * GIB

ENTRY_BYTES = 16

# Most genes of a genome.
CAPACITY = 24

# Beside the remainder after every gene of a genome, a thread keeps arrays over all pairs of
# values of the wider side, and the lists of places take as much as some matrices more.
OTHER_COPIES = 20


def search_memory(rows: int, columns: int) -> int:
    """Returns about how many bytes each thread of a search for this matrix needs.

    An entry is at most a complex128 of 16 bytes. A complex matrix that is packed as a real
    one has twice the rows at half the size: the same bytes. Sums make it larger.
    """
    height, width = (size + most_sums(size) for size in (rows, columns))
    remainders = (CAPACITY + 1) * ENTRY_BYTES * height * width
    return remainders + OTHER_COPIES * ENTRY_BYTES * max(height, width) ** 2


def memory_limit() -> int:
    """Returns how many bytes a search may need: half of the physical memory."""
    try:
        page, pages = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # not a POSIX system
        page = pages = -1
    is_told = page > 0 and pages > 0
    return (page * pages if is_told else FALLBACK_MEMORY) // 2


def check_memory(rows: int, columns: int, what: str, error: type[EvosynthError]) -> None:
    """Raises the error if a search for a matrix of this shape does not fit in memory."""
    needed, limit = search_memory(rows, columns), memory_limit()
    if needed > limit:
        raise error(
            f"{what} needs about {_gib(needed)} GiB to search, the limit is {_gib(limit)} GiB",
            "choose a smaller size; the limit is half of this machine's memory",
        )


def _gib(size: int) -> str:
    # Sizes beyond any machine are not worth their digits, and overflow a float.
    return f"{size / GIB:,.1f}" if size < 2**100 else f"2^{size.bit_length() - 31}"
