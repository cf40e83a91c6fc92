"""What users call: `es.run`, `es.show`, `es.verify` and the lists of what there is."""

from __future__ import annotations

import concurrent.futures
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from dsl.accuracy import EXACT
from dsl.algorithm_formats import ALGORITHM_FORMATS, render_algorithm
from dsl.costs import FLOPS, Cost, make_cost
from dsl.errors import DataError, UsageError
from dsl.formats import FORMATS, render, text
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.program import Program
from dsl.registry import brief
from dsl.targets import Target, make_target
from evosynth.algorithm_verification import (
    LARGEST_PROVED,
    AlgorithmVerification,
    verify_algorithm,
)
from evosynth.approximate_result import verify_approximate
from evosynth.cases import AnyTarget
from evosynth.engine.means import COMPILED
from evosynth.formula_verification import FormulaVerification, verify_formula
from evosynth.fronts import PointVerification, picked_point, read_front, verify_point
from evosynth.job import Report, execute, prepare
from evosynth.plugins.installed import load_installed
from evosynth.request import Request
from evosynth.resuming import Budget, branch, reopen
from evosynth.runs import (
    AlgorithmDocument,
    Claims,
    Document,
    claims_of,
    program_file,
    read_any_document,
    write_document,
)
from evosynth.settings import Settings
from evosynth.workplace import EPOCH_SECONDS, Workplace
from fitness.proof import Proof, prove
from fitness.torch_devices import AUTO


@dataclass(frozen=True, slots=True)
class Verification:
    """What a program file claims, and what is true.

    Attributes:
        claimed: What the file says.
        found: The same, recomputed from the program alone.
        proof: How exactly the program computes its target.
        target: What it was compared with.
    """

    claimed: Claims
    found: Claims
    proof: Proof
    target: Target

    @property
    def subject(self) -> str:
        """What was compared with: a transform, or the matrix that the file itself holds."""
        target = self.target
        if target.is_family:
            return f"{target.title} ({target.convention}), {target.domain} data"
        rows, columns = target.matrix.shape
        held = f"the {rows} x {columns} matrix that the file holds"
        return f"{held}, {target.domain} data, SHA-256 {target.digest[:16]}..."

    @property
    def problems(self) -> list[str]:
        """What is wrong, one line each; empty if the file is right."""
        lines = [
            f"{name}: the file claims {getattr(self.claimed, name)}, "
            f"the program has {getattr(self.found, name)}"
            for name in ("operations", "additions", "multiplications")
            if getattr(self.claimed, name) != getattr(self.found, name)
        ]
        # The last bits of an error depend on the machine's arithmetic, its size does not.
        low, high = sorted((self.found.error, self.claimed.error))
        if high > max(EXACT, 10 * low):
            lines.append(
                f"error: the file claims {self.claimed.error:.1e}, "
                f"the program has {self.found.error:.1e}"
            )
        if self.claimed.proof not in ("", self.found.proof):
            lines.append(
                f"exactness: the file claims {brief(self.claimed.proof)}, "
                f"the program is {self.proof.summary}"
            )
        if not self.is_exact:
            lines.append(f"error: {self.found.error:.1e}, expected at most {EXACT:g}")
        return lines

    @property
    def is_exact(self) -> bool:
        """The program computes its target to rounding error."""
        return self.found.error <= EXACT

    @property
    def is_verified(self) -> bool:
        """The claims are true and the program computes its target."""
        return not self.problems


