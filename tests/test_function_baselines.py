"""Rivals by gradient descent that learn functions, their activations and their counts."""

from __future__ import annotations

import itertools
import math
from functools import cache, partial

import numpy as np
import numpy.typing as npt
import pytest
import sympy
import torch

from dsl.accuracy import EXACT, relative_error
from dsl.cost import FUNCTION_PRICES
from dsl.samples import SampledTarget, from_arrays, make_sampled_target
from dsl.scalars.derived import expression_price
from dsl.targets import make_target
from gradient_baselines.activations import ACTIVATIONS, RELU, SIN, SNAKE, TANH, Activation
from gradient_baselines.base import Baseline, Budget, Fit
from gradient_baselines.functions import (
    BASELINES,
    FOURIER,
    SINGLE_FREQUENCY,
    SIREN,
    fourier,
    sinenet,
    single_frequency,
    siren,
    sweeps,
)
from gradient_baselines.functions.measuring import errors
from gradient_baselines.functions.network import network_sweep
from gradient_baselines.functions.scales import Scales, size_only, standard, unit_interval
from gradient_baselines.networks import Network
from gradient_baselines.training import Adam, Momentum, generator
from gradient_baselines.transforms.network import NETWORK, real_form

Numbers = npt.NDArray[np.float64]
FEW = Budget(steps=3)
RIVALS = [baseline for baseline in BASELINES if baseline.kind == "function"]
each_rival = pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)
each_activation = pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a.name)


@cache
def target_of(kind: str) -> SampledTarget:
    rng = np.random.default_rng(0)
    if kind == "sine":
        return make_sampled_target("sine", seed=0, samples=700)
    if kind == "clock":
        return make_sampled_target("clock", seed=0, samples=700, test_samples=700)
    if kind == "two inputs":
        x = rng.normal(size=(60, 2))
        return from_arrays(x, x[:, 0] * x[:, 1], seed=0)
    if kind == "no validation":
        x = np.linspace(0, 1, 12)
        return from_arrays(x, np.sin(x), seed=0, holdout="none")
    x = np.linspace(0, 1, 30)
    return from_arrays(x, np.stack([x, np.full(30, 7.0)], axis=1), seed=0)  # one is constant


# Activations


@each_activation
def test_function_and_formula_agree(activation: Activation) -> None:
    x, a = sympy.symbols("x a", real=True)
    names = {"x": x, "a": a}
    formula = sympy.lambdify([x, a], sympy.sympify(activation.formula, locals=names), "scipy")
    points = np.array([-30.0, -3.0, -0.5, -1e-3, 0.0, 1e-3, 0.7, 2.0, 7.0, 30.0])
    for parameter in activation.parameter or (1.0,):
        given = torch.from_numpy(points)
        own = [torch.tensor(parameter, dtype=torch.float64)] if activation.parameter else []
        computed = activation.function(given, *own).numpy()
        assert np.allclose(computed, formula(points, parameter), rtol=1e-12, atol=1e-14)


OPERATIONS = {
    "gelu": 10 + 2,  # 1 + erf(x), times x
    "leaky-relu": 2,
    "relu": 1,
    "sigmoid": 10,  # tanh(x)
    "sin": 10,
    "snake": 10 + 1,  # x - cos(x)
    "softplus": 10 + 1 + 10,
    "swish": 10 + 2,  # 1 + tanh(x), times x
    "tanh": 10,
    "x+sin2": 10 + 1,
}

# By k, c and d: f(x) = c g(k x) + d with g the form that is counted.
FOLDED = {
    "gelu": (math.sqrt(0.5), math.sqrt(0.5), 0.0),
    "sigmoid": (0.5, 0.5, 0.5),
    "snake": (2 * 0.7, 1 / (2 * 0.7), 1 / (2 * 0.7)),
    "swish": (0.5, 1.0, 0.0),
    "x+sin2": (2.0, 0.5, 0.5),
}


@each_activation
def test_counted_forms_fold_into_the_weights(activation: Activation) -> None:
    assert bool(activation.counted) == (activation.name in FOLDED)
    k, c, d = FOLDED.get(activation.name, (1.0, 1.0, 0.0))
    x = sympy.symbols("x", real=True)
    text = activation.counted or activation.formula
    counted = sympy.lambdify(x, sympy.sympify(text, locals={"x": x}), "scipy")
    points = np.array([-9.0, -0.5, 0.0, 0.7, 2.0, 7.0])
    own = [torch.tensor(0.7, dtype=torch.float64)] * bool(activation.parameter)
    wanted = activation.function(torch.from_numpy(points), *own).numpy()
    assert np.allclose(c * counted(k * points) + d, wanted, rtol=1e-12, atol=1e-14)
    assert activation.is_shifted == (d != 0)


