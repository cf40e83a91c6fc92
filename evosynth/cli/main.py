"""The command line: what people type. Everything heavy is imported when it is needed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from evosynth.cli.failures import Commands, reporting_failures
from evosynth.cli.plugin_option import plugin_option

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=Commands, context_settings=CONTEXT, invoke_without_command=True)
@click.version_option(package_name="evosynth")
@click.option("--debug", is_flag=True, help="Show tracebacks.")
@plugin_option
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Discovers cheap exact programs for transforms by evolutionary search."""
    context.obj = debug
    if context.invoked_subcommand is None:
        click.echo("evosynth discovers cheap exact programs for transforms.")
        click.echo(f"Commands: {', '.join(cli.commands)}.")
        click.echo("Try:      evosynth run --target dft --n 16")


JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
# Written out: what registers them imports NumPy. A test keeps it true.
FORMATS = "text, json, sympy, latex, svg, dot, c, c-fixed, numpy, numba, torch"
SIZE_OPTION = click.option(
    "--n", type=int, help="Size, of an algorithm for every size  [default: the algorithm itself]"
)
PICK_OPTION = click.option(
    "--pick",
    metavar="KEY=VALUE",
    help="Program of the front: error=1e-3, gain=8.2, cost=24, operations=24, first or #3.",
)
QUIET_OPTION = click.option("-q", "--quiet", is_flag=True, help="No progress, no narration.")
NARRATION_OPTION = click.option("-q", "--quiet", is_flag=True, help="No narration.")
RUN_ARGUMENT = click.argument("run", metavar="RUN|FILE", type=click.Path(path_type=Path))
RUN_FOLDER_ARGUMENT = click.argument("run", metavar="RUN", type=click.Path(path_type=Path))


# What decides the matrix of a transform.
MATRIX_OPTIONS = (
    click.option("--n", type=int, help="Size of the transform."),
    click.option("--input", metavar="real|complex", help="Kind of the input data."),
    click.option("--kernel", metavar="A,B,...", help="Numbers that decide a structured matrix."),
)

# What describes a target, of every command that takes one.
TARGET_OPTIONS = (
    click.option("--target", metavar="NAME|FILE|MODULE:FUNCTION", help="What to compute."),
    *MATRIX_OPTIONS,
    click.option(
        "--scaling",
        metavar="exact|common|free",
        help="Outputs up to one common factor, or up to one each  [default: exact]",
    ),
    click.option("--frequency", type=float, help="Of a periodic function, in radians per unit."),
    click.option("--count", type=int, help="Of waves."),
    click.option("--samples", type=int, help="Rows of a function to train on."),
    click.option("--test-samples", type=int, help="Unseen rows of the clock."),
    click.option("--noise", type=float, help="Added to a function, relative to its deviation."),
    click.option("--data", metavar="FILE.csv", help="Samples to find a formula of."),
    click.option("--x", metavar="NAME,...", help="Columns that are inputs  [default: the others]"),
    click.option("--y", metavar="NAME,...", help="Columns that are outputs  [default: the last]"),
    click.option(
        "--holdout", metavar="random|tail|none", help="Rows that are held out  [default: random]"
    ),
)


# How long a search may take, of every command that searches.
BUDGET_OPTIONS = (
    click.option("--evaluations", type=int, help="Most genomes to evaluate."),
    click.option("--time", "seconds", type=float, metavar="SECONDS", help="Most time to search."),
    click.option("--patience", type=int, help="Most evaluations without improvement."),
    click.option("--goal", metavar="N|best-known", help="Stop at this many operations."),
)

# How nearly it is computed, and what counts.
APPROXIMATION_OPTIONS = (
    click.option(
        "--tolerance",
        type=float,
        help="Loss that the best program may have, or least dB: programs may be approximate.",
    ),
    click.option("--front", is_flag=True, help="Approximate programs of all costs."),
    click.option(
        "--objective",
        metavar="NAME",
        help="What they lose: error, frobenius, worst-case, snr, coding-gain  [default: error]",
    ),
    click.option(
        "--cost",
        metavar="NAME",
        help="What counts: flops, multiplications, fma, shift-add  [default: flops]",
    ),
    click.option(
        "--covariance", metavar="white|ar1:RHO|FILE.npy", help="Of inputs, for snr, coding-gain."
    ),
    click.option(
        "--word-length", type=int, metavar="BITS", help="Of constants, for shift-add  [default: 16]"
    ),
)

