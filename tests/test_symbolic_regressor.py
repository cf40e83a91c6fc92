"""The estimator: scikit-learn's own checks, formulas that it must find, and no scikit-learn."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sympy
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import evosynth as es
from dsl.errors import DataError, UsageError
from evosynth.job import Job
from evosynth.settings import EXACT_PATIENCE

X = np.random.default_rng(0).uniform(-3, 3, (120, 2))
PRODUCT = X[:, 0] * X[:, 1]


def regressor(**given: Any) -> es.SymbolicRegressor:
    return es.SymbolicRegressor(**{"evaluations": 300, "random_state": 0, "workers": 1, **given})


@pytest.fixture(autouse=True)
def narrow_spectra(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wide spectrum takes a second, and scikit-learn's checks fit more than a hundred times."""
    monkeypatch.setattr("evosynth.engine.expression.spectrum.MOST_FREQUENCIES", 1 << 13)


@parametrize_with_checks([regressor(evaluations=100, islands=1)])
def test_scikit_learns_checks(estimator: es.SymbolicRegressor, check: Any) -> None:
    check(estimator)


# What it finds


def is_formula(found: sympy.Expr, expected: str, **places: Any) -> bool:
    """Compares values: how a formula is written is the search's business."""
    names = sorted(places)
    columns = [places[name] for name in names]
    ours, theirs = (sympy.lambdify(names, each)(*columns) for each in (found, expected))
    return {str(each) for each in found.free_symbols} == set(names) and np.allclose(
        ours, theirs, rtol=1e-6, atol=1e-6
    )


def test_product_is_found() -> None:
    fitted = regressor().fit(X, PRODUCT)
    assert str(fitted.sympy()) == "x0*x1"
    assert fitted.latex() == "x_{0} x_{1}"
    assert fitted.program_.count.operations == 1
    assert np.array_equal(fitted.predict(X), PRODUCT)
    assert fitted.score(X, PRODUCT) == 1
    assert fitted.n_features_in_ == 2
    assert not hasattr(fitted, "feature_names_in_")


@pytest.mark.parametrize("holdout", ["random", "tail", "none"])
def test_sine_is_found_and_continued(holdout: str) -> None:
    x = X[:, :1]
    fitted = regressor(evaluations=600, holdout=holdout).fit(x, np.sin(3 * x[:, 0]))
    far = np.linspace(5, 9, 50)
    assert is_formula(fitted.sympy(), "sin(3*x0)", x0=far)
    assert fitted.predict(far[:, None]) == pytest.approx(np.sin(3 * far), abs=1e-5)


def test_several_outputs_are_found() -> None:
    y = np.stack([PRODUCT, np.full(120, 2.5), 3 * X[:, 1]], axis=1)
    fitted = regressor(evaluations=1_000).fit(X, y)
    assert fitted.predict(X).shape == y.shape
    assert fitted.score(X, y) == pytest.approx(1)
    assert [str(each) for each in fitted.sympy()] == ["x0*x1", "5/2", "3*x1"]
    assert fitted.latex() == (
        "\\begin{align*}\ny_{0} &= x_{0} x_{1} \\\\\ny_{1} &= \\frac{5}{2} \\\\\n"
        "y_{2} &= 3 x_{1}\n\\end{align*}\n"
    )
    assert {point["output"] for point in fitted.front_} == {"y0", "y1", "y2"}


def test_one_output_may_have_two_axes() -> None:
    fitted = regressor().fit(X, PRODUCT[:, None])
    assert fitted.predict(X).shape == (120, 1)
    assert [str(each) for each in fitted.sympy()] == ["x0*x1"]
    assert fitted.fit(X, PRODUCT).predict(X).shape == (120,)


def test_constant_is_found() -> None:
    fitted = regressor(evaluations=20).fit(X, np.full(120, 3.5))
    assert fitted.sympy() == sympy.Rational(7, 2)
    assert fitted.predict(X).tolist() == [3.5] * 120