def test_operations_of_activations_by_hand() -> None:
    assert {activation.name: activation.operations for activation in ACTIVATIONS} == OPERATIONS


def test_price_of_an_expression() -> None:
    assert expression_price("x") == 0
    assert expression_price("tanh(x)") == FUNCTION_PRICES["tanh"] == 10
    assert expression_price("2*x + 1") == 2
    assert expression_price("c*x", ["c"]) == 1
    with pytest.raises(ValueError, match="'gamma' has no price"):
        expression_price("gamma(x)")


@each_activation
def test_activations_have_slopes(activation: Activation) -> None:
    x = torch.tensor([-1.3, 0.4, 2.0], dtype=torch.float64, requires_grad=True)
    own = [torch.tensor(0.8, dtype=torch.float64, requires_grad=True)] * bool(activation.parameter)
    assert torch.autograd.gradcheck(activation.function, (x, *own))


# The contract


@pytest.mark.parametrize("kind", ["sine", "clock", "two inputs", "no validation", "constant"])
@each_rival
def test_contract(rival: Baseline, kind: str) -> None:
    target = target_of(kind)
    if reason := rival.why_not(target):
        assert rival is SINGLE_FREQUENCY
        assert kind in ("clock", "two inputs", "constant")
        assert "one output of one input" in reason
        return
    fit = rival.fit(target, 0, FEW)
    assert fit.models
    names = [model.setting for model in fit.models]
    assert len(set(names)) == len(names)
    for model in fit.models:
        assert 0 <= model.error < math.inf
        assert 0 <= model.error_outside < math.inf
        assert 0 <= model.non_zeros <= model.parameters
        assert model.operations >= 0
        if target.test is None:
            assert model.error_outside == model.error
    assert fit.seconds > 0
    steps = [point.step for point in fit.losses]
    assert steps == sorted(steps)
    assert steps[0] == 0
    assert FEW.steps is not None
    assert steps[-1] >= FEW.steps
    seconds = [point.seconds for point in fit.losses]
    assert seconds == sorted(seconds)


def same(fit: Fit) -> tuple[object, ...]:
    return fit.models, [(point.step, point.loss) for point in fit.losses]


@each_rival
def test_a_budget_of_steps_gives_the_same_again(rival: Baseline) -> None:
    target = target_of("sine")
    first, second, other = (same(rival.fit(target, seed, FEW)) for seed in (1, 1, 2))
    assert first == second
    assert first != other


@each_rival
def test_test_rows_choose_nothing(rival: Baseline) -> None:
    target = target_of("sine")
    assert target.test is not None
    blind = SampledTarget(
        "sine", "", "", ("x",), ("y",), target.train, target.validation, target.validation
    )
    seen, unseen = (rival.fit(each, 0, FEW) for each in (target, blind))
    for x, y in zip(seen.models, unseen.models, strict=True):
        assert (x.error, x.non_zeros, x.operations) == (y.error, y.non_zeros, y.operations)
        assert y.error_outside == y.error


def test_budgets_of_seconds_end() -> None:
    fit = SIREN.fit(target_of("two inputs"), 0, Budget(0.3))
    assert len(fit.models) == 10
    assert fit.losses[-1].step >= 1


def test_models_that_diverge_have_an_infinite_error() -> None:
    target = target_of("no validation")
    sweep = network_sweep(Network((1, 4, 1), RELU))
    wild = sweeps.Sweep(
        sweep.settings, sweep.values, sweep.operations, [1e200], sweep.trained, sweep.prunable,
        optimizer=Momentum,
    )  # fmt: skip
    (model,) = sweeps.learn(
        target, 0, Budget(steps=20), sweeps.Plan(standard(target.train), [wild])
    ).models
    assert model.error == model.error_outside == math.inf
    # The form unpruned: 4 products, biases and relus; 4 products, 3 sums and a bias.
    assert (model.non_zeros, model.operations) == (model.parameters, 12 + 8)


def test_a_diverging_candidate_disturbs_no_other() -> None:
    target = target_of("no validation")
    sweep = network_sweep(Network((1, 4, 1), RELU))
    mixed = sweeps.Sweep(
        sweep.settings, sweep.values, sweep.operations, [1e200, 1e-2], sweep.trained,
        sweep.prunable, optimizer=Momentum,
    )  # fmt: skip
    (model,) = sweeps.learn(
        target, 0, Budget(steps=50), sweeps.Plan(standard(target.train), [mixed])
    ).models
    assert model.error < 1