def run(
    target: AnyTarget | str | os.PathLike[str] | npt.NDArray[Any] | None = None,
    n: int | None = None,
    *,
    input: str | None = None,
    kernel: str | Sequence[complex] | None = None,
    scaling: str | None = None,
    frequency: float | None = None,
    count: int | None = None,
    samples: int | None = None,
    test_samples: int | None = None,
    noise: float | None = None,
    data: str | os.PathLike[str] | None = None,
    x: str | Sequence[str] | None = None,
    y: str | Sequence[str] | None = None,
    holdout: str | None = None,
    recursive: bool = False,
    radix: int | str | Sequence[int] | None = None,
    calls: str | Sequence[str] | None = None,
    tolerance: float | None = None,
    front: bool = False,
    objective: str | None = None,
    cost: str | None = None,
    covariance: str | None = None,
    word_length: int | None = None,
    seed: int | None = None,
    evaluations: int | None = None,
    time: float | None = None,
    patience: int | None = None,
    goal: int | str | None = None,
    workers: int | None = None,
    strategy: str = "evolve",
    islands: int = 2,
    population: int | None = None,
    library: str | os.PathLike[str] = "run",
    executor: str | concurrent.futures.Executor = "auto",
    scheduler: str | None = None,
    scheduler_file: str | os.PathLike[str] | None = None,
    epoch_limit: float = EPOCH_SECONDS,
    evaluator: str = COMPILED,
    device: str = AUTO,
    out: str | Path | None = None,
    report: Report | None = None,
) -> Any:
    """Searches for the cheapest exact program of a matrix, for an algorithm, or for formulas.

    Args:
        target: A transform such as "dft", a function such as "sine", the path of a file with
            a matrix (.npy, .csv, .tsv, .txt, or .mat with ":NAME" of a variable),
            "package.module:function" that returns one (this runs its code), a matrix, a
            `Target`, a `SampledTarget` or a `RecursiveTarget`.
        n: Size of the transform.
        input: "real" or "complex", the kind of the input data; by default the target's own.
        kernel: The numbers that decide a structured matrix; by default the target's own.
        scaling: "exact", "common" or "free": outputs equal the target's, or do so up to one
            positive factor, or up to one for each; by default they are equal.
        frequency: Of a periodic function, in radians per unit of x.
        count: Of waves.
        samples: Rows to train on.
        test_samples: Unseen rows, where a function has a choice: the clock has.
        noise: Standard deviation of the noise added to training rows, as a fraction of that
            of the values.
        data: A CSV file of samples, instead of a target.
        x: Its columns that are inputs: a name, several with commas between them, or a list;
            by default all but the last.
        y: Its columns that are outputs; by default the last.
        holdout: "random", "tail" or "none": which of its rows are held out.
        recursive: Find an algorithm that calls itself and does every size of a transform.
        radix: 2, 3 or "2,3": by what its rules divide the size; by default 2.
        calls: Other transforms that its rules may call, such as "dct4"; by default those
            that are known to help.
        tolerance: Approximate programs are asked for: how much the best of them may lose, as a
            relative error or whatever the objective is; of an objective in dB the least
            figure. By default 0.001, 60 dB, or 0.1 dB less than the target has.
        front: Approximate programs of all costs are asked for, with no tolerance of your own.
        objective: What approximate programs lose: "error", "frobenius", "worst-case", "snr" or
            "coding-gain".
        cost: What is counted of them: "flops", "multiplications", "fma" or "shift-add".
        covariance: Of the inputs: "white", "ar1:0.95", or the path of a .npy file.
        word_length: Bits of constants of cost "shift-add"; by default 16.
        seed: Decides every random choice; drawn and returned if not given.
        evaluations: Most genomes to evaluate.
        time: Most wall-clock seconds to search.
        patience: Most evaluations without improvement.
        goal: Stop at this many operations, or at "best-known"; of an algorithm for every
            size at n = 32 (27 for radix 3, 24 for both).
        workers: Cores to use; by default all. The result does not depend on it.
        strategy: "evolve", "hill-climb" or "random".
        islands: Number of islands.
        population: Genomes of an island, 4 to 1,000,000; by default 100, of an algorithm for
            every size 1,000. A turn and the default patience grow with it.
        library: Where solved blocks are kept: "run" for the run's own, "none", "user" for the
            user's, or the path of a folder that runs share.
        executor: Where islands work: "auto", "serial", "processes", "dask", or any
            `concurrent.futures.Executor`. The result does not depend on it.
        scheduler: Address of a Dask scheduler, such as "tcp://host:8786".
        scheduler_file: File that a Dask scheduler was told to write its address to.
        epoch_limit: Most seconds of one epoch of one island in a worker process, which is
            killed then and tries again, three times in all.
        evaluator: What scores genomes: "numba", "torch", or "auto" for the faster one here.
            The result does not depend on it, that of formulas but for rounding.
        device: On which "torch" works: "auto", "cpu", "cuda", "cuda:1".
        out: Folder in which a run folder is made, from which the run can be resumed;
            nothing is stored by default. Its `run.toml`, of `es.read_config`, repeats the run;
            there is none if the target is an object, which `run.json` holds.
        report: Called after every epoch of every island.

    Returns:
        A `Result` for a matrix, an `ApproximateResult` for one that programs may
        approximate, a `FormulaResult` for samples, an `AlgorithmResult` for
        every size of a transform.

    Raises:
        UsageError: An argument cannot be used.
        DataError: A file cannot be used, or nothing was found.
        EnvironmentMismatchError: torch is asked for and not installed, or finds no GPU.
        ExecutorError: There is nobody to work, or an epoch ends its workers again and again.
        StorageError: The run folder cannot be written.
    """
    load_installed()
    settings = Settings(
        seed, evaluations, time, patience, goal, strategy, islands, os.fspath(library), population
    ).with_seed()
    workplace = Workplace(
        workers, executor, scheduler, scheduler_file, epoch_limit, evaluator, device
    )
    request = Request(
        target=target,
        n=n,
        input=input,
        kernel=kernel,
        scaling=scaling,
        frequency=frequency,
        count=count,
        samples=samples,
        test_samples=test_samples,
        noise=noise,
        data=data,
        x=x,
        y=y,
        holdout=holdout,
        recursive=recursive or None,
        radix=radix,
        calls=calls,
        tolerance=tolerance,
        front=front or None,
        objective=objective,
        cost=cost,
        covariance=covariance,
        word_length=word_length,
    )
    assert settings.seed is not None
    job = prepare(request.make(settings.seed), settings, out, workplace, request)
    return execute(job, report or (lambda snapshot: None), workplace=workplace)