def test_front_is_plain_data_with_programs() -> None:
    y = np.random.default_rng(1).normal(X[:, 0] ** 2 + X[:, 1], 0.1)
    fitted = regressor().fit(X, y)
    front = pd.DataFrame(fitted.front_)
    assert list(front) == [
        "output",
        "operations",
        "error",
        "validation_error",
        "formula",
        "program",
    ]
    assert len(front) > 1
    assert (front["operations"].diff()[1:] >= 0).all()
    assert (front["error"].diff()[1:] < 0).all()
    train = fitted.result_.target.train
    for point in fitted.front_:
        rms = np.sqrt(np.mean((point["program"](train.x) - train.y) ** 2))
        assert point["error"] == pytest.approx(rms / train.y.std(), rel=1e-6)
        symbols = {str(each) for each in sympy.sympify(point["formula"]).free_symbols}
        assert symbols <= {"x0", "x1"}


def test_values_that_are_not_finite_are_nan() -> None:
    x = np.linspace(0.2, 4, 60)[:, None]
    fitted = regressor().fit(x, np.log(x[:, 0]))
    assert fitted.score(x, np.log(x[:, 0])) == pytest.approx(1)
    assert np.isnan(fitted.predict([[-1.0], [1.0]])).tolist() == [True, False]


# Names


def test_names_of_a_data_frame() -> None:
    frame = pd.DataFrame(X, columns=["width", "height"])
    fitted = regressor().fit(frame, pd.Series(PRODUCT, name="area"))
    assert fitted.sympy() == sympy.Symbol("width") * sympy.Symbol("height")
    assert fitted.feature_names_in_.tolist() == ["width", "height"]
    assert fitted.front_[-1]["formula"] == "height*width"
    assert np.array_equal(fitted.predict(frame), PRODUCT)
    with pytest.raises(ValueError, match="feature names"):
        fitted.predict(frame[["height", "width"]])


def test_a_feature_may_have_the_name_of_an_output() -> None:
    fitted = regressor().fit(pd.DataFrame(X, columns=["y", "y_"]), PRODUCT)
    assert str(fitted.sympy()) == "y*y_"
    assert fitted.result_.target.outputs == ("y__",)


