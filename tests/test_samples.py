"""Sampled targets: every family against its oracle and its promises, data good and bad."""

from __future__ import annotations

import importlib.util
import json
import math
import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dsl.errors import (
    DataError,
    EnvironmentMismatchError,
    EvosynthError,
    StorageError,
    UsageError,
)
from dsl.samples import (
    SAMPLED,
    SampledFamily,
    SampledTarget,
    Samples,
    from_arrays,
    make_sampled_target,
    read_samples,
    rebuild_sampled_target,
    sampled_families,
)

ROOT = Path(__file__).resolve().parent.parent
PI = np.pi

# Family -> value at one place, by the standard library alone, for the default parameters.
ORACLES: dict[str, Callable[[float], float | list[int]]] = {
    "sine": lambda x: math.sin(31 * x),
    "clock": lambda x: [
        int(digit) for digit in f"{datetime(2000, 1, 1) + timedelta(seconds=x):%H%M%S}"
    ],
    "exp": math.exp,
    "exp-neg": lambda x: 1 / math.exp(x),
    "log": lambda x: math.log2(x) * math.log(2),
    "inverse": lambda x: x**-1,
    "linear": lambda x: x + x + 1,
    "sin": lambda x: math.cos(x - math.pi / 2),
    "step": lambda x: float(x > 0),
    "snake-like": lambda x: x + (1 - math.cos(6 * x)) / 6,
}
OTHERS = {"sines", "co2", "seattle-temps"}  # tested by themselves
SERIES = {"co2": "statsmodels", "seattle-temps": "vega_datasets"}

# Family -> least and largest |x| of train, validation and test; for log of x itself.
YEAR = 31_556_952
RANGES = {
    "sine": [(0, 1e3), (0, 1e3), (0, 1e4)],
    "sines": [(PI, 4 * PI), (0, PI), (0, 10 * PI)],
    "clock": [(0, 60 * YEAR), (0, 60 * YEAR), (0, 500 * YEAR)],
    "exp": [(0, 5), (0, 5), (0, 10)],
    "exp-neg": [(0, 5), (0, 5), (0, 10)],
    "log": [(0.05, 5), (0.05, 5), (0.05, 25)],
    "inverse": [(0.05, 5), (0.05, 5), (0.05, 25)],
    "linear": [(0, 5), (0, 5), (0, 25)],
    "sin": [(0, 5), (0, 5), (0, 25)],
    "step": [(0, 5), (0, 5), (0, 25)],
    "snake-like": [(0, 5), (0, 5), (0, 25)],
}


def sets_of(target: SampledTarget) -> list[Samples]:
    assert target.validation is not None
    assert target.test is not None
    return [target.train, target.validation, target.test]


def assert_refused(error: type[EvosynthError], *parts: str, call: Callable[[], object]) -> None:
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    for part in parts:
        assert part in f"{caught.value} | {caught.value.hint}"
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert caught.value.hint


each_family = pytest.mark.parametrize("family", SAMPLED, ids=lambda family: family.name)


# Families


@each_family
def test_family_keeps_its_contract(family: SampledFamily) -> None:
    target = make_sampled_target(family.name, seed=3)
    assert (target.name, target.domain, target.noise) == (family.name, "real", 0)
    assert (target.inputs, target.outputs) == (family.inputs, family.outputs)
    assert target.convention == family.convention
    assert target.title
    assert "{" not in target.title
    assert target.is_exact == bool(target.formula) == (family.name not in SERIES)
    assert target.identifier.isidentifier()
    for samples in sets_of(target):
        assert samples.x.shape == (len(samples), len(family.inputs))
        assert samples.y.shape == (len(samples), len(family.outputs))
        for array in (samples.x, samples.y):
            assert array.dtype == np.float64
            assert np.isfinite(array).all()
            assert array.flags.c_contiguous
            assert not array.flags.writeable
    for left, right in [(0, 1), (0, 2), (1, 2)]:
        if family.name != "clock":  # whole seconds may meet
            first, second = (set(sets_of(target)[i].x[:, 0].tolist()) for i in (left, right))
            assert not first & second


@each_family
def test_family_is_decided_by_its_seed(family: SampledFamily) -> None:
    target, again, other = (make_sampled_target(family.name, seed=seed) for seed in (3, 3, 4))
    assert target.digest == again.digest
    assert (target.digest == other.digest) == (family.name in SERIES)
    for first, second in zip(sets_of(target), sets_of(again), strict=True):
        assert first.x.tobytes() == second.x.tobytes()
        assert first.y.tobytes() == second.y.tobytes()


