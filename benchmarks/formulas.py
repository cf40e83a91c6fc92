"""The table of formulas: how often they are found from samples, beside other programs.

    python -m benchmarks formulas --targets sine-31 sines-3 --seeds 10 --time 60

Every run is a process of its own on one core, and gets the same rows to train on and the same
wall-clock time. It is a line of the results file and is not repeated: the table can be
interrupted, resumed, and extended by more seeds and targets. The other programs are
`pip install gplearn==0.4.3 pyoperon==0.6.2`; what is not installed is left out.

The columns: how many of the seeds gave the formula back; median and largest wall-clock seconds
of the search alone, until it ended by itself or by the time; the median over the seeds of 1 - R^2
on the test rows, or R^2 where nobody knows the formula.

A formula counts as found if 1 - R^2 is below 1e-9 on rows that no program was given, most of
them outside of the range of those that it was; noise and the digits of a clock have criteria
of their own, data of the world have none. R^2 is that of the worst output.

The others choose among their formulas by the validation rows that evosynth has too, and have a
sixth of the time for each digit of the clock. gplearn starts again when it is stuck, and its
protected functions are read as the plain ones where that changes nothing on the training rows;
it fits no constants. pyoperon computes in single precision, so its constants are fitted once
more in double precision.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, field, replace
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Literal

import numpy as np

import evosynth as es
from dsl.samples import SampledTarget, Samples, make_sampled_target
from dsl.samples.sampled_target import Numbers

OTHERS = {"gplearn": "gplearn==0.4.3", "pyoperon": "pyoperon==0.6.2"}
RESULTS = Path("runs/formulas.jsonl")
RECOVERED = 1e-9  # of 1 - R^2
SAME_DIGIT = 1e-9
UNSEEN_INSTANTS = 10**6
STANDARD_ERRORS = 3.0
NOT_THE_SINE = 1e-2  # most of 1 - R^2 between what was found and the sine read from it
STALE_GENERATIONS = 20  # without a better formula, and gplearn starts again
GENERATIONS_AT_ONCE = 5  # of pyoperon, which then says what it has
SHORTEST_RUN = 0.5  # seconds: pyoperon counts whole ones
WORTH_FITTING = 1e-2  # of 1 - R^2 on the training rows; otherwise it is not for rounding
FITTING_STEPS = 30
FAR = 1e50
CERTAIN = 1e-20  # of 1 - R^2 on the training rows, and a search need not go on
SEED_STEP = 1_000_003
COLUMNS = "recovered median s worst s    1 - R^2"
SPARE_SECONDS = 30.0  # for starting, testing and a late end; with it twice the time is killed
LONGEST_FORMULA = 300
LONGEST_COMPLAINT = 2_000

Line = dict[str, Any]
Function = Callable[[Numbers], Numbers]  # (rows, inputs) -> (rows, outputs)
Criterion = Literal["test", "frequency", "digits", "none"]


@dataclass(frozen=True, slots=True)
class Task:
    """A row of the table.

    Attributes:
        family: Whose samples they are.
        parameters: Of the family.
        criterion: What counts as recovered.
        noise: Standard deviation of the noise, as a fraction of that of the values.
        symbols: What the others may use beyond their usual functions.
    """

    family: str
    parameters: dict[str, Any] = field(default_factory=dict)
    criterion: Criterion = "test"
    noise: float = 0.0
    symbols: tuple[str, ...] = ()

    def make(self, seed: int) -> SampledTarget:
        """Returns the samples of a seed."""
        return make_sampled_target(self.family, seed=seed, noise=self.noise, **self.parameters)


TASKS = {
    "sine-31": Task("sine", {"frequency": 31.0}),
    "sine-31.37": Task("sine", {"frequency": 31.37}),
    "sine-0.5": Task("sine", {"frequency": 0.5}),
    "sine-311.7": Task("sine", {"frequency": 311.7}),
    "sines-1": Task("sines", {"count": 1}),
    "sines-2": Task("sines", {"count": 2}),
    "sines-3": Task("sines", {"count": 3}),
    "sines-8": Task("sines", {"count": 8}),
    "sine-31-noise": Task("sine", {"frequency": 31.0}, "frequency", noise=0.1),
    "clock": Task("clock", {"test_samples": UNSEEN_INSTANTS}, "digits", symbols=("floor",)),
    "exp": Task("exp"),
    "exp-neg": Task("exp-neg"),
    "log": Task("log"),
    "inverse": Task("inverse"),
    "linear": Task("linear"),
    "sin": Task("sin"),
    "step": Task("step"),
    "snake-like": Task("snake-like"),
    "co2": Task("co2", criterion="none"),
    "seattle-temps": Task("seattle-temps", criterion="none"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One run that the table asks for.

    Attributes:
        task: A name of `TASKS`.
        system: A name of `SYSTEMS`.
        seed: Of the samples and of the search.
        time: Seconds that it may search.
    """

    task: str
    system: str
    seed: int
    time: float

    @property
    def key(self) -> tuple[Any, ...]:
        """By which a run is found in the results."""
        return key_of(asdict(self))


