"""The pictures of the pages, computed: `python -m docs.builder.pictures`.

It writes `docs/pictures`: the matrix of a DFT, what a program that was found leaves of it step by
step, what the steps cost, and the straight line in weight space of the experiment `slope`.
"""

from __future__ import annotations

import cmath
from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

import evosynth as es
from docs.builder.places import DOCS, ROOT
from dsl.cost import dense_count
from dsl.factors import factors
from dsl.program import Program

PICTURES = DOCS / "pictures"
PROGRAM = ROOT / "experiments" / "discovered" / "dft-16-168.json"

Matrix = npt.NDArray[Any]

# Sizes in pixels of the picture.
CELL, GAP, TEXT = 9, 26, 13
BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#d0d0d0"
NOTHING = 1e-9


def svg(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """Returns a picture on white, which can be seen on dark pages too."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" role="img" font-family="sans-serif" '
            f'font-size="{TEXT}">',
            f"<title>{title}</title>",
            '<rect width="100%" height="100%" fill="#fff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def label(x: float, y: float, text: str, size: int = TEXT) -> str:
    """Returns a text whose middle is at x."""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="middle" font-size="{size}">{text}</text>'


def draw_matrix(matrix: Matrix) -> str:
    """Draws the entries of a complex matrix of magnitude 1 as hands of clocks."""
    n, size = len(matrix), 34
    parts = [f'<g stroke="{GREY}" fill="none">']
    places = [(j, k) for j in range(n) for k in range(n)]
    middles = {(j, k): (size * (k + 0.5) + 1, size * (j + 0.5) + 1) for j, k in places}
    parts += [f'<circle cx="{x:g}" cy="{y:g}" r="{size * 0.42:g}"/>' for x, y in middles.values()]
    parts.append(f'</g><g stroke="{BLUE}" stroke-width="2.5" stroke-linecap="round">')
    for place, (x, y) in middles.items():
        hand = size * 0.38 * cmath.exp(-1j * cmath.phase(matrix[place]))
        parts.append(f'<path d="M{x:.1f} {y:.1f}l{hand.real + 0.0:.1f} {hand.imag + 0.0:.1f}"/>')
    side = n * size + 2
    return svg(
        side, side, f"The matrix of the {n}-point DFT: angles of its entries", [*parts, "</g>"]
    )


def remainders(program: Program) -> list[tuple[Matrix, int]]:
    """Returns what a program has not computed yet after 0, 1, 2 ... steps.

    Returns:
        For each the remainder, (outputs, values alive), and the operations of the steps so far
        and of a matrix product with the remainder.
    """
    found = [factor.matrix() for factor in factors(program)]
    rows = []
    for k in range(len(found) + 1):
        left = reduce(np.matmul, reversed(found[k:]), np.eye(len(program.outputs)))
        left = np.where(np.abs(left) < NOTHING, 0, left)
        counted = [*found[:k], left]
        rows.append((left, sum(dense_count(f, is_complex=True).operations for f in counted)))
    return rows


def draw_remainders(program: Program) -> str:
    """Draws remainders side by side, in lines of four."""
    drawn = remainders(program)
    columns = 4
    width = max(left.shape[1] for left, _ in drawn) * CELL
    height = max(left.shape[0] for left, _ in drawn) * CELL
    parts: list[str] = []
    for k, (left, operations) in enumerate(drawn):
        x = GAP / 2 + (k % columns) * (width + GAP)
        y = 24 + (k // columns) * (height + 66)
        parts += _entries(left, x, y)
        middle = x + left.shape[1] * CELL / 2
        steps = "the matrix" if k == 0 else f"after {k} step{'s' * (k > 1)}"
        parts.append(label(middle, y - 8, steps))
        parts.append(label(middle, y + height + 17, f"{np.count_nonzero(left)} non-zeros"))
        parts.append(label(middle, y + height + 34, f"{operations:,} operations in all"))
    lines = -(-len(drawn) // columns)
    return svg(
        columns * (width + GAP),
        lines * (height + 66) + 4,
        "What is still to be computed after each step of a 16-point DFT",
        parts,
    )


def _entries(matrix: Matrix, x: float, y: float) -> Iterable[str]:
    """Yields a matrix as squares: of one colour what is free to multiply by, else of another."""
    rows, columns = matrix.shape
    squares: dict[str, list[str]] = {BLUE: [], ORANGE: []}
    for j, k in zip(*np.nonzero(matrix), strict=True):
        colour = BLUE if abs(matrix[j, k] ** 4 - 1) < NOTHING else ORANGE
        squares[colour].append(
            f"M{x + k * CELL:g} {y + j * CELL:g}h{CELL - 1}v{CELL - 1}h{1 - CELL}z"
        )
    yield from (f'<path fill="{c}" d="{"".join(paths)}"/>' for c, paths in squares.items() if paths)
    yield (
        f'<rect x="{x - 1:g}" y="{y - 1:g}" width="{columns * CELL + 1}" '
        f'height="{rows * CELL + 1}" fill="none" stroke="{GREY}"/>'
    )


def write_figures() -> None:
    """Draws what a program costs step by step, and the straight line to the FFT."""
    from evosynth.charts import save_figure
    from experiments.slope import draw_cliff, straight_line

    program = es.load(PROGRAM)
    assert isinstance(program, Program)
    figures = {
        "slope": draw_steps(program),
        "cliff": draw_cliff(16, straight_line(es.make_target("dft", 16).matrix)),
    }
    for name, figure in figures.items():
        png, _ = save_figure(figure, PICTURES / name)
        png.unlink()


def draw_steps(program: Program) -> Any:
    """Draws the operations of a program's steps, and of these with the remainder."""
    from evosynth.charts import BLUE, GREEN, new_figure

    rows = remainders(program)
    done = [dense_count(factor.matrix(), is_complex=True).operations for factor in factors(program)]
    figure, axes = new_figure(width=8.0, height=3.6)
    totals = [operations for _, operations in rows]
    axes.plot(totals, color=BLUE, marker="o", label="steps and remainder")
    axes.plot(np.cumsum([0, *done]), color=GREEN, marker="s", linestyle="--", label="steps alone")
    for k, total in enumerate(totals):
        axes.annotate(f"{total:,}", (k, total), (0, 7), textcoords="offset points", ha="left")
    axes.set(xlabel="steps moved out of the matrix", ylabel="real operations")
    axes.set_ylim(0, max(totals) * 1.1)
    axes.legend()
    return figure


def plain_pictures() -> dict[str, str]:
    """Returns the pictures that need no search, by the names of their files."""
    program = es.load(PROGRAM)
    assert isinstance(program, Program)
    return {
        "dft8_matrix.svg": draw_matrix(es.make_target("dft", 8).matrix),
        "remainders.svg": draw_remainders(program),
    }


def main() -> None:
    """Writes all pictures."""
    PICTURES.mkdir(exist_ok=True)
    for name, text in plain_pictures().items():
        (PICTURES / name).write_text(text, encoding="utf-8")
    write_figures()


if __name__ == "__main__":
    main()