def test_digests_are_the_same_in_another_process() -> None:
    code = (
        "from dsl.samples import SAMPLED, make_sampled_target as make\n"
        "for each in SAMPLED: print(make(each.name, seed=3, noise=0.1).digest)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True, text=True
    )
    ours = [make_sampled_target(each.name, seed=3, noise=0.1).digest for each in SAMPLED]
    assert printed.stdout.split() == ours
    assert len(set(ours)) == len(ours)


@each_family
def test_family_equals_its_oracle(family: SampledFamily) -> None:
    if family.name in OTHERS:
        return
    assert family.name in ORACLES, "add an oracle for the new family"
    for samples in sets_of(make_sampled_target(family.name, seed=5)):
        expected = [ORACLES[family.name](x) for x in samples.x[:2000, 0].tolist()]
        values = samples.y[:2000].reshape(np.shape(expected))
        assert np.allclose(values, expected, rtol=1e-11, atol=1e-10)
        if family.name == "clock":
            assert values.tolist() == expected


@pytest.mark.parametrize("name", RANGES)
def test_places_lie_where_the_convention_says(name: str) -> None:
    for samples, (low, high) in zip(
        sets_of(make_sampled_target(name, seed=1)), RANGES[name], strict=True
    ):
        x = samples.x if name == "log" else np.abs(samples.x)
        assert low <= x.min() < low + 0.02 * (high - low)
        assert high - 0.02 * (high - low) < x.max() <= high
        if name != "log":
            assert 0.4 < np.mean(samples.x > 0) < 0.6


def test_every_family_has_ranges_or_rows_of_its_own() -> None:
    assert set(RANGES) | set(SERIES) == set(SAMPLED.names())


def test_sine_is_numpys() -> None:
    for frequency in (31, 0.5, 2.5e3):
        for samples in sets_of(make_sampled_target("sine", seed=2, frequency=frequency)):
            assert np.array_equal(samples.y, np.sin(frequency * samples.x))


@pytest.mark.parametrize("count", [1, 3, 20])
def test_sines_are_those_of_the_formula(count: int) -> None:
    target = make_sampled_target("sines", seed=2, count=count)
    assert target.formula.count("sin(") == count
    code = target.formula.replace(" x)", " * x)")
    for samples in sets_of(target):
        values = eval(code, {"sin": np.sin, "x": samples.x})
        assert np.allclose(values, samples.y, rtol=0, atol=1e-15)
    frequencies = [float(part.split(" x")[0]) for part in target.formula.split("sin(")[1:]]
    assert all(0 < each < 2 for each in frequencies)


def test_formulas_say_the_parameters_exactly() -> None:
    assert make_sampled_target("sine", seed=0).formula == "sin(31 x)"
    assert make_sampled_target("sine", seed=0, frequency=0.1).formula == "sin(0.1 x)"
    snake = make_sampled_target("snake-like", seed=0, frequency=2.5)
    assert snake.formula == "x + sin(2.5 x)^2 / 2.5"
    (x, y), a = (snake.train.x, snake.train.y), 2.5
    assert np.allclose(y, x + np.sin(a * x) ** 2 / a, rtol=1e-15)


def test_clock_before_its_origin() -> None:
    from dsl.samples.clock import digits

    x = np.array([-1.0, 0, -86_400, 45_296, 86_399, -43_200])
    expected = ["235959", "000000", "000000", "123456", "235959", "120000"]
    assert ["".join(f"{digit:.0f}" for digit in row) for row in digits(x)] == expected


def test_clock_on_a_million_instants() -> None:
    target = make_sampled_target("clock", seed=0, samples=500, test_samples=10**6)
    assert target.test is not None
    assert (len(target.train), len(target.test)) == (500, 10**6)
    assert len(sets_of(make_sampled_target("clock", seed=0))[2]) == 100_000
    assert target.outputs == ("H1", "H2", "M1", "M2", "S1", "S2")
    assert (target.train.x % 1 == 0).all()


def test_singular_places_are_named_and_avoided() -> None:
    named = {family.name: family.singular for family in SAMPLED if family.singular}
    assert named == {"log": "x <= 0", "inverse": "x = 0", "step": "x = 0 (jump)"}
    assert make_sampled_target("inverse", seed=0).singular == "x = 0"


def test_held_out_sets_do_not_depend_on_the_rows_to_train_on() -> None:
    few, many = (make_sampled_target("sine", seed=1, samples=n) for n in (10, 3_000))
    assert (len(few.train), len(many.train)) == (10, 3_000)
    for first, second in zip(sets_of(few)[1:], sets_of(many)[1:], strict=True):
        assert np.array_equal(first.x, second.x)


