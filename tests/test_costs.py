"""Costs: what each counts, and that prices add up."""

from __future__ import annotations

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_programs import codes

from dsl.cost import count_code
from dsl.costs import COSTS, FLOPS, FMA, MULTIPLICATIONS, SHIFT_ADD, Cost, Tally, make_cost
from dsl.errors import UsageError
from dsl.number_forms import expand
from dsl.real_code import to_real
from dsl.straightline import Code, CodeWriter, Operation, Ref

ALL = pytest.mark.parametrize("cost", COSTS, ids=lambda cost: cost.name)
real_codes = codes().map(to_real)
ROOT = math.sqrt(0.5)


def rotation() -> Code:
    """Returns a rotation's code: 4 products, 2 additions."""
    writer = CodeWriter("real", 2)
    x, y = Ref(0), Ref(1)
    c, s = 0.8, 0.6
    out = [
        writer.add(writer.scale(c, x), writer.scale(s, y)),
        writer.add(writer.scale(c, y), writer.scale(-s, x)),
    ]
    return writer.finish(out)


def butterfly(*outputs: int) -> Code:
    """Returns x + c y and x - c y, and c y itself if it is asked for."""
    writer = CodeWriter("real", 2)
    product = writer.scale(ROOT, Ref(1))
    sums = [writer.add(Ref(0), product), writer.add(Ref(0), product.times(2))]
    return writer.finish([*sums, *[product][: len(outputs)]])


def test_every_rule_of_a_rotation() -> None:
    code = rotation()
    assert FLOPS.of_code(code) == Tally(6, 2, 4)
    assert MULTIPLICATIONS.of_code(code) == Tally(4, 2, 4)
    assert FMA.of_code(code) == Tally(4, 2, 2, fused=2)
    assert SHIFT_ADD.of_code(code).shifts == 0


@given(real_codes)
def test_flops_are_the_operations(code: Code) -> None:
    count = count_code(code)
    assert FLOPS.of_code(code) == Tally(count.operations, count.additions, count.multiplications)


def test_a_product_is_fused_into_all_additions_that_read_it_or_none() -> None:
    assert FMA.of_code(butterfly()) == Tally(2, 2, 0, fused=2)
    assert FMA.of_code(butterfly(1)) == Tally(3, 2, 1)  # an output reads it too


def test_an_addition_does_one_product() -> None:
    writer = CodeWriter("real", 1)
    twice = writer.scale(0.3, Ref(0))
    code = writer.finish([writer.add(twice, twice)])
    assert FMA.of_code(code).cost == 2
    products = CodeWriter("real", 2)
    total = products.add(products.scale(0.3, Ref(0)), products.scale(0.7, Ref(1)))
    assert FMA.of_code(products.finish([total])) == Tally(2, 1, 1, fused=1)


def test_products_of_products_are_not_fused() -> None:
    writer = CodeWriter("real", 1)
    code = writer.finish([writer.scale(0.3, writer.scale(0.7, Ref(0)))])
    assert FMA.of_code(code) == Tally(2, 0, 2)


def test_shifts_are_free_and_counted_apart() -> None:
    writer = CodeWriter("real", 2)
    half = writer.scale(0.5, Ref(0))
    code = writer.finish([writer.add(half, writer.scale(-4, Ref(1)))])
    assert SHIFT_ADD.of_code(code) == Tally(1, 1, 0, shifts=2)
    assert FLOPS.of_code(code).cost == 3


def test_constants_cost_their_digits_less_one() -> None:
    assert SHIFT_ADD.price(0.625) == 1
    assert SHIFT_ADD.price(7) == 1
    assert SHIFT_ADD.price(-0.40625) == 2
    # at 8 bits it is 181 / 256 = 1 - 1/4 - 1/16 + 1/64 + 1/256
    assert make_cost("shift-add", 8).price(ROOT) == 4
    prices = [make_cost("shift-add", bits).price(ROOT) for bits in (4, 8, 16, 32)]
    assert prices == sorted(prices)
    assert prices[0] < prices[-1]


@given(real_codes, st.sampled_from([4, 8, 16]))
def test_code_costs_what_is_exported_when_it_is_expanded(code: Code, bits: int) -> None:
    cost = make_cost("shift-add", bits)
    assert cost.of_code(expand(code, bits)) == cost.of_code(code)


@ALL
@pytest.mark.parametrize("is_complex", [False, True])
def test_units_are_free(cost: Cost, is_complex: bool) -> None:
    units = (1, -1, 1j, -1j) if is_complex else (1, -1)
    assert [cost.price(unit, is_complex=is_complex) for unit in units] == [0] * len(units)


@ALL
@given(codes())
def test_prices_bound_the_cost_of_code(cost: Cost, code: Code) -> None:
    is_complex = code.domain == "complex"
    bound = sum(
        cost.addition_price(is_complex=is_complex)
        if operation.kind == "add"
        else cost.price(operation.constant, is_complex=is_complex)
        for operation in code.operations
    )
    found = cost.of_code(to_real(code)).cost
    assert found <= bound
    if cost in (FLOPS, MULTIPLICATIONS):
        assert found == bound


@ALL
def test_costs_travel_to_worker_processes(cost: Cost) -> None:
    copy = pickle.loads(pickle.dumps(cost))
    assert copy.of_code(rotation()) == cost.of_code(rotation())


@ALL
def test_only_flops_count_formulas_and_complex_code(cost: Cost) -> None:
    formula = Code("real", 1, (Operation("apply", Ref(0), function="sin"),), (Ref(1),))
    if cost is FLOPS:
        assert cost.of_code(formula) == Tally(10, functions=10)
        return
    with pytest.raises(ValueError, match="counts real linear code, got formulas"):
        cost.of_code(formula)
    with pytest.raises(ValueError, match="got complex code"):
        cost.of_code(Code("complex", 1, (), (Ref(0),)))


def test_additions_decide_between_equals() -> None:
    tallies = [Tally(3, 5), Tally(3, 4, shifts=2), Tally(2, 9), Tally(3, 4)]
    assert sorted(tallies, key=lambda tally: tally.rank) == [
        tallies[2], tallies[3], tallies[1], tallies[0],
    ]  # fmt: skip


def test_costs_are_made_by_name() -> None:
    assert make_cost("flops") is FLOPS
    assert make_cost("shift-add", 12).word_length == 12
    assert make_cost("shift-add").word_length == 16
    with pytest.raises(UsageError, match="unknown cost 'flop'"):
        make_cost("flop")


@pytest.mark.parametrize("bits", [1, 0, -3, 53, 1.5, True, "16"])
def test_word_lengths_are_checked(bits: object) -> None:
    with pytest.raises(UsageError, match="expected a word length from 2 to 52"):
        make_cost("shift-add", bits)  # type: ignore[arg-type]


def test_word_lengths_are_of_shift_add_alone() -> None:
    with pytest.raises(UsageError, match="cost 'fma' takes no word length") as caught:
        make_cost("fma", 16)
    assert "shift-add" in caught.value.hint


@pytest.mark.parametrize(
    ("cost", "label"),
    [
        (make_cost("flops", None), "operations (flops)"),
        (make_cost("multiplications", None), "multiplications"),
        (make_cost("shift-add", 8), "additions (shift-add, constants of 8 bits)"),
    ],
)
def test_labels_say_nothing_twice(cost: Cost, label: str) -> None:
    assert cost.label == label