# Inputs and arguments that cannot be used


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X[:1], PRODUCT[:1], "1 sample.*minimum of 4"),
        (X, np.where(PRODUCT > 1, np.nan, PRODUCT), "y contains NaN"),
        (np.where(X > 1, np.inf, X), PRODUCT, "X contains infinity"),
        (X, PRODUCT[1:], "inconsistent numbers of samples"),
        (X, None, "y"),
        (X, np.zeros((120, 1, 1)), "dim 3"),
        (X, ["a"] * 120, "could not convert"),
        (X[:, 0], PRODUCT, "2D array"),
    ],
)
def test_data_that_cannot_be_used_are_refused(x: Any, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        regressor().fit(x, y)


def test_numbers_that_are_too_large_are_refused() -> None:
    with pytest.raises(DataError, match=r"'x0'.* to 1e\+100, got 1e\+200"):
        regressor().fit(1e200 * (X > 0), PRODUCT)


@pytest.mark.parametrize(
    "given",
    [
        {"evaluations": 0},
        {"time": -1},
        {"strategy": "none"},
        {"holdout": "head"},
        {"random_state": "0"},
        {"random_state": -1},
        {"goal": 0},
    ],
)
def test_arguments_are_checked_by_the_fit(given: dict[str, Any]) -> None:
    estimator = regressor(**given)
    assert estimator.get_params().items() >= given.items()
    with pytest.raises(UsageError):
        estimator.fit(X, PRODUCT)


def test_it_must_be_fitted() -> None:
    for call in ("sympy", "latex"):
        with pytest.raises(NotFittedError):
            getattr(regressor(), call)()
    with pytest.raises(NotFittedError):
        regressor().predict(X)
    with pytest.raises(NotFittedError):
        _ = regressor().front_


def test_rows_are_held_out_for_validation_alone() -> None:
    sizes = {}
    for holdout in ("random", "tail", "none"):
        target = regressor(holdout=holdout, evaluations=5).fit(X, PRODUCT).result_.target
        assert target.test is None
        sizes[holdout] = len(target.train)
    assert sizes == {"random": 90, "tail": 90, "none": 120}


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = []

    def stop(job: Job, **others: object) -> None:
        jobs.append(job.limits)
        raise InterruptedError

    monkeypatch.setattr("evosynth.symbolic_regressor.execute", stop)
    for given in ({}, {"goal": 3}, {"time": 5}, {"evaluations": 7, "patience": 5}):
        with pytest.raises(InterruptedError):
            es.SymbolicRegressor(**given).fit(X, PRODUCT)  # type: ignore[arg-type]
    found = [(each.seconds, each.evaluations, each.patience, each.exact_patience) for each in jobs]
    assert found == [
        (20, None, None, EXACT_PATIENCE),
        (20, None, None, None),
        (5, None, None, EXACT_PATIENCE),
        (None, 7, 5, None),
    ]


# Randomness, copies, and other estimators around it


NOISY = np.random.default_rng(2).normal(np.sin(X[:, 0]) * X[:, 1], 0.2)


@pytest.mark.parametrize(
    "make",
    [lambda: 3, lambda: np.int64(3), lambda: np.random.RandomState(3), np.random.default_rng],
    ids=["int", "int64", "RandomState", "Generator"],
)
def test_random_state_decides_the_formula(make: Any) -> None:
    states = [np.random.default_rng(3), np.random.default_rng(3)]
    if make is not np.random.default_rng:
        states = [make(), make()]
    first, second = (
        regressor(random_state=state, workers=workers).fit(X, NOISY)
        for state, workers in zip(states, (1, 2), strict=True)
    )
    assert first.program_ == second.program_
    assert first.front_ == second.front_


def test_no_random_state_draws_one() -> None:
    seeds = {
        regressor(random_state=None, evaluations=2).fit(X, NOISY).result_.seed for _ in range(4)
    }
    assert len(seeds) > 1


def test_copies() -> None:
    fitted = regressor().fit(X, NOISY)
    copy = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(copy.predict(X), fitted.predict(X))
    assert copy.sympy() == fitted.sympy()
    assert copy.front_ == fitted.front_
    fresh = clone(fitted)
    assert fresh.get_params() == fitted.get_params()
    assert not hasattr(fresh, "program_")
    assert fresh.fit(X, NOISY).program_ == fitted.program_
    assert repr(fresh) == "SymbolicRegressor(evaluations=300, random_state=0, workers=1)"
    assert "SymbolicRegressor" in fitted._repr_html_()


def test_inside_pipelines_and_searches() -> None:
    pipeline = make_pipeline(StandardScaler(), regressor())
    grid = {"symbolicregressor__evaluations": [1, 200], "symbolicregressor__holdout": ["none"]}
    y = 2 * X[:, 0] + 1
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, y)
    assert search.best_params_["symbolicregressor__evaluations"] == 200
    assert search.score(X, y) == pytest.approx(1)
    scores = cross_val_score(regressor(), X, PRODUCT, cv=3)
    assert scores == pytest.approx(np.ones(3))


# Without scikit-learn