# What is learnt


def line() -> SampledTarget:
    x = np.random.default_rng(0).uniform(-1, 1, 200)
    return from_arrays(x, 2 * x + 1, seed=0)


def test_a_relu_network_learns_a_line() -> None:
    target = line()
    sweep = network_sweep(Network((1, 8, 1), RELU))
    fit = sweeps.learn(target, 0, Budget(steps=1_000), sweeps.Plan(standard(target.train), [sweep]))
    assert fit.best.error < 1e-2
    assert fit.losses[-1].loss < fit.losses[0].loss / 100


def test_small_weights_are_pruned() -> None:
    target = line()
    network = Network((1, 2, 1), RELU)
    arrays = [[[1.0, 0.3]], [[2.0, 1.0]], [[1.0], [1e-6]], [[-2.0]]]  # y = x where x > -2
    start = sweeps.Setting(
        "exact", lambda source: [torch.tensor([each], dtype=torch.float64) for each in arrays]
    )
    whole = network_sweep(network)
    sweep = sweeps.Sweep([start], whole.values, whole.operations, [1e-12], 4, 4)
    (model,) = sweeps.learn(target, 0, FEW, sweeps.Plan(standard(target.train), [sweep])).models
    assert model.error < 1e-5
    assert (model.parameters, model.non_zeros) == (7, 6)
    # The scales fold into a product and a sum on either side of the one relu that is read.
    assert model.operations == 2 + 1 + 2


def test_predictions_have_the_error_of_the_model() -> None:
    target = target_of("clock")
    plan = siren.plan(target)
    found = sweeps.outcomes(target, 0, FEW, plan)
    assert [each.model for each in found] == list(SIREN.fit(target, 0, FEW).models)
    best = sweeps.best_of(found)
    assert best.model.error == min(each.model.error for each in found)
    assert target.test is not None
    for each in found:
        wrong = each.predict(target.test.x) - target.test.y
        worst = (np.sqrt((wrong**2).mean(axis=0)) / target.test.y.std(axis=0)).max()
        assert worst == pytest.approx(each.model.error_outside)


def waves(width: int, seed: int = 0) -> SampledTarget:
    rng = np.random.default_rng(seed)
    x = rng.uniform(-6, 6, 400)
    frequencies = rng.uniform(0.5, 1.5, width)
    return from_arrays(x, np.sin(np.outer(x, frequencies)).mean(axis=1), seed=0)


@pytest.mark.parametrize("name", ["sinenet-sgd", "sinenet-adam"])
def test_a_sinenet_that_starts_near_the_frequency_finds_it(name: str) -> None:
    target = waves(1)
    scales = size_only(target.train)
    true = np.random.default_rng(0)
    true.uniform(-6, 6, 400)
    frequency = true.uniform(0.5, 1.5, 1)[0]
    optimizer, rate = (Adam, 1e-2) if name == "sinenet-adam" else (Momentum, 1e-2)
    sweep = sinenet.sinenet_sweep(1, optimizer, [rate], target, scales)
    near = torch.full((1, 1, 1), 0.97 * frequency / math.pi * scales.x_size[0])
    start = sweeps.Setting("near", lambda source: [near.to(torch.float64)])
    sweep = sweeps.Sweep([start], sweep.values, sweep.operations, [rate], 1, 1, optimizer=optimizer)
    fit = sweeps.learn(target, 0, Budget(steps=400), sweeps.Plan(scales, [sweep]))
    assert fit.best.error < 1e-9
    assert (fit.best.parameters, fit.best.operations) == (1, 11)


def test_a_single_frequency_is_found() -> None:
    fit = SINGLE_FREQUENCY.fit(waves(1), 0, Budget(steps=400))
    assert fit.best.error < EXACT
    assert fit.best.error_outside < EXACT
    assert (fit.best.parameters, fit.best.operations) == (1, 11)


def test_harmonics_fit_a_periodic_function() -> None:
    x = np.random.default_rng(0).uniform(-1, 1, 300)
    target = from_arrays(x, np.sin(3 * np.pi * x) + x, seed=0)
    assert FOURIER.fit(target, 0, Budget(steps=300)).best.error < 0.1


# Scales


