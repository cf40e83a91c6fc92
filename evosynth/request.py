"""The target that a user asks for: a matrix, a transform of every size, or samples."""

from __future__ import annotations

import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from dsl.errors import UsageError
from dsl.grammars.recursive.families import POLYNOMIAL_PRODUCT
from dsl.grammars.recursive.recursive_target import RADICES, RecursiveTarget
from dsl.registry import brief
from dsl.samples import SAMPLED, SampledTarget, make_sampled_target, read_samples
from dsl.targets import (
    TARGETS,
    Target,
    is_function_name,
    is_own_matrix,
    make_function_target,
    make_target,
)
from dsl.targets.approximate_target import ApproximateTarget
from dsl.targets.matrix_file import file_of_stem
from evosynth.approximating import approximate_target

Columns = str | Sequence[str] | None
AnyTarget = Target | ApproximateTarget | SampledTarget | RecursiveTarget
# Arguments that ask for an algorithm for every size.
OF_EVERY_SIZE = ("recursive", "radix", "calls")
# Arguments that ask for approximate programs.
OF_APPROXIMATIONS = ("tolerance", "objective", "cost", "covariance", "word_length", "front")


@dataclass(frozen=True, slots=True)
class Request:
    """What a user says of a target; None leaves it to the default.

    Attributes:
        target: A name, the path of a file with a matrix, `package.module:function`, a matrix,
            or a target.
        n: Size of a transform.
        input: "real" or "complex", of a transform.
        kernel: The numbers that decide a structured matrix.
        scaling: "exact", "common" or "free", of a transform.
        frequency: Of a periodic function.
        count: Of waves.
        samples: Rows to train on.
        test_samples: Unseen rows, where a function has a choice.
        noise: Standard deviation of added noise, as a fraction of that of the values.
        data: Path of a CSV file of samples.
        x: Columns of the file that are inputs; text may hold several, with commas.
        y: Columns that are outputs.
        holdout: "random", "tail" or "none": which rows of the file are held out.
        recursive: An algorithm for every size of the transform is asked for.
        radix: Primes by which its rules divide the size; text may hold several, with commas.
        calls: Transforms that its rules may call; text may hold several, with commas.
        tolerance: How near approximate programs have to come.
        front: Approximate programs of all costs are asked for.
        objective: What approximate programs lose.
        cost: What is counted of them.
        covariance: Of the inputs.
        word_length: Bits of constants.
    """

    target: object = None
    n: int | None = None
    input: str | None = None
    kernel: str | Sequence[complex] | None = None
    scaling: str | None = None
    frequency: float | None = None
    count: int | None = None
    samples: int | None = None
    test_samples: int | None = None
    noise: float | None = None
    data: str | os.PathLike[str] | None = None
    x: Columns = None
    y: Columns = None
    holdout: str | None = None
    recursive: bool | None = None
    radix: int | str | Sequence[int] | None = None
    calls: str | Sequence[str] | None = None
    tolerance: float | None = None
    front: bool | None = None
    objective: str | None = None
    cost: str | None = None
    covariance: str | None = None
    word_length: int | None = None

    def make(self, seed: int) -> AnyTarget:
        """Returns the target; the seed decides samples that are drawn.

        Raises:
            UsageError: The arguments name no target, or do not go together.
            DataError: A file holds nothing usable.
            StorageError: A file cannot be read.
            EnvironmentMismatchError: A function cannot be imported or called.
        """
        asked = {name: getattr(self, name) for name in OF_APPROXIMATIONS}
        if not any(value is not None and value is not False for value in asked.values()):
            return self._target(seed)
        if self.recursive:
            raise UsageError(
                "an algorithm for every size is exact", "leave --recursive out, or the tolerance"
            )
        target = replace(self, **dict.fromkeys(asked)).make(seed)
        if not isinstance(target, Target):
            named = [name for name, value in asked.items() if value]
            raise UsageError(
                f"{target.title} takes no '{named[0]}'",
                "only matrices of one size are approximated, once",
            )
        del asked["front"]
        return approximate_target(target, **asked)

    def _target(self, seed: int) -> AnyTarget:
        if self.recursive:
            return self._recursive_target()
        if not isinstance(self.target, RecursiveTarget):
            self._refuse_without_recursive()
        if self.data is not None:
            self._refuse_all_but("data", "x", "y", "holdout")
            if not isinstance(self.data, str | os.PathLike):
                raise UsageError(
                    f"expected the path of a CSV file, got {type(self.data).__name__}",
                    "es.from_arrays makes a target of arrays, es.SymbolicRegressor fits them",
                )
            return read_samples(
                Path(self.data).absolute(),
                _names(self.x),
                _names(self.y),
                seed=seed,
                holdout=self.holdout or "random",
            )
        target = self.target
        if isinstance(target, Target | ApproximateTarget | SampledTarget | RecursiveTarget):
            self._refuse_all_but("target")
            return target
        if isinstance(target, os.PathLike):
            target = os.fspath(target)
        if target is None:
            raise UsageError("expected a target or data", "give --target NAME or --data FILE.csv")
        if isinstance(target, np.ndarray):
            self._refuse_all_but("target", "n", "input", "scaling")
            return make_target(target, self.n, self.input, scaling=self.scaling)
        if not isinstance(target, str):
            kind = type(target).__name__
            if _is_ragged(target):
                raise UsageError(
                    f"expected a matrix, got a {kind} whose rows have different lengths",
                    "give rows of one length; numpy.asarray makes a matrix of them",
                )
            raise UsageError(
                f"expected a target's name, a path, a matrix or a Target, got {kind}",
                "numpy.asarray makes a matrix of a list",
            )
        if target in SAMPLED:
            self._refuse_all_but("target", "frequency", "count", "samples", "test_samples", "noise")
            return make_sampled_target(
                target,
                seed=seed,
                samples=self.samples,
                noise=self.noise or 0.0,
                frequency=self.frequency,
                count=self.count,
                test_samples=self.test_samples,
            )
        if target not in TARGETS and not is_own_matrix(target):
            self._refuse_unknown(target)
        if is_function_name(target):
            self._refuse_all_but("target", "n", "input", "scaling")
            return make_function_target(target, self.n, self.input, scaling=self.scaling)
        self._refuse_all_but("target", "n", "input", "kernel", "scaling")
        return make_target(target, self.n, self.input, kernel=self.kernel, scaling=self.scaling)

    def _recursive_target(self) -> RecursiveTarget:
        """Returns a transform of every size."""
        target = self.target
        if self.n is not None:
            raise UsageError(
                "n is not needed: the algorithm is for every size",
                "leave n out; `evosynth export RUN --n 64` writes its program of one size",
            )
        if not isinstance(target, str):
            raise UsageError(
                "expected the name of a transform, of which an algorithm does every size",
                "give --target NAME, such as dft",
            )
        self._refuse_all_but("target", *OF_EVERY_SIZE, what="a recursive run")
        if target in SAMPLED:
            raise UsageError(f"'{target}' is a function", "only transforms can be recursive")
        calls = None if self.calls is None else tuple(_names(self.calls) or ())
        return RecursiveTarget(target, _radices(self.radix), calls)

    def _refuse_without_recursive(self) -> None:
        """Refuses what only algorithms for every size have."""
        for name in OF_EVERY_SIZE[1:]:
            if getattr(self, name) is not None:
                raise UsageError(
                    f"'{name}' is of an algorithm for every size", "give --recursive with it"
                )
        if isinstance(self.target, str) and self.target == POLYNOMIAL_PRODUCT.name:
            raise UsageError(
                f"'{self.target}' is no matrix of one size", "give --recursive with it"
            )

    def _refuse_all_but(self, *allowed: str, what: str = "") -> None:
        """Refuses arguments that mean nothing for this kind of target."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in (n for n, value in values.items() if value is not None and value is not False):
            if name not in allowed:
                kind = "data" if "data" in allowed else f"target {_brief(self.target)}"
                others = ", ".join(allowed) if len(allowed) > 1 else "nothing else"
                raise UsageError(f"{what or kind} takes no '{name}'", f"it takes {others}")

    def _refuse_unknown(self, name: str) -> None:
        """Refuses a name that neither kind of target has."""
        known = [*TARGETS.names(), *SAMPLED.names()]
        near = difflib.get_close_matches(name, known, n=1)
        guess = f"did you mean '{near[0]}'? " if near else ""
        if (file := file_of_stem(name)) is not None:
            guess = f"did you mean the file '{file}'? "
        raise UsageError(f"unknown target {_brief(name)}", f"{guess}known: {', '.join(known)}")


def _names(columns: Columns) -> list[str] | None:
    if columns is None:
        return None
    parts = columns.split(",") if isinstance(columns, str) else list(columns)
    return [part.strip() for part in parts]


def _radices(given: int | str | Sequence[int] | None) -> tuple[int, ...]:
    """Returns primes in order: 2 if nothing is given."""
    if given is None:
        return RADICES[:1]
    parts: list[object] = [given]
    if isinstance(given, Sequence):
        parts = list(given.split(",") if isinstance(given, str) else given)
    try:
        return tuple(sorted({int(str(part)) for part in parts}))
    except ValueError:
        raise UsageError(f"expected radix 2, 3 or 2,3, got {given!r}"[:120]) from None


def _is_ragged(target: object) -> bool:
    """Tells whether an object is rows of different lengths."""
    if not isinstance(target, list | tuple):
        return False
    lengths = {len(row) if isinstance(row, list | tuple) else None for row in target}
    return None not in lengths and len(lengths) > 1


def _brief(target: object) -> str:
    return brief(target) if isinstance(target, str) else f"of type {type(target).__name__}"
