"""The programs that approximations start from: exact ones on their whole way from the matrix.

A program whose remainder is still dense has more constants to drop and to round than the
cheapest exact one, and leads to other approximations.
"""

from __future__ import annotations

from collections.abc import Iterator

from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import Decoding, PartialDecoding
from dsl.grammars.factor.from_code import program_from_code
from dsl.program import Program
from dsl.simplify import simplify
from dsl.targets.base import Target
from evosynth.engine.approximate.lifting import lifted
from evosynth.engine.archive import Archive
from evosynth.refinement.flow import flow_of

# More programs are not looked at closely enough; larger ones take long.
MOST_BASES = 24
MOST_OPERATIONS = 2_000


def bases(archive: Archive, target: Target) -> list[Program]:
    """Returns simplified programs of a target, the cheapest first, then by turns of all ways to it.

    Each has its rotations as they are, or in lifting steps; no two are alike.
    """
    ways = [list(_way(solution.decoding, target)) for solution in archive.hall]
    found: dict[object, Program] = {}
    if archive.best is not None:
        _add(found, archive.best)
    for position in range(max(map(len, ways), default=0)):
        for way in ways:
            if position < len(way) and len(found) < MOST_BASES:
                _add(found, way[position])
    return list(found.values())


def _way(decoding: Decoding, target: Target) -> Iterator[Program]:
    """Yields the programs of all prefixes of a decoding's steps, gene by gene, the whole first."""
    genes = list(dict.fromkeys(step.gene for step in decoding.steps))
    for k in reversed(range(len(genes) + 1)):
        kept = set(genes[:k])
        working = PartialDecoding.start(target.matrix, target.domain == "complex")
        for step in decoding.steps:
            if step.gene in kept:
                working.apply(step)
        yield build_program(working.result(k), target.domain, target.identifier)


def _add(found: dict[object, Program], program: Program) -> None:
    """Adds a program and the same in lifting steps, unless they are there or too large."""
    code = program.lower()
    if found and len(code.operations) > MOST_OPERATIONS:
        return
    code = simplify(code)
    for variant in (code, lifted(flow_of(code))):
        if variant is not None:
            written = program_from_code(variant, program.name)
            found.setdefault((written.instructions, written.outputs), written)
