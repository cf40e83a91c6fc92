"""An algorithm for every size, with what is claimed of it: the file that such a run leaves."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from dsl.algorithm_formats.json_format import KIND, from_data, write
from dsl.errors import DataError, UsageError
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.recursive_target import RecursiveTarget

# Sizes at which operations are claimed, as far as an algorithm can do them.
LARGEST_CLAIMED = 1024
# As many claims may a file hold.
MOST_CLAIMS = 4096


@dataclass(frozen=True, slots=True)
class AlgorithmClaims:
    """What a file says of its algorithm.

    Attributes:
        operations: Real operations by size.
        verified_up_to: It was right in doubles at all its sizes up to this one.
        proved_up_to: It was proved at all its sizes up to this one.
        growth: Operations as a function of n, for people; "" if that is not known.
    """

    operations: dict[int, int]
    verified_up_to: int = 0
    proved_up_to: int = 0
    growth: str = ""


@dataclass(frozen=True, slots=True)
class AlgorithmDocument:
    """A file with an algorithm.

    Attributes:
        algorithm: The algorithm.
        target: What was asked for; None for a bare algorithm.
        claims: What the file says; None for a bare algorithm.
    """

    algorithm: Algorithm
    target: RecursiveTarget | None = None
    claims: AlgorithmClaims | None = None


def counts_of(algorithm: Algorithm) -> dict[int, int]:
    """Returns the operations at the sizes up to 1,024 that an algorithm can do."""
    sizes = [n for n in range(2, LARGEST_CLAIMED + 1) if algorithm.has_size(n)]
    return {n: algorithm.operations(n).operations for n in sizes}


def write_algorithm_document(
    algorithm: Algorithm, target: RecursiveTarget, claims: AlgorithmClaims
) -> str:
    """Writes an algorithm, what was asked for and what is claimed as JSON."""
    asked = recursive_target_data(target)
    return (
        f'{{"claims": {json.dumps(asdict(claims))},\n"target": {json.dumps(asked)},\n'
        f'"algorithm": {write(algorithm).rstrip()}}}\n'
    )


def recursive_target_data(target: RecursiveTarget) -> dict[str, Any]:
    """Returns what was asked for as plain data."""
    return {
        "name": target.name,
        "radices": target.radices,
        "calls": target.calls,
        "digest": target.digest,
    }


def is_algorithm(data: Any) -> bool:
    """Tells whether plain data are those of an algorithm, with claims or without."""
    return isinstance(data, dict) and ("algorithm" in data or data.get("format") == KIND)


def read_algorithm_document(data: dict[str, Any]) -> AlgorithmDocument:
    """Reads an algorithm from plain data.

    Raises:
        DataError: They are not valid.
    """
    if "algorithm" not in data:
        return AlgorithmDocument(from_data(data))
    algorithm = from_data(data["algorithm"])
    target, claims = read_recursive_target(data), _claims(data)
    if target.name != algorithm.name:
        raise DataError(f"the target is '{target.name}', the algorithm computes '{algorithm.name}'")
    return AlgorithmDocument(algorithm, target, claims)


def read_recursive_target(data: dict[str, Any]) -> RecursiveTarget:
    """Reads what was asked for from the object that holds it as "target".

    Raises:
        DataError: It is not valid.
    """
    try:
        given = data["target"]
        calls = given["calls"]
        names = [given["name"], *(calls or [])]
        if not all(isinstance(name, str) for name in names):
            raise ValueError("expected names of transforms")
        if not all(type(radix) is int for radix in given["radices"]):
            raise ValueError("expected whole numbers as radices")
        target = RecursiveTarget(
            given["name"], tuple(given["radices"]), None if calls is None else tuple(calls)
        )
        if given["digest"] != target.digest:
            raise ValueError("its digest is another one's")
    except (KeyError, TypeError, ValueError, UsageError) as error:
        raise DataError(f"not a valid target: {error!r}"[:200]) from error
    return target


def _claims(data: dict[str, Any]) -> AlgorithmClaims:
    try:
        given = data["claims"]
        operations = given["operations"]
        if not isinstance(operations, dict) or len(operations) > MOST_CLAIMS:
            raise ValueError("expected operations by size")
        limits = given["verified_up_to"], given["proved_up_to"]
        if not all(type(number) is int for number in (*operations.values(), *limits)):
            raise ValueError("expected whole numbers")
        if not isinstance(given["growth"], str):
            raise ValueError("expected text for the growth")
        counts = {_size(name): count for name, count in operations.items()}
        return AlgorithmClaims(counts, *limits, given["growth"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"not valid claims: {error!r}"[:200]) from error


def _size(name: str) -> int:
    if not name.isascii() or not name.isdigit() or len(name) > 9:
        raise ValueError("expected sizes")
    return int(name)