def test_identifiers() -> None:
    identifiers = {family.name: make_sampled_target(family.name, seed=0) for family in SAMPLED}
    assert identifiers["sine"].identifier == "sine_31"
    assert identifiers["snake-like"].identifier == "snake_like_3"
    assert identifiers["exp"].identifier == "exp_1"
    names = [target.identifier for target in identifiers.values()]
    assert len(set(names)) == len(names)
    assert make_sampled_target("sine", seed=0, frequency=0.5).identifier == "sine_0_5"
    for name in ("", "class", "äöü", "log2", "9 lives", "x" * 80, "x" * 38 + "_12345", "_" * 60):
        made = from_arrays(np.eye(4), np.ones(4), seed=0, name=name).identifier
        assert made.isidentifier()
        assert made.isascii()
        assert len(made) <= 40
        assert made[-1].isdigit()


# Noise


@each_family
def test_noise_is_added_to_training_and_validation_alone(family: SampledFamily) -> None:
    plain, noisy = (make_sampled_target(family.name, seed=1, noise=n) for n in (0, 0.1))
    assert noisy.noise == 0.1
    assert not noisy.is_exact
    assert noisy.digest != plain.digest
    train, validation, test = zip(sets_of(plain), sets_of(noisy), strict=True)
    assert test[0].y.tobytes() == test[1].y.tobytes()
    deviation = plain.train.y.std(axis=0)
    for before, after in (train, validation):
        assert np.array_equal(before.x, after.x)
        difference = (after.y - before.y) / deviation
        assert difference.std() == pytest.approx(0.1, rel=0.15)
        assert abs(difference.mean()) < 0.02


# Real series


@pytest.mark.parametrize(("name", "package"), SERIES.items())
def test_series_are_those_of_their_packages(name: str, package: str) -> None:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    place = {"co2": "datasets/co2/co2.csv", "seattle-temps": "_data/seattle-temps.csv"}[name]
    lines = Path(spec.submodule_search_locations[0], place).read_text().splitlines()[1:]
    pairs = [line.split(",") for line in lines]
    values = [float(value) for _, value in pairs if value]
    sets = sets_of(make_sampled_target(name, seed=0))
    x, y = np.concatenate([each.x for each in sets]), np.concatenate([each.y for each in sets])
    order = np.argsort(x[:, 0], kind="stable")
    assert y[order, 0].tolist() == values
    assert sets[2].x.min() > max(sets[0].x.max(), sets[1].x.max())
    steps = np.diff(x[order, 0])
    assert np.median(steps) == pytest.approx(7 / 365.25 if name == "co2" else 1 / 24)
    assert x.min() == 0


def test_series_hold_out_what_they_say() -> None:
    train, validation, test = sets_of(make_sampled_target("co2", seed=0))
    assert test.x.max() - test.x.min() == pytest.approx(10, abs=0.05)
    assert train.x.max() < validation.x.min()
    assert validation.x.max() - validation.x.min() == pytest.approx(5, abs=0.05)
    train, validation, test = sets_of(make_sampled_target("seattle-temps", seed=0))
    assert np.floor(test.x.min()) == 365 - 73
    assert set(np.floor(validation.x[:, 0]) % 5) == {4}
    assert set(np.floor(train.x[:, 0]) % 5) == {0, 1, 2, 3}


