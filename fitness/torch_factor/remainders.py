"""The operations of remainders, component by component, many at a time."""

from __future__ import annotations

import torch
from torch import Tensor

from dsl.grammars.factor.known_blocks import NEAR, TILT
from fitness.torch_factor.arithmetic import Numbers
from fitness.torch_factor.prices import Prices
from fitness.torch_factor.products import product_costs


class KnownCosts:
    """What programs are known to cost, by their fingerprints.

    Args:
        fingerprints: (blocks,) float64, ascending.
        operations: (blocks,) int64.
    """

    def __init__(self, fingerprints: Tensor, operations: Tensor) -> None:
        self._fingerprints = fingerprints
        self._operations = operations

    def __len__(self) -> int:
        return len(self._fingerprints)

    def at_most(self, wanted: Tensor, estimates: Tensor) -> Tensor:
        """Returns the operations known for fingerprints where they are fewer than estimates."""
        first = torch.searchsorted(self._fingerprints, wanted * (1.0 - NEAR))
        last = torch.searchsorted(self._fingerprints, wanted * (1.0 + NEAR), right=True)
        for step in range(int((last - first).max())):
            index = first + step
            operations = self._operations[index.clamp(max=len(self) - 1)]
            fewer = (index < last) & (operations < estimates)
            estimates = torch.where(fewer, operations, estimates)
        return estimates


def remainder_costs(remainders: Numbers, fed: Tensor, prices: Prices, known: KnownCosts) -> Tensor:
    """Returns the operations of remainders.

    Args:
        remainders: (nodes, rows, columns), zeros exact.
        fed: (nodes, rows) bool, rows that sums of the output side add to.
        prices: Of operations.
        known: What components are known to cost at most.

    Returns:
        (nodes,) int64.
    """
    nodes, rows, _ = remainders.shape
    present = remainders.present()
    of_row, of_column = components(present)
    by_row, by_column = product_costs(remainders, prices)
    entries = present.sum(dim=2)
    is_empty = entries == 0
    additions = prices.addition * (entries - 1) * ~is_empty

    def of_components(values: Tensor, labels: Tensor) -> Tensor:
        sums = torch.zeros(nodes, rows + 1, dtype=values.dtype, device=values.device)
        return sums.scatter_add_(1, labels, values)[:, :rows]

    fewest = torch.minimum(of_components(by_row, of_row), of_components(by_column, of_column))
    costs = fewest + of_components(additions, of_row)
    if len(known):
        row_terms, column_terms = _fingerprint_terms(remainders)
        prints = of_components(row_terms, of_row) + of_components(column_terms, of_column)
        height = of_components(torch.ones_like(row_terms), of_row)
        height -= of_components(torch.ones_like(column_terms), of_column)
        is_component = torch.zeros(nodes, rows + 1, dtype=torch.bool, device=fed.device)
        is_component.scatter_(1, of_row, torch.ones_like(of_row, dtype=torch.bool))
        at = torch.nonzero(is_component[:, :rows].flatten()).flatten()
        wanted = (prints * (1.0 + TILT * height)).flatten()[at]
        costs.view(-1)[at] = known.at_most(wanted, costs.view(-1)[at])
    unneeded = prices.addition * (fed & is_empty).sum(dim=1)
    return costs.sum(dim=1) - unneeded


def components(present: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers the connected parts of matrices by their first rows.

    Args:
        present: (nodes, rows, columns) bool where entries are not zero.

    Returns:
        (nodes, rows) and (nodes, columns) int64; the number of rows where all are zero.
    """
    rows = present.shape[1]
    label = torch.arange(rows, device=present.device, dtype=torch.float32)
    # Distance to the nothing that zeros stand for: so zero comes out of a product with a mask.
    weight = present.to(torch.float32)
    of_row = (rows - label) * weight.amax(dim=2)
    while True:
        of_column = (weight * of_row[:, :, None]).amax(dim=1)
        next_row = (weight * of_column[:, None, :]).amax(dim=2)
        # A row's label is a row: what that one has come to is as good.
        index = (rows - next_row).clamp_(max=rows - 1).long()
        next_row = torch.maximum(next_row, next_row.gather(1, index) * (next_row > 0))
        if bool((next_row == of_row).all()):
            return (rows - of_row).long(), (rows - of_column).long()
        of_row = next_row


def _fingerprint_terms(remainders: Numbers) -> tuple[Tensor, Tensor]:
    """Returns what each row and column adds to the fingerprint of its component.

    As `dsl.grammars.factor.equivalence.fingerprint` says.
    """
    a = remainders.re.abs()
    if remainders.im is None:
        entry = a * (1.3 + a) / (1.0 + 0.4 * a)
    else:
        b = remainders.im.abs()
        a, b = torch.maximum(a, b), torch.minimum(a, b)
        entry = a * (1.3 + a + 0.7 * b) / (1.0 + 0.4 * a + 1.7 * b)
    row_roots, column_roots = entry.sum(dim=2).sqrt_(), entry.sum(dim=1).sqrt_()
    rows = torch.bmm(entry, column_roots[:, :, None]).squeeze(2)
    columns = torch.bmm(row_roots[:, None, :], entry).squeeze(1)
    return rows.sqrt_(), columns.sqrt_()
