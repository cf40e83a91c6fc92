"""Rivals that learn a matrix: the contract, the counting, and what each is known to do."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from dsl.accuracy import EXACT
from dsl.cost import count_code, dense_count
from dsl.simplify import simplify
from dsl.straightline import Code, CodeWriter, Ref
from dsl.targets import Target, make_target
from gradient_baselines.base import Baseline, Budget, Fit
from gradient_baselines.counting import (
    Matrix,
    normalised,
    product_operations,
    tidied,
    without_unused,
)
from gradient_baselines.training import generator
from gradient_baselines.transforms import BASELINES
from gradient_baselines.transforms.butterfly import thinned
from gradient_baselines.transforms.butterfly_blocks import (
    BIT_REVERSAL,
    CHOICES,
    block_shapes,
    butterfly_matrices,
    dense_factor,
    permutation,
)
from gradient_baselines.transforms.butterfly_models import Form, forms, starts
from gradient_baselines.transforms.butterfly_recovery import train_butterflies
from gradient_baselines.transforms.factor_product import Task, multiplied, trained
from gradient_baselines.transforms.l1_sparse import train as train_l1
from gradient_baselines.transforms.near_fft import train as train_near_fft
from gradient_baselines.transforms.near_fft import true_factors
from gradient_baselines.transforms.phases import Clock
from gradient_baselines.transforms.polish import polished
from gradient_baselines.transforms.starts import near_identity, orthogonal

TRANSFORMS = [baseline for baseline in BASELINES if baseline.kind == "transform"]
each_baseline = pytest.mark.parametrize("baseline", TRANSFORMS, ids=lambda b: b.name)


def given(matrix: Matrix, domain: str = "real") -> Target:
    return Target("given", matrix.shape[1], matrix, domain)  # type: ignore[arg-type]


def named_targets() -> dict[str, Target]:
    rng = np.random.default_rng(0)
    return {
        "complex": make_target("dft", 4),
        "real": make_target("dct2", 4),
        "wide": given(rng.standard_normal((2, 4))),
        "tall": given(rng.standard_normal((5, 3))),
        "real input": make_target("dft", 4, "real"),
        "complex input": make_target("wht", 4, "complex"),
        "odd": make_target("dft", 3),
        "least": make_target("dft", 2),
    }


TARGETS = named_targets()


@each_baseline
@pytest.mark.parametrize("name", TARGETS)
def test_contract(baseline: Baseline, name: str) -> None:
    """Every rival works, or refuses with a reason; what it tells holds together."""
    target = TARGETS[name]
    if reason := baseline.why_not(target):
        assert len(reason) > 10
        return
    fit = baseline.fit(target, 0, Budget(steps=24))
    assert fit.models
    assert len({m.setting for m in fit.models}) == len(fit.models)
    for model in fit.models:
        assert model.error >= 0
        assert model.non_zeros >= 0
        assert model.parameters > 0
        assert model.operations >= 0
    assert fit.seconds > 0
    steps = [point.step for point in fit.losses]
    assert steps[0] == 0
    assert steps == sorted(steps)
    assert all(math.isfinite(point.loss) for point in fit.losses)


@each_baseline
def test_a_budget_of_steps_gives_the_same_bits(baseline: Baseline) -> None:
    target = make_target("dft", 4)

    def run(seed: int) -> tuple[object, ...]:
        fit = baseline.fit(target, seed, Budget(steps=12))
        return fit.models, tuple((p.step, p.loss) for p in fit.losses)

    assert run(3) == run(3)
    assert run(3) != run(4)


@each_baseline
def test_a_budget_of_steps_is_obeyed(baseline: Baseline) -> None:
    fit = baseline.fit(make_target("dft", 4), 0, Budget(steps=16))
    assert 0 < fit.losses[-1].step <= 16


@each_baseline
def test_scale_of_the_matrix_makes_no_difference(baseline: Baseline) -> None:
    """The same errors for a million times the matrix, but for what tidying may lose."""
    if baseline.name in ("network", "dense"):
        pytest.skip("it trains on the matrix as it is")
    matrix = make_target("wht", 4).matrix
    fits = [baseline.fit(given(s * matrix), 0, Budget(steps=20)) for s in (1.0, 1e6)]
    one, other = (np.array([m.error for m in fit.models]) for fit in fits)
    assert np.allclose(one, other, rtol=0.05, atol=0.06)  # entries near 1 are rounded to 1


@pytest.mark.slow
@each_baseline
@pytest.mark.parametrize("n", [4, 16, 64])
def test_a_budget_of_seconds_is_obeyed(baseline: Baseline, n: int) -> None:
    target = make_target("dft", n)
    started = time.perf_counter()
    fit = baseline.fit(target, 0, Budget(10.0))
    assert time.perf_counter() - started < 15.0  # 10 % over on a machine of one's own
    assert abs(fit.seconds - (time.perf_counter() - started)) < 1.0


# Counting.


def fft_factors(n: int) -> list[Matrix]:
    factors = true_factors(make_target("dft", n).matrix)
    assert factors is not None
    return factors


@pytest.mark.parametrize(("n", "operations"), [(2, 4), (4, 16), (8, 56), (16, 176), (32, 496)])
def test_operations_of_the_fft(n: int, operations: int) -> None:
    """Radix 2 takes 2 operations for each complex addition, 6, 4 or 0 for each twiddle."""
    assert product_operations(fft_factors(n), n > 2) == (operations if n > 2 else 2)


@pytest.mark.parametrize("n", [8, 16, 32])
def test_scaling_the_values_between_factors_is_free(n: int) -> None:
    rng = np.random.default_rng(1)
    target = make_target("dft", n)
    factors = fft_factors(n)
    for k in range(len(factors) - 1):
        scales = rng.standard_normal(n) + 1j * rng.standard_normal(n)
        factors[k], factors[k + 1] = factors[k] * scales, factors[k + 1] / scales[:, None]
    assert product_operations(factors, True) > 2 * product_operations(fft_factors(n), True)
    result = trained("", factors, target, 0)
    assert result.model.operations == product_operations(fft_factors(n), True)
    assert result.entries == 2 * n * int(math.log2(n))
    assert result.model.error < 1e-13


def written_out(factors: Sequence[Matrix], is_complex: bool) -> Code:
    """Returns straight-line code of a product: every entry on its own."""
    writer = CodeWriter("complex" if is_complex else "real", factors[-1].shape[1])
    values = [Ref(k) for k in range(factors[-1].shape[1])]
    for factor in reversed(factors):
        results = []
        for row in factor:
            terms = [writer.scale(row[k], values[k]) for k in np.flatnonzero(row)]
            total = terms[0] if terms else writer.zero
            for term in terms[1:]:
                total = writer.add(total, term)
            results.append(total)
        values = results
    return writer.finish(values)


def sparse_factors(seed: int, is_complex: bool) -> list[Matrix]:
    rng = np.random.default_rng(seed)
    choices = [0, 0, 1, -1, 0.5, 0.7] + ([1j, -1j, 0.6 + 0.8j, 1 + 1j] if is_complex else [])
    return [rng.choice(choices, (3, 3)) for _ in range(2)]


@pytest.mark.parametrize("is_complex", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_operations_are_those_of_code_with_shared_products(seed: int, is_complex: bool) -> None:
    """Never fewer than those of simplified code, never more than of code written out."""
    factors = without_unused(sparse_factors(seed, is_complex))
    code = written_out(factors, is_complex)
    counted = product_operations(factors, is_complex)
    assert np.allclose(code.matrix(), multiplied(factors))
    assert count_code(simplify(code)).operations <= counted <= count_code(code).operations


@pytest.mark.parametrize("n", [4, 8, 16])
def test_operations_of_the_fft_are_those_of_simplified_code(n: int) -> None:
    code = simplify(written_out(fft_factors(n), True))
    assert count_code(code).operations == product_operations(fft_factors(n), True)


def test_products_that_rows_share_count_once() -> None:
    shared = np.array([[1, 0.3], [1, -0.3], [2, 0.3]])
    assert product_operations([shared], False) == 3 + 1 + 1
    turned = np.array([[1, 0.6 + 0.8j], [1, -0.8 + 0.6j]])
    assert product_operations([turned], True) == 2 * 2 + 6


def test_rows_that_differ_in_signs_are_scaled_alike() -> None:
    """Whichever entry is larger by rounding: the product stays one that both rows share."""
    w = np.exp(0.3j)
    noisy = np.array([[1, w * (1 + 1e-15)], [1 + 1e-15, -w]])
    (_, scaled) = normalised([np.eye(2, dtype=complex), noisy])
    assert product_operations([scaled], True) == 2 * 2 + 6


def test_what_no_output_needs_counts_nothing() -> None:
    first, second = np.array([[1.0, 0.0]]), np.array([[1.0, 2.0], [3.0, 4.0]])
    assert product_operations(without_unused([first, second]), False) == 2
    blind = [np.array([[1.0, 5.0]]), np.array([[1.0, 2.0], [0.0, 0.0]])]
    assert product_operations(without_unused(blind), False) == 2


def test_noise_is_tidied_away_and_nothing_else() -> None:
    """Noise on what is zero goes; parts that are nearly equal become so."""
    rng = np.random.default_rng(0)
    target = make_target("dft", 8)
    exact = fft_factors(8)
    turned = [np.where(np.abs(f.real * f.imag) > 0.1, f * (1 + 1e-8j), f) for f in exact]
    noisy = [f + 1e-7 * rng.standard_normal(f.shape) * (f == 0) for f in turned]

    def error(factors: Sequence[Matrix]) -> float:
        return float(np.abs(multiplied(factors) - target.matrix).max())

    tidy = tidied(noisy, error)
    assert product_operations(noisy, True) > 500
    assert sum(np.count_nonzero(f) for f in tidy) == 48
    assert product_operations(tidy, True) == 56
    assert error(tidy) <= 1.05 * error(noisy)


# Butterflies.


def test_permutations() -> None:
    places = np.arange(8)
    assert permutation(BIT_REVERSAL, places).tolist() == [0, 4, 2, 6, 1, 5, 3, 7]
    assert permutation((0, 0, 0), places).tolist() == list(range(8))
    assert permutation((0, 1, 0), places).tolist() == [2, 3, 1, 0, 5, 4, 6, 7]
    assert len({tuple(permutation(c, places)) for c in CHOICES}) == 8
    assert all(sorted(permutation(c, places)) == list(range(8)) for c in CHOICES)


def test_products_of_blocks_are_those_of_dense_factors() -> None:
    source = generator(0)
    shapes = block_shapes(16)
    blocks = [torch.randn(3, *shape, generator=source, dtype=torch.complex128) for shape in shapes]
    matrices = butterfly_matrices(blocks)
    for k in range(3):
        factors = [dense_factor(block[k].numpy()) for block in reversed(blocks)]
        assert np.allclose(multiplied(factors), matrices[k].numpy())


@pytest.mark.parametrize(("name", "form"), [("dft", 0), ("dft", 1), ("dct2", 1), ("dct2", 2)])
def test_factors_of_butterflies_are_what_was_trained(name: str, form: int) -> None:
    """The loss of the blocks is the distance of the product of the dense factors."""
    target = make_target(name, 8)
    task = Task.of(target)
    models = starts(forms(task)[form], 1, (0.1, 0.2), generator(1))
    losses = models.losses(task)
    for index in range(0, len(losses), 7):
        product = multiplied(models.factors(task, index))
        distance = float((np.abs(product - target.matrix) ** 2).sum()) / task.scale**2
        assert distance == pytest.approx(float(losses[index]))


def test_butterflies_with_the_right_permutation_recover_the_dft() -> None:
    found = train_butterflies(make_target("dft", 8), 2, 0, Budget(steps=400))
    for recovery in found:
        if CHOICES[recovery.choice][0]:  # even and odd places apart
            assert recovery.steps is not None
            assert recovery.steps <= 400
        else:
            assert recovery.steps is None
            assert recovery.error > 0.1
    assert len(found) == 16


def test_chosen_permutations_alone_are_trained() -> None:
    right = CHOICES.index(BIT_REVERSAL)
    found = train_butterflies(make_target("dft", 4), 3, 0, Budget(steps=50), choices=[right])
    assert [recovery.choice for recovery in found] == [right] * 3


@pytest.mark.parametrize(("name", "n", "operations"), [("dft", 8, 56), ("wht", 8, 24)])
def test_butterfly_finds_the_fft(name: str, n: int, operations: int) -> None:
    fit = BASELINES.get("butterfly").fit(make_target(name, n), 0, Budget(steps=600))
    assert fit.best.error <= EXACT
    assert fit.best.operations == operations


def test_butterfly_needs_complex_entries_for_the_dct() -> None:
    fit = BASELINES.get("butterfly").fit(make_target("dct2", 4), 0, Budget(steps=1500))
    assert fit.models[0].error > 0.01
    assert fit.models[1].setting == "1 complex butterfly, real part"
    assert fit.best.error <= EXACT


# The others.


@pytest.mark.parametrize("start", [orthogonal, near_identity])
def test_polish_reaches_rounding_error(start: object) -> None:
    task = Task.of(make_target("dft", 8))
    parameters = start(task, 3, 2, generator(0))  # type: ignore[operator]
    before = [p.clone() for p in parameters]
    better = polished(parameters, task.losses, Budget(steps=300))
    assert bool((task.losses(better) < 1e-25).all())
    assert all(torch.equal(p, q) for p, q in zip(parameters, before, strict=True))


def test_polish_never_makes_worse() -> None:
    """Steps that go uphill are not taken, however long the directions get."""
    task = Task.of(given(np.random.default_rng(0).standard_normal((4, 4))))
    parameters = [3.0 * p for p in orthogonal(task, 4, 8, generator(0))]
    before = task.losses(parameters)
    for steps in range(1, 40, 2):
        after = task.losses(polished(parameters, task.losses, Budget(steps=steps)))
        assert bool((after <= before).all())
        before = after


def test_diverged_models_are_infinitely_wrong() -> None:
    target = make_target("dft", 4)
    factors = [np.full((4, 4), np.nan + 0j), np.eye(4, dtype=complex)]
    model = trained("", factors, target, 0).model
    assert model.error == math.inf
    # Those of the form: 16 products of 6 operations and 12 sums; the unit matrix's 4 entries.
    assert model.operations == 16 * 6 + 12 * 2 + 4 * 6


def test_what_cannot_be_trained_in_time_is_refused() -> None:
    large, usual = make_target("wht", 1024), make_target("wht", 64)
    rivals = [each for each in BASELINES if each.is_for(large)]
    refusing = {each.name for each in rivals if each.why_not(large)}
    assert {"butterfly", "deep-linear", "l1", "low-rank", "near-fft", "network"} <= refusing
    assert "dense" not in refusing
    assert not any(each.why_not(usual) for each in rivals if each.name in refusing)


def test_of_many_orders_of_large_butterflies_some_are_drawn() -> None:
    form = Form("", np.arange(64 * 2 * 256).reshape(64, 2, 256), False)
    drawn = thinned(form, generator(0)).orders
    assert drawn.shape == (4, 2, 256)
    assert all((order == form.orders).all(axis=(1, 2)).any() for order in drawn)
    small = Form("", form.orders[..., :64], False)
    assert thinned(small, generator(0)) is small


def test_constants_are_priced_before_they_are_rounded() -> None:
    """Parts that differ by more than dsl.cost forgives, but not in 9 digits after the point."""
    assert product_operations([np.array([[4 + 4.9e-9 + 4j]])], True) == 6
    assert product_operations([np.array([[4 + 1e-9 + 4j]])], True) == 4


@pytest.mark.parametrize("name", ["butterfly", "dense"])
@pytest.mark.parametrize("scaling", ["free", "common"])
def test_scaling_of_outputs_is_used(name: str, scaling: str) -> None:
    """A DCT whose outputs may be scaled takes fewer operations, and is as exact."""
    budget = Budget(steps=1500 if name == "dense" else 600)
    plain = make_target("wht", 8)
    skew = np.arange(3, 11)[:, None] / 7 if scaling == "free" else 0.3
    matrix = skew * plain.matrix
    exact, scaled = (
        BASELINES.get(name).fit(Target("given", 8, matrix, "real", scaling=each), 0, budget).best  # type: ignore[arg-type]
        for each in ("exact", scaling)
    )
    assert exact.error <= EXACT
    assert scaled.error <= EXACT
    assert scaled.operations < exact.operations
    assert scaled.operations == (56 if name == "dense" else 24)


def test_dense_dct_with_free_outputs() -> None:
    """The largest two of the eight entries of a row become 1; of rows 0 and 4 all."""
    fits = [BASELINES.get("dense").fit(make_target("dct2", 8, scaling=s), 0, Budget(steps=80))
            for s in ("exact", "free")]  # fmt: skip
    exact, free = (fit.best for fit in fits)
    assert max(exact.error, free.error) <= EXACT
    assert free.operations < exact.operations


def best_of(name: str, target: Target, steps: int) -> Fit:
    return BASELINES.get(name).fit(target, 0, Budget(steps=steps))


def test_deep_linear_is_exact_and_dense() -> None:
    target = make_target("dft", 8)
    fit = best_of("deep-linear", target, 600)
    assert [m.setting for m in fit.models] == ["3 layers", "6 layers"]
    assert fit.best.error < 1e-12
    assert fit.best.operations > 2 * dense_count(target.matrix, True).operations


def test_low_rank_is_as_good_as_the_singular_values_allow() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.standard_normal((6, 3)) @ rng.standard_normal((3, 5))
    fit = best_of("low-rank", given(matrix), 600)
    assert [m.setting for m in fit.models] == [f"rank {k}" for k in range(1, 6)]
    assert fit.models[1].error > 1e-3
    assert max(m.error for m in fit.models[2:]) < 1e-9
    assert fit.models[0].operations < fit.models[2].operations


def test_l1_front() -> None:
    """Stronger L1 leaves fewer entries; what is exact has far fewer than dense layers."""
    target = make_target("dft", 4)
    fit = best_of("l1", target, 900)
    front = fit.front
    errors, operations = [m.error for m in front], [m.operations for m in front]
    assert errors == sorted(errors, reverse=True)
    assert operations == sorted(operations)
    assert fit.best.error <= EXACT
    assert fit.best.operations <= 24


def test_l1_weak_and_strong() -> None:
    found, _ = train_l1(make_target("dft", 4), 0, Clock.of(Budget(steps=400)))
    assert len(found) == 64
    weak, strong = found[:8], found[-8:]
    assert np.median([t.entries for t in weak]) > np.median([t.entries for t in strong])


def test_near_fft_comes_back_from_small_noise_alone() -> None:
    target = make_target("dft", 8)
    found, _ = train_near_fft(target, (0.03, 1.0), 1, 0, Clock.of(Budget(steps=500)))
    assert [t.setting for t in found] == ["noise 0.03, restart 1", "noise 1, restart 1"]
    assert [t.entries <= 48 and t.model.error < 1e-6 for t in found] == [True, False]


@pytest.mark.parametrize("name", ["dft", "idft", "wht"])
@pytest.mark.parametrize("n", [2, 8])
def test_true_factors(name: str, n: int) -> None:
    matrix = 3 * make_target(name, n).matrix
    factors = true_factors(matrix)
    assert factors is not None
    assert np.allclose(multiplied(factors) * abs(matrix[0, 0]), matrix)
    assert all(np.count_nonzero(f) == 2 * n for f in factors)


def test_true_factors_go_by_the_matrix_not_by_the_name(tmp_path: Path) -> None:
    assert true_factors(make_target("dft", 6).matrix) is None
    assert true_factors(make_target("dct2", 8).matrix) is None
    file = tmp_path / "dft.npy"
    np.save(file, np.fft.fft(np.eye(8)))
    assert not BASELINES.get("near-fft").why_not(make_target(str(file)))
    np.save(file, np.fft.fft(np.eye(8)) + 1e-6)
    assert BASELINES.get("near-fft").why_not(make_target(str(file)))
