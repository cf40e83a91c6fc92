"""What libraries offer for a transform: contestants beside the program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


class Contestant(NamedTuple):
    """Something that is timed.

    Attributes:
        name: For people.
        run: Transforms the whole batch once.
        result: After a run: (count, outputs) as numbers of the target's kind; None for
            what computes nothing.
    """

    name: str
    run: Callable[[], object]
    result: Callable[[], Array] | None


def library_rivals(transform: str, x: Array, cores: int) -> Iterator[Contestant]:
    """Yields what NumPy, SciPy and pyFFTW have for a transform of the rows of x.

    Args:
        transform: A target family's name; nothing is yielded for one they do not have.
        x: (count, n) complex, or real for a real transform.
        cores: Threads for those that can use several.
    """
    if transform in ("dft", "idft"):
        inverse = "i" if transform == "idft" else ""
        yield _returning("numpy.fft", getattr(np.fft, f"{inverse}fft"), x)
        import scipy.fft

        yield _returning("scipy.fft", getattr(scipy.fft, f"{inverse}fft"), x, workers=cores)
        direction = "FFTW_BACKWARD" if inverse else "FFTW_FORWARD"
        yield from _pyfftw(x, direction, cores)
    elif transform == "dct2":
        import scipy.fft

        yield _returning("scipy.fft", scipy.fft.dct, x, workers=cores)
        if not np.iscomplexobj(x):
            yield from _pyfftw(x, "FFTW_REDFT10", cores)


def has_pyfftw() -> bool:
    """Tells whether pyFFTW is installed."""
    try:
        import pyfftw  # noqa: F401 - this is the question
    except ImportError:
        return False
    return True


def _returning(
    name: str, function: Callable[..., Array], x: Array, **options: object
) -> Contestant:
    kept: list[Array] = []

    def run() -> None:
        kept[:] = [function(x, **options)]

    return Contestant(name, run, lambda: kept[0])


def _pyfftw(x: Array, direction: str, cores: int) -> Iterator[Contestant]:
    if not has_pyfftw():
        return
    import pyfftw

    given, results = (pyfftw.empty_aligned(x.shape, x.dtype) for _ in range(2))
    plan = pyfftw.FFTW(
        given, results, axes=(-1,), direction=direction, flags=("FFTW_MEASURE",), threads=cores
    )
    given[:] = x  # planning overwrites it
    scale = 1 / x.shape[-1] if direction == "FFTW_BACKWARD" else 1
    yield Contestant("pyFFTW", plan.execute, lambda: results * scale)