def resume(
    run: str | os.PathLike[str],
    *,
    evaluations: int | None = None,
    time: float | None = None,
    patience: int | None = None,
    goal: int | str | None = None,
    workers: int | None = None,
    executor: str | concurrent.futures.Executor = "auto",
    scheduler: str | None = None,
    scheduler_file: str | os.PathLike[str] | None = None,
    epoch_limit: float = EPOCH_SECONDS,
    evaluator: str = COMPILED,
    device: str = AUTO,
    report: Report | None = None,
) -> Any:
    """Goes on with a run that was killed, interrupted, or is to search for longer.

    It ends with the same bits as a run that was never stopped, but for the time that it
    took. A run that has come to its end, of which no more is asked, is returned as it is.

    Args:
        run: The run folder.
        evaluations: Most genomes to evaluate, those so far included; by default as before.
        time: Most wall-clock seconds to search, those so far included; likewise.
        patience: Most evaluations without improvement; likewise.
        goal: Stop at this many operations, or at "best-known"; likewise.
        workers: Cores to use; by default all.
        executor: As of `run`; it may be another one than before.
        scheduler: As of `run`.
        scheduler_file: As of `run`.
        epoch_limit: As of `run`.
        evaluator: As of `run`.
        device: As of `run`.
        report: Called after every epoch of every island.

    Returns:
        As `run`.

    Raises:
        UsageError: An argument cannot be used.
        DataError: The folder is no run's, or damaged, or nothing was found.
        EnvironmentMismatchError: The run was begun with another target, size or set of
            primitives than it would go on with.
        BusyError: Another process works on it.
        ExecutorError: As of `run`.
        StorageError: The folder cannot be read or written.
    """
    workplace = Workplace(
        workers, executor, scheduler, scheduler_file, epoch_limit, evaluator, device
    )
    load_installed()
    job = reopen(run, Budget(evaluations, time, patience, goal))
    return execute(job, report or (lambda snapshot: None), workplace=workplace)


