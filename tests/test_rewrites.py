"""Rewrites keep what rules compute, apply somewhere, and do what their names say."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.families import family
from dsl.grammars.recursive.rule import CALL, Rule, Step
from dsl.grammars.recursive.rule_values import check_sizes, is_correct, transformed, values_at
from dsl.rewrites import REWRITES, Rewrite, Setting
from dsl.rewrites.merge import normal_form
from dsl.vectors import VECTORS
from dsl.vectors.fields import DOUBLES, PRIME, RESIDUES

APPLICATIONS = 200


def rule(*steps: tuple[object, ...], inputs: tuple[Fraction, ...] = (Fraction(1),)) -> Rule:
    """A rule whose last step is the result: each is (name, operands, parameters or family)."""
    made = []
    for name, operands, *rest in steps:
        more = {"family": rest[0]} if name == CALL else {"parameters": rest[0] if rest else ()}
        made.append(Step(name, operands, **more))  # type: ignore[arg-type]
    return Rule(tuple(made), len(made) + len(inputs) - 1, inputs)


RADIX2 = rule(
    ("take", (0,), (2, 0)),
    ("take", (0,), (2, 1)),
    ("call", (1,), "dft"),
    ("call", (2,), "dft"),
    ("twiddle", (4,), (-1, 0, 0)),
    ("add", (3, 5)),
    ("subtract", (3, 5)),
    ("concatenate", (6, 7), (2,)),
)
# Decimation in frequency: factors and sums before the calls.
FREQUENCY = rule(
    ("part", (0,), (2, 0)),
    ("part", (0,), (2, 1)),
    ("add", (1, 2)),
    ("subtract", (1, 2)),
    ("twiddle", (4,), (-1, 0, 0)),
    ("call", (3,), "dft"),
    ("call", (5,), "dft"),
    ("interleave", (6, 7), (2,)),
)
SPLIT_RADIX = rule(
    ("take", (0,), (2, 0)),
    ("take", (0,), (4, 1)),
    ("take", (0,), (4, 3)),
    ("call", (1,), "dft"),
    ("call", (2,), "dft"),
    ("call", (3,), "dft"),
    ("twiddle", (5,), (-1, 0, 0)),
    ("twiddle", (6,), (-3, 0, 0)),
    ("add", (7, 8)),
    ("subtract", (7, 8)),
    ("times_minus_i", (10,)),
    ("concatenate", (9, 11), (2,)),
    ("add", (4, 12)),
    ("subtract", (4, 12)),
    ("concatenate", (13, 14), (2,)),
)
WALSH = rule(
    ("part", (0,), (2, 0)),
    ("part", (0,), (2, 1)),
    ("add", (1, 2)),
    ("subtract", (1, 2)),
    ("call", (3,), "wht"),
    ("call", (4,), "wht"),
    ("concatenate", (5, 6), (2,)),
)
# A DCT-II of the sums of both halves, a DCT-IV of the differences.
COSINE = rule(
    ("part", (0,), (2, 0)),
    ("part", (0,), (2, 1)),
    ("reverse", (2,)),
    ("add", (1, 3)),
    ("subtract", (1, 3)),
    ("call", (4,), "dct2"),
    ("call", (5,), "dct4"),
    ("interleave", (6, 7), (2,)),
)
# DCT-IV by a DCT-II of equal length of what is divided by 2 cosines.
COSINE_FOUR = rule(
    ("half_secant", (0,), (Fraction(1, 4), Fraction(1, 8), 0)),
    ("call", (1,), "dct2"),
    ("advance", (2,)),
    ("add", (2, 3)),
)
THIRDS = rule(
    ("take", (0,), (3, 0)),
    ("take", (0,), (3, 1)),
    ("take", (0,), (3, 2)),
    ("call", (1,), "dft"),
    ("call", (2,), "dft"),
    ("call", (3,), "dft"),
    ("twiddle", (5,), (-1, 0, 0)),
    ("twiddle", (6,), (-2, 0, 0)),
    ("twiddle", (7,), (0, 0, Fraction(-1, 3))),
    ("twiddle", (8,), (0, 0, Fraction(-2, 3))),
    ("twiddle", (7,), (0, 0, Fraction(-2, 3))),
    ("twiddle", (8,), (0, 0, Fraction(-4, 3))),
    ("add", (7, 8)),
    ("add", (9, 10)),
    ("add", (11, 12)),
    ("add", (4, 13)),
    ("add", (4, 14)),
    ("add", (4, 15)),
    ("concatenate", (16, 17, 18), (3,)),
)
INVERSE = rule(
    ("mirror", (0,)),
    ("call", (1,), "dft"),
    ("over_n", (2,)),
)
RULES = {
    "radix2": (RADIX2, "dft"),
    "frequency": (FREQUENCY, "dft"),
    "split": (SPLIT_RADIX, "dft"),
    "walsh": (WALSH, "wht"),
    "cosine": (COSINE, "dct2"),
    "cosine four": (COSINE_FOUR, "dct4"),
    "thirds": (THIRDS, "dft"),
    "inverse": (INVERSE, "idft"),
}
KEEPING = [rewrite for rewrite in REWRITES if rewrite.keeps_meaning]
BLIND = [rewrite for rewrite in REWRITES if not rewrite.keeps_meaning]
OTHERS = {"dft": RADIX2, "dct2": COSINE, "dct4": COSINE_FOUR}
each_keeping = pytest.mark.parametrize("rewrite", KEEPING, ids=lambda r: r.name)
each_rule = pytest.mark.parametrize("name", RULES)


def setting(name: str) -> Setting:
    others = {called: body for called, body in OTHERS.items() if called != RULES[name][1]}
    return Setting(RULES[name][1], others)


@cache
def walk(name: str, seed: int, length: int) -> list[tuple[Rule, Rewrite, Rule]]:
    """Returns what random rewrites that keep the meaning make of a rule, one after another."""
    rng = np.random.default_rng(seed)
    current = RULES[name][0]
    found = []
    for _ in range(length):
        rewrite = KEEPING[int(rng.integers(len(KEEPING)))]
        changed = rewrite.apply(current, setting(name), rng)
        if changed is not None:
            found.append((current, rewrite, changed))
            if len(changed.steps) <= 40 and changed.divisor <= 8:
                current = changed
    return found


# What rules compute


@each_rule
def test_rules_of_these_tests_are_correct(name: str) -> None:
    assert is_correct(*RULES[name])


@pytest.mark.parametrize("place", range(len(SPLIT_RADIX.steps)))
def test_a_wrong_rule_is_not_correct(place: int) -> None:
    steps = list(SPLIT_RADIX.steps)
    step = steps[place]
    wrong = {
        "add": Step("subtract", step.operands),
        "subtract": Step("add", step.operands),
        "times_minus_i": Step("negate", step.operands),
        "concatenate": Step("interleave", step.operands, step.parameters),
        "call": Step("reverse", step.operands),
    }
    if step.name == "take":
        radix, offset = step.parameters
        wrong["take"] = Step("take", step.operands, (radix, (offset + 1) % radix))
    if step.name == "twiddle":
        slope, offset, turn = step.parameters
        wrong["twiddle"] = Step("twiddle", step.operands, (slope, offset + 1, turn))
    steps[place] = wrong[step.name]
    assert not is_correct(Rule(tuple(steps), SPLIT_RADIX.output), "dft")


def test_sizes_that_are_looked_at() -> None:
    assert check_sizes(RADIX2) == check_sizes(SPLIT_RADIX) == (4, 8, 16)
    assert check_sizes(THIRDS) == (9, 27, 81)


@pytest.mark.parametrize("name", ["dft", "dct2", "dct4", "wht"])
def test_calls_are_answered_by_the_transform(name: str) -> None:
    data = np.random.default_rng(0).integers(0, PRIME, 16)
    assert np.array_equal(transformed(name, data), family(name).truth([data], 16, RESIDUES))


@each_rule
def test_values_are_those_of_the_primitives(name: str) -> None:
    made, _ = RULES[name]
    n = check_sizes(made)[1]
    values = values_at(made, n)
    for position, step in enumerate(made.steps):
        operands = [values[k] for k in step.operands]
        if step.name == CALL:
            wanted = family(step.family).truth(operands, len(operands[0]), RESIDUES)
        else:
            wanted = VECTORS.get(step.name).apply(operands, step.parameters, n, RESIDUES)
        assert np.array_equal(values[made.value(position)], wanted)


def test_a_radix_without_roots_of_unity_is_refused() -> None:
    fifths = [("take", (0,), (5, k)) for k in range(5)]
    joined = rule(*fifths, ("interleave", tuple(range(1, 6)), (5,)))
    with pytest.raises(ValueError, match="order 5 or 7"):
        is_correct(joined, "dft")


# Meaning


@each_keeping
def test_meaning_is_kept(rewrite: Rewrite) -> None:
    """Applied 200 times, to what other rewrites have made of rules."""
    rng = np.random.default_rng(1)
    seen = [(before, name) for name in RULES for before, _, _ in walk(name, 2, 60)]
    seen += [(made, name) for name, (made, _) in RULES.items()] * 5
    checked: set[Rule] = set()
    for _ in range(APPLICATIONS):
        before, name = seen[int(rng.integers(len(seen)))]
        after = rewrite.apply(before, setting(name), rng)
        if after is not None and after not in checked:
            checked.add(after)
            assert after != before
            assert all(after.used[len(after.inputs) :])
            assert is_correct(after, RULES[name][1]), (rewrite.name, before, after)
    assert len(checked) > 10


@pytest.mark.parametrize("name", ["radix2", "frequency", "split", "walsh", "thirds"])
def test_meaning_is_kept_in_doubles(name: str) -> None:
    made, computed = RULES[name]
    rng = np.random.default_rng(0)
    kept = [after for _, _, after in walk(name, 3, 120) if after.divisor <= 27][::8]
    assert len(kept) > 2
    for after in kept:
        n = made.divisor**2 * after.divisor
        data = rng.standard_normal((2, n))
        wanted = family(computed).truth([data], n, DOUBLES)
        found = Algorithm(computed, {computed: (after,)}).execute(data)
        assert np.allclose(found, wanted, atol=1e-11 * n)


@pytest.mark.parametrize("rewrite", list(REWRITES), ids=lambda r: r.name)
def test_applies_somewhere(rewrite: Rewrite) -> None:
    rng = np.random.default_rng(5)
    befores = [(before, name) for name in RULES for before, _, _ in walk(name, 4, 60)]
    applied = [rewrite.apply(before, setting(name), rng) for before, name in befores]
    assert sum(after is not None for after in applied) > 20


@pytest.mark.parametrize("rewrite", BLIND, ids=lambda r: r.name)
def test_blind_changes_mostly_break_a_rule(rewrite: Rewrite) -> None:
    rng = np.random.default_rng(6)
    made = [rewrite.apply(SPLIT_RADIX, Setting("dft"), rng) for _ in range(100)]
    changed = [after for after in made if after is not None]
    assert len(changed) > 30
    assert sum(not is_correct(after, "dft") for after in changed) > len(changed) / 2


@pytest.mark.parametrize("rewrite", list(REWRITES), ids=lambda r: r.name)
def test_the_generator_alone_decides(rewrite: Rewrite) -> None:
    def results() -> list[Rule | None]:
        rng = np.random.default_rng(7)
        return [rewrite.apply(SPLIT_RADIX, Setting("dft"), rng) for _ in range(10)]

    assert results() == results()


# What single ones do


def only(name: str, made: Rule, computed: str = "dft", **others: Rule) -> Rule:
    after = REWRITES.get(name).apply(made, Setting(computed, others), np.random.default_rng(0))
    assert after is not None
    return after


def test_inline_scales_diagonals_and_lengths() -> None:
    after = only("inline", INVERSE, "idft", dft=RADIX2)
    assert [step.family for step in after.steps if step.name == CALL] == ["dft", "dft"]
    twice = only("inline", RADIX2)
    slopes = sorted(step.parameters[0] for step in twice.steps if step.name == "twiddle")
    assert slopes == [-2, -1]
    assert sorted(ratio for _, ratio in twice.calls) == [
        Fraction(1, 4),
        Fraction(1, 4),
        Fraction(1, 2),
    ]
    assert twice.divisor == 4


def test_inline_of_a_transform_that_divides_by_its_size() -> None:
    calling = rule(("take", (0,), (2, 0)), ("call", (1,), "idft"), ("interleave", (2, 2), (2,)))
    after = only("inline", calling, "dft", idft=INVERSE)
    assert [step.name for step in after.steps].count("over_n") == 1
    wanted = values_at(calling, 8)[calling.output]
    assert np.array_equal(values_at(after, 8)[after.output], wanted)


def test_inline_needs_a_rule() -> None:
    rng = np.random.default_rng(0)
    assert REWRITES.get("inline").apply(INVERSE, Setting("idft"), rng) is None


@pytest.mark.parametrize(
    ("move", "join"),
    [
        (("take", (2, 1)), ("interleave", 2)),
        (("take", (4, 3)), ("interleave", 2)),
        (("take", (2, 1)), ("interleave", 4)),
        (("take", (2, 1)), ("concatenate", 3)),
        (("part", (2, 1)), ("concatenate", 2)),
        (("part", (4, 2)), ("concatenate", 2)),
        (("part", (2, 1)), ("concatenate", 4)),
        (("part", (3, 2)), ("interleave", 2)),
        (("reverse", ()), ("concatenate", 3)),
        (("reverse", ()), ("interleave", 2)),
        (("mirror", ()), ("interleave", 3)),
        (("rotate", ()), ("interleave", 2)),
    ],
)
@pytest.mark.parametrize("is_factor", [False, True])
def test_push_and_distribute_keep_each_element(
    move: tuple[str, tuple[int, ...]], join: tuple[str, int], is_factor: bool
) -> None:
    """Every pair of a step that takes and one that joins, with different operands."""
    (name, parameters), (joined, pieces) = move, join
    takes = [Step("take", (0,), (pieces, k)) for k in range(pieces)]
    whole = Step(joined, tuple(range(1, pieces + 1)), (pieces,))
    steps = [*takes, whole]
    if is_factor:
        steps.append(Step("twiddle", (len(steps),), (5, Fraction(1, 2), Fraction(1, 5))))
    moved = Step(name, (len(steps),), parameters)
    steps.append(moved)
    radix = int(parameters[0]) if parameters else 1
    if radix > 1:
        back = "concatenate" if name == "part" else "interleave"
        steps.append(Step(back, (len(steps),) * radix, (radix,)))
    made = Rule(tuple(steps), len(steps))
    rng = np.random.default_rng(0)
    n = made.divisor * 12
    wanted = doubles_of(made, n)
    after: Rule | None = made
    for rewrite in ("push", "push", "distribute", "merge"):
        changed = REWRITES.get(rewrite).apply(after, Setting("dft"), rng)
        after = changed or after
        assert np.allclose(doubles_of(after, n), wanted)
    assert after != made


def doubles_of(made: Rule, n: int) -> np.ndarray:
    values: list[np.ndarray] = [np.random.default_rng(1).standard_normal(n) + 0j]
    for step in made.steps:
        operands = [values[k] for k in step.operands]
        values.append(VECTORS.get(step.name).apply(operands, step.parameters, n, DOUBLES))
    return values[made.output]


def test_normal_form_drops_what_does_nothing() -> None:
    idle = rule(
        ("negate", (0,)),
        ("times_minus_i", (1,)),
        ("twiddle", (2,), (-1, 0, Fraction(1, 4))),
        ("twiddle", (3,), (1, 0, Fraction(1, 2))),
        ("part", (4,), (2, 0)),
        ("part", (4,), (2, 1)),
        ("concatenate", (5, 6), (2,)),
        ("reverse", (7,)),
        ("reverse", (8,)),
        ("scale", (9,), (-2,)),
        ("scale", (10,), (Fraction(1, 2),)),
    )
    # (-1) (-i) i^3 (-1) = -i i^3 = -1
    assert normal_form(idle).steps == (Step("negate", (0,)),)


@each_rule
def test_normal_form_is_one(name: str) -> None:
    for _, _, after in walk(name, 8, 40):
        normal = normal_form(after)
        assert normal_form(normal) == normal


def test_distribute_and_factor_out_are_opposites() -> None:
    made = rule(
        ("rotate", (0,)),
        ("call", (0,), "dft"),
        ("call", (1,), "dft"),
        ("add", (2, 3)),
        ("twiddle", (4,), (1, 0, 0)),
    )
    distributed = only("distribute", made)
    assert [step.name for step in distributed.steps].count("twiddle") == 2
    assert normal_form(only("factor_out", distributed)) == normal_form(made)


def test_factors_of_pieces_are_one_factor_of_the_whole() -> None:
    """Also where a part of the angle has become a power of i."""
    made = rule(
        ("take", (0,), (2, 0)),
        ("take", (0,), (2, 1)),
        ("call", (1,), "dft"),
        ("call", (2,), "dft"),
        ("concatenate", (3, 4), (2,)),
        ("twiddle", (5,), (Fraction(-1, 2), 0, 0)),
    )
    pieces = normal_form(only("distribute", made))
    assert [step.name for step in pieces.steps].count("twiddle") == 2
    assert "times_minus_i" in [step.name for step in pieces.steps]
    assert normal_form(only("factor_out", pieces)) == normal_form(made)
