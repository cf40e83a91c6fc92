"""Programs of files made cheaper: `es.refine`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dsl.cost import Count
from dsl.errors import DataError, StorageError, UsageError
from dsl.formats import render
from dsl.program import Program
from dsl.targets import SCALINGS, Scaling, Target
from evosynth.api import verify
from evosynth.refinement import ROUNDS
from evosynth.refinement import refine as refine_program
from evosynth.runs import Document, claims_of, program_file, read_document, write_document
from evosynth.runs.files import write_text
from evosynth.settings import draw_seed
from fitness.proof import Proof, prove

FORMAT_OF_SUFFIX = {".json": "json", ".txt": "text"}
REFINES = "only linear programs have scales to refine"
HINT = "choose another file with -o, in a folder that exists"


@dataclass(frozen=True, slots=True)
class Refinement:
    """A program made cheaper.

    Attributes:
        program: The cheapest program found, or the one that was given.
        before: Operations of the program that was given.
        after: Operations of the program.
        seed: With which the same can be repeated.
        target: What the program computes; None for a bare program.
        proof: How exactly it does; None for a bare program.
        scaling: Up to which factors of the outputs it computes what was given.
    """

    program: Program
    before: Count
    after: Count
    seed: int
    target: Target | None
    proof: Proof | None
    scaling: Scaling


def refine(
    source: str | Path | Program,
    *,
    seed: int | None = None,
    rounds: int = ROUNDS,
    scaling: str | None = None,
    output: str | Path | None = None,
    pause: Callable[[], None] = lambda: None,
) -> Refinement:
    """Makes a program cheaper by scales of its intermediate values.

    Args:
        source: A run folder, a program file or a program.
        seed: Decides every random choice; drawn and returned if not given.
        rounds: How long it searches.
        scaling: "exact" keeps the outputs, "common" up to one positive factor, "free" up
            to one for each; by default what the target admits, for a bare program "exact".
        output: The file to write: the program with its target and claims as JSON, a bare
            program as .json or .txt. None writes nothing.
        pause: Called now and then; may raise to end it.

    Raises:
        UsageError: An argument cannot be used.
        DataError: The source holds no valid program, or claims that are not true.
        StorageError: The output cannot be written; what was there is still there.
    """
    if rounds < 1:
        raise UsageError(f"expected at least 1 round, got {rounds}")
    if seed is not None and seed < 0:
        raise UsageError(f"expected a seed of at least 0, got {seed}")
    document = _document(source)
    chosen = _scaling(scaling, document.target)
    form = _form(output, document.target)
    seed = draw_seed() if seed is None else seed
    given = document.program
    if not given.is_linear:
        raise DataError("expected the program of a transform, got formulas", REFINES)
    rng = np.random.default_rng(seed)
    program, proof = (
        refine_program(given, scaling=chosen, rng=rng, rounds=rounds, pause=pause),
        None,
    )
    if document.target is not None:
        proof = prove(program, document.target)
        if not proof.verdict:
            program, proof = given, prove(given, document.target)
    counts = given.count, program.count
    result = Refinement(program, *counts, seed, document.target, proof, chosen)
    if output is not None:
        write_text(Path(output), _text(result, form), HINT)
    return result


def _document(source: str | Path | Program) -> Document:
    """Returns what a source holds; what it claims must be true."""
    if isinstance(source, Program):
        return Document(source, None, None)
    path = program_file(Path(source))
    document = read_document(path)
    if document.approximate is not None:
        raise UsageError(
            f"'{path}' holds an approximate program, which is not refined",
            "write the program alone and refine that: evosynth export --to json",
        )
    if document.target is not None:
        problems = verify(path).problems
        if problems:
            raise DataError(f"'{path}' is not verified: {problems[0]}", "see `evosynth verify`")
    return document


def _scaling(given: str | None, target: Target | None) -> Scaling:
    """Returns what may become of the outputs."""
    if given is None:
        return "exact" if target is None else target.scaling
    scaling = next((known for known in SCALINGS if known == given), None)
    if scaling is None:
        raise UsageError(f"expected scaling {', '.join(SCALINGS)}, got {given!r}"[:120])
    if target is not None and scaling != target.scaling:
        raise UsageError(
            f"the file's target admits scaling '{target.scaling}', got '{scaling}'",
            "leave the scaling out, or give the program alone",
        )
    return scaling


def _form(output: str | Path | None, target: Target | None) -> str:
    """Returns the format of the file to write, which must be possible after the search."""
    if output is not None and (Path(output).is_dir() or not Path(output).parent.is_dir()):
        raise StorageError(f"cannot write '{output}'", HINT)
    suffix = ".json" if output is None or target is not None else Path(output).suffix
    if suffix not in FORMAT_OF_SUFFIX:
        raise UsageError(
            f"expected a file {' or '.join(FORMAT_OF_SUFFIX)}, got '{output}'",
            "`evosynth export` writes programs in other formats",
        )
    return FORMAT_OF_SUFFIX[suffix]


def _text(result: Refinement, form: str) -> str:
    if result.target is None:
        return render(result.program, form)
    claims = claims_of(result.program, result.target, result.proof)
    return write_document(result.program, result.target, claims)