# Where it works.
WORKPLACE_OPTIONS = (
    click.option(
        "--workers", type=int, help="Cores to use; the result is the same  [default: all]"
    ),
    click.option(
        "--executor",
        metavar="auto|serial|processes|dask",
        default="auto",
        show_default=True,
        help="Where islands work; the result is the same.",
    ),
    click.option("--scheduler", metavar="ADDRESS", help="Of Dask, such as tcp://host:8786."),
    click.option(
        "--scheduler-file", metavar="FILE", help="To which a Dask scheduler wrote its address."
    ),
    click.option(
        "--epoch-limit",
        "epoch_seconds",
        type=float,
        metavar="SECONDS",
        default=3600.0,
        show_default=True,
        help="Most time of one epoch of an island in a worker process.",
    ),
    click.option(
        "--evaluator",
        metavar="numba|torch|auto",
        default="numba",
        show_default=True,
        help="What scores genomes, auto the faster; the result is the same.",
    ),
    click.option(
        "--device",
        metavar="auto|cpu|cuda|cuda:1",
        default="auto",
        show_default=True,
        help="On which torch works: a GPU if there is one.",
    ),
)


def _folder_option(what: str, folder: str = "evosynth-runs") -> Callable[..., Any]:
    """Returns the option of the folder that a command writes to."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        default=Path(folder),
        show_default=True,
        metavar="DIR",
        help=what,
    )


def _output_option(what: str, metavar: str = "FILE") -> Callable[..., Any]:
    """Returns the option of the file that a command writes."""
    return click.option(
        "-o", "--output", type=click.Path(path_type=Path), metavar=metavar, help=what
    )


def _with_options(*groups: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives a command several groups of options."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed([option for group in groups for option in group]):
            command = option(command)
        return command

    return decorate


@cli.command("run")
@_with_options(TARGET_OPTIONS)
@click.option("--recursive", is_flag=True, help="An algorithm that calls itself, for every size.")
@click.option("--radix", metavar="2|3|2,3", help="What its rules divide n by  [default: 2]")
@click.option(
    "--calls", metavar="NAME,...", help="Transforms that its rules may call  [default: by target]"
)
@_with_options(APPROXIMATION_OPTIONS)
@click.option("--seed", type=int, help="Decides every random choice  [default: drawn, shown]")
@_with_options(BUDGET_OPTIONS, WORKPLACE_OPTIONS)
@click.option("--islands", type=int, default=2, show_default=True, help="Number of islands.")
@click.option(
    "--population", type=int, help="Genomes of an island  [default: 100, recursive 1,000]"
)
@click.option(
    "--library",
    default="run",
    show_default=True,
    metavar="run|none|user|DIR",
    help="Where solved blocks are kept.",
)
@click.option(
    "--strategy", default="evolve", show_default=True, help="evolve, hill-climb or random."
)
@_folder_option("Where the run folder is made.")
@JSON_OPTION
@QUIET_OPTION
@plugin_option
@reporting_failures
def run_command(as_json: bool, quiet: bool, **options: object) -> None:
    """Searches for the cheapest exact program of a transform, or for a formula of samples.

    With --recursive for an algorithm instead, which calls itself and does every size.

    Without --evaluations, --time or --patience the run ends by itself, up to n = 64 and for
    formulas within a minute. Once a formula is exact, 4,000 evaluations without a cheaper one
    end it, unless --patience says otherwise. A goal is one of exact
    programs, or of what --cost counts within the tolerance. --strategy is for exact programs.
    """
    from evosynth.cli.run_command import run_and_report

    sys.exit(run_and_report(options, as_json=as_json, is_quiet=quiet))


@cli.command("resume")
@RUN_FOLDER_ARGUMENT
@_with_options(BUDGET_OPTIONS, WORKPLACE_OPTIONS)
@JSON_OPTION
@QUIET_OPTION
@plugin_option
@reporting_failures
def resume_command(run: Path, as_json: bool, quiet: bool, **options: object) -> None:
    """Goes on with a run that was killed or interrupted, or that is to search for longer.

    It ends with the same bits as a run that was never stopped. Limits are those that the run
    had, unless others are given; what it has done counts. Where it works may change.
    """
    from evosynth.cli.run_command import resume_and_report

    sys.exit(resume_and_report(run, options, as_json=as_json, is_quiet=quiet))


@cli.command("fork")
@RUN_FOLDER_ARGUMENT
@click.option("--seed", type=int, help="Decides random choices from there on  [default: the run's]")
@click.option("--epoch", type=int, help="Of one of its checkpoints  [default: the newest]")
@_with_options(BUDGET_OPTIONS, WORKPLACE_OPTIONS)
@_folder_option("Where the new run folder is made.")
@JSON_OPTION
@QUIET_OPTION
@plugin_option
@reporting_failures
def fork_command(run: Path, as_json: bool, quiet: bool, **options: object) -> None:
    """Begins a run where another one stood, with another seed or other limits.

    The other run is left as it is. `evosynth check RUN` lists the epochs of its checkpoints.
    """
    from evosynth.cli.run_command import fork_and_report

    sys.exit(fork_and_report(run, options, as_json=as_json, is_quiet=quiet))


@cli.command("show")
@RUN_ARGUMENT
@click.option("--format", "form", default="text", show_default=True, help=f"{FORMATS}.")
@SIZE_OPTION
@PICK_OPTION
@plugin_option
@reporting_failures
def show_command(run: Path, form: str, n: int | None, pick: str | None) -> None:
    """Prints the program of a run or of a program file.

    An algorithm for every size has the formats text, json, python, sympy and latex itself,
    with --n all of them for its program of that size.
    """
    from evosynth.api import show

    click.echo(show(run, form, n=n, pick=pick), nl=False)


@cli.command("export")
@RUN_ARGUMENT
@click.option("--to", metavar="FORMAT", help=f"{FORMATS}  [default: by the file's suffix]")
@_output_option("File to write; an existing one is replaced  [default: -, standard output]")
@SIZE_OPTION
@PICK_OPTION
@click.option("--name", help="Name of the function or class  [default: the program's]")
@click.option("--precision", metavar="double|single", help="Of the data, in C  [default: double]")
@click.option("--main", is_flag=True, help="C with a main function that tests it.")
@click.option("--trainable", is_flag=True, help="PyTorch constants are parameters by default.")
@click.option("--full", is_flag=True, help="SymPy with each output in terms of the inputs.")
@click.option("--factors", is_flag=True, help="LaTeX as a product of sparse matrices.")
@click.option("--word-length", type=int, metavar="8|16|32", help="Of c-fixed  [default: 16]")
@click.option("--input-bits", type=int, metavar="BITS", help="Of c-fixed  [default: word length]")
@click.option("--constant-bits", type=int, metavar="BITS", help="Likewise, of multipliers.")
@click.option(
    "--scaling",
    metavar="common|free",
    help="Outputs of c-fixed: divided by one power of two, or by one each  [default: common]",
)
@click.option("--shift-add", is_flag=True, help="Products of c-fixed as sums of shifts.")
@plugin_option
@reporting_failures
def export_command(run: Path, to: str | None, output: Path | None, **options: object) -> None:
    """Writes the program of a run or of a program file as code or as a document.

    `evosynth formats` lists the formats with the options that each takes.
    """
    from evosynth.cli.export_command import export_and_report

    export_and_report(run, to, output, options)


@cli.command("refine")
@RUN_ARGUMENT
@click.option("--seed", type=int, help="Decides every random choice  [default: drawn, shown]")
@click.option("--rounds", type=int, help="How long it searches  [default: 4]")
@click.option(
    "--scaling",
    metavar="exact|common|free",
    help="Outputs of a bare program up to one common factor, or up to one each  [default: exact]",
)
@_output_option("Program file to write  [default: none]")
@JSON_OPTION
@plugin_option
@reporting_failures
def refine_command(run: Path, as_json: bool, **options: object) -> None:
    """Makes a program cheaper by scaling its intermediate values.

    The program may come from elsewhere: a file with a program alone, as JSON or as a
    listing, will do.
    """
    from evosynth.cli.refine_command import refine_and_report

    refine_and_report(run, options, as_json=as_json)


@cli.command("generalize")
@click.argument(
    "runs",
    metavar="RUN|FILE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)
@click.option("--target", metavar="NAME", help="What bare programs compute.")
@_output_option("File to write the algorithm to  [default: none]")
@click.option(
    "--library",
    metavar="user|DIR",
    help="Where its programs are added as solved blocks  [default: nowhere]",
)
@JSON_OPTION
@plugin_option
@reporting_failures
def generalize_command(runs: tuple[Path, ...], as_json: bool, **options: object) -> None:
    """Finds the algorithm for every size that programs of several sizes share.

    Programs of one transform, such as those of n = 8, 16 and 32. Exit code 1 if they share
    none; then it says what they share.
    """
    from evosynth.cli.generalize_command import generalize_and_report

    sys.exit(generalize_and_report(runs, options, as_json=as_json))


@cli.command("verify")
@RUN_ARGUMENT
@PICK_OPTION
@JSON_OPTION
@plugin_option
@reporting_failures
def verify_command(run: Path, pick: str | None, as_json: bool) -> None:
    """Recomputes count and error from the program alone; exit code 1 if they differ."""
    from evosynth.cli.inspection import verify_and_report

    sys.exit(verify_and_report(run, as_json, pick))


@cli.command("front")
@RUN_FOLDER_ARGUMENT
@_output_option("Picture to draw  [default: none]", "FILE.svg|.png")
@JSON_OPTION
@plugin_option
@reporting_failures
def front_command(run: Path, output: Path | None, as_json: bool) -> None:
    """Lists the programs that a run found, of which none is both cheaper and nearer.

    Beside them what is known from elsewhere. `--pick` of show, export and verify chooses one
    of them. Pictures need the extra `plot`.
    """
    from evosynth.cli.front_command import front_and_report

    front_and_report(run, output, as_json=as_json)


@cli.command("check")
@RUN_FOLDER_ARGUMENT
@JSON_OPTION
@plugin_option
@reporting_failures
def check_command(run: Path, as_json: bool) -> None:
    """Says what of a run folder is whole, and whether the run can be resumed.

    It changes nothing. Exit code 65 if something is damaged.
    """
    from evosynth.cli.check_command import check_and_report

    sys.exit(check_and_report(run, as_json=as_json))


@cli.command("bench")
@RUN_ARGUMENT
@click.option(
    "--batch",
    "batches",
    type=int,
    multiple=True,
    metavar="N",
    help="Vectors at once; may be repeated  [default: 1,000 to 1,000,000]",
)
@click.option(
    "--precision",
    "precisions",
    multiple=True,
    metavar="double|single",
    help="May be repeated  [default: both]",
)
@click.option(
    "--cores", type=int, multiple=True, help="Threads; may be repeated  [default: 1 and 2]"
)
@_output_option("Where the figures are stored  [default: bench.json in the run folder]")
@JSON_OPTION
@NARRATION_OPTION
@plugin_option
@reporting_failures
def bench_command(run: Path, as_json: bool, quiet: bool, **options: object) -> None:
    """Compiles a program's C and Numba forms and times them beside libraries.

    NumPy, SciPy, pyFFTW if it is installed, the matrix product, and a copy of as many bytes.
    """
    from evosynth.cli.bench_command import bench_and_report

    bench_and_report(run, options, as_json=as_json, is_quiet=quiet)


@cli.command("compare")
@click.argument("run", metavar="[RUN|FILE]", required=False, type=click.Path(path_type=Path))
@_with_options(TARGET_OPTIONS)
@click.option("--baselines", metavar="NAME,...", help="Rivals  [default: all that fit the target]")
@click.option(
    "--budget",
    type=float,
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="Of evosynth and of every rival, for each seed.",
)
@click.option("--seeds", type=int, default=1, show_default=True, help="How many of each.")
@click.option("--seed", type=int, default=0, show_default=True, help="The first of them.")
@_folder_option("Where finished trials, table and picture are kept.", "evosynth-comparisons")
@JSON_OPTION
@QUIET_OPTION
@plugin_option
@reporting_failures
def compare_command(as_json: bool, quiet: bool, **options: object) -> None:
    """Compares evosynth with rivals trained by gradient descent.

    On a target, which evosynth searches for as long as each rival trains, or on that of a
    RUN. Prints a table and draws a picture; the same command again goes on with what was
    not finished. Needs the extra `torch`, for the picture `plot`.
    """
    from evosynth.cli.compare_command import compare_and_report

    compare_and_report(options, as_json=as_json, is_quiet=quiet)


@cli.command("experiment")
@click.argument("name", metavar="[NAME]", required=False)
@click.option("--quick", is_flag=True, help="In minutes rather than hours.")
@click.option("--seed", type=int, default=0, show_default=True, help="Decides random choices.")
@_folder_option("Where the experiment's folder is.", "evosynth-experiments")
@JSON_OPTION
@NARRATION_OPTION
@reporting_failures
def experiment_command(name: str | None, as_json: bool, quiet: bool, **options: object) -> None:
    """Answers a question with tables, pictures and a paragraph; without a name lists them all.

    What gradient descent does with the targets of evosynth, and why. Needs the extras
    `torch` and `plot`, some `data`.
    """
    from evosynth.cli.experiment_command import experiment_and_report

    experiment_and_report(name, options, as_json=as_json, is_quiet=quiet)


@cli.command("doctor")
@click.option("--scheduler", metavar="ADDRESS", help="Of a Dask scheduler to look at too.")
@click.option(
    "--scheduler-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="In which one wrote its address.",
)
@_folder_option("Where runs will be written.")
@JSON_OPTION
@reporting_failures
def doctor_command(
    out: Path, scheduler: str | None, scheduler_file: Path | None, as_json: bool
) -> None:
    """Looks at everything that a search needs, and says what to do about the rest.

    It changes nothing. Exit code 78 if the environment does not fit, 69 if only the
    scheduler cannot be reached; warnings are allowed.
    """
    from evosynth.cli.doctor_command import diagnose_and_report

    sys.exit(diagnose_and_report(out, scheduler, scheduler_file, as_json=as_json))


@cli.command("records")
@click.option("--target", metavar="NAME", help="Of one transform  [default: all]")
@JSON_OPTION
@reporting_failures
def records_command(target: str | None, as_json: bool) -> None:
    """Lists the best programs found, beside the best counts known."""
    from evosynth.cli.inspection import print_records

    print_records(target, as_json)


@cli.command("structure")
@click.argument("target", metavar="NAME|FILE|MODULE:FUNCTION")
@_with_options(MATRIX_OPTIONS)
@JSON_OPTION
@plugin_option
@reporting_failures
def structure_command(target: str, as_json: bool, **options: object) -> None:
    """Says what is special about a matrix: blocks, shifts, symmetry, ranks.

    It searches for no program.
    """
    from evosynth.cli.structure_command import structure_and_report

    structure_and_report(target, options, as_json=as_json)


@cli.command("targets")
@JSON_OPTION
@plugin_option
@reporting_failures
def targets_command(as_json: bool) -> None:
    """Lists the transforms, with the best operation counts known."""
    from evosynth.cli.inspection import print_targets

    print_targets(as_json)


@cli.group("primitives", invoke_without_command=True)
@plugin_option
@JSON_OPTION
@click.pass_context
@reporting_failures
def primitives_command(context: click.Context, as_json: bool) -> None:
    """Lists the blocks and patterns that genomes are made of; `check FILE.py` tries a plug-in."""
    if context.invoked_subcommand is not None:
        return
    from evosynth.cli.inspection import print_primitives

    print_primitives(as_json)


@primitives_command.command("check")
@click.argument("file", metavar="FILE.py", type=click.Path(path_type=Path))
@JSON_OPTION
@reporting_failures
def check_primitives_command(file: Path, as_json: bool) -> None:
    """Tries everything that a plug-in declares, in all its forms, and prints a table.

    In a process of its own, for at most five minutes each. Exit code 78 if anything is wrong.
    """
    from evosynth.cli.primitives_command import check_and_report

    sys.exit(check_and_report(file, as_json=as_json))


@cli.command("baselines")
@JSON_OPTION
@plugin_option
@reporting_failures
def baselines_command(as_json: bool) -> None:
    """Lists the rivals that train by gradient descent."""
    from evosynth.cli.compare_command import print_baselines

    print_baselines(as_json)


@cli.command("costs")
@JSON_OPTION
@plugin_option
@reporting_failures
def costs_command(as_json: bool) -> None:
    """Lists what programs are counted by, and what approximate ones are measured by."""
    from evosynth.cli.inspection import print_costs

    print_costs(as_json)


@cli.command("formats")
@JSON_OPTION
@plugin_option
@reporting_failures
def formats_command(as_json: bool) -> None:
    """Lists the formats that programs are exported to."""
    from evosynth.cli.export_command import print_formats

    print_formats(as_json)


def main() -> None:
    """Runs the command line."""
    cli.main(prog_name="evosynth")