WARM_UP = Case("linear", "evosynth", 0, 2.0)  # compiles the kernels: no run's time holds it


@dataclass(frozen=True, slots=True)
class Found:
    """What a system gives back.

    Attributes:
        function: The formula, as a function.
        formula: The same, for people.
        more: What else is kept of the run.
    """

    function: Function
    formula: str
    more: Line = field(default_factory=dict)


Search = Callable[[SampledTarget, int, float, tuple[str, ...]], Found]
Runner = Callable[[Case], Line]


def main(arguments: list[str] | None = None, run: Runner | None = None) -> None:
    """Makes the runs that are missing, and prints the table."""
    parser = _parser()
    options = parser.parse_args(arguments)
    tasks, asked = options.targets or list(TASKS), options.systems.split(",")
    for names, known in ((tasks, TASKS), (asked, SYSTEMS)):
        if unknown := [name for name in names if name not in known]:
            parser.error(f"unknown name {unknown[0]!r}; known: {', '.join(known)}")
    if options.seeds < 1 or not 0 < options.time < float("inf"):
        parser.error("expected at least one seed, and a time above 0")
    systems = [name for name in asked if find_spec(name)]
    for name in asked:
        if name not in systems:
            print(f"{name} is left out; to compare: pip install {OTHERS[name]}", file=sys.stderr)
    cases = {
        task: [
            Case(task, system, seed, options.time)
            for system in systems
            for seed in range(options.seeds)
        ]
        for task in tasks
    }
    versions = ", ".join(f"{name} {version(name)}" for name in systems)
    seeds = "seed 0" if options.seeds == 1 else f"seeds 0 to {options.seeds - 1}"
    print(f"{versions}; {options.time:g} s a run, one core; {seeds}")
    if _announce([case for each in cases.values() for case in each], options) and run is None:
        run_once(WARM_UP)
    width = max(map(len, tasks))
    print(*heads(systems, width), sep="\n", flush=True)
    for task, wanted in cases.items():
        lines = complete(wanted, options.results, run or run_once, again=options.again)
        print(row(task, systems, options.seeds, lines, width), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks formulas", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "--targets", nargs="+", metavar="NAME", help=f"[default: all of {', '.join(TASKS)}]"
    )
    parser.add_argument("--seeds", type=int, default=10, help="runs of each  [default: 10]")
    parser.add_argument("--time", type=float, default=60.0, help="seconds a run  [default: 60]")
    parser.add_argument(
        "--systems", default=",".join(SYSTEMS), help=f"[default: {','.join(SYSTEMS)}]"
    )
    parser.add_argument(
        "--results", type=Path, default=RESULTS, help=f"one line a run  [default: {RESULTS}]"
    )
    parser.add_argument("--again", action="store_true", help="repeat the runs that failed")
    return parser