def test_series_import_neither_pandas_nor_their_packages() -> None:
    code = (
        "import sys; from dsl.samples import make_sampled_target as make\n"
        "make('co2', seed=0); make('seattle-temps', seed=0)\n"
        "names = 'pandas', 'statsmodels', 'vega_datasets', 'scipy'\n"
        "print([name for name in names if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
    assert printed.stdout.strip() == "[]"


@pytest.mark.parametrize("name", SERIES)
@pytest.mark.parametrize("is_installed", [True, False])
def test_missing_packages_are_told(
    name: str, is_installed: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spec = importlib.util.spec_from_file_location(
        "p", tmp_path / "p.py", submodule_search_locations=[str(tmp_path)]
    )
    found = spec if is_installed else None  # installed, but without the file
    monkeypatch.setattr(importlib.util, "find_spec", lambda package: found)
    assert_refused(
        EnvironmentMismatchError,
        SERIES[name],
        "pip install 'evosynth[data]'",
        call=partial(make_sampled_target, name, seed=0),
    )
    assert SAMPLED.get(name).extra == "data"


# Arguments


@pytest.mark.parametrize(
    ("name", "given", "parts"),
    [
        ("sinus", {}, ["unknown sampled target", "did you mean"]),
        ("sine", {"count": 3}, ["sine takes no 'count'", "frequency (default 31)", "noise"]),
        ("sines", {"frequency": 3.0}, ["sines takes no 'frequency'", "count (default 3)"]),
        ("exp", {"frequency": 3.0}, ["exp takes no", "samples (default 2000)"]),
        ("co2", {"samples": 100}, ["co2 takes no 'samples'", "it takes noise"]),
        ("sine", {"frequency": math.nan}, ["above 0", "frequency", "nan", "31"]),
        ("sine", {"frequency": math.inf}, ["inf"]),
        ("sine", {"frequency": -3}, ["-3"]),
        ("sine", {"frequency": 0}, ["got 0"]),
        ("sine", {"frequency": 1e10}, ["1e+09"]),
        ("sine", {"frequency": "31"}, ["'31'"]),
        ("sine", {"frequency": True}, ["True"]),
        ("sine", {"frequency": [31]}, ["type list"]),
        ("sines", {"count": 0}, ["whole number from 1 to 100", "count"]),
        ("sines", {"count": 2.5}, ["2.5"]),
        ("sines", {"count": 101}, ["101"]),
        ("sines", {"count": True}, ["True"]),
        ("clock", {"test_samples": 10**400}, ["test_samples"]),
        ("exp", {"samples": 0}, ["samples", "got 0"]),
        ("exp", {"samples": -5}, ["-5"]),
        ("exp", {"samples": 10**9}, ["1e+07"]),
        ("exp", {"samples": 10.0}, ["10.0"]),
        ("exp", {"noise": -0.1}, ["noise from 0", "-0.1"]),
        ("exp", {"noise": math.nan}, ["nan"]),
        ("exp", {"noise": math.inf}, ["inf"]),
        ("exp", {"noise": "much"}, ["'much'"]),
        ("exp", {"noise": 10**400}, ["type int"]),
        ("exp", {"noise": True}, ["True"]),
        ("exp", {"seed": -1}, ["seed", "-1"]),
        ("exp", {"seed": 1.5}, ["seed", "1.5"]),
        ("exp", {"seed": True}, ["seed", "True"]),
    ],
)
def test_arguments_without_sense_are_refused(
    name: str, given: dict[str, Any], parts: list[str]
) -> None:
    assert_refused(
        UsageError, *parts, call=lambda: make_sampled_target(name, **{"seed": 0, **given})
    )


def test_arguments_of_none_are_the_defaults() -> None:
    plain = make_sampled_target("sine", seed=0)
    none = make_sampled_target("sine", seed=0, samples=None, frequency=None, count=None)
    assert none.digest == plain.digest
    made = make_sampled_target("sine", seed=np.int64(0), frequency=np.int32(31))  # type: ignore
    assert made.digest == plain.digest
    assert json.dumps(made.source) == json.dumps(plain.source)


@each_family
def test_extreme_parameters_work(family: SampledFamily) -> None:
    for parameter in family.parameters:
        if parameter.name in ("samples", "test_samples"):
            values: list[Any] = [1]
        else:
            values = [1, parameter.most] + [1e-300] * isinstance(parameter.default, float)
        for value in values:
            target = make_sampled_target(family.name, seed=0, **{parameter.name: value})
            assert rebuild_sampled_target(target.source).digest == target.digest


@each_family
def test_target_is_made_again_from_its_source(family: SampledFamily) -> None:
    target = make_sampled_target(family.name, seed=2**70, noise=0.25)
    source = json.loads(json.dumps(target.source))
    again = rebuild_sampled_target(source)
    assert (again.digest, again.title, again.label) == (target.digest, target.title, target.label)
    assert make_sampled_target(**source).digest == target.digest


def test_sources_that_make_nothing_are_refused() -> None:
    assert_refused(UsageError, "arrays", call=lambda: rebuild_sampled_target({}))
    assert_refused(UsageError, "damaged", call=lambda: rebuild_sampled_target({"name": "sine"}))
    assert_refused(
        UsageError, "damaged", call=lambda: rebuild_sampled_target({"path": "a.csv", "z": 1})
    )


def test_families_are_listed_as_plain_data() -> None:
    listed = json.loads(json.dumps(sampled_families()))
    assert [each["name"] for each in listed] == list(SAMPLED.names())
    by_name = {each["name"]: each for each in listed}
    assert by_name["sine"]["parameters"] == {"samples": 2000, "frequency": 31.0}
    assert by_name["co2"]["parameters"] == {}
    assert by_name["inverse"]["singular"] == "x = 0"
    assert all(each["summary"] and each["convention"] for each in listed)


# Samples


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.ones(3), np.ones((3, 1))),
        (np.ones((3, 1)), np.ones((2, 1))),
        (np.ones((0, 1)), np.ones((0, 1))),
        (np.ones((3, 0)), np.ones((3, 1))),
        (np.ones((3, 1), np.float32), np.ones((3, 1))),
        (np.ones((3, 1)), np.full((3, 1), np.nan)),
        (np.full((3, 1), np.inf), np.ones((3, 1))),
    ],
)
def test_samples_check_themselves(x: Any, y: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        Samples(x, y)


def test_samples_are_copies_also_in_another_process() -> None:
    x = np.arange(4.0)[:, None]
    samples = Samples(x, -x)
    x[0] = 7
    assert samples.x[0] == 0
    assert not np.signbit(samples.y[0, 0])
    copy = pickle.loads(pickle.dumps(samples))
    assert np.array_equal(copy.x, samples.x)
    assert not copy.x.flags.writeable
    target = make_sampled_target("exp", seed=0)
    assert pickle.loads(pickle.dumps(target)).digest == target.digest


def test_target_checks_itself() -> None:
    samples = Samples(np.ones((4, 2)), np.ones((4, 1)))
    with pytest.raises(ValueError, match="1 inputs"):
        SampledTarget("t", "", "", ("a",), ("y",), samples)
    with pytest.raises(ValueError, match="different names"):
        SampledTarget("t", "", "", ("a", "y"), ("y",), samples)


def test_digest_tells_names_and_sets_apart() -> None:
    x, y = np.arange(30.0), np.arange(30.0) ** 2
    digests = {
        from_arrays(x, y, seed=0).digest,
        from_arrays(x, y, seed=1).digest,
        from_arrays(x, y, seed=0, holdout="tail").digest,
        from_arrays(x, y, seed=0, inputs=["t"]).digest,
        from_arrays(x, -y, seed=0).digest,
        from_arrays(x[:10], y[:10], seed=0).digest,
    }
    assert len(digests) == 6
    assert from_arrays(x, y, seed=0, name="n", title="t").digest in digests


# Arrays


@pytest.mark.parametrize("rows", [4, 19, 20, 21, 22, 23, 24, 1000])
@pytest.mark.parametrize("holdout", ["random", "tail"])
def test_rows_are_split(rows: int, holdout: str) -> None:
    x = np.stack([np.arange(rows), -np.arange(rows)], axis=1)
    target = from_arrays(x, x[:, 0] ** 2, seed=1, holdout=holdout)
    assert (target.inputs, target.outputs) == (("x0", "x1"), ("y",))
    if rows < 20:
        assert len(target.train) == rows
        assert target.validation is None
        assert target.test is None
        return
    sets = sets_of(target)
    assert [len(each) / rows for each in sets] == pytest.approx([0.6, 0.2, 0.2], abs=1 / rows)
    taken = np.concatenate([each.x[:, 0] for each in sets])
    assert sorted(taken) == list(range(rows))
    assert (list(taken) == list(range(rows))) == (holdout == "tail")
    for each in sets:
        assert np.array_equal(each.y[:, 0], each.x[:, 0] ** 2)
        assert np.array_equal(each.x[:, 1], -each.x[:, 0])
        assert (np.diff(each.x[:, 0]) > 0).all()


@pytest.mark.parametrize("rows", [4, 19, 20, 21, 22, 23, 1000])
@pytest.mark.parametrize("holdout", ["random", "tail"])
def test_rows_are_split_without_a_test(rows: int, holdout: str) -> None:
    x = np.arange(float(rows))
    target = from_arrays(x, x**2, seed=1, holdout=holdout, keep_test=False)
    assert target.test is None
    assert (target.validation is None) == (rows < 20)
    sets = [each for each in (target.train, target.validation) if each]
    taken = np.concatenate([each.x[:, 0] for each in sets])
    assert sorted(taken) == x.tolist()
    if rows >= 20:
        assert [len(each) / rows for each in sets] == pytest.approx([0.75, 0.25], abs=1 / rows)
        assert np.array_equal(taken, x) == (holdout == "tail")
    for each in sets:
        assert np.array_equal(each.y, each.x**2)
        assert (np.diff(each.x[:, 0]) > 0).all()


@pytest.mark.parametrize("keep_test", [True, False])
@pytest.mark.parametrize("rows", [4, 20, 1000])
def test_all_rows_may_be_trained_on(rows: int, keep_test: bool) -> None:
    x = np.arange(float(rows))
    target = from_arrays(x, -x, seed=1, holdout="none", keep_test=keep_test)
    assert np.array_equal(target.train.x[:, 0], x)
    assert (target.validation, target.test) == (None, None)
    assert target.digest == from_arrays(x, -x, seed=2, holdout="none").digest


COLUMN = np.arange(6.0)


@pytest.mark.parametrize(
    ("x", "y", "parts"),
    [
        (COLUMN, [1, 2, np.nan, 4, 5, 6], ["row 2", "column 'y'", "nan"]),
        (COLUMN, [1, 2, 3, 4, -np.inf, 6], ["row 4", "-inf"]),
        (COLUMN, [1, 2, 3, 4, 1e101, 6], ["1e+101", "scale"]),
        (COLUMN, COLUMN[:5], ["6 and 5"]),
        (COLUMN[:3], COLUMN[:3], ["at least 4 rows, got 3"]),
        (COLUMN[:1], COLUMN[:1], ["at least 4 rows, got 1"]),
        ([], [], ["at least 4 rows, got 0"]),
        (COLUMN, COLUMN + 1j, ["complex128"]),
        (COLUMN, COLUMN.astype(object), ["object"]),
        (COLUMN, ["a"] * 6, ["real numbers"]),
        (COLUMN, COLUMN.astype("datetime64[s]"), ["datetime64"]),
        (COLUMN, [[1], [1, 2], [1]], ["equal length"]),
        (COLUMN, np.ma.masked_less(COLUMN, 2), ["masked"]),
        (COLUMN, 3.0, ["2 axes, got 0"]),
        (np.ones((6, 2, 2)), COLUMN, ["2 axes, got 3"]),
        (np.ones((6, 0)), COLUMN, ["from 1 to 4096 columns, got 0"]),
        (np.ones((6, 4097)), COLUMN, ["4096 columns, got 4097"]),
    ],
)
def test_arrays_that_cannot_be_used_are_refused(x: Any, y: Any, parts: list[str]) -> None:
    assert_refused(DataError, *parts, call=lambda: from_arrays(x, y, seed=0))


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"holdout": "head"}, ["'random', 'tail' or 'none'", "'head'"]),
        ({"seed": -1}, ["seed"]),
        ({"inputs": ["a", "b"]}, ["expected 1 names", "got 2"]),
        ({"inputs": [""]}, ["names"]),
        ({"inputs": "y"}, ["both input and output"]),
    ],
)
def test_options_of_arrays_are_checked(given: dict[str, Any], parts: list[str]) -> None:
    call = partial(from_arrays, COLUMN, COLUMN, **{"seed": 0, **given})
    assert_refused(UsageError, *parts, call=call)


