"""The best program found for every target: a folder of program files, and its table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dsl.cost import dense_count
from dsl.errors import DataError, UsageError
from dsl.straightline import Domain
from dsl.targets import SCALINGS, TARGETS, Scaling, Target, known_counts, make_target
from dsl.targets.known import best_known, fftw_count
from evosynth.api import verify_matrix
from evosynth.runs import Claims, program_file, read_document, write_document
from evosynth.runs.files import storage_errors, write_text

DISCOVERED = Path(__file__).resolve().parent.parent / "experiments" / "discovered"
FILE_NAME = re.compile(r"(\w+)-(\d+)(?:-(common|free))?-(\d+)\.json", re.ASCII)
# Entries given in floats differ by this much between machines, as a part of the largest.
SAME_ENTRIES = 1e-12
HINT = "choose a folder that can be written"


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A line of the table: what programs compete for.

    Attributes:
        target: A family's name.
        n: Its size.
        scaling: Up to which factors the outputs are compared.
    """

    target: str
    n: int
    scaling: Scaling = "exact"

    def __str__(self) -> str:
        up_to = "" if self.scaling == "exact" else f" {self.scaling}"
        return f"{self.target} {self.n}{up_to}"

    @property
    def stem(self) -> str:
        """How the names of the entry's files begin."""
        up_to = "" if self.scaling == "exact" else f"-{self.scaling}"
        return f"{self.target}-{self.n}{up_to}"

    def make(self) -> Target:
        """Returns the target, on its own kind of data."""
        return make_target(self.target, self.n, scaling=self.scaling)


@dataclass(frozen=True, slots=True)
class Record:
    """The best program found for a target, beside what is known.

    Attributes:
        target: A family's name.
        n: Its size.
        input: Kind of the input data.
        scaling: Up to which factors the outputs are compared.
        found: Real operations of the best program found; None if there is none.
        proof: How exactly it computes the target, as its file claims.
        best_known: The lowest count known from elsewhere, if any is.
        source: Who found that.
        fftw: Operations of FFTW's code, if they are known; its outputs are exact.
        dense: Operations of the matrix product, nothing shared.
        difference: `found` less `best_known`: below zero for a new record.
        file: The program's file, if there is one.
    """

    target: str
    n: int
    input: Domain
    scaling: Scaling
    found: int | None
    proof: str
    best_known: int | None
    source: str
    fftw: int | None
    dense: int
    difference: int | None
    file: str | None

    @property
    def is_better(self) -> bool:
        """Fewer operations were found than were known."""
        return self.difference is not None and self.difference < 0


