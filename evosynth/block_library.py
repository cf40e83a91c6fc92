"""Libraries of solved blocks: a folder of plain files, verified whenever they are read.

A file holds a matrix and the steps that compute it, nothing that is executed. Runs that
share a library find in it the blocks that earlier runs have solved.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.accuracy import EXACT, relative_error
from dsl.errors import DataError, UsageError
from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import Decoding, PartialDecoding
from dsl.grammars.factor.equivalence import fingerprint
from dsl.grammars.factor.remainder import prices_for
from dsl.grammars.factor.steps import BlockStep, Step, SumStep
from dsl.grammars.factor.steps_from_code import decoding_from_code
from dsl.primitives import PRIMITIVES
from dsl.program import Program
from dsl.straightline import Domain
from dsl.targets.memory import CAPACITY
from evosynth.engine.assembly import assemble
from evosynth.engine.blocks import Block, Forest, Matrix, Split, equivalence_of, uses
from evosynth.engine.forest_check import check_solved
from evosynth.engine.plain_data import from_text, to_text
from evosynth.engine.spec import no_population
from evosynth.runs.files import check_writable, read_text, storage_errors, write_text
from evosynth.runs.untrusted_json import parse_json

FORMAT, VERSION = "evosynth-block", 1
MOST_FILES = 10_000
HINT = "choose another folder with --library"


@dataclass(frozen=True, slots=True, eq=False)
class BlockLibrary:
    """Solved blocks for one kind of data.

    Attributes:
        forest: The blocks, each with one split that has no parts.
        digest: SHA-256 of the files that were read, in hexadecimal.
    """

    forest: Forest
    digest: str


def user_folder() -> Path:
    """Returns the folder of the user's own library."""
    base = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".local" / "share") / "evosynth" / "library"


def open_library(folder: Path, domain: Domain) -> BlockLibrary:
    """Reads a library that blocks will be added to; makes the folder if there is none.

    Raises:
        DataError: A file is damaged or claims what is not true.
        StorageError: The folder cannot be read, made or written.
    """
    library = read_library(folder, domain)
    check_writable(folder, HINT)
    return library


def written_library(library: BlockLibrary) -> str:
    """Returns a library as text, for the run that begins with it."""
    return to_text(library, BlockLibrary)


def library_from_text(text: str, domain: Domain) -> BlockLibrary:
    """Returns the library that a run began with.

    Raises:
        DataError: The text is damaged.
    """
    library = from_text(text, BlockLibrary)
    check_solved(library.forest, domain)
    return library


def read_library(folder: Path, domain: Domain) -> BlockLibrary:
    """Reads and verifies the blocks for a kind of data; an absent folder is an empty library.

    Raises:
        DataError: A file is damaged or claims what is not true.
        StorageError: The folder or a file cannot be read.
    """
    with storage_errors(f"cannot read the library '{folder}'", HINT):
        paths = sorted(folder.glob(f"*x*-{domain}-*.json")) if folder.is_dir() else []
        if folder.exists() and not folder.is_dir():
            raise DataError(f"expected a folder, got the file '{folder}'", HINT)
    if len(paths) > MOST_FILES:
        raise DataError(f"'{folder}' holds {len(paths)} files, expected at most {MOST_FILES}", HINT)
    digest = hashlib.sha256()
    blocks, costs = [], []
    for path in paths:
        text = read_text(path)
        found = _read(path, text, domain)
        if found is None:
            continue
        digest.update(text.encode())
        blocks.append(_block(*found))
        costs.append(found[1].operations)
    addition = prices_for(domain == "complex").addition
    return BlockLibrary(Forest(tuple(blocks), tuple(costs), addition), digest.hexdigest())


def store_blocks(folder: Path, forest: Forest, domain: Domain) -> int:
    """Adds the blocks of a forest's best program that are new, or cheaper than known.

    Returns:
        How many files were written.

    Raises:
        StorageError: A file cannot be written.
    """
    known = read_library(folder, domain).forest
    written = 0
    for index in sorted({0, *uses(forest)}):
        block = forest.blocks[index]
        if not block.splits or _is_known(known, block, forest.costs[index]):
            continue
        decoding = assemble(forest, domain == "complex", index)
        _store(folder, block.matrix, decoding, domain)
        written += 1
    return written


def store_programs(folder: Path, programs: Iterable[tuple[Program, Matrix]]) -> int:
    """Adds programs of matrices that are new, or cheaper than known, as solved blocks.

    Programs that steps cannot express are left out.

    Returns:
        How many files were written.

    Raises:
        StorageError: A file cannot be written.
    """
    written = 0
    known: dict[Domain, Forest] = {}
    for program, matrix in programs:
        domain = program.domain
        known.setdefault(domain, read_library(folder, domain).forest)
        decoding = decoding_from_code(program.plain_code, matrix)
        if decoding is None or not _computes(decoding, matrix, domain):
            continue
        if not _is_known(known[domain], _block(matrix, decoding), decoding.operations):
            _store(folder, matrix, decoding, domain)
            written += 1
    return written


def _computes(decoding: Decoding, matrix: Matrix, domain: Domain) -> bool:
    found = build_program(decoding, domain).execute(np.eye(matrix.shape[1])).T
    return relative_error(found, matrix) <= EXACT


def _store(folder: Path, matrix: Matrix, decoding: Decoding, domain: Domain) -> None:
    text = _write(matrix, decoding, domain)
    rows, columns = matrix.shape
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    name = f"{rows}x{columns}-{domain}-{decoding.operations}-{digest}.json"
    write_text(folder / name, text, HINT)


