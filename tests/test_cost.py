"""The operation-count rule, against hand counts and an independent counter."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from random_programs import (
    DFT8_GENES,
    DFT16_GENES,
    TARGET_SAMPLES,
    codes,
    decoded_program,
    programs,
    sample_programs,
    target_name,
)

from dsl import cost
from dsl.cost import (
    AXIS,
    DIAGONAL,
    DIAGONAL_UNIT,
    GENERAL,
    ONE_COMPONENT,
    UNIT,
    Count,
    addition_count,
    class_prices,
    constant_class,
    count_code,
    dense_count,
    scale_count,
    total,
)
from dsl.program import Program
from dsl.real_code import to_real
from dsl.straightline import Code, Operation, Ref
from dsl.targets import make_target

# constant, class, (additions, multiplications) of a complex value times it, by hand
TABLE = [
    (1, UNIT, (0, 0)),
    (-1, UNIT, (0, 0)),
    (1j, UNIT, (0, 0)),
    (-1j, UNIT, (0, 0)),
    (2, AXIS, (0, 2)),
    (0.5j, AXIS, (0, 2)),
    (-0.7, AXIS, (0, 2)),
    (1 + 1j, DIAGONAL_UNIT, (2, 0)),
    (0.5 - 0.5j, DIAGONAL, (2, 2)),
    (-3 - 3j, DIAGONAL, (2, 2)),
    (1 + 0.3j, ONE_COMPONENT, (2, 2)),
    (2 - 1j, ONE_COMPONENT, (2, 2)),
    (0.3 + 0.7j, GENERAL, (2, 4)),
    (-3 + 2j, GENERAL, (2, 4)),
]


@pytest.mark.parametrize(("constant", "kind", "price"), TABLE)
def test_price_of_each_kind_of_constant(
    constant: complex, kind: int, price: tuple[int, int]
) -> None:
    z = complex(constant)
    assert constant_class(z.real, z.imag) == kind
    assert scale_count(z, is_complex=True) == Count(*price)


@pytest.mark.parametrize(("constant", "price"), [(1, 0), (-1, 0), (2, 1), (0.5, 1), (-0.3, 1)])
def test_price_on_real_data(constant: float, price: int) -> None:
    assert scale_count(constant, is_complex=False) == Count(0, price)


def test_additions() -> None:
    assert addition_count(is_complex=False) == Count(1, 0)
    assert addition_count(is_complex=True) == Count(2, 0)


@pytest.mark.parametrize("relative", [1e-13, -1e-13])
@pytest.mark.parametrize(("constant", "kind", "price"), TABLE)
def test_rounding_errors_do_not_change_the_class(
    constant: complex, kind: int, price: tuple[int, int], relative: float
) -> None:
    z = complex(constant)
    assert constant_class(z.real * (1 + relative), z.imag + relative * abs(z)) == kind


parts = st.one_of(st.sampled_from([0.0, 1.0, 2.0, 0.3]), st.floats(-5, 5))


@given(parts, parts)
def test_free_factors_do_not_change_the_class(re: float, im: float) -> None:
    kinds = {constant_class(*pair) for pair in ((re, im), (-im, re), (-re, -im), (im, -re))}
    assert len(kinds) == 1
    assert constant_class(re, -im) in kinds


@given(parts, parts)
def test_no_product_is_cheaper_than_its_operations(re: float, im: float) -> None:
    """A product as written: two products of parts each way, less what is 0, 1 or shared."""
    assume(max(abs(re), abs(im)) > 1e-3)
    assume(all(x == y or abs(x - y) > 1e-6 for x, y in product((re, im), (0, 1, -1, re, -re, im))))
    operations = scale_count(complex(re, im), is_complex=True).operations
    written = 2 * sum(abs(x) not in (0, 1) for x in (re, im)) + 2 * (re != 0 and im != 0)
    assert operations == min(written, 4 if abs(re) == abs(im) else written)


def test_prices_by_class() -> None:
    assert class_prices(is_complex=True).tolist() == [0, 2, 2, 4, 4, 6]
    assert class_prices(is_complex=False)[[UNIT, AXIS]].tolist() == [0, 1]
    assert len({UNIT, AXIS, DIAGONAL_UNIT, DIAGONAL, ONE_COMPONENT, GENERAL}) == 6
    assert len(cost.COMPLEX_PRICE) == 6


def test_counts_add() -> None:
    assert total([Count(1, 2), Count(3, 4)]) == Count(4, 6)
    assert total([]) == Count()
    assert Count(3, 4).operations == 7


DENSE = [
    ("dft", 5, 136),
    ("dft", 7, 300),
    ("dft", 8, 176),
    ("dft", 9, 504),
    ("dft", 16, 1120),
    ("wht", 8, 56),
    ("dct2", 8, 8 * 7 + 8 * 8),
    ("dct2", 3, (2 + 1 + 2) + (3 + 2 + 1)),  # rows 2 2 2 | r 0 -r | 1 -2 1
]


@pytest.mark.parametrize(("name", "n", "operations"), DENSE)
def test_dense_counts(name: str, n: int, operations: int) -> None:
    target = make_target(name, n)
    assert dense_count(target.matrix, target.domain == "complex").operations == operations


def test_dense_count_of_parts() -> None:
    matrix = np.array([[1.0, -1, 0], [0, 0, 0], [0, 2, 1e-14]])
    assert dense_count(matrix, is_complex=False) == Count(1, 1)
    assert dense_count(matrix, is_complex=True) == Count(2, 2)
    assert dense_count(np.zeros((2, 2)), is_complex=False) == Count()


# Code


def count_by_hand(code: Code) -> tuple[int, int]:
    """Counts real code by its own rule: every sum, and every product but by 1 and -1."""
    assert code.domain == "real"
    sums = [op for op in code.operations if op.kind == "add"]
    products = [op for op in code.operations if op.kind == "scale" and op.constant not in (1, -1)]
    return len(sums), len(products)


def assert_counted_as_it_runs(program: Program) -> None:
    additions, multiplications = count_by_hand(program.code)
    assert program.count == Count(additions, multiplications)
    assert all(ref.value >= 0 for op in program.code.operations for ref in op.operands)


@pytest.mark.parametrize(
    "position", range(len(TARGET_SAMPLES)), ids=map(target_name, TARGET_SAMPLES)
)
def test_programs_of_genomes_cost_what_their_real_code_does(position: int) -> None:
    for program in sample_programs(position):
        assert_counted_as_it_runs(program)


@given(programs())
def test_any_program_costs_what_its_real_code_does(program: Program) -> None:
    assert_counted_as_it_runs(program)


@given(codes())
def test_complex_code_costs_what_its_real_code_does(code: Code) -> None:
    real = to_real(code)
    assert count_code(code).operations == count_code(real).operations == sum(count_by_hand(real))
    assert count_code(code) == count_code(real)


def test_known_programs() -> None:
    eight = decoded_program(make_target("dft", 8), DFT8_GENES)
    sixteen = decoded_program(make_target("dft", 16), DFT16_GENES)
    assert count_by_hand(eight.code) == (52, 4)
    assert count_by_hand(sixteen.code) == (144, 24)
    assert sixteen.count.operations == 168


def test_negation_and_turns_are_free() -> None:
    turns = tuple(Ref(0, unit) for unit in range(4))
    assert count_code(Code("complex", 1, (), turns)) == Count()
    negated = Operation("scale", Ref(0), constant=-1)
    assert count_code(Code("real", 1, (negated,), (Ref(1, 2),))) == Count()
