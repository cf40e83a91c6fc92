"""Elementary functions learnt by small networks, within the training range and beyond it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

import evosynth as es
from dsl.accuracy import deviation
from experiments.base import Row, Setup
from experiments.small_networks import Lesson, drawn, taught
from gradient_baselines.training import generator

Numbers = npt.NDArray[np.float64]

SIZES = (1, 16, 16, 1)
ACTIVATIONS = ("relu", "leaky-relu", "tanh")
RATES = (0.003, 0.01, 0.03)
ROWS, PLACES = 256, 1_201


@dataclass(frozen=True, slots=True)
class Curve:
    """A function of one number to learn.

    Attributes:
        name: What people call it.
        values: (rows,) -> (rows,).
        train: Range that samples are drawn from.
        shown: Range to look at, which holds the other.
        gap: Places nearer to 0 than this are left out.
    """

    name: str
    values: Callable[[Numbers], Numbers]
    train: tuple[float, float]
    shown: tuple[float, float]
    gap: float = 0.0

    def places(self) -> Numbers:
        """Returns where to look: (rows,)."""
        x = np.linspace(*self.shown, PLACES)
        return x[np.abs(x) >= self.gap]

    def is_inside(self, x: Numbers) -> npt.NDArray[np.bool_]:
        """Tells which places lie in the range that samples are drawn from."""
        return (x >= self.train[0]) & (x <= self.train[1])

    def samples(self, rng: np.random.Generator) -> Numbers:
        """Returns places to train at, drawn: (rows,)."""
        x = rng.uniform(*self.train, 2 * ROWS)
        return x[np.abs(x) >= self.gap][:ROWS]

    def scaled(self, x: Numbers) -> Numbers:
        """Returns places moved so that the training range is from -1 to 1."""
        low, high = self.train
        return (2 * x - low - high) / (high - low)


def unit_step(x: Numbers) -> Numbers:
    """Returns 1 where x > 0, else 0."""
    return np.where(x > 0, 1.0, 0.0)


BOTH, WIDE = (-5.0, 5.0), (-15.0, 15.0)
CURVES = (
    Curve("exp(x)", np.exp, BOTH, (-7.0, 7.0)),
    Curve("exp(-x)", lambda x: np.exp(-x), BOTH, (-7.0, 7.0)),
    Curve("log(x)", np.log, (0.05, 5.0), (0.05, 15.0)),
    Curve("1/x", lambda x: 1 / x, BOTH, WIDE, gap=0.1),
    Curve("2 x + 8", lambda x: 2 * x + 8, BOTH, WIDE),
    Curve("step", unit_step, BOTH, WIDE),
    Curve("sin(x), -5 to 5", np.sin, BOTH, (-20.0, 25.0)),
    Curve("sin(x), -10 to 10", np.sin, (-10.0, 10.0), (-20.0, 25.0)),
    Curve("sin(x), 5 to 15", np.sin, (5.0, 15.0), (-20.0, 25.0)),
)


@dataclass(frozen=True, slots=True)
class Learnt:
    """What came out for a curve.

    Attributes:
        curve: What was learnt.
        model: "relu" and so on, or "evosynth".
        values: At the curve's places, of the middle one of several seeds.
        row: Errors and what else there is to say, for the table.
    """

    curve: Curve
    model: str
    values: Numbers
    row: Row


def errors(curve: Curve, values: Numbers) -> tuple[float, float]:
    """Returns the errors within the training range and beyond it.

    Both are root mean square errors over the standard deviation of the function there.
    """
    x = curve.places()
    wanted, is_inside = curve.values(x), curve.is_inside(x)
    inside, outside = (
        deviation(np.mean((values - wanted)[part] ** 2, keepdims=True), wanted[part, None])
        for part in (is_inside, ~is_inside)
    )
    return inside, outside


def learnt_by_networks(activation: str, setup: Setup) -> list[Learnt]:
    """Trains networks on every curve; the rate of the least error within the range counts."""
    seeds = 3 if setup.is_quick else 10
    rates = RATES[1:] if setup.is_quick else RATES
    settings = [(c, rate, k) for c in CURVES for rate in rates for k in range(seeds)]
    drawn_x = [c.samples(np.random.default_rng([setup.seed, k])) for c, _, k in settings]
    x = [np.resize(each, ROWS) for each in drawn_x]
    y = [c.values(each) for (c, *_), each in zip(settings, x, strict=True)]
    networks = drawn(SIZES, len(settings), activation, generator(setup.seed))
    lesson = Lesson(
        _rows([c.scaled(each) for (c, *_), each in zip(settings, x, strict=True)]),
        _rows([(each - each.mean()) / each.std() for each in y]),
        torch.tensor([rate for _, rate, _ in settings], dtype=torch.float64),
        1_000 if setup.is_quick else 20_000,
    )
    taught(networks, lesson)
    results = []
    for number, curve in enumerate(CURVES):
        per_curve = len(rates) * seeds
        chosen = slice(number * per_curve, (number + 1) * per_curve)
        places = _rows([curve.scaled(curve.places())])
        found = networks.part(chosen)(places.expand(per_curve, -1, -1))[:, :, 0].numpy()
        scales = np.array([[each.std(), each.mean()] for each in y[chosen]])
        values = found * scales[:, :1] + scales[:, 1:]
        values = values.reshape(len(rates), seeds, -1)
        results.append(Learnt(curve, activation, *_best_rate(curve, activation, rates, values)))
    return results


def _best_rate(
    curve: Curve, activation: str, rates: tuple[float, ...], values: Numbers
) -> tuple[Numbers, Row]:
    """Returns the values of the middle seed at the best rate, of (rates, seeds, places); a row."""
    found = np.array([[errors(curve, each) for each in per_rate] for per_rate in values])
    best = int(np.argmin(np.median(found[:, :, 0], axis=1)))
    middle = int(np.argsort(found[best, :, 0])[found.shape[1] // 2])
    inside, outside = np.median(found[best], axis=0).tolist()
    return values[best, middle], {
        "function": curve.name,
        "model": activation,
        "rate": rates[best],
        "error_inside": inside,
        "error_outside": outside,
        "formula": "",
        "operations": "",
    }


def evolved(curve: Curve, setup: Setup) -> Learnt:
    """Evolves a formula from the samples of the first seed."""
    x = curve.samples(np.random.default_rng([setup.seed, 0]))
    target = es.from_arrays(x, curve.values(x), seed=setup.seed)
    result = es.run(target, seed=setup.seed, evaluations=8_000 if setup.is_quick else 60_000)
    values = result.predict(curve.places()[:, None])[:, 0]
    inside, outside = errors(curve, values)
    row = {
        "function": curve.name,
        "model": "evosynth",
        "rate": "",
        "error_inside": inside,
        "error_outside": outside,
        "formula": str(result.sympy()[0]),
        "operations": result.claims.operations,
    }
    return Learnt(curve, "evosynth", values, row)


def _rows(each: list[Numbers]) -> torch.Tensor:
    return torch.tensor(np.stack(each))[:, :, None]