def _announce(cases: list[Case], options: argparse.Namespace) -> bool:
    """Prints how long it will take; says whether evosynth is among what is left to run."""
    done = {key_of(line) for line in read_results(options.results) if _is_done(line, options.again)}
    left = [case for case in cases if case.key not in done]
    minutes = len(left) * options.time / 60
    print(f"{len(left)} of {len(cases)} runs are left, at most {minutes:.0f} minutes of searching;")
    print(f"results in {options.results}\n")
    return any(case.system == WARM_UP.system for case in left)


# Criteria


def residual(values: Numbers, found: Numbers) -> float:
    """Returns 1 - R^2 of the worst output: its squared error over its variance.

    Args:
        values: (rows, outputs), the truth.
        found: Likewise. What is not finite is infinitely wrong.
    """
    if found.shape != values.shape or not np.isfinite(found).all():
        return float("inf")
    with np.errstate(over="ignore"):
        errors = np.square(found - values).sum(axis=0)
    variances = np.square(values - values.mean(axis=0)).sum(axis=0)
    return max(
        float(error / variance) if variance else 0.0 if not error else float("inf")
        for error, variance in zip(errors, variances, strict=True)
    )


def frequency_bound(x: Numbers, deviation: float, amplitude: float) -> float:
    """Returns the least standard error with which a sine's frequency can be known.

    The bound of Cramer and Rao, with amplitude and phase unknown.

    Args:
        x: Places of the samples, any shape.
        deviation: Standard deviation of the noise.
        amplitude: Of the sine.
    """
    spread = np.square(x - x.mean()).sum()
    return float(np.sqrt(2 * deviation**2 / (amplitude**2 * spread)))


def frequency_near(x: Numbers, values: Numbers, near: float) -> tuple[float, float]:
    """Returns the frequency of the sine that fits best, and 1 - R^2 of that fit.

    Sought within two hundredths of `near`, with a mean of its own.

    Args:
        x: (rows,), irregular enough that no other frequency looks the same.
        values: (rows,).
        near: About the frequency.
    """
    if not np.isfinite(values).all() or not np.ptp(values):
        return float("nan"), float("inf")
    values = values - values.mean()
    grid = near + np.arange(-0.02, 0.02, 0.5 / np.ptp(x))
    power = [abs(np.exp(-1j * frequency * x) @ values) for frequency in grid]
    frequency, rest = float(grid[np.argmax(power)]), values
    for _ in range(10):  # Gauss-Newton
        cos, sin = np.cos(frequency * x), np.sin(frequency * x)
        (a, b, mean), *_ = np.linalg.lstsq(np.stack([cos, sin, np.ones_like(x)], 1), values)
        rest = values - (a * cos + b * sin + mean)
        slope = x * (b * cos - a * sin)
        steps, *_ = np.linalg.lstsq(np.stack([cos, sin, np.ones_like(x), slope], 1), rest)
        frequency += float(steps[3])
    return frequency, float(np.square(rest).sum() / np.square(values).sum())


def is_recovered(task: Task, seed: int, function: Function) -> bool | None:
    """Says whether a formula is the task's; None if nobody knows."""
    target = task.make(seed)
    if task.criterion == "frequency":
        clean = make_sampled_target(task.family, seed=seed, **task.parameters).train
        x, near = clean.x, float(task.parameters["frequency"])
        amplitude = float(np.sqrt(2) * clean.y.std())
        bound = frequency_bound(x, task.noise * float(clean.y.std()), amplitude)
        frequency, rest = frequency_near(x[:, 0], function(x)[:, 0], near)
        return abs(frequency - near) <= STANDARD_ERRORS * bound and rest <= NOT_THE_SINE
    if target.test is None or task.criterion == "none":
        return None
    found = function(target.test.x)
    if task.criterion == "digits":
        return bool((np.abs(found - target.test.y) <= SAME_DIGIT).all())
    return residual(target.test.y, found) < RECOVERED


# Systems