def fork(
    run: str | os.PathLike[str],
    *,
    out: str | Path,
    seed: int | None = None,
    epoch: int | None = None,
    evaluations: int | None = None,
    time: float | None = None,
    patience: int | None = None,
    goal: int | str | None = None,
    workers: int | None = None,
    executor: str | concurrent.futures.Executor = "auto",
    scheduler: str | None = None,
    scheduler_file: str | os.PathLike[str] | None = None,
    epoch_limit: float = EPOCH_SECONDS,
    evaluator: str = COMPILED,
    device: str = AUTO,
    report: Report | None = None,
) -> Any:
    """Begins a run where another one stood; that one is left as it is.

    Args:
        run: Folder of the other run.
        out: Folder in which the run folder is made.
        seed: Decides the random choices from there on; by default that of the other run.
        epoch: Of one of its checkpoints, the newest three are kept; by default the newest.
        evaluations: Most genomes to evaluate, those so far included; by default as before.
        time: Most wall-clock seconds to search, those so far included; likewise.
        patience: Most evaluations without improvement; likewise.
        goal: Stop at this many operations, or at "best-known"; likewise.
        workers: Cores to use; by default all.
        executor: As of `run`.
        scheduler: As of `run`.
        scheduler_file: As of `run`.
        epoch_limit: As of `run`.
        evaluator: As of `run`.
        device: As of `run`.
        report: Called after every epoch of every island.

    Returns:
        As `run`.

    Raises:
        EvosynthError: As `resume`.
    """
    workplace = Workplace(
        workers, executor, scheduler, scheduler_file, epoch_limit, evaluator, device
    )
    load_installed()
    budget = Budget(evaluations, time, patience, goal)
    job = branch(run, budget, seed, epoch, Path(out), workplace)
    return execute(job, report or (lambda snapshot: None), workplace=workplace)


def load(path: str | Path, *, pick: str | None = None) -> Program | Algorithm:
    """Returns the program, or the algorithm, of a run folder or of a program file.

    Args:
        path: A run folder or a program file.
        pick: Another program of the run's front, such as that of "error=1e-3", "cost=24" or
            "#3"; `es.front` lists them.

    Raises:
        UsageError: The front has no such program.
        DataError: The path holds no valid program.
        StorageError: It cannot be read.
    """
    return _loaded(path, pick)[0]


def _loaded(path: str | Path, pick: str | None) -> tuple[Program | Algorithm, Cost]:
    """Returns what `load` does, and what the run that it is from counts."""
    if pick is not None:
        point = picked_point(path, pick)
        return point.program, point.counted_by
    load_installed()
    found = read_any_document(program_file(Path(path)))
    if isinstance(found, AlgorithmDocument):
        return found.algorithm, FLOPS
    if found.approximate is None:
        return found.program, FLOPS
    asked = found.approximate.target.approximation
    return found.program, make_cost(asked.cost, asked.word_length)


def show(
    path: str | Path,
    format: str = "text",
    *,
    n: int | None = None,
    pick: str | None = None,
    **options: Any,
) -> str:
    """Returns the program of a run folder or program file in a format.

    Args:
        path: A run folder or a program file.
        format: A format; `es.formats()` lists them.
        n: Of an algorithm for every size: the program of this size. Without it the
            algorithm itself, in the formats that it has.
        pick: As of `load`.
        **options: The format's own.

    Raises:
        UsageError: There is no such format, it does not take an option, or the algorithm
            cannot do the size.
    """
    load_installed()
    if format not in ALGORITHM_FORMATS:
        FORMATS.get(format)  # before anything is read
    found, cost = _loaded(path, pick)
    is_listing = format == text.TEXT.name and n is None and not options
    if is_listing and cost.name != FLOPS.name and isinstance(found, Program):
        return text.listing(found, _counted(found, cost))
    return written(found, format, n, options)


