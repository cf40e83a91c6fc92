"""Algorithms for every size from programs of several sizes: `es.generalize`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from dsl.accuracy import EXACT, relative_error
from dsl.algorithm_formats import render_algorithm
from dsl.errors import DataError, StorageError, UsageError
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.recursive_target import RADICES, RecursiveTarget
from dsl.grammars.recursive.rule import Rule
from dsl.grammars.recursive.vocabulary import relatives
from dsl.program import Program
from dsl.targets import make_target
from evosynth.algorithm_sharing import share_algorithm
from evosynth.algorithm_verification import AlgorithmVerification, verify_algorithm
from evosynth.block_library import open_library, user_folder
from evosynth.engine.recursive.generalizing import (
    MANNERS,
    Found,
    Manner,
    Sample,
    Subject,
    generalized,
)
from evosynth.engine.recursive.held_values import held_values
from evosynth.runs import program_file, read_document, write_algorithm_document
from evosynth.runs.files import write_text

HINT = "choose another file with -o, in a folder that exists"
# What programs are compared at: above it the closure would take minutes.
LARGEST = 256


@dataclass(frozen=True, slots=True)
class Generalization:
    """What programs of several sizes have in common.

    Attributes:
        name: The family.
        radix: The sizes are powers of it.
        sizes: Of the programs whose values the recurrence consists of.
        left_out: Sizes of programs that do not share it.
        manner: "exact" if the programs compute all that the recurrence does, "products" if
            but for products with roots of unity, cosines and the like.
        algorithm: The recurrence; None if none was found.
        verification: What is true of it; None likewise.
        held: Calls that the programs answer on their way, as text.
        reached: Pieces of the output that were reached, where the output was not,
        missing: and pieces that were not.
        lacking: Transforms that the recurrence calls and of which no rule was found.
    """

    name: str
    radix: int
    sizes: tuple[int, ...]
    left_out: tuple[int, ...]
    manner: Manner
    algorithm: Algorithm | None
    verification: AlgorithmVerification | None
    held: tuple[str, ...]
    reached: tuple[str, ...]
    missing: tuple[str, ...]
    lacking: tuple[str, ...]

    @property
    def is_verified(self) -> bool:
        """There is an algorithm, right at every size that was looked at."""
        return self.verification is not None and self.verification.is_verified

    @property
    def target(self) -> RecursiveTarget:
        """What the algorithm computes."""
        return RecursiveTarget(self.name, (self.radix,))

    def document(self) -> str:
        """Returns the algorithm's file.

        Raises:
            DataError: There is no algorithm.
        """
        if self.algorithm is None or self.verification is None:
            raise DataError("no algorithm was found")
        return write_algorithm_document(self.algorithm, self.target, self.verification.found)

    def to_dict(self) -> dict[str, Any]:
        """Returns the result as plain data, as `evosynth generalize --json` prints it."""
        found, algorithm = self.verification, self.algorithm
        growth = found.growth if found else None
        claims = found.found if found else None
        return {
            "target": self.name,
            "radix": self.radix,
            "sizes": list(self.sizes),
            "left_out": list(self.left_out),
            "manner": self.manner,
            "algorithm": render_algorithm(algorithm, "text") if algorithm else None,
            "operations": {str(n): k for n, k in claims.operations.items()} if claims else None,
            "growth": growth.text if growth else None,
            "verified": self.is_verified,
            "verified_up_to": claims.verified_up_to if claims else 0,
            "proved_up_to": claims.proved_up_to if claims else 0,
            "problems": found.problems if found else [],
            "held": list(self.held),
            "reached": list(self.reached),
            "missing": list(self.missing),
            "lacking": list(self.lacking),
        }


@dataclass(frozen=True, slots=True)
class _Given:
    name: str
    program: Program

    @property
    def n(self) -> int:
        return self.program.inputs


def generalize(
    runs: Sequence[str | Path | Program],
    *,
    target: str | None = None,
    output: str | Path | None = None,
    library: str | Path | None = None,
) -> Generalization:
    """Seeks the recurrence that programs of several sizes share, and verifies it.

    Args:
        runs: Run folders, program files or programs of one transform at two sizes or more,
            powers of 2 or of 3.
        target: The transform's name, for programs that do not say what they compute.
        output: The file to write; nothing is written if nothing was found.
        library: "user" or a folder, to which the algorithm's programs of some sizes are added
            as solved blocks.

    Raises:
        UsageError: Programs or names do not go together.
        DataError: A file holds no program, or one that does not compute the transform.
        StorageError: The output or the library cannot be written.
    """
    if output is not None and (Path(output).is_dir() or not Path(output).parent.is_dir()):
        raise StorageError(f"cannot write '{output}'", HINT)
    if isinstance(runs, str | Path | Program):
        raise UsageError("expected several programs, got one", "give them as a list")
    given = [_given(run, target) for run in runs]
    name, radix = _family(given), _radix(sorted({program.n for program in given}))
    RecursiveTarget(name, (radix,))
    shared = None
    if library is not None:
        shared = user_folder() if library == "user" else Path(library)
        open_library(shared, given[0].program.domain)  # before anything is sought
    result = _sought(name, radix, given)
    if output is not None and result.algorithm is not None:
        write_text(Path(output), result.document(), HINT)
    if shared is not None and result.algorithm is not None and result.is_verified:
        share_algorithm(shared, result.algorithm)
    return result


def _given(run: str | Path | Program, target: str | None) -> _Given:
    """Returns a program with the name of the transform that it computes."""
    if isinstance(run, Program):
        program, named, title = run, None, run.name
    else:
        path = program_file(Path(run))
        document = read_document(path)
        program, named, title = document.program, document.target, f"'{path}'"
    if not program.is_linear:
        raise DataError(f"{title} holds formulas, expected the program of a transform")
    if named is not None and not named.is_family:
        raise UsageError(f"{title} is for one matrix", "only a transform has every size")
    if named is None and target is None:
        raise UsageError(f"{title} does not say what it computes", "name it with --target")
    name = target if named is None else named.name
    assert name is not None
    if target is not None and name != target:
        raise UsageError(f"{title} is for '{name}', expected '{target}'")
    if named is not None and named.scaling != "exact":
        raise UsageError(f"{title} computes outputs up to factors, which differ by size")
    if program.inputs > LARGEST:
        raise UsageError(f"{title} has {program.inputs} points, expected at most {LARGEST}")
    RecursiveTarget(name)
    wanted = make_target(name, program.inputs)
    if program.domain != wanted.domain or len(program.outputs) != program.inputs:
        raise UsageError(f"{title} is not for {wanted.domain} data, {wanted.n} points")
    if relative_error(program.matrix(), wanted.matrix) > EXACT:
        raise DataError(f"{title} does not compute '{name}' of {program.inputs} points")
    return _Given(name, program)


def _family(given: Sequence[_Given]) -> str:
    names = sorted({program.name for program in given})
    if len(names) > 1:
        raise UsageError(f"expected programs of one transform, got {', '.join(names)}")
    if len({program.n for program in given}) < 2:
        raise UsageError(
            "expected programs of at least two sizes",
            "give more: `evosynth run --target dft --n 8`, and --n 16",
        )
    return names[0]


def _radix(sizes: Sequence[int]) -> int:
    for radix in RADICES:
        if all(n == radix ** round(math.log(n, radix)) for n in sizes):
            return radix
    raise UsageError(
        f"expected powers of 2, or powers of 3, got sizes {', '.join(map(str, sizes))}"
    )


def _sought(name: str, radix: int, given: Sequence[_Given]) -> Generalization:
    """Tries all sizes together, then fewer, the larger ones first."""
    samples = []
    for n in sorted({program.n for program in given}):
        held = held_values(n, [program.program for program in given if program.n == n])
        samples.append(Sample(n, held.inputs, held))
    largest = min((g.program for g in given if g.n == samples[-1].n), key=_operations)
    price = largest.count.operations / (largest.inputs * math.log2(largest.inputs))
    first: Generalization | None = None
    for count in range(len(samples), 1, -1):
        for chosen in reversed(list(combinations(samples, count))):
            for manner in MANNERS:
                found = _Search(radix, price, manner).result(name, chosen, samples)
                if found.algorithm is not None:
                    return found
                first = first or found
    assert first is not None
    return first


def _operations(program: Program) -> int:
    return program.count.operations


@dataclass(frozen=True, slots=True)
class _Search:
    """Rules for a transform and for those that its rules call, from the same programs."""

    radix: int
    price: float
    manner: Manner

    def result(
        self, name: str, chosen: Sequence[Sample], samples: Sequence[Sample]
    ) -> Generalization:
        """Returns what these sizes share."""
        rules: dict[str, tuple[Rule, ...]] = {}
        lacking: list[str] = []
        found = self._rules(name, tuple(chosen), (), rules, lacking)
        algorithm = None
        if found.rule is not None and not lacking:
            algorithm = Algorithm(name, rules)
        verification = None if algorithm is None else verify_algorithm(algorithm)
        sizes = tuple(sample.n for sample in chosen)
        return Generalization(
            name,
            self.radix,
            sizes,
            tuple(sample.n for sample in samples if sample.n not in sizes),
            self.manner,
            algorithm,
            verification,
            found.held,
            found.reached,
            found.missing,
            tuple(lacking),
        )

    def _rules(
        self,
        name: str,
        samples: tuple[Sample, ...],
        callers: tuple[str, ...],
        rules: dict[str, tuple[Rule, ...]],
        lacking: list[str],
    ) -> Found:
        """Seeks a rule for a transform, then for all that it calls."""
        calls, equal = relatives(name)
        equal = tuple(other for other in equal if other not in callers)
        calls = tuple(c for c in calls if c in equal or c not in relatives(name)[1])
        enough = tuple(s for s in samples if s.n >= self.radix**2) or samples
        chosen = enough if len(enough) > 1 else samples
        subject = Subject(name, self.radix, calls, equal)
        found = generalized(subject, chosen, self.price, manner=self.manner)
        if found.rule is None:
            if callers:
                lacking.append(name)
            return found
        rules[name] = (found.rule,)
        for call in found.calls:
            if call.family not in rules and call.family not in lacking:
                self._rules(call.family, call.samples, (*callers, name), rules, lacking)
        return found