@pytest.mark.parametrize("make", [standard, unit_interval])
def test_scales(make: partial[Scales]) -> None:
    target = target_of("two inputs")
    scales = make(target.train)
    x, y = scales.inputs(target.train.x), scales.outputs(target.train.y)
    assert float(y.mean()) == pytest.approx(0, abs=1e-12)
    assert float(y.std(correction=0)) == pytest.approx(1)
    if make is unit_interval:
        assert (x.min(dim=0).values + 1).abs().max() < 1e-12
        assert (x.max(dim=0).values - 1).abs().max() < 1e-12
    else:
        assert x.mean(dim=0).abs().max() < 1e-12
        assert (x.std(dim=0, correction=0) - 1).abs().max() < 1e-12


def test_scales_of_sizes_shift_nothing() -> None:
    target = target_of("sine")
    scales = size_only(target.train)
    assert float((scales.inputs(target.train.x) ** 2).mean()) == pytest.approx(1)
    assert not scales.x_shift.any()
    assert not scales.y_shift.any()


def test_constant_columns_have_size_one() -> None:
    x = np.full(30, 3.0)
    target = from_arrays(x, x + 1, seed=0)
    for make in (standard, unit_interval, size_only):
        scales = make(target.train)
        assert (scales.x_size == 1).all() or make is size_only
        assert (scales.y_size == 1).all()


def test_folded_weights_compute_the_same_on_values_as_given() -> None:
    target = target_of("two inputs")
    scales = standard(target.train)
    network = Network((2, 5, 1), TANH)
    parameters = network.initial(generator(0))
    expected = network.values(parameters, scales.inputs(target.train.x))[0].numpy()
    arrays = scales.folded([p[0].numpy() for p in parameters], network.affine)
    folded = [torch.from_numpy(a)[None] for a in arrays]
    computed = network.values(folded, torch.from_numpy(np.array(target.train.x)))[0].numpy()
    assert np.allclose(computed, expected * scales.y_size + scales.y_shift, rtol=1e-12)


# Counts


def test_operations_of_a_network_by_hand() -> None:
    network = Network((2, 3, 1), RELU)
    weights = np.array([[0.5, 1.0, 0.0], [2.0, 0.0, -1.0]])
    biases = np.array([[0.1, 0.0, 0.3]])
    last, bias = np.array([[0.7], [1.0], [3.0]]), np.array([[0.0]])
    # Two products and a sum, nothing, nothing; two biases; three relus; two products, two sums.
    assert network.operations([weights, biases, last, bias]) == 3 + 2 + 3 + 4
    assert network.operations([weights, biases, last, bias + 1]) == 13


def test_neurons_that_are_constant_or_not_read_cost_nothing() -> None:
    network = Network((1, 3, 1), TANH)
    weights, biases = np.array([[0.5, 0.0, 2.0]]), np.array([[0.0, 1.0, 0.0]])
    last, bias = np.array([[2.0], [3.0], [0.0]]), np.array([[0.0]])
    # 2 tanh(0.5 x) + 3 tanh(1): the second is a number, the third is not read.
    assert network.operations([weights, biases, last, bias]) == 1 + 10 + 1 + 1
    nothing = [np.zeros_like(each) for each in (weights, biases, last, bias)]
    assert network.operations(nothing) == 0


def test_settling_with_parameters_of_each_layer() -> None:
    network = Network((1, 1, 1, 1), SNAKE)
    one, zero = np.ones((1, 1)), np.zeros((1, 1))
    arrays = [zero, one, one, zero, 2 * one, zero, one, 2 * one]
    assert network.operations(arrays) == 0  # all of it is a number
    # A bias, a snake; the bias that its shift makes, a snake; a product and such a bias.
    assert network.operations([one, *arrays[1:]]) == (1 + 11) + (1 + 11) + (1 + 1)


def test_operations_of_sinenets_by_hand() -> None:
    scales = Scales(np.zeros(2), np.ones(2), np.zeros(1), np.ones(1))
    one = np.array([[0.3], [0.0]])
    assert sinenet.operations(1, [one], scales) == 1 + 10
    two = np.array([[0.3, 0.1], [0.0, 0.2]])
    # A product; two products and a sum; two sines; their sum times 1/2.
    assert sinenet.operations(1, [two], scales) == 1 + 3 + 20 + 2
    assert sinenet.operations(2, [two], scales) == 1 + 3 + 20
    assert sinenet.operations(1, [np.zeros((2, 2))], scales) == 0


def test_operations_of_a_fourier_network_by_hand() -> None:
    network = Network((1, 2, 1), SIN)
    scales = Scales(np.zeros(1), np.ones(1), np.zeros(1), np.ones(1))
    frequencies, phases = np.array([[3.0, 6.0]]), np.array([[0.0, 0.5]])
    amplitudes, bias, slope = np.array([[2.0], [4.0]]), np.array([[0.1]]), np.array([[7.0]])
    arrays = [frequencies, phases, amplitudes, bias, slope, np.zeros((1, 1))]
    # Arguments 1 + 2, sines 20, sum 3 with bias 1, line: a product and a sum.
    assert fourier.operations(network, arrays, scales) == 3 + 20 + 3 + 1 + 2
    without = [*arrays[:4], np.zeros((1, 1)), arrays[5]]
    assert fourier.operations(network, without, scales) == 27


