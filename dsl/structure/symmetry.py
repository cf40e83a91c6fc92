"""Symmetries, orthogonality, and rows and columns that are even or odd."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dsl.structure.base import Finding, Findings, Matrix, Subject

# Rounding errors of a sum of n products, relative to its largest result.
PRODUCT_TOLERANCE = 1e-9


def symmetry(subject: Subject) -> Findings:
    """Finds which reflections of the matrix give it back."""
    names = list(_symmetries(subject))
    if names:
        yield Finding("symmetry", ", ".join(names), {"symmetries": names})
    else:
        for matrix, what in ((subject.matrix, "row"), (subject.matrix.T, "column")):
            if _is_even_or_odd(matrix, subject):
                yield Finding(f"even_or_odd_{what}s", f"every {what} is even or odd")


def _symmetries(subject: Subject) -> Iterator[str]:
    matrix = subject.matrix
    if subject.is_near(matrix, matrix[::-1, ::-1]):
        yield "centrosymmetric"
    if subject.is_near(matrix, -matrix[::-1, ::-1]):
        yield "skew-centrosymmetric"
    if not subject.is_square:
        return
    is_complex = np.iscomplexobj(matrix)
    anti = matrix[::-1, ::-1].T
    images = {
        "symmetric": matrix.T,
        "skew-symmetric": -matrix.T,
        "persymmetric": anti,
        "skew-persymmetric": -anti,
    }
    if is_complex:
        images |= {"Hermitian": matrix.T.conj(), "skew-Hermitian": -matrix.T.conj()}
        images |= {"perhermitian": anti.conj()}
    for name, image in images.items():
        if subject.is_near(matrix, image):
            yield name


def _is_even_or_odd(matrix: Matrix, subject: Subject) -> bool:
    mirrored = matrix[:, ::-1]
    sizes = np.minimum(np.abs(matrix - mirrored).max(1), np.abs(matrix + mirrored).max(1))
    return matrix.shape[1] > 2 and bool(np.all(sizes <= subject.same))


def orthogonality(subject: Subject) -> Findings:
    """Finds rows, or columns, that are orthogonal to each other."""
    matrix = subject.matrix / subject.largest
    is_wide = matrix.shape[0] <= matrix.shape[1]
    what = "rows" if is_wide else "columns"
    matrix = matrix if is_wide else matrix.T
    products = matrix @ matrix.conj().T
    lengths = products.diagonal().real.copy()
    largest = float(lengths.max())
    np.fill_diagonal(products, 0)
    if len(matrix) < 2 or np.abs(products).max() > PRODUCT_TOLERANCE * largest:
        return
    kind = "unitary" if np.iscomplexobj(matrix) else "orthogonal"
    if lengths.max() - lengths.min() > PRODUCT_TOLERANCE * largest:
        yield Finding("orthogonal_lines", f"orthogonal {what} of different lengths")
        return
    factor = float(np.sqrt(largest)) * subject.largest
    scaled = "" if abs(factor - 1) <= PRODUCT_TOLERANCE else f" times {factor:.6g}"
    text = f"{kind}{scaled}" if subject.is_square else f"orthogonal {what} of equal length"
    yield Finding("orthogonal", text, {"factor": factor})
