"""Simplification: each rule by example, then that any code keeps its matrix and gets no dearer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from random_programs import (
    TARGET_SAMPLES,
    assert_same_matrix,
    codes,
    programs,
    sample_programs,
    target_name,
)

from dsl.cost import count_code
from dsl.program import Program
from dsl.real_code import to_real
from dsl.simplify import drop_unused, move_products, share_equal_values, simplify
from dsl.straightline import UNITS, ZERO, Code, Domain, Operation, Ref

X, Y, Z = Ref(0), Ref(1), Ref(2)


def add(left: Ref, right: Ref) -> Operation:
    return Operation("add", left, right)


def scale(constant: complex, value: Ref) -> Operation:
    return Operation("scale", value, constant=complex(constant))


def code(*operations: Operation, outputs: tuple[Ref, ...] = (), domain: Domain = "complex") -> Code:
    """Returns code on two inputs; the last value is the output unless others are given."""
    last = Ref(2 + len(operations) - 1)
    return Code(domain, 2, operations, outputs or (last,))


def operations(code: Code) -> int:
    return count_code(code).operations


# Rules by example: values 0 and 1 are inputs a and b, 2 the first result.
RULES = {
    "c (d a)": (code(scale(3, X), scale(0.5, Z)), 2),
    "c (d a) = a": (code(scale(2, X), scale(0.5, Z)), 0),
    "i (c a)": (code(scale(3, X), scale(1j, Z)), 2),
    "(1 + i) (1 - i) a": (code(scale(1 + 1j, X), scale(1 - 1j, Z)), 2),
    "chain of four": (
        code(scale(3, X), scale(0.7, Ref(2)), scale(5, Ref(3)), scale(0.2, Ref(4))),
        2,
    ),
    "c a + c b": (code(scale(3, X), scale(3, Y), add(Z, Ref(3))), 4),
    "c a - c b": (code(scale(3, X), scale(3, Y), add(Z, Ref(3, 2))), 4),
    "c a + i c b": (code(scale(3, X), scale(3j, Y), add(Z, Ref(3))), 4),
    "c a + c (i b)": (code(scale(3, X), scale(3, Ref(1, 1)), add(Z, Ref(3, 1))), 4),
    "c a + d a": (code(scale(3, X), scale(0.5, X), add(Z, Ref(3))), 2),
    "c a - i d a": (code(scale(3, X), scale(0.5, X), add(Z, Ref(3, 3))), 6),
    "c a - c a": (code(scale(3, X), scale(3, X), add(Z, Ref(3, 2))), 0),
    "a + b - b": (code(add(X, Y), add(Z, Ref(1, 2))), 0),
    "a + a - a": (code(add(X, X), add(Z, Ref(0, 2))), 0),
    "a + b twice": (
        code(add(X, Y), add(Y, X), scale(3, Ref(3)), outputs=(Ref(2), Ref(4))),
        4,
    ),
    "a - b and b - a": (
        code(add(X, Ref(1, 2)), add(Y, Ref(0, 2)), outputs=(Ref(2), Ref(3))),
        2,
    ),
    "a + i b and b - i a": (
        code(add(X, Ref(1, 1)), add(Y, Ref(0, 3)), outputs=(Ref(2), Ref(3))),
        2,
    ),
    "-(-a)": (code(scale(-1, X), scale(-1, Z)), 0),
    "i (i a) + a": (code(scale(1j, X), scale(1j, Z), add(X, Ref(3))), 0),
    "a + 0": (code(add(X, ZERO)), 0),
    "0 + a": (code(add(ZERO, Ref(0, 2))), 0),
    "0 a": (code(scale(0, X)), 0),
    "0 a + b": (code(scale(0, X), add(Z, Y)), 0),
    "unused": (code(add(X, Y), scale(0.5, Z), outputs=(X,)), 0),
    "unused chain": (code(add(X, Y), scale(0.5, Z), scale(7, Ref(3)), outputs=(Z,)), 2),
    "a (1 + i) + b (1 + i)": (code(scale(1 + 1j, X), scale(1 + 1j, Y), add(Z, Ref(3))), 4),
    "shared product stays": (
        code(scale(3, X), scale(0.5, Z), add(Z, Y), outputs=(Ref(3), Ref(4))),
        6,
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_rules(name: str) -> None:
    given_code, expected = RULES[name]
    better = simplify(given_code)
    assert_same_matrix(given_code, better)
    assert operations(better) == expected


REAL_RULES = {
    "c (d a)": (code(scale(3, X), scale(0.5, Z), domain="real"), 1),
    "c a + c b": (code(scale(3, X), scale(3, Y), add(Z, Ref(3)), domain="real"), 2),
    "c a - c b": (code(scale(3, X), scale(-3, Y), add(Z, Ref(3)), domain="real"), 2),
    "c a + d a": (code(scale(3, X), scale(0.5, X), add(Z, Ref(3, 2)), domain="real"), 1),
    "a - b and b - a": (
        code(add(X, Ref(1, 2)), add(Y, Ref(0, 2)), outputs=(Z, Ref(3)), domain="real"),
        1,
    ),
}


@pytest.mark.parametrize("name", REAL_RULES)
def test_rules_on_real_code(name: str) -> None:
    given_code, expected = REAL_RULES[name]
    better = simplify(given_code)
    assert_same_matrix(given_code, better)
    assert operations(better) == expected


def test_a_product_may_be_as_dear_as_its_factors() -> None:
    # a (1 + i) costs 2, 0.5 costs 2; their product costs 4 as well
    kept = simplify(code(scale(1 + 1j, X), scale(0.5, Z)))
    assert operations(kept) == 4
    assert_same_matrix(kept, code(scale(0.5 + 0.5j, X)))


def test_products_that_others_use_are_left_alone() -> None:
    # (3 + i/2) a would cost 6, the sum of 3 a and i/2 a that exist anyway only 2
    shared = code(scale(3, X), scale(0.5j, X), add(Z, Ref(3)), outputs=(Z, Ref(3), Ref(4)))
    assert operations(move_products(shared)) == operations(shared) == 6
    chain = code(scale(0.3 + 0.7j, X), scale(0.5, Z), outputs=(Z, Ref(3)))
    assert operations(move_products(chain)) == operations(chain) == 8


def test_unused_values_are_not_brought_back() -> None:
    """An unused value is no reason to compute an equal, cheaper value from it."""
    wasteful = Code(
        "complex",
        1,
        (
            scale(1 - 1j, Ref(0, 2)),
            add(Ref(1, 3), Ref(1)),  # (-1 - i) (1 - i) (-x) ... = 2 i x, unused
            scale(-2, Ref(0, 3)),  # the same from x alone
        ),
        (Ref(3),),
    )
    assert operations(drop_unused(wasteful)) == 2
    assert operations(simplify(wasteful)) == 2


# Any code


@settings(max_examples=200)
@given(codes())
def test_each_pass_keeps_the_matrix(code: Code) -> None:
    for improve in (share_equal_values, drop_unused, move_products):
        assert_same_matrix(code, improve(code))


@settings(max_examples=200)
@given(codes())
def test_simplified_code_is_no_dearer_and_stays_as_it_is(code: Code) -> None:
    better = simplify(code)
    assert_same_matrix(code, better)
    assert operations(better) <= operations(code)
    assert operations(simplify(better)) == operations(better)
    assert len(drop_unused(better).operations) == len(better.operations)


@given(codes())
def test_simplified_code_holds_no_value_twice(code: Code) -> None:
    better = simplify(code)
    forms = better.linear_forms()
    units = UNITS if code.domain == "complex" else (1, -1)
    for k, form in enumerate(forms):
        assert abs(form).max() > 0
        for unit in units:
            assert not any(abs(form - unit * other).max() <= 1e-12 for other in forms[:k])
    assert all(ref.value >= 0 for op in better.operations for ref in op.operands)


@given(codes())
def test_passes_never_cost_more_on_code_without_unused_values(code: Code) -> None:
    live = drop_unused(code)
    assert operations(share_equal_values(live)) <= operations(live)
    assert operations(drop_unused(move_products(live))) <= operations(live)


@given(codes())
def test_only_unused_operations_are_dropped(code: Code) -> None:
    kept = drop_unused(code)
    read = {ref.value for op in kept.operations for ref in op.operands}
    read |= {ref.value for ref in kept.outputs}
    assert set(range(kept.inputs, kept.inputs + len(kept.operations))) <= read
    assert kept == drop_unused(kept)


@given(programs())
def test_programs_get_no_dearer(program: Program) -> None:
    assert_program_gets_no_dearer(program)


@pytest.mark.parametrize(
    "position", range(len(TARGET_SAMPLES)), ids=map(target_name, TARGET_SAMPLES)
)
def test_programs_of_genomes_get_no_dearer(position: int) -> None:
    for program in sample_programs(position):
        assert_program_gets_no_dearer(program)


def assert_program_gets_no_dearer(program: Program) -> None:
    written = program.lower()
    assert_same_matrix(written, program.plain_code)
    assert_same_matrix(to_real(written), program.code)
    assert operations(program.code) <= operations(program.plain_code) <= operations(written)