def records(target: str | None = None, *, folder: str | Path | None = None) -> list[Record]:
    """Returns the best program found for every target, beside the counts known.

    Args:
        target: A family; by default all.
        folder: Where the programs are; by default those that come with the package.

    Raises:
        UsageError: There is no such target.
        DataError: A file in the folder holds no valid program.
    """
    names = TARGETS.names() if target is None else [TARGETS.get(target).name]
    files = {file.entry: file for file in reversed(record_files(_folder(folder)))}
    entries = {entry for entry in [*files, *_known_entries()] if entry.target in names}
    order = {name: position for position, name in enumerate(TARGETS.names())}
    ranked = sorted(entries, key=lambda e: (order[e.target], e.n, SCALINGS.index(e.scaling)))
    return [_record(entry, files.get(entry)) for entry in ranked]


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A program file, with what its name tells.

    Attributes:
        path: The file.
        entry: What it is a program of.
        operations: Its real operations.
    """

    path: Path
    entry: Entry
    operations: int


def record_files(folder: Path) -> list[RecordFile]:
    """Returns the program files of a folder, the fewest operations first; [] if it is none."""
    with storage_errors(f"cannot read '{folder}'", "check its path and permissions"):
        paths = sorted(folder.glob("*.json")) if folder.is_dir() else []
    named = [file for file in map(parse_name, paths) if file is not None]
    return sorted(named, key=lambda file: (file.operations, file.entry))


def parse_name(path: Path) -> RecordFile | None:
    """Returns what a file's name tells; None if it is no record's."""
    match = FILE_NAME.fullmatch(path.name)
    if match is None or match[1] not in TARGETS:
        return None
    scaling = next((known for known in SCALINGS if known == match[3]), SCALINGS[0])
    return RecordFile(path, Entry(match[1], int(match[2]), scaling), int(match[4]))


def _folder(folder: str | Path | None) -> Path:
    return DISCOVERED if folder is None else Path(folder)


def _known_entries() -> Iterator[Entry]:
    for family in TARGETS:
        for scaling in SCALINGS:
            for n in known_counts(family.name, scaling):
                yield Entry(family.name, n, scaling)


def _record(entry: Entry, file: RecordFile | None) -> Record:
    target = entry.make()
    known = best_known(entry.target, entry.n, entry.scaling)
    claims = None if file is None else _claims(file, target)
    dense = dense_count(target.matrix, target.domain == "complex").operations
    return Record(
        target=entry.target,
        n=entry.n,
        input=target.domain,
        scaling=entry.scaling,
        found=claims.operations if claims else None,
        proof=claims.proof if claims else "",
        best_known=known.operations if known else None,
        source=known.source if known else "",
        fftw=fftw_count(entry.target, entry.n),
        dense=dense,
        difference=claims.operations - known.operations if claims and known else None,
        file=str(file.path) if file else None,
    )


def _claims(file: RecordFile, target: Target) -> Claims:
    """Returns what a file claims; it must be what its name tells."""
    document = read_document(file.path)
    claims = document.claims
    if (
        document.target is None
        or claims is None
        or claims.operations != file.operations
        or not _is_same(document.target, target)
    ):
        raise DataError(
            f"'{file.path}' holds no program of {target.title} in {file.operations} operations",
            "remove it, or name it after what it holds",
        )
    return claims


def _is_same(one: Target, other: Target) -> bool:
    """Tells whether two targets ask for the same: matrix, kind of data and scaling."""
    kinds = [(t.domain, t.packing, t.scaling, t.matrix.shape) for t in (one, other)]
    if kinds[0] != kinds[1]:
        return False
    largest = float(np.abs(other.matrix).max())
    return bool(np.abs(one.matrix - other.matrix).max() <= SAME_ENTRIES * largest)


def store(source: str | Path, folder: str | Path | None = None) -> Path | None:
    """Keeps a program if it has fewer operations than the one that is there, which it replaces.

    Args:
        source: A run folder or a program file; it is verified and proved anew.
        folder: Where programs are kept; by default with those that `records` reads.

    Returns:
        The new file, or None if the one that is there is as good.

    Raises:
        DataError: The source holds no program that is proved or verified in 50 digits.
        UsageError: Its target is not a registered one as it is by default.
        StorageError: The folder cannot be written; what was there is still there.
    """
    path, place = program_file(Path(source)), _folder(folder)
    document = read_document(path)
    if document.formula is not None:
        raise DataError(f"'{path}' holds formulas", "records are of transforms")
    verification = verify_matrix(path, document)
    if problems := verification.problems:
        raise DataError(f"'{path}' is not verified: {problems[0]}", "see `evosynth verify`")
    claims, entry = verification.found, _entry(verification.target)
    if not claims.proof:
        raise DataError(
            f"'{path}' is no record: {verification.proof.summary}", "search with another seed"
        )
    with storage_errors(f"cannot write '{place}'", HINT):
        place.mkdir(parents=True, exist_ok=True)
    old = [file for file in record_files(place) if file.entry == entry]
    if old and old[0].operations <= claims.operations:
        return None
    new = place / f"{entry.stem}-{claims.operations}.json"
    text = write_document(document.program, verification.target, claims)
    write_text(new, text, HINT)
    with storage_errors(f"cannot write '{place}'", HINT):
        for worse in old:
            worse.path.unlink(missing_ok=True)
    return new


def _entry(target: Target) -> Entry:
    """Returns the entry of a target.

    Raises:
        UsageError: It has none.
    """
    if target.name in TARGETS and TARGETS.get(target.name).is_size(target.n):
        entry = Entry(target.name, target.n, target.scaling)
        if _is_same(target, entry.make()):
            return entry
    raise UsageError(
        f"no record is kept of {target.title or target.name}",
        "records are of `evosynth targets`, on their own kind of data and without a kernel",
    )
