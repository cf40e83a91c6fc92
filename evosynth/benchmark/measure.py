"""The benchmark of one program: compiled, timed in worker processes, put in a table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dsl.errors import DataError, EnvironmentMismatchError, UsageError
from dsl.formats import render
from dsl.targets.memory import memory_limit
from evosynth.benchmark.compiler import compile_library, compiler
from evosynth.benchmark.rivals import has_pyfftw
from evosynth.benchmark.table import table
from evosynth.runs import Document, program_file, read_document

BATCHES = (1_000, 10_000, 100_000, 1_000_000)
PRECISIONS = ("double", "single")
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# Results may be this far from the matrix product's.
TOLERANCE = {"double": 1e-11, "single": 1e-3}
# The functions' name, which no program's own can clash with.
FUNCTION = "evosynth_program"
# Contestants with their own results; libraries allocate one more while they run.
COPIES = 8


@dataclass(frozen=True, slots=True)
class Bench:
    """What was measured.

    Attributes:
        program: Its name.
        operations: Real operations of the program.
        rows: One per contestant, batch, precision and number of cores: names and seconds
            of one call for the whole batch.
        notes: What was left out, and why.
    """

    program: str
    operations: int
    rows: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        head = f"{self.program}, {self.operations} real operations\n\n"
        return head + table(self.rows) + "".join(f"{note}\n" for note in self.notes)

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain data."""
        return asdict(self)


def bench(
    path: str | Path,
    batches: Sequence[int] = BATCHES,
    precisions: Sequence[str] = PRECISIONS,
    cores: Sequence[int] | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Bench:
    """Compiles a program's C and Numba forms and times them beside libraries.

    Args:
        path: A run folder or a program file.
        batches: Numbers of vectors.
        precisions: "double" and "single".
        cores: Numbers of threads; by default one, and two where there are two.
        report: Called with a line of progress now and then.

    Raises:
        UsageError: A number is not positive, or a precision unknown.
        DataError: The file holds no valid program.
        EnvironmentMismatchError: A compiler or a worker process fails.
    """
    source = program_file(Path(path))
    document = read_document(source)
    if not document.program.is_linear:
        raise DataError(
            "expected the program of a transform, got formulas",
            "the libraries that are timed beside it compute transforms",
        )
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    chosen = tuple(cores) if cores else ((1, 2) if (available or 1) > 1 else (1,))
    _check(batches, precisions, chosen, available or 1)
    fitting = [count for count in batches if _bytes(document, count) <= memory_limit()]
    if not fitting:
        raise UsageError("no batch fits into memory", "give smaller ones")
    notes = [f"batch {n:,} left out: too little memory" for n in batches if n not in fitting]
    if compiler() is None:
        notes.append("C left out: no C compiler (install gcc or clang, or set CC)")
    if not has_pyfftw():
        notes.append("pyFFTW left out: pip install 'evosynth[plot]'")
    if max(chosen) > 1:
        notes.append("several cores: small batches time how work is handed to Python's threads")
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="evosynth-bench-") as folder:
        for precision in precisions:
            report(f"compiling {document.program.name}, {precision} ...")
            if problem := _prepare(document, Path(folder), precision):
                notes.append(problem)
            for count in chosen:
                request = {
                    "program": str(source),
                    "transform": _transform(document),
                    "folder": folder,
                    "function": FUNCTION,
                    "batches": fitting,
                    "precision": precision,
                    "cores": count,
                }
                rows += _measured(request, report)
    program = document.program
    return Bench(program.name, program.count.operations, tuple(rows), tuple(notes))


def _check(
    batches: Sequence[int], precisions: Sequence[str], cores: Sequence[int], available: int
) -> None:
    if max(cores) > available:
        raise UsageError(f"expected at most {available} cores, got {max(cores)}")
    if min((*batches, *cores), default=1) < 1:
        raise UsageError("expected batches and cores of at least 1")
    for precision in precisions:
        if precision not in PRECISIONS:
            raise UsageError(f"unknown precision '{precision}'", f"known: {', '.join(PRECISIONS)}")


def _check_results(rows: Sequence[dict[str, Any]]) -> None:
    """Checks that every contestant computed the same.

    Raises:
        DataError: One did not.
    """
    for row in rows:
        if row["error"] is not None and row["error"] > TOLERANCE[row["precision"]]:
            raise DataError(
                f"{row['contestant']} computes something else than the program: "
                f"relative error {row['error']:.1e}",
                "`evosynth verify` tells whether the program is right",
            )


def _transform(document: Document) -> str:
    """Returns the name of the transform, if libraries may have it."""
    target = document.target
    return target.name if target and target.is_family and target.packing == "none" else ""


def _bytes(document: Document, count: int) -> int:
    width = max(document.program.inputs, len(document.program.outputs))
    return COPIES * 16 * width * count


def _prepare(document: Document, folder: Path, precision: str) -> str:
    """Writes and compiles the code that the workers load; returns what had to be left out."""
    program = document.program
    (folder / f"{FUNCTION}_numba.py").write_text(
        render(program, "numba", name=FUNCTION), encoding="utf-8"
    )
    if compiler() is not None:
        source = render(program, "c", name=FUNCTION, precision=precision)
        library = folder / f"{FUNCTION}.so"
        library.unlink(missing_ok=True)
        try:
            compile_library(source, library)
        except TimeoutError as error:
            return f"C left out, {precision}: {error}"
    return ""


def _measured(request: dict[str, Any], report: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Runs a worker; yields its rows."""
    cores = str(request["cores"])
    variables = dict.fromkeys((*THREAD_VARIABLES, "NUMBA_NUM_THREADS"), cores)
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as problems,
        subprocess.Popen(
            [sys.executable, "-m", "evosynth.benchmark.worker", json.dumps(request)],
            stdout=subprocess.PIPE,
            stderr=problems,
            text=True,
            env=os.environ | variables,
        ) as worker,
    ):
        assert worker.stdout is not None
        try:
            for line in worker.stdout:
                rows = json.loads(line)
                _check_results(rows)
                report(f"{request['precision']}, {cores} core(s), batch {rows[0]['batch']:,} done")
                yield from rows
        except BaseException:
            worker.kill()
            raise
        if worker.wait():
            problems.seek(0)
            lines = problems.read().strip().splitlines() or [f"exit code {worker.returncode}"]
            raise EnvironmentMismatchError(f"the measuring process failed: {lines[-1][:200]}")
