"""Vector primitives declared by a function that moves the elements of lists.

The function is called with lists of labels; where these come to lie is what the primitive
does. A result may hold elements of the lists, negated ones, and 0.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.errors import EnvironmentMismatchError
from dsl.vectors.base import NOWHERE, VECTORS, Parameters, Places, VectorPrimitive
from dsl.vectors.fields import Field

# Of values in searches: the result of a step must be the same part of them at each.
LENGTHS = (2, 4, 6, 8, 12, 16)
MOST_OPERANDS = 2
CONTRACT = "expected a list of the operands' elements, negated ones and 0"

SOURCE = """\
@lru_cache(maxsize=64)
def _places_{name}(length):
{definition}
    labels = list(range(1, {count} * length + 1))
    return np.array({name}({operands}))


def _step_{name}({arguments}):
    places = _places_{name}(a.shape[-1])
    return {joined}[..., np.abs(places) - 1] * np.sign(places)
"""


@dataclass(frozen=True, slots=True)
class Label:
    """Stands for an element of a list.

    Attributes:
        operand: Number of the list.
        position: In the list.
        sign: 1 or -1.
    """

    operand: int
    position: int
    sign: int = 1

    def __neg__(self) -> Label:
        return Label(self.operand, self.position, -self.sign)


def vector(function: Callable[..., Sequence[Any]]) -> VectorPrimitive:
    """Registers the decorated function (lists -> list) as a vector primitive.

    The function's name becomes the primitive's, its docstring's first line the summary.
    Every search for an algorithm uses it.

    Raises:
        EnvironmentMismatchError: It does something else than to move elements; the message
            names the function.
    """
    return VECTORS.register(vector_of(function))


def vector_of(function: Callable[..., Sequence[Any]]) -> VectorPrimitive:
    """Returns the vector primitive that a function of lists stands for; see `vector`."""
    name = function.__name__
    operands = len(inspect.signature(function).parameters)
    if not 1 <= operands <= MOST_OPERANDS:
        raise _refused(name, f"expected 1 or 2 lists, got {operands} parameters")
    traced = lru_cache(maxsize=256)(lambda length: _traced(function, operands, length))
    stretches = {Fraction(traced(length)[0].shape[1], length) for length in LENGTHS}
    if len(stretches) > 1:
        told = ", ".join(map(str, sorted(stretches)))
        raise _refused(name, f"its result is now {told} times as long as its operands", CONTRACT)
    (stretch,) = stretches
    if not 0 < stretch <= MOST_OPERANDS:
        raise _refused(name, f"its result is {stretch} times as long as its operands", CONTRACT)
    has_signs = any((traced(length)[1] < 0).any() for length in LENGTHS)

    def places(length: int, parameters: Parameters) -> Places:
        found = traced(length)[0]
        if found.shape[1] != stretch * length:
            raise _refused(name, f"of {length} elements it makes {found.shape[1]}", CONTRACT)
        return found

    def factor(field: Field, n: int, length: int, parameters: Parameters) -> npt.NDArray[Any]:
        numbers = {sign: field.number(Fraction(sign)) for sign in (1, -1)}
        return np.asarray([numbers[sign] for sign in traced(int(length / stretch))[1].tolist()])

    arguments = ", ".join("ab"[:operands])
    return VectorPrimitive(
        name,
        _summary(function),
        f"_step_{name}({arguments})",
        f"{name}({', '.join(f'{{{x}}}' for x in 'ab'[:operands])})",
        operands=operands,
        stretch=lambda parameters: stretch,
        places=places,
        factor=factor if has_signs else None,
        source=_source(function, operands, traced),
        is_in_every_search=True,
    )


def _summary(function: Callable[..., Any]) -> str:
    return (function.__doc__ or "").strip().split("\n")[0] or "moves elements"


def _refused(name: str, problem: str, hint: str = "") -> EnvironmentMismatchError:
    return EnvironmentMismatchError(f"primitive '{name}': {problem}", hint)


Traced = tuple[Places, npt.NDArray[np.int64]]


def _traced(function: Callable[..., Any], operands: int, length: int) -> Traced:
    """Returns the places (operands, length of the result) and the signs (length,)."""
    name = function.__name__
    lists = [[Label(k, p) for p in range(length)] for k in range(operands)]
    given = [list(each) for each in lists]
    try:
        found = function(*given)
    except Exception as error:
        told = f"{type(error).__name__}: {error}".split("\n")[0][:100]
        raise _refused(name, f"on lists of {length} elements: {told}", CONTRACT) from error
    if given != lists:
        raise _refused(name, "it changes its input", "make a new list")
    if not isinstance(found, list | tuple):
        raise _refused(name, f"it returned {type(found).__name__}", CONTRACT)
    places = np.full((operands, len(found)), NOWHERE, np.intp)
    signs = np.ones(len(found), np.int64)
    for r, label in enumerate(found):
        if isinstance(label, Label):
            places[label.operand, r] = label.position
            signs[r] = label.sign
        elif isinstance(label, bool) or label != 0:
            raise _refused(name, f"element {r} is of type {type(label).__name__}", CONTRACT)
    places.setflags(write=False)
    return places, signs


def _source(function: Callable[..., Any], operands: int, traced: Callable[[int], Traced]) -> str:
    """Returns the text of a function on arrays that does the same, for exported code."""
    name = function.__name__
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError) as error:
        raise _refused(name, "its source is not at hand", "declare it in a file") from error
    definition = tree.body[0]
    if not isinstance(definition, ast.FunctionDef):
        raise _refused(name, "expected a function that is defined by `def`")
    definition.decorator_list = []
    definition.returns = None
    for argument in definition.args.args:
        argument.annotation = None
    text = SOURCE.format(
        name=name,
        definition=textwrap.indent(ast.unparse(definition), "    "),
        count=operands,
        operands=("labels[:length]", "labels[:length], labels[length:]")[operands - 1],
        arguments=", ".join("ab"[:operands]),
        joined=("a", "np.concatenate([a, b], axis=-1)")[operands - 1],
    )
    _check_source(name, text, operands, traced)
    return text


def _check_source(name: str, text: str, operands: int, traced: Callable[[int], Traced]) -> None:
    """Checks that a text does what the function does, without anything from around it."""
    known: dict[str, Any] = {"np": np, "lru_cache": lru_cache}
    hint = "it is written into exported code: use nothing from outside the function but np"
    try:
        exec(compile(text, f"<{name}>", "exec"), known)  # the very function that was called
        for length in LENGTHS:
            arrays = np.arange(1.0, operands * length + 1).reshape(operands, length)
            found = known[f"_step_{name}"](*arrays)
            places, signs = traced(length)
            padded = np.concatenate([arrays, np.zeros((operands, 1))], axis=1)
            expected = signs * padded[np.arange(operands)[:, None], places].sum(axis=0)
            if not np.array_equal(found, expected):
                raise ValueError("another result")
    except Exception as error:
        told = f"{type(error).__name__}: {error}".split("\n")[0][:100]
        raise _refused(name, f"its source alone does not do the same: {told}", hint) from error
