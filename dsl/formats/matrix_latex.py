r"""Sparse matrices in LaTeX: entry by entry, or as Kronecker products and direct sums."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import sympy

from dsl.pictures.numbers_as_text import expression, is_exact, plain_text, turn_of

Matrix = npt.NDArray[Any]
# Columns that the `bmatrix` of amsmath takes as it is.
MOST_COLUMNS = 10
# Rows and columns of a block, and blocks of a direct sum, that still make a short form.
LARGEST_BLOCK, MOST_TERMS = 4, 8
LONGEST_DIAGONAL = 16
BUTTERFLY = np.array([[1, 1], [1, -1]])


def number_latex(constant: complex, order: int) -> str:
    """Returns a constant, on the unit circle as a power of e."""
    turn = turn_of(constant, order)
    if turn is not None:
        count = "" if abs(turn.numerator) == 1 else str(abs(turn.numerator))
        return rf"e^{{{'-' if turn < 0 else ''}{count}i\pi/{turn.denominator}}}"
    number = expression(constant, order)
    return sympy.latex(number) if is_exact(number) else plain_text(constant, 0).replace("*I", "i")


def matrix_latex(matrix: Matrix, order: int) -> str:
    """Returns a matrix entry by entry, with dots for zeros."""
    rows = [
        " & ".join(number_latex(complex(v), order) if v else r"\cdot" for v in row)
        for row in matrix
    ]
    body = " \\\\\n".join(rows)
    if matrix.shape[1] <= MOST_COLUMNS:
        return f"\\begin{{bmatrix}}\n{body}\n\\end{{bmatrix}}"
    return f"\\left[\\begin{{smallmatrix}}\n{body}\n\\end{{smallmatrix}}\\right]"


def short_form(matrix: Matrix, order: int) -> str | None:
    r"""Returns a matrix in terms of smaller ones, or None where no short form is found.

    Terms are unit matrices I_n, the butterfly F_2, blocks, `\otimes` and `\oplus`.
    """
    rows, columns = matrix.shape
    if rows != columns or not rows:
        return None
    if rows == 2 and (matrix == BUTTERFLY).all():
        return "F_2"
    return _kronecker(matrix, order) or _diagonal(matrix, order) or _direct_sum(matrix, order)


def block_latex(matrix: Matrix, order: int) -> str:
    """Returns a small matrix as a term of a larger one."""
    if matrix.shape == (1, 1):
        return number_latex(complex(matrix[0, 0]), order)
    return short_form(matrix, order) or matrix_latex(matrix, order)


def _diagonal(matrix: Matrix, order: int) -> str | None:
    if len(matrix) > LONGEST_DIAGONAL or not is_diagonal(matrix):
        return None
    entries = ", ".join(number_latex(complex(v), order) for v in matrix.diagonal())
    return rf"\operatorname{{diag}}\left({entries}\right)"


def is_diagonal(matrix: Matrix) -> bool:
    """Tells whether a square matrix has entries on its diagonal alone."""
    return bool((matrix == np.diag(matrix.diagonal())).all())


def _kronecker(matrix: Matrix, order: int) -> str | None:
    size = len(matrix)
    if (matrix == matrix[0, 0] * np.eye(size)).all():
        return _scaled_unit(complex(matrix[0, 0]), size, order)
    blocks = [block for block in range(2, size) if size % block == 0]
    for block in blocks:
        inner, count = matrix[:block, :block], size // block
        if (matrix == np.kron(np.eye(count), inner)).all():
            return _product(f"I_{{{count}}}", _term(inner, order))
    for block in reversed(blocks):
        outer = matrix[::block, ::block]
        if (matrix == np.kron(outer, np.eye(block))).all():
            return _product(_term(outer, order), f"I_{{{block}}}")
    return None


def _scaled_unit(constant: complex, size: int, order: int) -> str:
    text = number_latex(constant, order)
    if size == 1:
        return text
    text = rf"\left({text}\right)" if " " in text else text
    return f"{'' if constant == 1 else text} I_{{{size}}}".strip()


def _product(left: str | None, right: str | None) -> str | None:
    return rf"{left} \otimes {right}" if left and right else None


def _term(matrix: Matrix, order: int) -> str | None:
    """Returns a term of a product or sum, sums in brackets; None for large blocks."""
    text = short_form(matrix, order)
    if text:
        return f"({text})" if r"\oplus" in text else text
    return matrix_latex(matrix, order) if len(matrix) <= LARGEST_BLOCK else None


def _direct_sum(matrix: Matrix, order: int) -> str | None:
    blocks = list(_blocks(matrix))
    if len(blocks) == 1:
        return None
    terms: list[str | None] = []
    for _, same in groupby(blocks, key=lambda block: block.tobytes()):
        equal = list(same)
        block, count = equal[0], len(equal)
        if len(block) == 1:
            terms.append(_scaled_unit(complex(block[0, 0]), count, order))
        else:
            term = _term(block, order)
            terms.append(_product(f"I_{{{count}}}", term) if count > 1 else term)
    if len(terms) > MOST_TERMS or None in terms:
        return None
    return r" \oplus ".join(filter(None, terms))


def _blocks(matrix: Matrix) -> Iterator[Matrix]:
    """Cuts a square matrix into the smallest blocks along its diagonal."""
    rows, columns = np.nonzero(matrix)
    reach = np.arange(len(matrix))
    np.maximum.at(reach, np.minimum(rows, columns), np.maximum(rows, columns))
    start, end = 0, 0
    for k in range(len(matrix)):
        end = max(end, int(reach[k]))
        if end == k:
            yield np.ascontiguousarray(matrix[start : k + 1, start : k + 1])
            start = end = k + 1
