"""Whether a step of algorithms keeps its promises: its code moves the same elements."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from dsl.vectors import VectorPrimitive
from dsl.vectors.base import NOWHERE
from dsl.vectors.fields import DOUBLES, EXACTS, RESIDUES
from evosynth.conformance.steps import expect, expect_same, run_steps

LENGTHS = (4, 8, 16)


def check_vector(step: VectorPrimitive, *, compiled: bool = False) -> tuple[str, ...]:
    """Checks a vector primitive without parameters.

    Args:
        step: The primitive.
        compiled: Nothing of it needs to be compiled.

    Returns:
        What was checked.

    Raises:
        EnvironmentMismatchError: Something is wrong; the message says what.
    """
    steps = {
        "name": lambda: expect(step.name.isidentifier(), f"expected a name, got '{step.name}'"),
        "parameters": lambda: expect(not step.parameters, "only steps without any are checked"),
        "places": lambda: _check_places(step),
        "exact and modular forms": lambda: _check_fields(step),
        "NumPy form": lambda: _check_code(step),
    }
    return run_steps(f"primitive '{step.name}'", steps)


def _check_places(step: VectorPrimitive) -> None:
    for length in LENGTHS:
        places = step.places(length, ())
        size = step.stretch(()) * length
        expect(places.shape == (step.operands, size), f"they have shape {places.shape}")
        expect(places.min() >= NOWHERE and places.max() < length, "an element is none of them")
        again = step.places(length, ())
        expect(np.array_equal(places, again), "they are others when asked for again")
        expect((places != NOWHERE).any(), "nothing is taken")


def _data(step: VectorPrimitive, length: int) -> list[Any]:
    return list(np.random.default_rng(3).integers(1, 99, (step.operands, length)))


def _check_fields(step: VectorPrimitive) -> None:
    if not step.source:  # its factors may be no whole numbers
        return
    for length in LENGTHS:
        data = _data(step, length)
        expected = step.apply([row.astype(float) for row in data], (), length, DOUBLES)
        for field in (EXACTS, RESIDUES):
            numbers = [np.array([field.number(Fraction(x)) for x in row.tolist()]) for row in data]
            found = step.apply(numbers, (), length, field)
            wanted = [field.number(Fraction(round(x))) for x in np.real(expected).tolist()]
            same = all(x == y for x, y in zip(found.tolist(), wanted, strict=True))
            expect(same, f"{type(field).__name__} has another result at {length} elements")


def _check_code(step: VectorPrimitive) -> None:
    if not step.source:
        return
    known: dict[str, Any] = {"np": np, "lru_cache": lru_cache}
    exec(compile(step.source, f"<{step.name}>", "exec"), known)
    for length in LENGTHS:
        data = [row.astype(float) for row in _data(step, length)]
        found = eval(step.numpy, known | dict(zip("ab", data, strict=False)))
        expect_same(found, step.apply(data, (), length, DOUBLES), "what it computes")