def search_evosynth(
    target: SampledTarget, seed: int, seconds: float, symbols: tuple[str, ...]
) -> Found:
    """Searches with evosynth, which needs no symbols."""
    result = es.run(target, seed=seed, time=seconds, workers=1)
    if result.stopped_by == "interrupt":
        raise KeyboardInterrupt
    more = {
        "operations": result.claims.operations,
        "stopped_by": result.stopped_by,
        "own_seconds": result.seconds,
        "is_verified": result.is_verified,
    }
    return Found(result.best, _text(result.best), more)


def _text(program: Any) -> str:
    from dsl.formats.let_form import symbolic_outputs

    try:
        return ", ".join(map(str, symbolic_outputs(program)))
    except (ArithmeticError, ValueError, TypeError) as error:  # spoils no run: it is for people
        return f"cannot be written: {error!r}"


def _by_output(target: SampledTarget) -> Iterator[tuple[Samples, Samples]]:
    """Yields for every output the rows to train on and those to choose by."""
    train, validation = target.train, target.validation or target.train
    for k in range(len(target.outputs)):
        column = slice(k, k + 1)
        yield Samples(train.x, train.y[:, column]), Samples(validation.x, validation.y[:, column])


def search_gplearn(
    target: SampledTarget, seed: int, seconds: float, symbols: tuple[str, ...]
) -> Found:
    """Searches with gplearn, a generation after another until the time is over.

    It begins anew when twenty generations brought nothing. Of the best of each generation it
    gives back the best on the validation rows, where gplearn itself would give back the last.
    """
    train, share = target.train, seconds / len(target.outputs)
    found = [_gplearn_model(*sets, seed, share, symbols) for sets in _by_output(target)]
    computed = [_unprotected(program, train.x) for program in found]

    def function(x: Numbers) -> Numbers:
        return np.stack([compute(x) for compute in computed], axis=1)

    return Found(function, ", ".join(map(str, found)))


def _unprotected(program: Any, x: Numbers) -> Function:
    """Returns what a program of gplearn computes: (rows, inputs) -> (rows,).

    gplearn divides by small numbers, and takes their logarithms, in ways of its own. The
    plain arithmetic counts where it is the same on the training rows x: 1 / exp(x) stays
    right for every x.
    """
    plain: dict[str, Any] = {"div": np.divide, "log": lambda a: np.log(np.abs(a)), "exp": np.exp}

    def compute(x: Numbers) -> Numbers:
        stack: list[Any] = []  # the program is in prefix order, read from its end
        with np.errstate(all="ignore"):
            for node in reversed(program.program):
                if isinstance(node, int | np.integer):
                    stack.append(x[:, node])
                elif isinstance(node, float):
                    stack.append(np.full(len(x), node))
                else:
                    operands = [stack.pop() for _ in range(node.arity)]
                    stack.append(plain.get(node.name, node.function)(*operands))
        return stack.pop()

    is_same = np.allclose(compute(x), program.execute(x), rtol=1e-9, atol=1e-12)
    return compute if is_same else program.execute