def test_omega_is_part_of_the_weights() -> None:
    network = Network((1, 4, 4, 1), SIN)
    parameters = siren.initial(network, 30.0, generator(0))
    assert float(parameters[2].abs().max()) <= math.sqrt(6 / 4) / 30
    x = torch.linspace(-1, 1, 7, dtype=torch.float64)[:, None]
    weights, bias, inner, inner_bias, last, last_bias, omega = (p[0] for p in parameters)
    hidden = torch.sin(omega * (x @ weights + bias))
    hidden = torch.sin(omega * (hidden @ inner + inner_bias))
    computed = network.values(siren.multiplied(parameters), x)[0]
    assert torch.allclose(computed, hidden @ last + last_bias, rtol=1e-12)


def test_parameters_of_a_network() -> None:
    target = target_of("clock")
    sweep = network_sweep(Network((1, 3, 6), SNAKE))
    fit = sweeps.learn(target, 0, FEW, sweeps.Plan(standard(target.train), [sweep]))
    assert {model.parameters for model in fit.models} == {3 + 3 + 18 + 6 + 3}


def test_errors_are_those_of_values_as_given() -> None:
    target = target_of("clock")
    scales = standard(target.train)
    network = Network((1, 4, 6), TANH)
    parameters = [torch.cat([p, 2 * p]) for p in network.initial(generator(0))]
    found = errors(network.values, parameters, target.train, scales)
    for i, error in enumerate(found):
        outputs = network.values([p[i : i + 1] for p in parameters], scales.inputs(target.train.x))
        values = outputs[0].numpy() * scales.y_size + scales.y_shift
        rms = np.sqrt(((values - target.train.y) ** 2).mean(axis=0))
        assert error == pytest.approx((rms / target.train.y.std(axis=0)).max())
    assert found[0] != found[1]


def test_single_frequency_costs_a_product_unless_it_is_one() -> None:
    target = target_of("sine")
    assert single_frequency.refusal(target) == ""
    assert single_frequency.refusal(target_of("clock"))


# A network that is to learn a transform


@pytest.mark.parametrize("name", ["dft", "dct2"])
def test_transform_network(name: str) -> None:
    target = make_target(name, 4)
    fit = NETWORK.fit(target, 0, Budget(steps=300))
    assert [model.setting for model in fit.models] == ["relu", "gelu", "tanh"]
    assert all(0 < model.error < 1 for model in fit.models)
    assert all(model.error < model.error_outside < math.inf for model in fit.models)
    assert fit.best.error < 0.4
    assert same(fit) == same(NETWORK.fit(target, 0, Budget(steps=300)))
    size = 8 if name == "dft" else 4
    assert fit.models[0].parameters == size * 2 * size + 2 * size + 2 * size * size + size


@pytest.mark.parametrize(
    ("name", "scaling"), [("dft", "free"), ("dct2", "free"), ("wht", "common")]
)
def test_transform_networks_may_scale_their_outputs(name: str, scaling: str) -> None:
    """The same training, measured up to factors, and less to compute."""
    budget = Budget(steps=300)
    exact = NETWORK.fit(make_target(name, 4), 0, budget).models[0]
    scaled = NETWORK.fit(make_target(name, 4, scaling=scaling), 0, budget).models[0]
    assert 0 < scaled.error < 1
    assert scaled.error != exact.error
    assert scaled.operations < exact.operations


def test_real_form_of_a_complex_matrix() -> None:
    target = make_target("dft", 4)
    x = np.array([1, 2j, -1 + 1j, 0.5])
    y = real_form(target) @ np.concatenate([x.real, x.imag])
    assert relative_error((y[:4] + 1j * y[4:])[:, None], (target.matrix @ x)[:, None]) < EXACT


def test_tables_of_contents_name_every_rival() -> None:
    names = [rival.name for rival in RIVALS]
    assert names == list(dict.fromkeys(itertools.chain(names)))
    assert {"relu", "leaky-relu", "tanh", "sigmoid", "softplus", "swish", "gelu", "snake"} <= set(
        names
    )
    assert {"x+sin2", "siren", "fourier", "sinenet-sgd", "sinenet-adam", "sinenet-adamw"} <= set(
        names
    )
