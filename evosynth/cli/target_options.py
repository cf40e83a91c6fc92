"""Options that say what is to be computed, and how nearly."""

from __future__ import annotations

from functools import partial
from typing import Any

from evosynth.cli import known_names as known
from evosynth.cli.completing import Complete, files, names
from evosynth.cli.options import Decorator, option


def _named(
    declaration: str, metavar: str, complete: Complete, what: str, section: str, **attributes: Any
) -> Decorator:
    """Returns an option whose value is a name that the shell can complete."""
    return option(
        declaration,
        metavar=metavar,
        shell_complete=complete,
        help=what,
        section=section,
        **attributes,
    )


_target = partial(option, section="Target")
_of_target = partial(_named, section="Target")

# What decides the matrix of a transform.
MATRIX = (
    _target("--n", type=int, metavar="N", help="Size of the transform."),
    _of_target("--input", "real|complex", names(known.INPUTS), "Kind of the input data."),
    _target("--kernel", metavar="A,B,...", help="Numbers that decide a structured matrix."),
)

# What describes a target, of every command that takes one.
TARGET = (
    _of_target(
        "--target",
        "NAME|FILE|MODULE:FUNCTION",
        names(known.TARGETS, has_files=True),
        "What to compute; `evosynth targets` lists the names.",
    ),
    *MATRIX,
    _of_target(
        "--scaling",
        "exact|common|free",
        names(known.SCALINGS),
        "Outputs up to one common factor, or up to one each  [default: exact]",
    ),
    _target(
        "--frequency",
        type=float,
        metavar="X",
        help="Of a periodic function, in radians per unit.",
    ),
    _target("--count", type=int, metavar="N", help="Of waves."),
    _target("--samples", type=int, metavar="N", help="Rows of a function to train on."),
    _target("--test-samples", type=int, metavar="N", help="Unseen rows of the clock."),
    _target(
        "--noise",
        type=float,
        metavar="X",
        help="Added to a function, relative to its deviation.",
    ),
    _of_target("--data", "FILE.csv", files, "Samples to find a formula of."),
    _target("--x", metavar="NAME,...", help="Columns that are inputs  [default: the others]"),
    _target("--y", metavar="NAME,...", help="Columns that are outputs  [default: the last]"),
    _of_target(
        "--holdout",
        "random|tail|none",
        names(known.HOLDOUTS),
        "Rows that are held out  [default: random]",
    ),
)

_every_size = partial(option, section="An algorithm for every size")

# That an algorithm for every size is asked for.
RECURSIVE = (
    _every_size("--recursive", is_flag=True, help="An algorithm that calls itself."),
    _every_size("--radix", metavar="2|3|2,3", help="What its rules divide n by  [default: 2]"),
    _every_size(
        "--calls",
        metavar="NAME,...",
        shell_complete=names(known.TRANSFORMS, is_list=True),
        help="Transforms that its rules may call  [default: by target]",
    ),
)

APPROXIMATE = "Approximate programs"

# How nearly it is computed, and what counts.
APPROXIMATION = (
    option(
        "--tolerance",
        type=float,
        metavar="X",
        section=APPROXIMATE,
        help="Loss that the best program may have, or least dB: programs may be approximate.",
    ),
    option("--front", is_flag=True, section=APPROXIMATE, help="Approximate programs of all costs."),
    _named(
        "--objective",
        "NAME",
        names(known.OBJECTIVES),
        f"What they lose: {', '.join(known.OBJECTIVES)}  [default: error]",
        APPROXIMATE,
    ),
    _named(
        "--cost",
        "NAME",
        names(known.COSTS),
        f"What counts: {', '.join(known.COSTS)}  [default: flops]",
        APPROXIMATE,
    ),
    _named(
        "--covariance",
        "white|ar1:RHO|FILE.npy",
        names(known.COVARIANCES, has_files=True),
        "Of inputs, for snr, coding-gain.",
        APPROXIMATE,
    ),
    option(
        "--word-length",
        type=int,
        metavar="BITS",
        section=APPROXIMATE,
        help="Of constants, for shift-add  [default: 16]",
    ),
)
