"""Programs as products of sparse matrices in LaTeX."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from dsl.factors import Factor, factors
from dsl.formats.matrix_latex import block_latex, is_diagonal, matrix_latex, short_form
from dsl.program import Program

# Matrices with more columns are not written entry by entry.
MOST_COLUMNS = 16
# Longer products are broken into lines.
FACTORS_PER_LINE = 16
Component = tuple[tuple[int, ...], tuple[int, ...]]


def factor_form(program: Program) -> str:
    r"""Writes the matrix of a program as a product, then every factor.

    Factors of few columns are matrices, with their structure where it is found; of larger
    ones only the structure is written, or which blocks act on which places, from 0.
    """
    found = factors(program)
    names = [f"A_{{{k}}}" if f.stage is not None else "P" for k, f in enumerate(found, 1)]
    lines = [_display(_product(names))]
    for name, factor in zip(names, found, strict=True):
        lines += _factor(name, factor, program.order)
    body = "\n".join(lines)
    if "F_2" in body:
        lines.insert(1, _display("F_2 = \\begin{bmatrix}\n1 & 1 \\\\\n1 & -1\n\\end{bmatrix}"))
    return "\n".join(lines) + "\n"


def _product(names: list[str]) -> str:
    rows = [
        " ".join(names[::-1][k : k + FACTORS_PER_LINE])
        for k in range(0, len(names), FACTORS_PER_LINE)
    ]
    if len(rows) == 1:
        return f"A = {rows[0]}"
    body = " \\\\\n& ".join(rows)
    return f"\\begin{{aligned}}\nA = {{}} & {body}\n\\end{{aligned}}"


def _display(formula: str) -> str:
    return f"\\[\n{formula}\n\\]"


def _factor(name: str, factor: Factor, order: int) -> list[str]:
    is_small = factor.shape[1] <= MOST_COLUMNS
    is_drawable = factor.shape[1] <= 4 * MOST_COLUMNS and factor.shape[0] <= 4 * MOST_COLUMNS
    structure = short_form(factor.matrix(), order) if is_small or is_drawable else None
    sides = [name, structure] if structure else [name]
    if is_small and not (structure and is_diagonal(factor.matrix())):
        return [_display(" = ".join([*sides, matrix_latex(factor.matrix(), order)]))]
    if structure:
        return [_display(" = ".join(sides))]
    if factor.stage is None:
        chosen = dict(factor.entries.keys())
        places = ", ".join(str(chosen[k]) for k in range(factor.shape[0]))
        return [f"${name}$ picks the places {places}.\n"]
    return [_as_blocks(name, factor, order)]


def _as_blocks(name: str, factor: Factor, order: int) -> str:
    """Writes a paragraph, since such lists need line breaks: blocks and their places."""
    places: dict[str, list[str]] = defaultdict(list)
    for rows, columns in _components(factor):
        block = np.array([[factor.entries.get((r, c), 0) for c in columns] for r in rows])
        if rows == columns and block.shape == (1, 1) and block[0, 0] == 1:
            continue
        where = _tuple(columns) if rows == columns else rf"{_tuple(columns)} \to {_tuple(rows)}"
        places[block_latex(block, order) if block.size else "0"].append(f"${where}$")
    blocks = [f"${block}$ on {', '.join(where)}" for block, where in places.items()]
    rows_, columns_ = factor.shape
    return f"${name}$, ${rows_} \\times {columns_}$, keeps all places but these:\n" + (
        ";\n".join(blocks) + ".\n"
    )


def _tuple(places: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, places))})"


def _components(factor: Factor) -> Iterator[Component]:
    """Names the rows and columns that entries join, in order of rows."""
    groups: dict[tuple[str, int], set[tuple[str, int]]] = {}
    for k in range(factor.shape[0]):
        groups[("row", k)] = {("row", k)}
    for k in range(factor.shape[1]):
        groups[("column", k)] = {("column", k)}
    for row, column in factor.entries:
        one, other = groups[("row", row)], groups[("column", column)]
        if one is not other:
            one |= other
            groups.update(dict.fromkeys(other, one))
    for k in range(factor.shape[0]):
        group = groups[("row", k)]
        rows = tuple(sorted(place for kind, place in group if kind == "row"))
        if rows[0] == k:
            yield rows, tuple(sorted(place for kind, place in group if kind == "column"))