def _gplearn_model(
    train: Samples, validation: Samples, seed: int, seconds: float, symbols: tuple[str, ...]
) -> Any:
    from gplearn.functions import make_function
    from gplearn.genetic import SymbolicRegressor

    def exp(a: Numbers) -> Numbers:
        return np.exp(np.minimum(a, 50.0))  # gplearn wants functions closed: no infinities

    own = {"floor": make_function(function=np.floor, name="floor", arity=1, wrap=False)}
    deviation = float(train.y.std()) or 1.0
    model = SymbolicRegressor(
        population_size=1_000,
        generations=0,
        tournament_size=20,
        stopping_criteria=1e-8 * deviation,
        const_range=(-10.0, 10.0),
        init_depth=(2, 6),
        function_set=(
            *("add", "sub", "mul", "div", "sin", "cos", "log", "sqrt", "abs"),
            make_function(function=exp, name="exp", arity=1, wrap=False),
            *(own[symbol] for symbol in symbols),
        ),
        metric="rmse",
        parsimony_coefficient=1e-4 * deviation,
        p_crossover=0.7,
        p_subtree_mutation=0.1,
        p_hoist_mutation=0.05,
        p_point_mutation=0.1,
        warm_start=True,
        low_memory=True,
        n_jobs=1,
        random_state=seed,
    )
    start, last = perf_counter(), 0.0
    best = latest = None  # on the validation rows; on those to train on, since the last new start
    least, restarts, stale = np.inf, 0, 0
    while latest is None or (
        perf_counter() - start + last <= seconds and latest.raw_fitness_ > model.stopping_criteria
    ):
        if stale == STALE_GENERATIONS:
            restarts, stale, latest = restarts + 1, 0, None
            model.set_params(generations=0, random_state=seed + SEED_STEP * restarts)
            model._programs = []
        began = perf_counter()
        model.set_params(generations=model.generations + 1).fit(train.x, train.y[:, 0])
        last = perf_counter() - began
        candidate = min(model._programs[-1], key=lambda program: program.fitness_)
        if latest is not None and candidate.fitness_ >= latest.fitness_:
            stale += 1
            continue
        latest, stale = candidate, 0
        error = residual(validation.y, candidate.execute(validation.x)[:, None])
        if best is None or error < least:
            best, least = candidate, error
    return best


OPERON_SYMBOLS = (
    *("add", "sub", "mul", "div", "sin", "cos", "exp", "log", "sqrt", "square"),
    *("constant", "variable"),
)
OPERON_FUNCTIONS: dict[str, np.ufunc] = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Sin": np.sin,
    "Cos": np.cos,
    "Exp": np.exp,
    "Log": np.log,
    "Sqrt": np.sqrt,
    "Square": np.square,
    "Floor": np.floor,
}


@dataclass(frozen=True, slots=True)
class OperonFormula:
    """A tree of pyoperon.

    Attributes:
        nodes: What each does and which column it reads, in postfix order: the first operand
            directly before its function.
        values: The constant or the factor of each, (nodes,).
        text: The formula for people.
    """

    nodes: list[tuple[str, int]]
    values: Numbers
    text: str


def search_pyoperon(
    target: SampledTarget, seed: int, seconds: float, symbols: tuple[str, ...]
) -> Found:
    """Searches with pyoperon, then fits the constants in double precision."""
    share = seconds / len(target.outputs)
    found = [_pyoperon_model(*sets, seed, share, symbols) for sets in _by_output(target)]

    def function(x: Numbers) -> Numbers:
        return np.hstack([_evaluate(formula, x) for formula in found])

    return Found(function, ", ".join(formula.text for formula in found))


def _pyoperon_model(
    train: Samples, validation: Samples, seed: int, seconds: float, symbols: tuple[str, ...]
) -> OperonFormula:
    """Searches a few generations at a time, since it would not stop at a formula that fits.

    Of all that was then on the front of error and length, that with the least error on the
    validation rows is given back.
    """
    from pyoperon.sklearn import SymbolicRegressor

    model = SymbolicRegressor(
        allowed_symbols=",".join((*OPERON_SYMBOLS, *symbols)),
        objectives=["r2", "length"],
        optimizer="lm",
        optimizer_iterations=10,
        population_size=1_000,
        generations=GENERATIONS_AT_ONCE,
        max_evaluations=10**9,
        max_length=50,
        epsilon=1e-12,
        model_selection_criterion="mean_squared_error",
        n_threads=1,
        warm_start=True,
    )
    x, y = np.array(train.x), np.array(train.y[:, 0])  # it takes no read-only arrays
    start, runs, best, least = perf_counter(), 0, None, np.inf
    fitted: OperonFormula | None = None  # the one with the least error on the training rows
    fitted_error = np.inf
    while best is None or perf_counter() - start <= seconds - SHORTEST_RUN:
        left = seconds - (perf_counter() - start)
        model.set_params(max_time=max(1, round(left)), random_state=seed + SEED_STEP * runs)
        model.fit(x, y)
        runs += 1
        front = sorted(model.pareto_front_, key=lambda each: each["mean_squared_error"])
        formulas = [_operon_formula(each["tree"], model.variables_) for each in front]
        if fitted is None or front[0]["mean_squared_error"] < fitted_error:
            fitted, fitted_error = _refitted(formulas[0], train), front[0]["mean_squared_error"]
            formulas.append(fitted)
        for formula in formulas:
            error = residual(validation.y, _evaluate(formula, validation.x))
            if best is None or error < least:
                best, least = formula, error
        if residual(train.y, _evaluate(fitted, train.x)) < CERTAIN:
            return fitted
    return best


