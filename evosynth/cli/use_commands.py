"""Commands that make something of what was found: `export`, `refine`, `generalize`, `bench`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from evosynth.cli.completing import names, runs_and_files
from evosynth.cli.failures import reporting_failures
from evosynth.cli.help_page import Page
from evosynth.cli.known_names import ALGORITHM_FORMATS, FORMATS, SCALINGS, TRANSFORMS
from evosynth.cli.options import (
    JSON,
    NARRATION,
    PATH,
    PICK,
    RUN_OR_FILE,
    SIZE,
    option,
    output_option,
    seed_option,
    with_options,
)
from evosynth.cli.plugin_option import plugin_option

OF_FORMATS = "Of one format"


@click.command(
    "export",
    cls=Page,
    examples=(
        "evosynth export evosynth-runs/dft16-seed0 --to c -o dft16.c",
        "evosynth export evosynth-runs/dft16-seed0 -o dft16.svg",
        "evosynth export evosynth-runs/dft-recursive-seed0 --n 64 --to numpy",
    ),
    see=("formats", "show", "bench"),
)
@RUN_OR_FILE
@option(
    "--to",
    metavar="FORMAT",
    shell_complete=names([*FORMATS, *ALGORITHM_FORMATS]),
    help=f"{', '.join(FORMATS)}  [default: by the file's suffix]",
)
@output_option("File to write; an existing one is replaced  [default: -, standard output]")
@with_options((SIZE, PICK))
@option(
    "--name",
    metavar="NAME",
    section=OF_FORMATS,
    help="Name of the function or class  [default: the program's]",
)
@option(
    "--precision",
    metavar="double|single",
    shell_complete=names(["double", "single"]),
    section=OF_FORMATS,
    help="Of the data, in C  [default: double]",
)
@option("--main", is_flag=True, section=OF_FORMATS, help="C with a main function that tests it.")
@option(
    "--trainable",
    is_flag=True,
    section=OF_FORMATS,
    help="PyTorch constants are parameters by default.",
)
@option(
    "--full",
    is_flag=True,
    section=OF_FORMATS,
    help="SymPy with each output in terms of the inputs.",
)
@option(
    "--factors", is_flag=True, section=OF_FORMATS, help="LaTeX as a product of sparse matrices."
)
@option(
    "--word-length",
    type=int,
    metavar="BITS",
    shell_complete=names(["8", "16", "32"]),
    section=OF_FORMATS,
    help="8, 16 or 32, of c-fixed  [default: 16]",
)
@option(
    "--input-bits",
    type=int,
    metavar="BITS",
    section=OF_FORMATS,
    help="Of c-fixed  [default: word length]",
)
@option(
    "--constant-bits",
    type=int,
    metavar="BITS",
    section=OF_FORMATS,
    help="Likewise, of multipliers.",
)
@option(
    "--scaling",
    metavar="common|free",
    shell_complete=names(SCALINGS[1:]),
    section=OF_FORMATS,
    help="Outputs of c-fixed: divided by one power of two, or by one each  [default: common]",
)
@option(
    "--shift-add",
    is_flag=True,
    section=OF_FORMATS,
    help="Products of c-fixed as sums of shifts.",
)
@plugin_option
@reporting_failures
def export_command(run: Path, to: str | None, output: Path | None, **options: object) -> None:
    """Writes the program of a run or of a program file as code or as a document.

    `evosynth formats` lists the formats with the options that each takes.
    """
    from evosynth.cli.export_command import export_and_report

    export_and_report(run, to, output, options)


@click.command(
    "refine",
    cls=Page,
    examples=(
        "evosynth refine evosynth-runs/dft16-seed0 -o refined.json",
        "evosynth refine program.json --rounds 8 --seed 1",
    ),
    see=("verify", "show"),
)
@RUN_OR_FILE
@seed_option("Decides every random choice  [default: drawn, shown]")
@option("--rounds", type=int, metavar="N", help="How long it searches  [default: 4]")
@option(
    "--scaling",
    metavar="exact|common|free",
    shell_complete=names(SCALINGS),
    help="Outputs of a bare program up to one common factor, or up to one each  [default: exact]",
)
@output_option("Program file to write  [default: none]")
@JSON
@plugin_option
@reporting_failures
def refine_command(run: Path, as_json: bool, **options: object) -> None:
    """Makes a program cheaper by scaling its intermediate values.

    The program may come from elsewhere: a file with a program alone, as JSON or as a
    listing, will do.
    """
    from evosynth.cli.refine_command import refine_and_report

    refine_and_report(run, options, as_json=as_json)


@click.command(
    "generalize",
    cls=Page,
    examples=(
        "evosynth generalize evosynth-runs/dft8-seed0 evosynth-runs/dft16-seed0",
        "evosynth generalize dft8.json dft16.json --target dft -o fft.json",
    ),
    exit_codes={1: "they share no algorithm, or it is wrong"},
    see=("run", "export"),
)
@click.argument(
    "runs",
    metavar="RUN|FILE...",
    nargs=-1,
    required=True,
    type=PATH,
    shell_complete=runs_and_files,
)
@option(
    "--target",
    metavar="NAME",
    shell_complete=names(TRANSFORMS),
    help="What bare programs compute.",
)
@output_option("File to write the algorithm to  [default: none]")
@option(
    "--library",
    metavar="user|DIR",
    shell_complete=names(["user"], has_files=True),
    help="Where its programs are added as solved blocks  [default: nowhere]",
)
@JSON
@plugin_option
@reporting_failures
def generalize_command(runs: tuple[Path, ...], as_json: bool, **options: object) -> None:
    """Finds the algorithm for every size that programs of several sizes share.

    Programs of one transform, such as those of n = 8, 16 and 32. If they share none, it says
    what they share.
    """
    from evosynth.cli.generalize_command import generalize_and_report

    sys.exit(generalize_and_report(runs, options, as_json=as_json))


@click.command(
    "bench",
    cls=Page,
    examples=(
        "evosynth bench evosynth-runs/dft16-seed0",
        "evosynth bench dft16.json --batch 1000 --precision single --cores 1",
    ),
    see=("compare", "export"),
)
@RUN_OR_FILE
@option(
    "--batch",
    "batches",
    type=int,
    multiple=True,
    metavar="N",
    help="Vectors at once; may be repeated  [default: 1,000 to 1,000,000]",
)
@option(
    "--precision",
    "precisions",
    multiple=True,
    metavar="double|single",
    shell_complete=names(["double", "single"]),
    help="May be repeated  [default: both]",
)
@option(
    "--cores",
    type=int,
    multiple=True,
    metavar="N",
    help="Threads; may be repeated  [default: 1 and 2]",
)
@output_option("Where the figures are stored  [default: bench.json in the run folder]")
@with_options((JSON, NARRATION))
@plugin_option
@reporting_failures
def bench_command(run: Path, as_json: bool, quiet: bool, **options: object) -> None:
    """Compiles a program's C and Numba forms and times them beside libraries.

    NumPy, SciPy, pyFFTW if it is installed, the matrix product, and a copy of as many bytes.
    """
    from evosynth.cli.bench_command import bench_and_report

    bench_and_report(run, options, as_json=as_json, is_quiet=quiet)