def test_arrays_of_any_real_kind() -> None:
    made = [
        from_arrays(np.arange(30).astype(kind), np.arange(30) % 2 == 0, seed=0)
        for kind in ("i1", ">f4", "f8", "u8", "longdouble")
    ]
    assert len({each.digest for each in made}) == 1
    assert from_arrays(COLUMN, np.full(6, 3.0), seed=0).formula == "a constant"
    assert from_arrays(COLUMN, COLUMN, seed=0).formula == ""
    assert from_arrays(np.ones(6), COLUMN, seed=0).train.x.std() == 0


# Files


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "data.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


TABLE = np.array([[i, i / 4, -1e-3 * i] for i in range(8)])


def as_text(table: npt.NDArray[Any], separator: str, *, is_quoted: bool = False) -> str:
    cells = [[f'"{cell!r}"' if is_quoted else repr(cell) for cell in row] for row in table.tolist()]
    return "\n".join(separator.join(row) for row in cells)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n  \n", ""])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("is_quoted", [True, False])
def test_tables_are_read(
    separator: str, end: str, mark: str, is_quoted: bool, tmp_path: Path
) -> None:
    header = separator.join(["time", ' "a, b; c" '.strip(), "y"])
    body = as_text(TABLE, separator, is_quoted=is_quoted)
    if end == "\r\n":
        body = body.replace("\n", end)
    target = read_samples(write(tmp_path, f"{mark}{header}\n{body}{end}"), seed=0)
    assert (target.inputs, target.outputs) == (("time", "a, b; c"), ("y",))
    assert np.array_equal(target.train.x, TABLE[:, :2])
    assert np.array_equal(target.train.y, TABLE[:, 2:])
    assert (target.name, target.notices, target.formula) == ("data", (), "")
    assert not target.is_exact
    assert target.identifier == "data_2"


