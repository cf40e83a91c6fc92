"""All findings about a matrix."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from dsl.structure.base import Finding, Findings, Matrix, Subject, times
from dsl.structure.entries import bands, entries
from dsl.structure.parts import kronecker, parts
from dsl.structure.ranks import low_rank_blocks, pairs, rank
from dsl.structure.shifts import nodes, shifts
from dsl.structure.symmetry import orthogonality, symmetry

FINDERS: tuple[Callable[[Subject], Findings], ...] = (
    parts,
    shifts,
    nodes,
    kronecker,
    symmetry,
    orthogonality,
    low_rank_blocks,
    pairs,
    rank,
    bands,
    entries,
)


@dataclass(frozen=True, slots=True)
class Structure:
    """What is special about a matrix.

    Attributes:
        rows: Of the matrix.
        columns: Of the matrix.
        findings: What most matrices have not; none for random numbers.
    """

    rows: int
    columns: int
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        return "\n".join(finding.text for finding in self.findings) or "none found"

    def __contains__(self, name: object) -> bool:
        return any(finding.name == name for finding in self.findings)

    def __getitem__(self, name: str) -> Finding:
        for finding in self.findings:
            if finding.name == name:
                return finding
        raise KeyError(name)

    @property
    def title(self) -> str:
        """The shape, for people."""
        return times(self.rows, self.columns)

    def to_dict(self) -> dict[str, Any]:
        """Returns the findings as plain data."""
        findings = [finding.to_dict() for finding in self.findings]
        return {"rows": self.rows, "columns": self.columns, "findings": findings}


def find_structure(matrix: Matrix) -> Structure:
    """Returns what is special about a matrix, in about the time of its singular values.

    Zeros are below 1e-10 of the largest entry, and numbers the same that differ by less than
    1e-9 of it. Rows and columns are taken in the order that they have, but where it says not.

    Args:
        matrix: (m, n) float64 or complex128, finite, with an entry that is not zero.
    """
    rows, columns = matrix.shape
    subject = Subject.of(matrix)
    with np.errstate(all="ignore"):  # tiny entries are divided by, too
        found = tuple(finding for finder in FINDERS for finding in finder(subject))
    return Structure(rows, columns, found)
