"""A program with its target and what is claimed of it: the file that a run leaves."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dsl.errors import DataError, UsageError
from dsl.formats import json_format, text
from dsl.program import Program
from dsl.registry import brief
from dsl.straightline import Domain
from dsl.targets import SCALINGS, TARGETS, Scaling, Target, make_target
from evosynth.runs.algorithm_document import (
    AlgorithmDocument,
    is_algorithm,
    read_algorithm_document,
)
from evosynth.runs.approximation_data import ApproximateRecord, read_approximate_record
from evosynth.runs.files import read_text
from evosynth.runs.formula_document import FormulaRecord, read_formula_record
from evosynth.runs.untrusted_json import parse_json
from fitness.objectives import program_error
from fitness.proof import Proof

# How errors begin that tell of a name that is not registered.
UNKNOWN = ("unknown instruction", "unknown primitive", "unknown target", "no such vector primitive")
# Of a target whose file was written before conventions were stored.
NO_CONVENTION = "entries as stored with the run"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a file says of its program.

    Attributes:
        operations: Real additions and multiplications.
        additions: Real additions.
        multiplications: Real multiplications.
        error: Largest relative error of an output, computed in doubles.
        proof: The verdict of `fitness.proof`; "" claims nothing.
    """

    operations: int
    additions: int
    multiplications: int
    error: float
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A program file.

    Attributes:
        program: The program.
        target: What it computes; None for a bare program.
        claims: Its operations and error; None for a bare program.
        formula: What the file says of a formula and its samples; None for other programs.
        approximate: What the file says of a program that need not be exact; None for others.
    """

    program: Program
    target: Target | None
    claims: Claims | None
    formula: FormulaRecord | None = None
    approximate: ApproximateRecord | None = None


def claims_of(program: Program, target: Target, proof: Proof | None = None) -> Claims:
    """Recomputes operations and error from the program alone."""
    count = program.count
    error = program_error(program, target)
    verdict = proof.verdict if proof else ""
    return Claims(count.operations, count.additions, count.multiplications, error, verdict)


def write_document(program: Program, target: Target, claims: Claims) -> str:
    """Writes a program, its target and its claims as JSON."""
    head = json.dumps(asdict(claims))
    return (
        f'{{"claims": {head},\n"target": {json.dumps(target_data(target))},\n'
        f'"program": {json_format.write(program).rstrip()}}}\n'
    )


def read_document(path: Path) -> Document:
    """Reads a program file: a run's, or a bare program as JSON or as a listing.

    Raises:
        DataError: The file holds no valid program, but perhaps an algorithm for every size;
            the message names the position.
        StorageError: The file cannot be read.
    """
    found = read_any_document(path)
    if isinstance(found, AlgorithmDocument):
        raise DataError(
            f"'{path}' holds an algorithm for every size, expected a program of one size",
            f"write one: evosynth export '{path}' --n 64 -o {found.algorithm.name}64.json",
        )
    return found


def read_any_document(path: Path) -> Document | AlgorithmDocument:
    """Reads a program file, or the file of an algorithm for every size.

    Raises:
        DataError: The file holds neither; the message names the position.
        StorageError: The file cannot be read.
    """
    content = read_text(path)
    try:
        if content.startswith("program "):
            return Document(text.parse(content), None, None)
        data = parse_json(content)
        if is_algorithm(data):
            return read_algorithm_document(data)
        if isinstance(data, dict) and "program" in data:
            program = json_format.from_data(data["program"])
            if not program.is_linear:
                return Document(program, None, None, read_formula_record(data))
            target = read_target(data)
            nearly = read_approximate_record(data, target)
            return Document(program, target, _read_claims(data), approximate=nearly)
        return Document(json_format.from_data(data), None, None)
    except DataError as error:
        hint = error.hint
        if not hint and any(sign in str(error) for sign in UNKNOWN):
            hint = "if a plug-in declares it, load that: --plugin FILE.py"
        raise DataError(f"'{path}': {error}", hint) from error


def target_data(target: Target) -> dict[str, Any]:
    """Returns a family's name and size, or a matrix entry by entry."""
    data: dict[str, Any] = {
        "name": target.name,
        "n": target.n,
        "input": target.domain,
        "packing": target.packing,
        "digest": target.digest,
    }
    if target.scaling != "exact":
        data["scaling"] = target.scaling
    if not target.is_family:
        entries = target.matrix.astype(np.complex128).view(np.float64).tolist()
        data |= {"title": target.title, "convention": target.convention, "entries": entries}
    return data


def read_target(data: dict[str, Any]) -> Target:
    """Reads a target from the object that holds it as "target".

    Raises:
        DataError: It is not valid.
    """
    try:
        given = data["target"]
        target = _matrix_target(given) if "entries" in given else _family_target(given)
        names = {"n": target.n, "packing": target.packing, "digest": target.digest}
        for name, value in names.items():
            if given[name] != value:
                raise DataError(f"the target's {name} is not that of its matrix")
    except (KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise DataError(f"not a valid target: {error!r}"[:200]) from error
    except UsageError as error:
        raise DataError(f"not a valid target: {error}"[:200]) from error
    return target


def _family_target(given: dict[str, Any]) -> Target:
    if given["name"] not in TARGETS:
        raise DataError(f"unknown target {str(given['name'])[:40]!r}")
    scaling = _scaling(given)
    return make_target(given["name"], given["n"], given["input"], scaling=scaling)


def _scaling(given: dict[str, Any]) -> Scaling:
    """Returns how far outputs may be from the matrix's: not at all if the file says nothing."""
    found = given.get("scaling", "exact")
    for scaling in SCALINGS:
        if found == scaling:
            return scaling
    raise DataError(f"unknown scaling {brief(found)}")


def _matrix_target(given: dict[str, Any]) -> Target:
    entries = np.array(given["entries"], np.float64).view(np.complex128)
    matrix = entries if np.any(entries.imag) else np.ascontiguousarray(entries.real)
    domain: Domain = given["input"]
    name, title = str(given["name"]), str(given["title"])
    convention = str(given.get("convention", NO_CONVENTION))
    packing, scaling = given["packing"], _scaling(given)
    size = matrix.shape[1]
    return Target(name, size, matrix, domain, title, convention, packing=packing, scaling=scaling)


def _read_claims(data: dict[str, Any]) -> Claims:
    try:
        claims = data["claims"]
        names = ("operations", "additions", "multiplications")
        operations, additions, multiplications = (claims[name] for name in names)
        error = float(claims["error"])
        if not all(type(claims[name]) is int for name in names) or not 0 <= error < math.inf:
            raise ValueError("expected whole numbers and an error of at least 0")
        proof = claims.get("proof", "")  # of a run that was cut short, none is claimed
        if not isinstance(proof, str):
            raise ValueError("expected text for the proof")
        return Claims(operations, additions, multiplications, error, proof)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as problem:
        raise DataError(f"not valid claims: {problem!r}"[:200]) from problem