def _operon_formula(tree: Any, variables: dict[int, str]) -> OperonFormula:
    import pyoperon

    nodes = [
        (node.Type.name, int(variables[node.HashValue][1:]) - 1 if node.IsVariable else 0)
        for node in tree.Nodes
    ]
    values = np.array([node.Value for node in tree.Nodes], np.float64)
    return OperonFormula(nodes, values, pyoperon.InfixFormatter.Format(tree, variables, 9))


def _evaluate(formula: OperonFormula, x: Numbers) -> Numbers:
    """Returns what a tree of pyoperon computes, in double precision: (rows, 1)."""
    stack: list[Numbers] = []
    with np.errstate(all="ignore"):
        for (name, column), value in zip(formula.nodes, formula.values, strict=True):
            if name == "Variable":
                stack.append(value * x[:, column])
            elif name == "Constant":
                stack.append(np.full(len(x), value))
            else:
                function = OPERON_FUNCTIONS[name]
                stack.append(function(*(stack.pop() for _ in range(function.nin))))
    return stack.pop()[:, None]


def _refitted(formula: OperonFormula, train: Samples) -> OperonFormula:
    """Returns a formula that nearly fits with its constants fitted in double precision."""
    from scipy.optimize import least_squares

    if residual(train.y, _evaluate(formula, train.x)) > WORTH_FITTING:
        return formula
    free = np.array([name in ("Variable", "Constant") for name, _ in formula.nodes])

    def with_constants(given: Numbers) -> OperonFormula:
        values = formula.values.copy()
        values[free] = given
        return replace(formula, values=values)

    def errors(given: Numbers) -> Numbers:
        rest = (_evaluate(with_constants(given), train.x) - train.y)[:, 0]
        return np.where(np.abs(rest) < FAR, rest, FAR)  # also for nan

    start = formula.values[free]
    precise = dict.fromkeys(("xtol", "ftol", "gtol"), 1e-15)
    fit = least_squares(errors, start, x_scale="jac", max_nfev=FITTING_STEPS, **precise)
    return with_constants(fit.x) if 2 * fit.cost < np.square(errors(start)).sum() else formula


SYSTEMS: dict[str, Search] = {
    "evosynth": search_evosynth,
    "gplearn": search_gplearn,
    "pyoperon": search_pyoperon,
}


# Running


def run_once(case: Case) -> Line:
    """Returns the line of a run in a process of its own, which may hang, crash or fail.

    "seconds" is wall-clock time of the search alone, or of the whole process if it failed;
    "error" says how, or is "", and "said" holds the end of what it said.
    """
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    start, said = perf_counter(), ""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.formulas", json.dumps(asdict(case))],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | threads,
            timeout=2 * case.time + SPARE_SECONDS,
        )
        if not done.returncode:
            line: Line = json.loads(done.stdout.splitlines()[-1])
            return line
        said = done.stderr.strip()[-LONGEST_COMPLAINT:]
        error = f"exit status {done.returncode}: {(said.splitlines() or ['it said nothing'])[-1]}"
    except subprocess.TimeoutExpired:
        error = "it did not end"
    seconds = round(perf_counter() - start, 3)
    failed: Line = {"recovered": False, "residual": None, "seconds": seconds, "error": error}
    return asdict(case) | failed | {"said": said}


