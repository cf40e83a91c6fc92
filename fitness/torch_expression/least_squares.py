"""Least squares of many formulas at once, from sums of products.

The same steps as in the compiled kernel, with the formulas side by side. All arrays begin
with the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

# As in the compiled kernel; a test compares them.
DEPENDENT, FLAT = 1e-11, 1e-11
CLOSE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Triangles:
    """The decomposed covariances of terms, of unit variance each.

    Attributes:
        lower: (n, terms, terms) the columns below the diagonal; 0 for a term that is left out.
        diagonal: (n, terms) 1 for a term that is left out.
        scales: (n, terms) factors that make the variances 1; 0 leaves a term out.
    """

    lower: torch.Tensor
    diagonal: torch.Tensor
    scales: torch.Tensor

    def solve(self, covariances: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Returns weights (n, terms) of what has these covariances, and what they explain.

        Args:
            covariances: (n, terms) with the terms.
        """
        w = covariances * self.scales
        terms = w.shape[1]
        for i in range(terms):
            w[:, i] /= self.diagonal[:, i]
            w[:, i + 1 :].addcmul_(self.lower[:, i + 1 :, i], w[:, i, None], value=-1)
        explained = (w * w).sum(1)
        for i in reversed(range(terms)):
            w[:, i] /= self.diagonal[:, i]
            w[:, :i].addcmul_(self.lower[:, i, :i], w[:, i, None], value=-1)
        return w * self.scales, explained


def decompose(
    products: torch.Tensor, sums: torch.Tensor, shifts: torch.Tensor, rows: int
) -> Triangles:
    """Returns the triangles of terms.

    Args:
        products: (n, terms, terms) sums of products of the shifted columns; it is overwritten.
        sums: (n, terms) sums of the shifted columns.
        shifts: (n, terms) what was taken off the columns.
        rows: Number of samples.
    """
    a = products.sub_(sums[:, :, None] * (sums[:, None, :] / rows))
    spreads = a.diagonal(dim1=1, dim2=2).clamp(min=0.0).sqrt()
    is_taken = spreads > FLAT * rows**0.5 * shifts.abs()
    scales = torch.where(is_taken, 1.0 / spreads, 0.0)
    a *= scales[:, :, None]
    a *= scales[:, None, :]
    a.diagonal(dim1=1, dim2=2).fill_(1.0)
    diagonal = torch.ones_like(scales)
    for j in range(a.shape[1]):
        pivot = a[:, j, j]
        is_taken = pivot >= DEPENDENT
        scales[:, j] = torch.where(is_taken, scales[:, j], 0.0)
        root = torch.where(is_taken, pivot, 1.0).sqrt_()
        diagonal[:, j] = root
        a[:, j, :j] *= is_taken[:, None]
        below = a[:, j + 1 :, j]
        below *= torch.where(is_taken, 1.0 / root, 0.0)[:, None]
        a[:, j + 1 :, j + 1 :].addcmul_(below[:, :, None], below[:, None, :], value=-1)
    return Triangles(a, diagonal, scales)