def test_columns_are_chosen(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b,c\n" + as_text(TABLE, ","))
    chosen = read_samples(path, x=["c"], y=["b", "a"], seed=0)
    assert (chosen.inputs, chosen.outputs) == (("c",), ("b", "a"))
    assert np.array_equal(chosen.train.y, TABLE[:, [1, 0]])
    assert read_samples(path, y=["a"], seed=0).inputs == ("b", "c")
    assert read_samples(path, x="a", seed=0).outputs == ("c",)


def test_columns_without_a_header_have_numbers(tmp_path: Path) -> None:
    path = write(tmp_path, as_text(TABLE, ","))
    target = read_samples(path, seed=0)
    assert (target.inputs, target.outputs) == (("column_0", "column_1"), ("column_2",))
    assert len(target.train) == len(TABLE)
    for x in ("1", "column_1"):
        chosen = read_samples(path, x=[x], y=["0"], seed=0)
        assert np.array_equal(chosen.train.x, TABLE[:, [1]])
        assert np.array_equal(chosen.train.y, TABLE[:, [0]])
    assert_refused(DataError, "no column '3'", call=lambda: read_samples(path, x=["3"], seed=0))


def test_columns_may_hold_text_that_is_not_used(tmp_path: Path) -> None:
    lines = [f'{i},"a ""city"",\nby the sea",{i}' for i in range(5)]
    path = write(tmp_path, "a,place,y\n" + "\n".join(lines))
    assert len(read_samples(path, x=["a"], seed=0).train) == 5
    parts = "row 2", "column 'place'", "expected a number"
    assert_refused(DataError, *parts, call=lambda: read_samples(path, seed=0))


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        (["2020-01-31", "2020-02-01", "2020-03-01", "2019-01-31"], [0, 1, 30, -365]),
        (["2020-01-31T12:00", "2020-01-31T18:00", "2020-02-01 12:00:00"], [0, 0.25, 1]),
        (["2020-01-31T12:00Z", "2020-01-31T14:00+02:00", "2020-02-01T12:00Z"], [0, 0, 1]),
    ],
)
def test_dates_are_days_since_the_first(
    dates: list[str], days: list[float], tmp_path: Path
) -> None:
    lines = [f"{date},{i}" for i, date in enumerate(dates * 2)]
    target = read_samples(write(tmp_path, "when,y\n" + "\n".join(lines)), seed=0)
    assert target.train.x[:, 0].tolist() == days * 2
    assert "when: days since 2020-01-31" in target.convention