def search_once(case: Case) -> Line:
    """Searches in this process, and judges what was found."""
    task = TASKS[case.task]
    target = task.make(case.seed)
    _import(case.system)
    start = perf_counter()
    found = SYSTEMS[case.system](target, case.seed, case.time, task.symbols)
    seconds = round(perf_counter() - start, 3)
    rest = residual(target.test.y, found.function(target.test.x)) if target.test else np.inf
    return (
        asdict(case)
        | {"recovered": is_recovered(task, case.seed, found.function)}
        | {"residual": rest if np.isfinite(rest) else None, "seconds": seconds, "error": ""}
        | found.more
        | {"formula": found.formula[:LONGEST_FORMULA], "version": version(case.system)}
    )


def _import(system: str) -> None:
    """Imports what a search would import in its own time."""
    modules = {"evosynth": "evosynth.api", "gplearn": "gplearn.genetic"}
    import_module(modules.get(system, f"{system}.sklearn"))


# Results


def complete(cases: list[Case], results: Path, run: Runner, *, again: bool = False) -> list[Line]:
    """Makes the runs that the results lack; returns the lines of all, failed ones too."""
    done = {key_of(line) for line in read_results(results) if _is_done(line, again)}
    for case in cases:
        if case.key in done:
            continue
        line = run(case)
        if line["error"]:
            print(f"{case.task} {case.system} {case.seed}: {line['error']}", file=sys.stderr)
        _append(results, line)
    keys = {case.key for case in cases}
    latest = {key_of(line): line for line in read_results(results)}
    return [line for key, line in latest.items() if key in keys]


def key_of(line: Line) -> tuple[Any, ...]:
    """Returns that by which a run is found in the results."""
    return tuple(line[name] for name in ("task", "system", "seed", "time"))


def read_results(path: Path) -> list[Line]:
    """Returns the lines of a results file; what a killed process left half written is none."""
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            line = json.loads(text)
            key_of(line)
        except (ValueError, KeyError, TypeError):
            continue
        lines.append(line)
    return lines


def _is_done(line: Line, again: bool) -> bool:
    return not (again and line["error"])


def _append(path: Path, line: Line) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as stream:
        stream.seek(0)
        begun = stream.read()
        start = "\n" if begun and not begun.endswith("\n") else ""
        stream.write(f"{start}{json.dumps(line)}\n")


# Table


def heads(systems: list[str], width: int) -> list[str]:
    """Returns the two lines above the table, for names of tasks up to a width."""
    names = "".join(f" | {system:^{len(COLUMNS)}}" for system in systems)
    return [f"{'':{width}}{names}", f"{'task':{width}}{f' | {COLUMNS}' * len(systems)}"]


def row(task: str, systems: list[str], seeds: int, lines: list[Line], width: int) -> str:
    """Returns a task's row: how often it was recovered, when runs ended, and how well."""
    own = {name: [line for line in lines if line["system"] == name] for name in systems}
    return f"{task:{width}}" + "".join(f" | {_cells(task, seeds, own[name])}" for name in systems)


def _cells(task: str, seeds: int, lines: list[Line]) -> str:
    if not lines:
        return f"{'-':>{len(COLUMNS)}}"
    rests = [np.inf if line["residual"] is None else line["residual"] for line in lines]
    seconds = [line["seconds"] for line in lines]
    is_judged = TASKS[task].criterion != "none"
    count = f"{sum(line['recovered'] is True for line in lines)}/{seeds}" if is_judged else "-"
    rest = median(rests)
    fit = f"R^2 {1 - rest:.3f}" if rest < 10 else "R^2 < -9"
    quality = f"{rest:.1e}" if is_judged else fit
    return f"{count:>9} {median(seconds):>8.1f} {max(seconds):>7.1f} {quality:>10}"


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):
        said = search_once(Case(**json.loads(sys.argv[1])))
    print(json.dumps(said))
