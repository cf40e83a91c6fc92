"""What a family of sampled targets is: a function from a seed and parameters to samples.

A family is declared once by a function `build(rng, *, samples, ...)`. Its keyword-only
parameters, all positive numbers with defaults, are the family's parameters. A family with
rows of its own takes no `samples`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from string import Formatter
from typing import Any

import numpy as np

from dsl.errors import UsageError
from dsl.registry import Registry, brief
from dsl.samples.sampled_target import SampledTarget, Samples
from dsl.samples.streams import NOISE, VALUES, read_seed, stream

MOST_SAMPLES = 10**7
MOST_WHOLE = 10**7

# With frequencies beyond it, rounding the phase of a sine turns it by a part of a radian.
LARGEST_NUMBER = 1e9

LARGEST_NOISE = 100.0


@dataclass(frozen=True, slots=True)
class SampleSets:
    """What a family builds.

    Attributes:
        train: What a search may fit.
        validation: What it may choose by.
        test: What nothing is chosen by.
        formula: What the values were computed by, for people; "" if that is unknown.
    """

    train: Samples
    validation: Samples
    test: Samples
    formula: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A positive number that a family takes; a whole one where the default is whole.

    Attributes:
        name: What functions and the command line call it.
        default: Its value unless the user gives one.
        most: Its largest value.
    """

    name: str
    default: int | float
    most: int | float

    def read(self, value: object) -> int | float:
        """Returns a value as a plain number.

        Raises:
            UsageError: It is not a number that the parameter may be.
        """
        is_whole = isinstance(self.default, int)
        kinds = (int, np.integer) if is_whole else (int, float, np.integer, np.floating)
        least = "1" if is_whole else "above 0"
        if not isinstance(value, kinds) or isinstance(value, bool) or not 0 < value <= self.most:
            raise UsageError(
                f"expected a {'whole ' * is_whole}number from {least} to {self.most:g}"
                f" for {self.name}, got {brief(value)}",
                f"leave it out for {self.default:g}",
            )
        return int(value) if is_whole else float(value)


@dataclass(frozen=True, slots=True)
class SampledFamily:
    """Functions to find, known by samples.

    Attributes:
        name: What the command line calls it.
        build: A random generator, and the parameters by name -> samples.
        title: Pattern of the title, with parameters in braces. The parameters named here
            become part of the identifier.
        convention: Ranges and units, in one line.
        inputs: A name for every column of x.
        outputs: A name for every column of y.
        singular: Where the function is not defined or jumps, for people; "" if nowhere.
        extra: The extra of this package that holds the data; "" if none is needed.
        parameters: What it takes.
        summary: One line for people.
    """

    name: str
    build: Callable[..., SampleSets]
    title: str
    convention: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    singular: str
    extra: str
    parameters: tuple[Parameter, ...]
    summary: str

    def read(self, given: Mapping[str, object]) -> dict[str, int | float]:
        """Returns a value for every parameter; None given is the default.

        Raises:
            UsageError: It has no such parameter, or the value cannot be used.
        """
        known = {each.name: each for each in self.parameters}
        for name, value in given.items():
            if name not in known and value is not None:
                raise UsageError(f"{self.name} takes no {brief(name)}", self._takes())
        return {
            name: each.default if given.get(name) is None else each.read(given[name])
            for name, each in known.items()
        }

    def _takes(self) -> str:
        own = [f"{each.name} (default {each.default:g})" for each in self.parameters]
        return f"it takes {', '.join([*own, 'noise (default 0)'])}"

    def label(self, values: Mapping[str, int | float]) -> str:
        """Returns the name with the parameters of which the title speaks."""
        named = dict.fromkeys(name for _, name, _, _ in Formatter().parse(self.title) if name)
        return " ".join([self.name, *(f"{values[name]:g}" for name in named)])


SAMPLED: Registry[SampledFamily] = Registry("sampled target")


