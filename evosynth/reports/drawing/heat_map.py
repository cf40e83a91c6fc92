"""Matrices as small pictures: entries are cells, their size is shade and their phase is hue.

The pictures are PNGs in `data:` addresses: a few hundred bytes each, crisp at any size.
Zeros are transparent, so that they fit on dark and on light pages.
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from evosynth.reports.markup import element, joined

# Pixels of a picture, and cells along the longer side; larger matrices are binned.
PIXELS, MOST_CELLS = 144, 72
# A shorter side of fewer pixels makes cells larger than those beside, as far as there is room.
LEAST_SIDE, HIGHEST = 96, 216
# Cells at least this large have gaps between them.
LEAST_WITH_GAP = 4
# Hues of 1, i, -1 and -i, readable on white and on black; told apart by any colour vision.
HUES = np.array([(40, 130, 215), (25, 160, 115), (225, 110, 25), (185, 95, 165)], float)
# Opacity of the smallest and of the largest entries.
FAINTEST, FULL = 70.0, 255.0

Pixels = npt.NDArray[np.uint8]


def extent_of(matrices: Sequence[npt.NDArray[Any]]) -> int:
    """Returns the most rows or columns of matrices that are shown together."""
    return max(max(matrix.shape) for matrix in matrices)


def is_binned(extent: int) -> bool:
    """Tells whether the cells of pictures stand for several entries each."""
    return extent > MOST_CELLS


def heat_map(
    matrix: npt.NDArray[Any], text: str, extent: int, zoom: int = 1, **attributes: str
) -> Markup:
    """Returns the picture of a matrix as an image.

    Args:
        matrix: (m, n) real or complex.
        text: Says what it shows, for those who do not see it.
        extent: Rows or columns of the largest matrix that is shown beside it: the cells of
            all have one size, but for small ones.
        zoom: Pixels of the page for one of the picture.
        **attributes: Of the image.
    """
    across = -(-extent // MOST_CELLS)
    cells = _shares(matrix, across) if across > 1 else _entries(matrix)
    pixels = _enlarged(cells, _scale(cells, max(PIXELS * across // extent, 1)))
    height, width = pixels.shape[:2]
    return element(
        "img",
        src=_address(pixels),
        alt=text,
        width=zoom * width,
        height=zoom * height,
        **{"class_": "heat-map", **attributes},
    )


def _scale(cells: Pixels, usual: int) -> int:
    """Returns the pixels of a cell: more than usual where a matrix would hardly be seen."""
    height, width = cells.shape[:2]
    room = min(PIXELS // width, HIGHEST // height)
    return max(usual, min(-(-LEAST_SIDE // min(height, width)), room))


def phase_legend(is_complex: bool) -> Markup:
    """Returns what the hues mean, for pictures of complex or of real matrices."""
    signs = (
        ("1", "i", "\N{MINUS SIGN}1", "\N{MINUS SIGN}i")
        if is_complex
        else (
            "positive",
            None,
            "negative",
        )
    )
    known = [
        element("li", heat_map(np.array([[1j**k]]), "", 1), f" {sign}")
        for k, sign in enumerate(signs)
        if sign is not None
    ]
    return element("ul", joined(known), class_="hues")


def _entries(matrix: npt.NDArray[Any]) -> Pixels:
    """Returns (m, n, 4) colours of entries."""
    sizes = np.abs(matrix)
    turns = np.angle(matrix) / (2 * np.pi) % 1.0 * len(HUES)
    before = np.floor(turns).astype(int)
    share = (turns - before)[..., None]
    colours = HUES[before % 4] * (1 - share) + HUES[(before + 1) % 4] * share
    return _pixels(colours, sizes / max(sizes.max(initial=0.0), 1e-300))


def _shares(matrix: npt.NDArray[Any], across: int) -> Pixels:
    """Returns colours of square blocks: how many of their entries are not zero."""
    rows, columns = (-(-size // across) for size in matrix.shape)
    filled = np.zeros((rows * across, columns * across))
    filled[: matrix.shape[0], : matrix.shape[1]] = matrix != 0
    inside = np.zeros_like(filled)
    inside[: matrix.shape[0], : matrix.shape[1]] = 1
    blocks = (rows, across, columns, across)
    shares = filled.reshape(blocks).sum((1, 3)) / inside.reshape(blocks).sum((1, 3))
    return _pixels(np.broadcast_to(HUES[0], (rows, columns, 3)), shares)


def _pixels(colours: npt.NDArray[Any], sizes: npt.NDArray[Any]) -> Pixels:
    """Returns colours with an opacity that grows with sizes from 0 to 1; none where they are 0."""
    opacity = np.where(sizes > 0, FAINTEST + (FULL - FAINTEST) * np.sqrt(sizes), 0.0)
    pixels: npt.NDArray[Any] = np.concatenate([colours, opacity[..., None]], axis=-1)
    pixels[sizes == 0] = 0
    return pixels.round().astype(np.uint8)


def _enlarged(cells: Pixels, scale: int) -> Pixels:
    """Repeats cells, with gaps between large ones."""
    pixels = cells.repeat(scale, axis=0).repeat(scale, axis=1)
    if scale >= LEAST_WITH_GAP:
        pixels[scale - 1 :: scale] = 0
        pixels[:, scale - 1 :: scale] = 0
    return pixels


def _address(pixels: Pixels) -> str:
    height, width, _ = pixels.shape
    # Every row begins with its filter: none.
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
