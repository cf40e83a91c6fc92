"""Finding rules: the kernel means what the primitives mean, its prices are those of hand cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from dsl.grammars.recursive.families import family
from dsl.grammars.recursive.rule import CALL, MULTIPLY, Rule, Step
from dsl.grammars.recursive.rule_values import is_correct
from dsl.grammars.recursive.vocabulary import Operation, rule_of
from dsl.vectors import VECTORS
from dsl.vectors.fields import PRIME, RESIDUES
from evosynth.engine.recursive import finding_kernel
from evosynth.engine.recursive.finding import (
    FindingIsland,
    FindingOptions,
    Subject,
    advance,
    start_island,
)
from fitness.evaluators.recursive_kernel import FAR, Scratch, Tables, evaluate, run, scratch
from fitness.evaluators.recursive_tables import level_ratios, search_sizes, tables

CAPACITY = 24
DFT, DHT, WHT = Subject("dft", 2), Subject("dht", 2), Subject("wht", 2)
DFT3 = Subject("dft", 3)
DCT2, DCT4 = Subject("dct2", 2, ("dct4",)), Subject("dct4", 2, ("dct2",), ("dct2",))
POLYMUL = Subject("polymul", 2, ("dft", "idft"), ("dft", "idft"))
SUBJECTS = {"dft": DFT, "dht": DHT, "dct2": DCT2, "dct4": DCT4, "dft3": DFT3, "polymul": POLYMUL}
HALF = Fraction(1, 2)


@dataclass
class Bench:
    """Tables and memory of a subject at one size and at the one where it is checked."""

    subject: Subject
    operations: Sequence[Operation]
    here: Tables
    there: Tables
    memory: Scratch
    larger: Scratch

    @property
    def inputs(self) -> int:
        return len(family(self.subject.family).inputs)

    def genome(self, *steps: Step) -> tuple[Any, int]:
        """Returns a genome of steps: (capacity, fields), and their number."""
        widest = max(operation.arity for operation in self.operations)
        genome = np.zeros((CAPACITY, 1 + widest), np.int64)
        for row, step in zip(genome, steps, strict=False):
            named = [(o.name, o.parameters, o.family) for o in self.operations]
            row[0] = named.index((step.name, step.parameters, step.family))
            row[1 : 1 + len(step.operands)] = step.operands
        return genome, len(steps)

    def score(self, *steps: Step, terms: int = 2, is_graded: bool = True) -> tuple[float, int, int]:
        genome, length = self.genome(*steps)
        found: tuple[float, int, int] = evaluate(
            genome, length, self.here, self.there, self.memory, self.larger, terms, is_graded
        )
        return found

    def hints(self) -> set[tuple[str, tuple[Fraction, ...], tuple[int, ...]]]:
        """Returns the steps that the last evaluation proposed."""
        rows = self.memory.hints[1 : 1 + self.memory.hints[0, 0]].tolist()
        chosen = [(self.operations[row[0]], row) for row in rows]
        return {(o.name, o.parameters, tuple(row[1 : 1 + o.arity])) for o, row in chosen}


def bench(
    subject: Subject, sizes: tuple[int, int] | None = None, more: Sequence[Operation] = ()
) -> Bench:
    operations = [*subject.operations, *more]
    small, large = sizes or search_sizes(subject.radix)
    ratios = level_ratios(subject.radix)
    here, there = (
        tables(subject.family, operations, n, ratios, np.random.default_rng(n))
        for n in (small, large)
    )
    inputs = len(family(subject.family).inputs)
    memories = (scratch(CAPACITY, inputs, n) for n in (small, large))
    return Bench(subject, operations, here, there, *memories)


def call(operand: int, name: str) -> Step:
    return Step(CALL, (operand,), (), name)


EVENS, ODDS = Step("take", (0,), (2, 0)), Step("take", (0,), (2, 1))
LOW, HIGH = Step("part", (0,), (2, 0)), Step("part", (0,), (2, 1))
TURN = Step("twiddle", (4,), (-1, 0, 0))
ADD, SUBTRACT, JOIN = Step("add", (3, 5)), Step("subtract", (3, 5)), (2,)
HALVES = (EVENS, ODDS, call(1, "dft"), call(2, "dft"))
SUMS = (*HALVES, TURN, ADD, SUBTRACT)
RADIX2 = (*SUMS, Step("concatenate", (6, 7), JOIN))


# Values


def stepped(step: Step, operands: list[Any], n: int) -> Any:
    """Returns what a step computes, from its declaration."""
    if step.name == CALL:
        return family(step.family).truth(operands, operands[0].shape[-1], RESIDUES)
    if step.name == MULTIPLY:
        return RESIDUES.product(*operands)
    return VECTORS.get(step.name).apply(operands, step.parameters, n, RESIDUES)


@pytest.mark.parametrize("name", SUBJECTS)
@pytest.mark.parametrize("place", [0, 1])
def test_values_of_random_genomes_are_those_of_the_primitives(name: str, place: int) -> None:
    made = bench(SUBJECTS[name])
    rng = np.random.default_rng(place)
    t, memory = ((made.here, made.memory), (made.there, made.larger))[place]
    n = t.target.shape[1]
    seen: set[str] = set()
    for _ in range(60):
        genome, _ = made.genome()
        length = int(rng.integers(1, CAPACITY + 1))
        # Any numbers are a genome: what does not fit is mended.
        genome[:length] = rng.integers(0, 1000, (length, genome.shape[1]))
        left = run(genome, length, t, t.inputs, t.matrices, memory.values, memory.levels)
        assert 0 <= left <= length
        assert not genome[left:].any()
        values = [t.inputs[k][:, : t.lengths[t.input_levels[k]]].copy() for k in range(made.inputs)]
        for position in range(left):
            operation = made.operations[genome[position, 0]]
            operands = tuple(genome[position, 1 : 1 + operation.arity].tolist())
            assert all(0 <= k < made.inputs + position for k in operands)
            step = Step(operation.name, operands, operation.parameters, operation.family)
            values.append(stepped(step, [values[k] for k in operands], n))
            number = made.inputs + position
            wanted = memory.values[number, :, : t.lengths[memory.levels[number]]]
            assert np.array_equal(values[-1], wanted), step
            seen.add(step.name)
        kept = {(value.shape, value.tobytes()) for value in values}
        assert len(kept) == len(values), "a value is there twice"
        # What was mended once needs no more mending.
        again = genome.copy()
        assert run(again, left, t, t.inputs, t.matrices, memory.values, memory.levels) == left
        assert np.array_equal(again, genome)
    assert len(seen) >= min(9, len({operation.name for operation in made.operations}))


@pytest.mark.parametrize("name", SUBJECTS)
def test_genomes_are_rules(name: str) -> None:
    """Any value of full length is the result of a rule that checks itself."""
    made = bench(SUBJECTS[name])
    rng = np.random.default_rng(5)
    inputs = family(made.subject.family).inputs
    for _ in range(30):
        genome, _ = made.genome()
        genome[:12] = rng.integers(0, 1000, (12, genome.shape[1]))
        t, memory = made.here, made.memory
        left = run(genome, 12, t, t.inputs, t.matrices, memory.values, memory.levels)
        for value in np.flatnonzero(memory.levels[: made.inputs + left] == 0).tolist():
            rule = rule_of(genome[:left], value, made.operations, inputs)
            assert rule == rule.cleaned()
            assert rule.inputs == inputs


def test_rule_of_a_genome_by_hand() -> None:
    made = bench(DFT)
    genome, length = made.genome(*RADIX2, Step("reverse", (8,)))
    assert rule_of(genome[:length], 8, made.operations, (Fraction(1),)) == Rule(RADIX2, 8)
    assert rule_of(genome[:length], 0, made.operations, (Fraction(1),)) == Rule((), 0)


def test_repeated_values_are_dropped_and_operands_renumbered() -> None:
    made = bench(DFT)
    twice = Step("reverse", (0,)), Step("reverse", (1,)), Step("take", (2,), (2, 0))
    genome, length = made.genome(*twice, Step("reverse", (3,)))
    t, memory = made.here, made.memory
    assert run(genome, length, t, t.inputs, t.matrices, memory.values, memory.levels) == 3
    wanted, _ = made.genome(Step("reverse", (0,)), EVENS, Step("reverse", (2,)))
    assert np.array_equal(genome, wanted)


def test_operands_of_the_wrong_length_are_mended() -> None:
    """The sum of the whole and a half becomes one of the half and itself, or of the whole."""
    made = bench(DFT)
    genome, length = made.genome(EVENS, Step("add", (1, 0)))
    t, memory = made.here, made.memory
    assert run(genome, length, t, t.inputs, t.matrices, memory.values, memory.levels) == 2
    assert genome[1, 1:3].tolist() == [1, 1]


# Fitness


def test_fitness_of_radix_two_step_by_step() -> None:
    made = bench(DFT)
    n = 8
    assert made.score() == (n + n * FAR, 0, 0)
    # A sum of two terms costs 3, and half a unit for each factor that is no power of i:
    # those of rows 0, 2, 4, 6 are.
    assert made.score(*HALVES)[0] == n + 4 * 3 + 4 * 3.5
    assert made.score(*HALVES, TURN)[0] == n + n * 3
    assert made.score(*SUMS[:-1])[0] == n + 4 * 3
    assert made.score(*SUMS)[0] == n
    half = Step("concatenate", (6, 6), JOIN)
    assert made.score(*SUMS, half)[0] == n / 2
    assert made.score(*RADIX2) == (0.0, 8, 8)


def test_what_is_held_is_held_up_to_powers_of_i() -> None:
    made = bench(DFT)
    for turn in (Step("times_minus_i", (6,)), Step("negate", (6,)), Step("reverse", (6,))):
        assert made.score(*SUMS[:-1], turn)[0] == 8 + 4 * 3
    swapped = Step("concatenate", (7, 6), JOIN)
    assert made.score(*SUMS, swapped)[0] == 8  # all are held, none in its place


def test_fitness_without_grades() -> None:
    made = bench(DFT)
    assert made.score(*HALVES, is_graded=False)[0] == 8 + 8 * FAR
    assert made.score(*SUMS[:-1], is_graded=False)[0] == 8 + 4 * FAR
    assert made.score(*RADIX2, is_graded=False)[0] == 0


def test_fitness_of_three_terms() -> None:
    """H[r] = E[r] + cos O[r] + sin O[-r]: two terms where the sine or the cosine is 0."""
    made = bench(DHT, (16, 32))
    halves = (EVENS, ODDS, call(1, "dht"), call(2, "dht"))
    assert made.score(*halves)[0] == 16 + 4 * 3 + 12 * FAR
    # Two of three terms lack a factor; each term is in two of three pairs.
    assert made.score(*halves, terms=3)[0] == pytest.approx(16 + 4 * 3 + 12 * (6 + 4 / 6))
    cosine = Step("cosine", (4,), (1, 0, 0))
    found = made.score(*halves, cosine, terms=3)[0]
    assert found < 16 + 4 * 3 + 12 * (6 + 4 / 6)


def test_right_at_one_size_is_not_enough() -> None:
    """A factor that is 1 for 8 points and -1 for 16."""
    trap = Operation("twiddle", (Fraction(-1), Fraction(8), Fraction(0)))
    made = bench(DFT, more=[trap])
    steps = [*RADIX2]
    steps[4] = replace(TURN, parameters=trap.parameters)
    assert not is_correct(Rule(tuple(steps), 8), "dft")
    fitness, length, result = made.score(*steps)
    assert (fitness, length, result) == (1.0 + 16, 8, 8)  # no row is right at 16
    assert made.score(*RADIX2)[0] == 0.0


@pytest.mark.parametrize("name", SUBJECTS)
def test_no_genome_at_random_is_complete_but_those_that_are_correct(name: str) -> None:
    made = bench(SUBJECTS[name])
    rng = np.random.default_rng(11)
    inputs = family(made.subject.family).inputs
    for _ in range(50):
        genome, _ = made.genome()
        genome[:15] = rng.integers(0, 1000, (15, genome.shape[1]))
        arguments = made.here, made.there, made.memory, made.larger, 2, True
        fitness, left, result = evaluate(genome, 15, *arguments)
        if result < 0:  # nothing has full length
            assert fitness > 0
            continue
        rule = rule_of(genome[:left], result, made.operations, inputs)
        assert (fitness == 0) is is_correct(rule, made.subject.family)


def test_changes_of_a_complete_genome_are_complete_only_if_correct() -> None:
    made = bench(DFT)
    rng = np.random.default_rng(2)
    found = []
    for _ in range(150):
        genome, length = made.genome(*RADIX2)
        row, column = rng.integers(8), rng.integers(genome.shape[1])
        genome[row, column] = rng.integers(len(made.operations) if column == 0 else 1 + row)
        arguments = made.here, made.there, made.memory, made.larger, 2, True
        fitness, left, result = evaluate(genome, length, *arguments)
        rule = rule_of(genome[:left], result, made.operations, (Fraction(1),))
        assert (fitness == 0) is is_correct(rule, "dft")
        found.append(fitness == 0)
    assert 5 < sum(found) < 145


def test_products_of_values_are_seen_through_a_call() -> None:
    """The product of the spectra is the spectrum of the target: a call away from it."""
    made = bench(POLYMUL)
    pads = Step("pad", (0,)), Step("pad", (1,))
    spectra = (*pads, call(2, "dft"), call(3, "dft"))
    product = (*spectra, Step(MULTIPLY, (4, 5)))
    before, after = made.score(*spectra)[0], made.score(*product)[0]
    assert after == 4  # half a unit for each element
    assert before > after
    assert made.score(*product, call(6, "idft"))[0] == 0


# Proposals


def test_proposals_lead_from_the_calls_to_radix_two() -> None:
    made = bench(DFT)
    steps = [*HALVES]
    assert made.score(*steps)[0] == 34
    twiddle = ("twiddle", (-1, 0, 0), (4,))
    assert twiddle in made.hints()
    steps.append(TURN)
    assert made.score(*steps)[0] == 32
    assert {("add", (), (3, 5)), ("subtract", (), (3, 5))} <= made.hints()
    made.score(*RADIX2)
    assert made.hints() == set()


def test_steps_that_are_proposed_do_not_make_it_worse() -> None:
    made = bench(DFT)
    before = made.score(*HALVES)[0]
    hints = made.hints()
    assert hints
    for name, parameters, operands in hints:
        assert made.score(*HALVES, Step(name, operands, parameters))[0] <= before


# Breeding


def test_insertion_and_deletion_keep_what_other_steps_mean() -> None:
    made = bench(DFT)
    rng = np.random.default_rng(0)
    for _ in range(100):
        genome, length = made.genome(*RADIX2)
        longer = finding_kernel._insert(genome, length, 1, made.here.odds, rng)
        assert longer == length + 1
        assert evaluate(genome, longer, made.here, made.there, made.memory, made.larger, 2, True)[
            0
        ] in (0.0, *range(1, 9))  # the new step may be of full length as well
        unused = finding_kernel._unused(genome, longer, 1, rng)
        finding_kernel._delete(genome, unused, longer, 1)
    for position in range(9):
        genome, length = made.genome(*RADIX2)
        for place in range(length, position, -1):
            row = genome[place - 1].copy()
            row[1:] += row[1:] >= 1 + position
            genome[place] = row
        genome[position, :] = 0
        assert finding_kernel._delete(genome, position, length + 1, 1) == length
        rule = rule_of(genome[:length], 8, made.operations, (Fraction(1),))
        assert rule == Rule(RADIX2, 8)


def test_a_piece_that_is_appended_keeps_its_meaning() -> None:
    """A whole genome behind another one is still complete."""
    made = bench(DFT)
    rng = np.random.default_rng(1)
    mate, mate_length = made.genome(*RADIX2)
    complete = 0
    for _ in range(400):
        genome, length = made.genome(Step("reverse", (0,)), Step("mirror", (1,)))
        longer = finding_kernel._append(genome, length, mate, mate_length, 1, rng)
        assert length < longer <= length + mate_length
        arguments = made.here, made.there, made.memory, made.larger, 2, True
        complete += evaluate(genome, longer, *arguments)[0] == 0
    assert complete >= 1  # about one in 64 pieces is the whole


def test_a_proposal_in_a_full_genome_keeps_its_operands() -> None:
    """The step that gives way to it may come before its operands."""
    made = bench(DFT)
    steps = (Step("mirror", (0,)), EVENS, ODDS, call(2, "dft"), call(3, "dft"))
    wanted = Step("twiddle", (4,), (-1, 0, 0))  # of value 5 before the first step is gone
    genome, length = made.genome(*steps)
    hints = np.zeros((13, 3), np.int64)
    twiddle, _ = made.genome(wanted)
    hints[0, 0] = 1
    hints[1] = [twiddle[0, 0], 5, 0]
    for seed in range(20):
        full = genome[:length].copy()
        left = finding_kernel._take_hint(full, length, hints, 1, np.random.default_rng(seed))
        assert left == length
        if full[0, 0] == genome[1, 0]:  # the mirrored value gave way
            assert full[-1, 1] == 4
            return
    pytest.fail("no step was chosen")


# Islands


SMALL = FindingOptions(population=60)


def state_of(island: FindingIsland) -> list[Any]:
    values = (getattr(island, field.name) for field in fields(island))
    return [x.tobytes() if isinstance(x, np.ndarray) else x for x in values]


@pytest.mark.parametrize("options", [SMALL, SMALL.widened(), replace(SMALL, is_blind=True)])
def test_advance_is_a_function_of_its_arguments(options: FindingOptions) -> None:
    rng = np.random.default_rng(0)
    first, made, rule = advance(start_island(DHT, options), DHT, options, 500, rng)
    assert (made, rule) == (500, None)
    before = state_of(first)
    runs = [advance(first, DHT, options, 300, np.random.default_rng(1)) for _ in range(2)]
    assert state_of(first) == before
    assert state_of(runs[0][0]) == state_of(runs[1][0])
    assert runs[0][1:] == runs[1][1:]
    other, _, _ = advance(first, DHT, options, 300, np.random.default_rng(2))
    assert state_of(other) != state_of(runs[0][0])
    assert other.spent == 800


def test_fitness_of_an_island_is_that_of_its_genomes() -> None:
    island, _, _ = advance(start_island(DFT, SMALL), DFT, SMALL, 800, np.random.default_rng(3))
    made = bench(DFT)
    assert island.filled == 60
    assert island.best == island.fitness.min()
    for k in range(island.filled):
        genome = np.zeros((CAPACITY, island.genomes.shape[2]), np.int64)
        genome[: island.lengths[k]] = island.genomes[k, : island.lengths[k]]
        arguments = made.here, made.there, made.memory, made.larger, 2, True
        found = evaluate(genome, island.lengths[k], *arguments)
        assert found[:2] == (island.fitness[k], island.lengths[k])


def test_an_island_without_members() -> None:
    island = start_island(DFT, SMALL)
    assert (island.filled, island.best) == (0, np.inf)
    same, made, rule = advance(island, DFT, SMALL, 0, np.random.default_rng(0))
    assert (made, rule, same.filled) == (0, None, 0)


@pytest.mark.parametrize("subject", [WHT, DFT], ids=lambda subject: subject.family)
def test_a_rule_is_found(subject: Subject) -> None:
    options = FindingOptions(population=300)
    island, spent = start_island(subject, options), 0
    for epoch in range(40):
        rng = np.random.default_rng([1, epoch])
        island, made, rule = advance(island, subject, options, 10_000, rng)
        spent += made
        if rule is not None:
            break
    assert rule is not None
    assert is_correct(rule, subject.family)
    assert any(ratio < 1 for _, ratio in rule.calls)
    assert (island.filled, island.spent) == (0, 0)  # it begins anew
    assert 0 < made <= 10_000


def test_an_island_that_finds_nothing_begins_anew() -> None:
    island, _, _ = advance(start_island(DHT, SMALL), DHT, SMALL, 100, np.random.default_rng(0))
    limit = SMALL.restart
    for spent, expected in ((limit - 1, limit + 9), (limit, 10), (limit + 5, 10)):
        old = replace(island, spent=spent)
        after, made, _ = advance(old, DHT, SMALL, 10, np.random.default_rng(1))
        assert (after.spent, made) == (expected, 10)
        assert after.filled == (60 if expected > limit else 10)


def test_size_can_be_weighed() -> None:
    options = replace(SMALL, size_weight=0.25)
    rng = np.random.default_rng(3)
    island, _, _ = advance(start_island(DHT, options), DHT, options, 60, rng)
    plain, _, _ = advance(start_island(DHT, SMALL), DHT, SMALL, 60, np.random.default_rng(3))
    assert np.array_equal(island.lengths, plain.lengths)
    np.testing.assert_allclose(island.fitness, plain.fitness + 0.25 * plain.lengths)


def test_residues_fit_the_tables() -> None:
    for subject in SUBJECTS.values():
        made = bench(subject)
        for t in (made.here, made.there):
            assert 0 <= t.target.min() <= t.target.max() < PRIME
            assert 0 <= t.factors.min() <= t.factors.max() < PRIME
            assert t.places.max() < t.target.shape[1]
            assert t.odds[-1] == pytest.approx(1)