def _is_known(known: Forest, block: Block, cost: int) -> bool:
    return any(
        abs(other.fingerprint - block.fingerprint) <= 1e-7 * block.fingerprint
        and known.costs[k] <= cost
        and equivalence_of(block.matrix, other.matrix) is not None
        for k, other in enumerate(known.blocks)
    )


def _block(matrix: npt.NDArray[Any], decoding: Decoding) -> Block:
    """Returns a solved block: its one split holds all of the decoding."""
    split = Split(decoding.steps, decoding.prefix, decoding.operations, ())
    key = fingerprint(matrix)
    return Block(matrix, key, decoding.operations, False, no_population(CAPACITY), splits=(split,))


def _write(matrix: npt.NDArray[Any], decoding: Decoding, domain: Domain) -> str:
    entries = matrix.astype(np.complex128).view(np.float64).tolist()
    genes = {gene: k for k, gene in enumerate(sorted({s.gene for s in decoding.steps}))}
    data = {
        "format": FORMAT,
        "version": VERSION,
        "domain": domain,
        "operations": decoding.operations,
        "entries": entries,
        "steps": [_step_data(step, genes[step.gene]) for step in decoding.steps],
    }
    return json.dumps(data) + "\n"


def _step_data(step: Step, gene: int) -> dict[str, Any]:
    side = "output" if step.is_output_side else "input"
    if isinstance(step, BlockStep):
        return {
            "block": step.primitive.name,
            "side": side,
            "place": list(step.place),
            "parameter": [step.parameter.real, step.parameter.imag],
            "gene": gene,
        }
    return {
        "sum": list(step.members),
        "side": side,
        "value": step.value,
        "factors": [[factor.real, factor.imag] for factor in step.factors],
        "sources": list(step.sources),
        "gene": gene,
    }


def _read(path: Path, text: str, domain: Domain) -> tuple[npt.NDArray[Any], Decoding] | None:
    """Returns a file's matrix and its steps, repeated on it; None for other data."""
    try:
        data = parse_json(text)
        if (data["format"], data["version"]) != (FORMAT, VERSION):
            raise ValueError(f"expected {FORMAT} version {VERSION}")
        if data["domain"] != domain:
            return None
        entries = np.array(data["entries"], np.float64).view(np.complex128)
        if not np.isfinite(entries).all() or entries.ndim != 2 or not entries.size:
            raise ValueError("expected a finite matrix")
        matrix = entries if domain == "complex" and entries.imag.any() else entries.real.copy()
        with np.errstate(all="ignore"):
            decoding = _repeated(matrix, data, domain)
    except (
        ArithmeticError,
        DataError,
        LookupError,
        TypeError,
        ValueError,
        UsageError,
    ) as error:
        reason = f"{type(error).__name__}: {error}"[:120]
        raise DataError(
            f"'{path}' is no block of a library: {reason}", "remove the file"
        ) from error
    return matrix, decoding


def _repeated(matrix: npt.NDArray[Any], data: dict[str, Any], domain: Domain) -> Decoding:
    working = PartialDecoding.start(matrix, domain == "complex")
    for entry in data["steps"]:
        working.apply(_step(entry, working))
    genes = [step.gene for step in working.steps]
    if genes != sorted(genes) or sorted(set(genes)) != list(range(len(set(genes)))):
        raise ValueError("expected steps in the order of their genes, numbered from 0")
    decoding = working.result(len(set(genes)))
    if not np.isfinite(decoding.remainder).all():
        raise ValueError("its steps overflow")
    program = build_program(decoding, domain)
    error = relative_error(program.execute(np.eye(matrix.shape[1])).T, matrix)
    if error > EXACT:
        raise ValueError(f"its steps compute another matrix, error {error:.1e}")
    if decoding.operations != data["operations"]:
        raise ValueError(f"it claims {data['operations']} operations, has {decoding.operations}")
    return decoding


def _step(data: dict[str, Any], working: PartialDecoding) -> Step:
    side = {"input": False, "output": True}[data["side"]]
    rows, columns = working.view(side).shape
    gene = int(data["gene"])
    if "block" in data:
        primitive = PRIMITIVES.get(data["block"])
        place = _indices(data["place"], columns)
        if len(place) != primitive.points or len(set(place)) != len(place):
            raise ValueError(f"expected {primitive.points} different places")
        return BlockStep(primitive, side, place, _number(data["parameter"]), gene)
    members = _indices(data["sum"], columns)
    factors = tuple(map(_number, data["factors"]))
    sources = tuple(int(k) for k in data["sources"])
    if data["value"] != columns or len(factors) != len(members) or len(sources) != rows:
        raise ValueError("a sum does not fit")
    if not all(-1 <= k < len(members) for k in sources):
        raise ValueError("a sum's source is none of its members")
    return SumStep(side, columns, members, factors, sources, gene)


def _number(parts: Any) -> complex:
    real, imaginary = parts
    if not isinstance(real, int | float) or not isinstance(imaginary, int | float):
        raise ValueError("expected a real and an imaginary part")
    return complex(real, imaginary)


def _indices(values: Any, limit: int) -> tuple[int, ...]:
    found = tuple(int(value) for value in values)
    if not found or not all(0 <= value < limit for value in found):
        raise ValueError(f"expected indices below {limit}")
    return found
