"""How an algorithm for every size is verified: on its own, at sizes that no search has seen.

The oracle is gone: the algorithm calls itself down to its bases. At every valid size up to
4,096 it runs in doubles on random vectors, and at every one up to 64 its program is proved in
exact numbers. What is not linear is proved on all pairs of unit vectors, which decide a
bilinear function, at small sizes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.accuracy import EXACT, relative_error
from dsl.cost import count_code
from dsl.cyclotomic import TooLargeError
from dsl.display import sizes_text
from dsl.errors import UsageError
from dsl.grammars.factor.from_code import program_from_code
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.direct_rows import rows_of
from dsl.grammars.recursive.rule import MULTIPLY, Rule
from dsl.registry import brief
from dsl.targets import make_target
from dsl.vectors.fields import DOUBLES, EXACTS
from evosynth.growth import Growth, growth_of
from evosynth.runs import AlgorithmClaims, counts_of
from fitness.proof import prove

LARGEST_CHECKED, LARGEST_PROVED, LARGEST_PAIRS = 4096, 64, 16
# Sizes at which operations are counted to see how they grow; the second where sizes are many.
LARGEST_COUNTED, LARGEST_OF_MANY, MANY = 8192, 1024, 8
# Random vectors at each size, and outputs that are compared at sizes above the second.
VECTORS, ALL_OUTPUTS, SOME_OUTPUTS = 8, 512, 64
SEED = 0
# Letters of an error that are told.
LONGEST = 160
# How a proof says in which field it is.
FIELD = re.compile(r"proved in Q(?:\(zeta_(\d+)\))?")
# Calls of calls after which the points of all of them must not grow any more; what a rule
# calls doubles in a fraction of them if it does. Growth by a half in the second half is some.
MOST_CALLS, STEADY = 1024, 1.5
# Numbers that may be computed for one vector, and to replay a proof: files hold anything.
# A step takes the time of so many numbers at least.
MOST_WORK, MOST_REPLAYED = 1 << 24, 1 << 18


@dataclass(frozen=True, slots=True)
class SizeCheck:
    """What came out at one size, on random vectors in doubles.

    Attributes:
        n: The size.
        error: Largest relative error of an output over all vectors; infinite if one is not
            finite.
        outputs: How many outputs were compared with the transform; 0 if none was, because
            its matrix takes long to build at that size, or the algorithm long to run.
    """

    n: int
    error: float
    outputs: int

    @property
    def limit(self) -> float:
        """The error that rounding may cause: it grows with the size."""
        return EXACT * max(1.0, self.n / 64)

    @property
    def is_right(self) -> bool:
        """The outputs are those of the transform to rounding error."""
        return self.error <= self.limit


@dataclass(frozen=True, slots=True)
class SizeProof:
    """What was proved at one size.

    Attributes:
        n: The size.
        verdict: "proved in Q(zeta_N)" or the like; "" if it is not the transform.
        summary: The verdict, or what stands against it, for people.
        is_base: No rule does it: the matrix itself multiplies, which is trivially right.
        operations: Of the code that was proved; 0 where there is none.
    """

    n: int
    verdict: str
    summary: str
    is_base: bool = False
    operations: int = 0


@dataclass(frozen=True)
class AlgorithmVerification:
    """What is true of an algorithm.

    Attributes:
        algorithm: The algorithm.
        checks: In doubles, at every size up to 4,096 that it can do.
        proofs: In exact numbers, at every size up to 64 that it can do.
        growth: How operations grow with the size; None if it can do too few sizes to tell.
        claimed: What a file says of it; None if nothing does.
    """

    algorithm: Algorithm
    checks: tuple[SizeCheck, ...]
    proofs: tuple[SizeProof, ...]
    growth: Growth | None
    claimed: AlgorithmClaims | None = None

    @property
    def subject(self) -> str:
        """What it was compared with."""
        family = self.algorithm.family
        return f"{family.title} ({family.convention}), {family.domain} data"

    @cached_property
    def found(self) -> AlgorithmClaims:
        """What may be claimed of the algorithm."""
        text = self.growth.text if self.growth else ""
        counts = counts_of(self.algorithm)
        return AlgorithmClaims(counts, self.verified_up_to, self.proved_up_to, text)

    @cached_property
    def problems(self) -> list[str]:
        """What is wrong, one line for each size; empty if nothing is."""
        wrong = [
            f"n = {check.n:,}: relative error {check.error:.1e}, expected at most {check.limit:.0e}"
            for check in self.checks
            if check.outputs and not check.is_right
        ]
        wrong += [f"n = {proof.n:,}: {proof.summary}" for proof in self.proofs if not proof.verdict]
        if not self.verified_up_to:
            wrong.append("there is no size at which it was compared")
        return wrong + self._miscounts() + self._false_claims()

    def _miscounts(self) -> list[str]:
        counted = [(p, self.algorithm.operations(p.n).operations) for p in self.proofs]
        return [
            f"n = {proof.n:,}: {count:,} operations are counted, the code has {proof.operations:,}"
            for proof, count in counted
            if count < proof.operations
        ]

    def _false_claims(self) -> list[str]:
        if self.claimed is None:
            return []
        claimed, found = self.claimed, self.found
        lines = [
            f"operations at n = {n:,}: the file claims {claimed.operations.get(n)}, "
            f"the algorithm has {found.operations.get(n)}"
            for n in sorted({*claimed.operations, *found.operations})
            if claimed.operations.get(n) != found.operations.get(n)
        ]
        if claimed.growth not in ("", found.growth):
            told = f"the file claims {brief(claimed.growth)}, operations grow as {found.growth}"
            lines.append(f"growth: {told}")
        lines += [
            f"{name.replace('_', ' ')}: the file claims {getattr(claimed, name)}, "
            f"it is {getattr(found, name)}"
            for name in ("verified_up_to", "proved_up_to")
            if getattr(claimed, name) > getattr(found, name)
        ]
        return lines

    @property
    def is_verified(self) -> bool:
        """It is the transform at every size that was looked at."""
        return not self.problems

    @property
    def error(self) -> float:
        """The largest relative error at any size."""
        return max((check.error for check in self.checks if check.outputs), default=math.inf)

    @property
    def verified_up_to(self) -> int:
        """The largest size up to which every one was right in doubles; 0 if none was."""
        return _up_to([(c.n, c.outputs > 0 and c.is_right) for c in self.checks])

    @property
    def proved_up_to(self) -> int:
        """The largest size up to which every one was proved; 0 if none but bases was."""
        if not any(proof.verdict and not proof.is_base for proof in self.proofs):
            return 0
        return _up_to([(proof.n, bool(proof.verdict)) for proof in self.proofs])

    @property
    def checked_text(self) -> str:
        """What was compared in doubles, in one line."""
        checked = [check for check in self.checks if check.outputs]
        missed = [check.n for check in self.checks if not check.outputs]
        left = f"; NOT compared at n = {sizes_text(missed)}: it takes too long" if missed else ""
        if not checked:
            return f"at no size{left}"
        some = [check.n for check in checked if check.outputs < check.n]
        parts = f"; {SOME_OUTPUTS} outputs of each from n = {some[0]:,} on" if some else ""
        return (
            f"at n = {sizes_text([check.n for check in checked])}, "
            f"{VECTORS} random vectors, relative error up to {self.error:.1e}{parts}{left}"
        )

    @property
    def proved_text(self) -> str:
        """What was proved, in one line."""
        proved = [proof for proof in self.proofs if proof.verdict and not proof.is_base]
        bases = [proof.n for proof in self.proofs if proof.is_base]
        tail = f" (the matrix itself multiplies at n = {sizes_text(bases)})" if bases else ""
        if not proved:
            return f"nothing was proved{tail}"
        how = _how([proof.verdict for proof in proved])
        return f"at n = {sizes_text([proof.n for proof in proved])}: {how}{tail}"


def _how(verdicts: list[str]) -> str:
    """Returns one verdict for several: of fields, the largest."""
    different = list(dict.fromkeys(verdicts))
    fields = [FIELD.fullmatch(verdict) for verdict in different]
    orders = [int(field[1] or 1) for field in fields if field]
    if len(different) == 1 or len(orders) < len(different):
        return "; ".join(different)
    return f"proved in fields up to Q(zeta_{max(orders)})"


def _up_to(sizes: list[tuple[int, bool]]) -> int:
    best = 0
    for n, is_right in sizes:
        if not is_right:
            break
        best = n
    return best


def verify_algorithm(
    algorithm: Algorithm,
    claimed: AlgorithmClaims | None = None,
    *,
    largest: int = LARGEST_CHECKED,
    largest_proved: int = LARGEST_PROVED,
) -> AlgorithmVerification:
    """Compares an algorithm with its transform at every size that it can do.

    Args:
        algorithm: The algorithm; it answers its own calls.
        claimed: What a file says of it.
        largest: The largest size that is run in doubles.
        largest_proved: The largest size that is proved; 16 if the transform is not linear.
    """
    sizes = [n for n in range(1, largest + 1) if algorithm.has_size(n)]
    checks = tuple(_checked(algorithm, n) for n in sizes)
    if algorithm.family.is_linear:
        proofs = [_proved(algorithm, n) for n in sizes if 2 <= n <= largest_proved]
    else:
        most = min(largest_proved, LARGEST_PAIRS)
        proofs = [_proved_by_pairs(algorithm, n) for n in sizes if n <= most]
    return AlgorithmVerification(
        algorithm, checks, tuple(proofs), growth_of_algorithm(algorithm), claimed
    )


def growth_of_algorithm(algorithm: Algorithm) -> Growth | None:
    """Returns how the operations of an algorithm grow with the size."""
    few = sum(algorithm.has_size(n) for n in range(1, 65)) <= MANY
    largest = LARGEST_COUNTED if few else LARGEST_OF_MANY
    sizes = [n for n in range(1, largest + 1) if algorithm.has_size(n)]
    counts = {n: algorithm.operations(n).operations for n in sizes}
    return growth_of(counts, is_quasilinear(algorithm, sizes))


def is_quasilinear(algorithm: Algorithm, sizes: Sequence[int]) -> bool:
    """Tells whether the rules that are used bound operations by a multiple of n lg n.

    A rule's own steps take a multiple of n, and calls get shorter. So it is enough that
    calls of calls, however deep, have no more than a fixed multiple of n points together.

    Args:
        algorithm: The algorithm.
        sizes: At which rules are used.
    """
    rules = _used(algorithm, sizes)
    points, halfway = dict.fromkeys(rules, 1.0), math.inf
    for depth in range(2 * MOST_CALLS):
        if depth == MOST_CALLS:
            halfway = max(points.values())
        points = {
            name: max((_called(rule, points) for rule in own), default=0.0)
            for name, own in rules.items()
        }
        if max(points.values()) > MOST_WORK:
            return False
    return max(points.values()) <= STEADY * halfway


def _called(rule: Rule, points: Mapping[str, float]) -> float:
    """Returns a number for each point of the transforms that a rule calls, added up."""
    return sum(float(ratio) * points[called] for called, ratio in rule.calls)


def _used(algorithm: Algorithm, sizes: Sequence[int]) -> dict[str, set[Rule]]:
    """Returns the rules that do some sizes, and those that do what they call."""
    reached = [(algorithm.name, n) for n in sizes]
    seen, rules = set(reached), dict[str, set[Rule]]()
    for name, n in reached:
        own, rule = rules.setdefault(name, set()), algorithm.rule(name, n)
        if rule is None:
            continue
        own.add(rule)
        called = {(call, int(n * ratio)) for call, ratio in rule.calls} - seen
        seen |= called
        reached += called
    return rules


def _checked(algorithm: Algorithm, n: int) -> SizeCheck:
    """Runs the algorithm on random vectors."""
    if algorithm.work(n) > MOST_WORK:
        return SizeCheck(n, math.nan, 0)
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(n,)))
    family = algorithm.family
    inputs = [_random(rng, int(n * ratio), family.domain == "complex") for ratio in family.inputs]
    rows = np.arange(n)
    if n > ALL_OUTPUTS and family.is_linear:
        rows = np.sort(rng.choice(n, SOME_OUTPUTS, replace=False))
    if family.is_linear:
        matrix = rows_of(family.name, n, rows)
        wanted = None if matrix is None else inputs[0] @ matrix.T
    else:
        wanted = family.truth(inputs, n, DOUBLES)
    if wanted is None:
        return SizeCheck(n, math.nan, 0)
    with np.errstate(all="ignore"):  # what is wrong may well overflow
        found = algorithm.execute(*inputs)[..., rows]
    return SizeCheck(n, relative_error(found.T, wanted.T), len(rows))


def _random(rng: np.random.Generator, length: int, is_complex: bool) -> npt.NDArray[Any]:
    real = rng.standard_normal((VECTORS, length))
    return real + 1j * rng.standard_normal((VECTORS, length)) if is_complex else real


def is_bilinear(rule: Rule) -> bool:
    """Tells whether a rule with two inputs is linear in each, as its steps show."""
    degrees = [(1, 0), (0, 1)]
    for step in rule.steps:
        found = [degrees[operand] for operand in step.operands]
        if step.name == MULTIPLY:
            degrees.append((found[0][0] + found[1][0], found[0][1] + found[1][1]))
        else:
            # A sum of different degrees is of none that could be right.
            degrees.append(found[0] if len(set(found)) == 1 else (-1 << 20, 0))
    return degrees[rule.output] == (1, 1)


def _proved(algorithm: Algorithm, n: int) -> SizeProof:
    if algorithm.work(n) > MOST_REPLAYED:
        return SizeProof(n, "", "not proved: too large to replay")
    is_base = algorithm.rule(algorithm.name, n) is None
    try:
        code = algorithm.lower(n)
        proof = prove(
            program_from_code(code, f"{algorithm.name}{n}"), make_target(algorithm.name, n)
        )
    except (ArithmeticError, TooLargeError, UsageError) as error:
        return SizeProof(n, "", f"not proved: {brief(str(error), LONGEST)}", is_base)
    return SizeProof(n, proof.verdict, proof.summary, is_base, count_code(code).operations)


def _proved_by_pairs(algorithm: Algorithm, n: int) -> SizeProof:
    """Multiplies every pair of unit vectors in exact numbers."""
    rule = algorithm.rule(algorithm.name, n)
    if rule is None or not is_bilinear(rule):
        return SizeProof(n, "", "not proved: its products are not of one input by the other")
    if algorithm.work(n) > MOST_REPLAYED:
        return SizeProof(n, "", "not proved: too large to replay")
    half = n // 2
    units = np.full((half, half), EXACTS.zero, object)
    units[np.arange(half), np.arange(half)] = EXACTS.number(1)
    pairs = [np.repeat(units, half, axis=0), np.tile(units, (half, 1))]
    try:
        found = algorithm.execute_in(EXACTS, n, pairs)
        wanted = algorithm.family.truth(pairs, n, EXACTS)
    except (ArithmeticError, TooLargeError, UsageError) as error:
        return SizeProof(n, "", f"not proved: {brief(str(error), LONGEST)}")
    if bool(np.all(found == wanted)):
        return SizeProof(n, *2 * ("proved on all pairs of unit vectors",))
    return SizeProof(n, "", "not proved: it computes something else")