def sampled_family(
    *,
    title: str,
    convention: str,
    inputs: tuple[str, ...] = ("x",),
    outputs: tuple[str, ...] = ("y",),
    singular: str = "",
    extra: str = "",
    most: Mapping[str, int | float] | None = None,
) -> Callable[[Callable[..., SampleSets]], SampledFamily]:
    """Registers the decorated function (generator, parameters -> samples) as a family.

    The function's name becomes the family's, with hyphens, its docstring's first line the
    summary. `most` holds the largest values of parameters that have one of their own.
    """
    limits = {"samples": MOST_SAMPLES, **(most or {})}

    def declare(build: Callable[..., SampleSets]) -> SampledFamily:
        parameters = []
        for each in inspect.signature(build).parameters.values():
            if each.kind is each.KEYWORD_ONLY:
                most = MOST_WHOLE if isinstance(each.default, int) else LARGEST_NUMBER
                parameters.append(Parameter(each.name, each.default, limits.get(each.name, most)))
        return SAMPLED.register(
            SampledFamily(
                build.__name__.replace("_", "-"),
                build,
                title,
                convention,
                inputs,
                outputs,
                singular,
                extra,
                tuple(parameters),
                (build.__doc__ or "").strip().split("\n")[0],
            )
        )

    return declare


def make_sampled_target(
    name: str,
    *,
    seed: int,
    samples: int | None = None,
    noise: float = 0.0,
    **parameters: int | float | None,
) -> SampledTarget:
    """Returns the target of a family that a user asks for.

    Args:
        name: A registered family.
        seed: Decides places, drawn parameters and noise, and is all that does.
        samples: Rows to train on; by default the family's own number.
        noise: Standard deviation of the noise added to the values of training and
            validation, as a fraction of that of the values of training.
        **parameters: The family's own; None is the default.

    Raises:
        UsageError: There is no such family or parameter, or a value cannot be used.
        EnvironmentMismatchError: The data belong to an extra that is not installed.
    """
    family = SAMPLED.get(name)
    values = family.read({"samples": samples, **parameters})
    noise = _noise(noise)
    seed = read_seed(seed)
    sets = family.build(stream(seed, VALUES), **values)
    if noise > 0:
        sets = _with_noise(sets, noise, stream(seed, NOISE))
    return SampledTarget(
        name=family.name,
        title=family.title.format(**values),
        convention=family.convention,
        inputs=family.inputs,
        outputs=family.outputs,
        train=sets.train,
        validation=sets.validation,
        test=sets.test,
        formula=sets.formula,
        singular=family.singular,
        noise=noise,
        is_exact=bool(sets.formula) and noise == 0,
        source={"name": family.name, "seed": seed, "noise": noise, **values},
        label=family.label(values),
    )


def _noise(given: object) -> float:
    kinds = int, float, np.integer, np.floating
    if isinstance(given, kinds) and not isinstance(given, bool) and 0 <= given <= LARGEST_NOISE:
        return float(given)
    raise UsageError(
        f"expected noise from 0 to {LARGEST_NOISE:g}, got {brief(given)}",
        "it is a fraction of the standard deviation of y; leave it out for none",
    )


def _with_noise(sets: SampleSets, noise: float, rng: np.random.Generator) -> SampleSets:
    """Adds noise to training and validation, and leaves the test as it is."""
    deviation = noise * sets.train.y.std(axis=0)

    def noisy(samples: Samples) -> Samples:
        return Samples(samples.x, samples.y + deviation * rng.standard_normal(samples.y.shape))

    return replace(sets, train=noisy(sets.train), validation=noisy(sets.validation))


def sampled_families() -> list[dict[str, Any]]:
    """Returns what there is to say about every family, as plain data.

    Returns:
        For each family its name, summary, convention, inputs, outputs, parameters with
        their defaults, singular places, and the extra that it needs.
    """
    return [
        {
            "name": family.name,
            "summary": family.summary,
            "convention": family.convention,
            "inputs": list(family.inputs),
            "outputs": list(family.outputs),
            "parameters": {each.name: each.default for each in family.parameters},
            "singular": family.singular,
            "extra": family.extra,
        }
        for family in SAMPLED
    ]