ALONE = """
import sys, json, pickle
sys.modules["sklearn"] = None
import numpy as np, pandas as pd, evosynth as es
assert sys.modules["sklearn"] is None
x = np.random.default_rng(0).uniform(-3, 3, (120, 2))
y = x[:, 0] * x[:, 1]
model = es.SymbolicRegressor(random_state=0, workers=1)
assert model.set_params(evaluations=300) is model
assert model.get_params() == model.get_params(deep=False)
found = {"repr": repr(model), "params": model.get_params(), "bases": []}
found["bases"] = [each.__module__.split(".")[0] for each in type(model).__mro__]
found["errors"] = errors = []
for call in (
    lambda: model.predict(x),
    lambda: model.fit(x[:1], y[:1]),
    lambda: model.fit(np.where(x > 1, np.nan, x), y),
    lambda: model.fit(x, np.where(x[:, 0] > 1, np.nan, y)),
    lambda: model.fit(x[:, 0], y),
    lambda: model.fit(x, y[1:]),
    lambda: model.fit([["a", "b"]] * 9, y[:9]),
    lambda: model.fit(pd.DataFrame(x, columns=["a", "a"]), y),
    lambda: model.set_params(evaluation=3),
    lambda: model.fit(x, y).predict(x[:, :1]),
):
    try:
        call()
    except es.EvosynthError as error:
        errors.append([type(error).__name__, str(error), error.hint])
frame = pd.DataFrame(x, columns=["a", "b"])
model.fit(frame, y)
copy = pickle.loads(pickle.dumps(model))
found["sympy"], found["score"] = str(copy.sympy()), copy.score(frame, y)
found["names"] = copy.feature_names_in_.tolist()
both = np.stack([y, 2 * x[:, 0]], axis=1)
model.set_params(evaluations=600).fit(x, both)
noisy = both + np.array([0, 3])
found["several"] = [list(model.predict(x).shape), model.score(x, both), model.score(x, noisy)]
found["named"] = hasattr(model, "feature_names_in_")
constant = model.fit(x, np.ones(120))
found["constant"] = [constant.score(x, np.ones(120)), constant.score(x, np.zeros(120))]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ALONE],
        cwd=tmp_path_factory.mktemp("alone"),
        env=os.environ | {"PYTHONPATH": str(Path(es.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_works_without_scikit_learn(alone: dict[str, Any]) -> None:
    assert set(alone["bases"]) == {"evosynth", "builtins"}
    assert alone["params"] == regressor().get_params()
    assert alone["repr"] == repr(regressor())
    assert (alone["sympy"], alone["score"], alone["names"]) == ("a*b", 1, ["a", "b"])
    assert alone["constant"] == [1, 0]
    assert not alone["named"]
    y = np.stack([PRODUCT, 2 * X[:, 0]], axis=1)
    expected = regressor(evaluations=600).fit(X, y).score(X, y + np.array([0, 3]))
    assert alone["several"] == [[120, 2], pytest.approx(1), pytest.approx(expected)]


def test_errors_without_scikit_learn(alone: dict[str, Any]) -> None:
    expected = [
        ("UsageError", "not fitted"),
        ("DataError", "at least 4 rows, got 1"),
        ("DataError", "X: row"),
        ("DataError", "column 'y'"),
        ("DataError", "expected 2 axes, got 1"),
        ("DataError", "120 and 119"),
        ("DataError", "real numbers"),
        ("UsageError", "different names"),
        ("UsageError", "unknown parameter 'evaluation'"),
        ("DataError", "expected 2 features, got 1"),
    ]
    assert len(alone["errors"]) == len(expected)
    for (kind, message, hint), (known, part) in zip(alone["errors"], expected, strict=True):
        assert kind == known
        assert part in message
        assert hint


OLD = """
import sys, types
old = types.ModuleType("sklearn.utils.validation")
for name in ("sklearn", "sklearn.base", "sklearn.utils"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["sklearn.base"].BaseEstimator = sys.modules["sklearn.base"].RegressorMixin = object
sys.modules["sklearn.utils.validation"] = old
import evosynth as es
try:
    es.SymbolicRegressor
except es.EvosynthError as error:
    print(error, error.hint)
"""


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        (OLD, "expected scikit-learn 1.6 or later"),
        ("import sys, evosynth as es; es.run; print('sklearn' in sys.modules)", "False"),
        ("import sys, evosynth as es; es.SymbolicRegressor; print('sklearn' in sys.modules)", "Tr"),
    ],
)
def test_scikit_learn_is_imported_by_who_asks(code: str, printed: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(Path(es.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(printed)