def test_dates_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    good = "2020-01-01,1\n2020-01-02,2\n" * 3
    for line, parts in (
        ("soon,3\n", ["row 8", "'when'", "a date", "'soon'", "2020-01-31"]),
        ("2020-01-01T00:00Z,3\n", ["row 8", "offset"]),
        ("17,3\n", ["row 8", "'17'"]),
    ):
        path = write(tmp_path, f"when,y\n{good}{line}")
        assert_refused(DataError, *parts, call=partial(read_samples, path, seed=0))
    path = write(tmp_path, "y,when\n" + "1,2020-01-01\n" * 5)
    assert_refused(DataError, "expected a number", call=lambda: read_samples(path, seed=0))


def test_rows_with_a_missing_value_are_left_out(tmp_path: Path) -> None:
    lines = [
        "0,0,a",
        ",1,b",
        "nan,2,",
        "3,NA,c",
        "4,4,",
        "5, NaN ,",
        "6,6,",
        "7,7,",
        "8,8,",
        "9,9,",
    ]
    path = write(tmp_path, "x,y,z\n" + "\n".join(lines))
    target = read_samples(path, x=["x"], y=["y"], seed=0)
    assert target.train.x[:, 0].tolist() == [0, 4, 6, 7, 8, 9]
    assert target.notices == ("left out 4 of 10 rows, in which a value is missing",)
    path = write(tmp_path, "x,y\n" + "\n".join(["1,1"] * 5 + ["1,"] * 6))
    assert_refused(DataError, "half", "5 of 11", call=lambda: read_samples(path, seed=0))
    path = write(tmp_path, "x,y\n" + "1,\n" * 6)
    assert_refused(DataError, "0 of 6", call=lambda: read_samples(path, seed=0))


GOOD = "1,2\n" * 6


@pytest.mark.parametrize(
    ("content", "given", "parts"),
    [
        ("", {}, ["empty"]),
        ("\n\n  \n", {}, ["empty"]),
        ("x,temp\n", {}, ["below the header"]),
        ("x,temp\n1,2\n", {}, ["at least 4 rows, got 1"]),
        ("1,2\n", {}, ["at least 4 rows, got 1"]),
        ("x,temp\n" + "1,2\n" * 15 + "3,abc\n", {}, ["row 17, column 'temp'", "number, got 'abc'"]),
        ("x,temp\n\n" + "1,2\n" * 14 + "3,abc\n", {}, ["row 17, column 'temp'"]),
        ("\n\nx,temp\n" + "1,2\n" * 4 + "3,abc\n", {}, ["row 8, column 'temp'"]),
        ("1,2\n" * 4 + "3,abc\n", {}, ["row 5, column 'column_1'"]),
        ("x,temp\n" + GOOD + "1,inf\n", {}, ["row 8, column 'temp'", "'inf'"]),
        ("x,temp\n" + GOOD + "1,-1e999\n", {}, ["row 8", "'-1e999'"]),
        ("x,temp\n" + GOOD + "1,1_000\n", {}, ["row 8", "'1_000'"]),
        ("x;temp\n" + "1;3,14\n" * 6, {}, ["row 2, column 'temp'", "'3,14'", "decimal point"]),
        ("x,temp\n" + GOOD + "1,2,3\n", {}, ["row 8", "expected 2 cells, got 3"]),
        ("x,temp\n" + GOOD + "1\n", {}, ["row 8", "expected 2 cells, got 1"]),
        ("x\n1\n2\n3\n4\n5\n", {}, ["two columns"]),
        ("x,temp\n" + GOOD, {"x": ["tmp"]}, ["'tmp'", "did you mean 'temp'", "columns: x, temp"]),
        ("x,temp\n" + GOOD, {"y": ["0"]}, ["no column '0'"]),
        ("x,temp\n" + GOOD, {"x": ["temp"]}, ["'temp' is there twice"]),
        ("x,temp\n" + GOOD, {"x": ["x"], "y": ["x"]}, ["'x' is there twice"]),
        ("x,temp\n" + GOOD, {"x": ["x", "x"]}, ["'x' is there twice"]),
        ("x,temp\n" + GOOD, {"x": []}, ["from 1 to 4096 columns as x, got 0"]),
        ("x,temp\n" + GOOD, {"y": ["x", "temp"]}, ["columns as x, got 0"]),
        ("x,x,temp\n" + "1,2,3\n" * 6, {}, ["'x' is there twice"]),
        ("x,x,temp\n" + "1,2,3\n" * 6, {"x": ["x"]}, ["one column 'x', got 2"]),
        (",".join(f"c{i}" for i in range(4098)) + "\n", {}, ["4096 columns as x, got 4097"]),
        (b"x,temp\n\xff\xfe1,2\n", {}, ["UTF-8"]),
        ("x,temp\n1,2\n".encode("utf-16"), {}, ["UTF-8"]),
        (b"x,temp\n" + b"1,2\n" * 200_000 + b"\xff,2\n", {}, ["UTF-8"]),
        ("x,temp\n" + GOOD + '1,"' + "2" * 200_000, {}, ["table of text"]),
    ],
)
def test_files_that_cannot_be_used_are_refused(
    content: str | bytes, given: dict[str, Any], parts: list[str], tmp_path: Path
) -> None:
    path = write(tmp_path, content)
    assert_refused(DataError, "data.csv", *parts, call=lambda: read_samples(path, seed=0, **given))


