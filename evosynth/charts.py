"""Pictures of figures: one style, and files as PNG and SVG. The home of matplotlib."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dsl.errors import EnvironmentMismatchError, UsageError
from dsl.registry import brief
from evosynth.runs.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito: colours that people with any colour vision tell apart.
INK, ORANGE, SKY, GREEN, YELLOW, BLUE, RED, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#F0E442",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, "#7F7F7F", "#8C6D31")
STYLE = {
    "axes.grid": True,
    "axes.prop_cycle": None,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 10.5,
    "grid.alpha": 0.3,
    # The same figures give the same file.
    "svg.hashsalt": "evosynth",
}
PIXELS_PER_INCH = 100
PICTURES = (".png", ".svg")
# Logarithmic axes over more than this factor have room for powers of ten alone.
WIDE = 300.0


def new_figure(
    rows: int = 1, columns: int = 1, *, width: float = 8.0, height: float = 5.0, **options: Any
) -> tuple[Figure, Any]:
    """Returns an empty figure in our style, and its axes as `Figure.subplots` does.

    Args:
        rows: Of axes.
        columns: Of axes.
        width: In inches, 100 pixels each in a PNG.
        height: In inches.
        **options: Of `Figure.subplots`, such as sharex.

    Raises:
        EnvironmentMismatchError: matplotlib is not installed.
    """
    matplotlib = _matplotlib()
    with matplotlib.rc_context(_style(matplotlib)):
        figure = matplotlib.figure.Figure(figsize=(width, height), layout="constrained")
        return figure, figure.subplots(rows, columns, **options)


def save_figure(figure: Figure, stem: Path) -> list[Path]:
    """Writes a figure as PNG and as SVG; returns the two files.

    Args:
        figure: To write.
        stem: Path without suffix, in a folder that exists.

    Raises:
        StorageError: A file cannot be written.
    """
    files = [stem.with_name(f"{stem.name}{suffix}") for suffix in PICTURES]
    for file in files:
        write_figure(figure, file)
    return files


def write_figure(figure: Figure, path: Path) -> None:
    """Writes a figure to one file, whose name ends in one of `PICTURES`.

    Raises:
        StorageError: It cannot be written.
    """
    matplotlib = _matplotlib()
    form = path.suffix.lower().removeprefix(".")
    metadata = {"Date": None} if form == "svg" else {}
    picture = BytesIO()
    with matplotlib.rc_context(_style(matplotlib)):
        figure.savefig(picture, format=form, dpi=PIXELS_PER_INCH, metadata=metadata)
    write_bytes(path, picture.getvalue())


def check_picture(path: Path) -> None:
    """Checks that a file can be a picture.

    Raises:
        UsageError: Its name ends otherwise.
    """
    if path.suffix.lower() not in PICTURES:
        raise UsageError(
            f"expected a picture's name, got {brief(path.name)}",
            f"a name that ends in {' or '.join(PICTURES)}",
        )


def _matplotlib() -> Any:
    try:
        import matplotlib
        import matplotlib.figure
    except ImportError as error:
        raise EnvironmentMismatchError(
            "pictures need matplotlib, which is not installed", "pip install 'evosynth[plot]'"
        ) from error
    return matplotlib


def _style(matplotlib: Any) -> dict[str, Any]:
    return STYLE | {"axes.prop_cycle": matplotlib.cycler(color=COLOURS)}


def positive(values: Any, least: float) -> Any:
    """Returns values for a logarithmic axis: those below `least`, such as 0, are moved to it."""
    return np.maximum(np.asarray(values, float), least)


def label_counts(axis: Any, least: float | None = None) -> None:
    """Labels a logarithmic axis of counts with plain numbers such as 200 and 1,000.

    Args:
        axis: Such as `axes.xaxis`.
        least: The least count but 0, of an axis in scale "symlog" on which 0 is.
    """
    from matplotlib import ticker

    low, high = axis.get_view_interval()
    steps = (1.0, 2.0, 5.0) if high < WIDE * (least or low) else (1.0,)
    if least is None:
        axis.set_major_locator(ticker.LogLocator(subs=steps, numticks=12))
    else:
        decades = range(int(np.floor(np.log10(least))), int(np.ceil(np.log10(high))))
        counts = [step * 10.0**decade for decade in decades for step in steps]
        axis.set_major_locator(ticker.FixedLocator([0.0, *(c for c in counts if c >= least)]))
        axis.set_minor_locator(ticker.NullLocator())
    axis.set_major_formatter(ticker.StrMethodFormatter("{x:,.0f}"))
    axis.set_minor_formatter(ticker.NullFormatter())