def _counted(program: Program, cost: Cost) -> str:
    """Returns what a program costs by the cost of its run, as a listing says it."""
    bits = f" at {cost.word_length} bits" if cost.word_length else ""
    return f"cost {cost.name}{bits}: {cost.of_code(program.code).cost:,g} {cost.unit}"


def written(
    found: Program | Algorithm, format: str, n: int | None, options: Mapping[str, Any]
) -> str:
    """Returns a program in a format, or an algorithm, or an algorithm's program of a size.

    Raises:
        UsageError: They do not go together.
    """
    if isinstance(found, Program):
        if n is not None:
            raise UsageError(
                f"the program has one size, got n = {n}",
                "leave n out; an algorithm for every size takes it",
            )
        return render(found, format, **options)
    own = format in ALGORITHM_FORMATS
    if n is None:
        if not own and format in FORMATS:
            raise UsageError(
                f"format '{format}' is of programs of one size",
                f"give --n, such as --n 64; without it: {', '.join(ALGORITHM_FORMATS.names())}",
            )
        return render_algorithm(found, format, **options)
    found.check_size(n)
    if own and "n" in ALGORITHM_FORMATS.get(format).options:  # in loops, at any size
        return render_algorithm(found, format, n=n, **options)
    if own and format not in FORMATS:
        raise UsageError(f"format '{format}' is of the algorithm for every size", "leave n out")
    if format == "json" and not options and n > 1:
        return _document_of(found, n)
    return render(found.program(n), format, **options)


def _document_of(algorithm: Algorithm, n: int) -> str:
    """Returns the file of an algorithm's program of one size, with target and claims."""
    program, target = algorithm.program(n), make_target(algorithm.name, n)
    proof = prove(program, target) if n <= LARGEST_PROVED else None
    return write_document(program, target, claims_of(program, target, proof))


def verify(
    path: str | Path, *, pick: str | None = None
) -> Verification | FormulaVerification | AlgorithmVerification | PointVerification:
    """Recomputes what a program file claims, from the program alone, and proves it.

    For formulas the samples are made again, or read from the file that they came from.

    Args:
        path: A run folder or a program file.
        pick: Another program of the run's front, as of `load`; nothing is proved of it.

    Raises:
        UsageError: The front has no such program.
        DataError: The file holds no valid program, or no target and claims to compare.
    """
    load_installed()
    if pick is not None:
        return verify_point(read_front(Path(path)), pick)
    source = program_file(Path(path))
    document = read_any_document(source)
    if isinstance(document, AlgorithmDocument):
        return verify_algorithm(document.algorithm, document.claims)
    if document.formula is not None:
        return verify_formula(source, document.program, document.formula)
    if document.approximate is not None:
        _check_shape(source, document.program, document.approximate.target.target)
        return verify_approximate(document.approximate, document.program, document.claims)
    return verify_matrix(source, document)


def verify_matrix(source: Path, document: Document) -> Verification:
    """Recomputes what a program file of a matrix claims.

    Raises:
        DataError: The file holds no target and claims to compare.
    """
    if document.target is None or document.claims is None:
        raise DataError(
            f"'{source}' holds a bare program: no target, no claims",
            "verify a run folder or its best.json",
        )
    _check_shape(source, document.program, document.target)
    proof = prove(document.program, document.target)
    found = claims_of(document.program, document.target, proof)
    return Verification(document.claims, found, proof, document.target)


def _check_shape(source: Path, program: Program, target: Target) -> None:
    """Checks that a program can be compared with its target.

    Raises:
        DataError: They are for other data, or of another shape.
    """
    if program.domain != target.domain:
        raise DataError(
            f"'{source}': the program is for {program.domain} data, "
            f"its target for {target.domain} data"
        )
    rows, columns = target.matrix.shape
    if (len(program.outputs), program.inputs) != (rows, columns):
        raise DataError(
            f"'{source}': the program is {len(program.outputs)} x {program.inputs}, "
            f"its target {rows} x {columns}"
        )