def test_places_without_a_file_are_refused(tmp_path: Path) -> None:
    missing = tmp_path / "no.csv"
    assert_refused(DataError, "no such file", call=lambda: read_samples(missing, seed=0))
    assert_refused(DataError, "regular file", call=lambda: read_samples(tmp_path, seed=0))
    good = write(tmp_path, GOOD)
    assert_refused(UsageError, "holdout", call=lambda: read_samples(good, seed=0, holdout="x"))
    assert_refused(UsageError, "seed", call=lambda: read_samples(good, seed=-1))


def test_files_that_cannot_be_opened_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, GOOD)

    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert_refused(StorageError, "Permission denied", call=lambda: read_samples(path, seed=0))


def test_long_lines_are_not_swallowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsl.samples.csv_table.LONGEST_LINE", 100)
    path = write(tmp_path, "x,temp\n" + "1" * 200)
    assert_refused(DataError, "below 100 characters", call=lambda: read_samples(path, seed=0))


def test_too_many_numbers_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dsl.samples.data_file.MOST_NUMBERS", 100)
    path = write(tmp_path, "1,2\n" * 51)
    assert_refused(DataError, "at most 100 numbers", call=lambda: read_samples(path, seed=0))


def test_large_files_are_read_some_rows_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = np.random.default_rng(0).normal(size=(1_000, 3))
    path = write(tmp_path, "a,b,c\n" + as_text(table, ",") + "\n")
    at_once = read_samples(path, seed=0, holdout="tail")
    monkeypatch.setattr("dsl.samples.csv_table.CHUNK_CELLS", 21)
    assert read_samples(path, seed=0, holdout="tail").digest == at_once.digest
    read = np.concatenate([np.hstack([each.x, each.y]) for each in sets_of(at_once)])
    assert np.array_equal(read, table)
    broken = write(tmp_path, "a,b,c\n" + as_text(table, ",") + "\n1,2,x\n")
    assert_refused(DataError, "row 1002", "'c'", call=lambda: read_samples(broken, seed=0))


@pytest.mark.parametrize("holdout", ["random", "tail"])
def test_file_is_read_again_from_its_source(holdout: str, tmp_path: Path) -> None:
    path = write(tmp_path, "a,b,c\n" + as_text(np.random.default_rng(0).random((50, 3)), ","))
    target = read_samples(path, ["a"], ["c", "b"], seed=np.int64(7), holdout=holdout)  # type: ignore
    again = rebuild_sampled_target(json.loads(json.dumps(target.source)))
    assert again.digest == target.digest
    assert again.source == target.source
    assert again.title == target.title
    assert read_samples(path, ["a"], ["c", "b"], seed=8, holdout="random").digest != target.digest


def test_columns_whose_squares_vanish_are_refused() -> None:
    x = np.linspace(0, 1, 30)
    with pytest.raises(DataError, match="'y': expected values of at least 1e-100"):
        from_arrays(x, x * 1e-200, seed=0)
    assert from_arrays(x, x * 0, seed=0).formula == "a constant"
