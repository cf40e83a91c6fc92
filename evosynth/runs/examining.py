"""What is in the files of a run folder, one function for each; they change nothing.

Each returns in a few words what it found, or raises what is wrong.
"""

from __future__ import annotations

from pathlib import Path

from dsl.accuracy import EXACT
from dsl.errors import DataError
from dsl.formats import json_format
from evosynth.runs.algorithm_document import AlgorithmDocument
from evosynth.runs.document import Document, claims_of, read_any_document
from evosynth.runs.files import read_text
from evosynth.runs.json_lines import examine_lines
from evosynth.runs.untrusted_json import read_json

COUNTS = ("operations", "additions", "multiplications")
# Up to this size an algorithm's operations are counted; `evosynth verify` counts them all.
LARGEST_COUNTED = 64


def examine_log(path: Path) -> str:
    """Counts lines; that the last is torn is no damage.

    Raises:
        DataError: Lines before the last are damaged.
        StorageError: It cannot be read.
    """
    lines, damaged, torn = 0, 0, 0
    if not path.is_file():
        raise DataError("no ordinary file")
    for line in examine_lines(path):
        if line is None:
            torn += 1
        else:
            lines, damaged, torn = lines + 1, damaged + torn, 0
    if damaged:
        raise DataError(f"{damaged} of {lines + damaged + torn} lines are no objects")
    return f"{lines} lines" + ", the last is torn: resuming cuts it off" * bool(torn)


def examine_front(path: Path) -> str:
    """Reads the programs of a front.

    Raises:
        DataError: One is not valid.
        StorageError: It cannot be read.
    """
    data = read_json(path)
    points = data.get("programs") if isinstance(data, dict) else data
    if not isinstance(points, list) or not all(isinstance(point, dict) for point in points):
        raise DataError("expected a list of programs")
    for point in points:
        if "program" in point:
            json_format.from_data(point["program"])
    return f"{len(points)} on the front"


def examine_object(path: Path) -> str:
    """Reads a file that is an object.

    Raises:
        DataError: It is none.
        StorageError: It cannot be read.
    """
    if not isinstance(read_json(path), dict):
        raise DataError("expected an object")
    return "whole"


def examine_page(path: Path) -> str:
    """Looks at the beginning and the end of a report.

    Raises:
        DataError: It is no page, or not all of one.
        StorageError: It cannot be read.
    """
    content = read_text(path).strip()
    if not content.startswith("<!DOCTYPE html>") or not content.endswith("</html>"):
        raise DataError("expected a page: evosynth report writes it anew")
    return "whole"


def examine_best(path: Path) -> str:
    """Recomputes operations and error of a program; what is proved takes `evosynth verify`.

    Raises:
        DataError: The file holds no program, or claims what is not true.
        StorageError: It cannot be read.
    """
    document = read_any_document(path)
    if isinstance(document, AlgorithmDocument):
        return _examine_algorithm(document)
    formula = document.formula
    claims = document.claims if formula is None else formula.claims
    if claims is None:
        raise DataError("a bare program, without target and claims")
    count = document.program.count
    for name in COUNTS if formula is None else (*COUNTS, "functions"):
        claimed, found = getattr(claims, name), getattr(count, name)
        if claimed != found:
            raise DataError(f"it claims {claimed} {name}, the program has {found}")
    if formula is not None:
        return f"{count.operations} operations; for its error: evosynth verify"
    return f"{count.operations} operations, error {_error(document):.1e}"


def _error(document: Document) -> float:
    """Returns the recomputed error of a matrix's program."""
    program, target = document.program, document.target
    assert target is not None
    shape = (len(program.outputs), program.inputs)
    if program.domain != target.domain or shape != target.matrix.shape:
        raise DataError("the program is not one of its target")
    error = claims_of(program, target).error
    if document.approximate is None and not error <= EXACT:
        raise DataError(f"error {error:.1e}, expected at most {EXACT:g}")
    return error


def _examine_algorithm(document: AlgorithmDocument) -> str:
    if document.claims is None:
        raise DataError("a bare algorithm, without target and claims")
    algorithm, claimed = document.algorithm, document.claims.operations
    sizes = [n for n in sorted(claimed) if n <= LARGEST_COUNTED and algorithm.has_size(n)]
    for n in sizes:
        found = algorithm.operations(n).operations
        if found != claimed[n]:
            raise DataError(f"it claims {claimed[n]} operations at n = {n}, it takes {found}")
    return f"operations up to n = {max(sizes, default=0)}; for the rest: evosynth verify"
