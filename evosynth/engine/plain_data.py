"""State as plain data and back, by the annotations of the dataclasses that hold it.

What is read may come from anybody: nothing in it is executed, every value is checked against
its annotation, and primitives are names that are looked up. Whether numbers make sense
together is for the reader of each state to check.
"""

from __future__ import annotations

import base64
import json
import math
import re
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import numpy.typing as npt

from dsl.algorithm_formats.json_format import rule_data, rule_of_data
from dsl.errors import DataError, EvosynthError
from dsl.exact import constant_text, parse_constant, stands_for
from dsl.exact_number import Exact, expression_of
from dsl.genome import Genomes
from dsl.grammars.recursive.rule import Rule
from dsl.primitives import PRIMITIVES, Primitive

T = TypeVar("T")

# Entries of one array: a million genomes have no more.
MOST_ENTRIES = 2 * 10**8
MOST_GENES = 1 << 15
LONGEST_INTEGER = 1 << 128
FRACTION = re.compile(r"-?[0-9]{1,18}(?:/0*[1-9][0-9]{0,17})?", re.ASCII)
ARRAY_TYPES = ("<f8", "<c16", "<i2", "<i8", "|b1")


class Codec(NamedTuple):
    """How values of a type become plain data, and are read again."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def to_plain(value: T, kind: type[T]) -> Any:
    """Returns a value as what JSON has: numbers, text, lists and objects."""
    return _codec_of(kind).write(value)


def from_plain(data: Any, kind: type[T]) -> T:
    """Returns the value that plain data are.

    Raises:
        DataError: They are not of that type.
    """
    try:
        value: T = _codec_of(kind).read(data)
    except (
        ArithmeticError,
        EvosynthError,
        LookupError,
        RecursionError,
        TypeError,
        ValueError,
    ) as error:
        reason = f"{type(error).__name__}: {error}"[:200]
        raise DataError(f"not a valid {kind.__name__}: {reason}") from error
    return value


def to_text(value: T, kind: type[T]) -> str:
    """Returns a value as JSON."""
    return json.dumps(to_plain(value, kind), separators=(",", ":"))


def from_text(text: str, kind: type[T]) -> T:
    """Returns the value that JSON text is.

    Raises:
        DataError: It is none of that type.
    """
    try:
        data = json.loads(text)
    except (RecursionError, TypeError, ValueError) as error:
        raise DataError(f"not a valid {kind.__name__}: {str(error)[:100]}") from error
    return from_plain(data, kind)


def _codec_of(kind: Any) -> Codec:
    return _codec(kind)


@lru_cache(maxsize=256)
def _codec(kind: Any) -> Codec:
    """Returns the codec of an annotation."""
    if kind in LEAVES:
        return LEAVES[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is np.ndarray:
        return _array_codec(arguments)
    if origin is tuple:
        return _tuple_codec(arguments)
    if origin is list:
        items = _tuple_codec((arguments[0], Ellipsis))
        return Codec(items.write, lambda data: list(items.read(data)))
    if origin in (dict, Mapping):
        pairs = _tuple_codec((types.GenericAlias(tuple, arguments), Ellipsis))
        return Codec(lambda value: pairs.write(value.items()), lambda data: dict(pairs.read(data)))
    if origin in (set, frozenset):
        members = _tuple_codec((arguments[0], Ellipsis))
        return Codec(
            lambda value: members.write(sorted(value)), lambda data: origin(members.read(data))
        )
    if origin is Literal:
        return Codec(lambda value: value, lambda data: _one_of(data, arguments))
    if origin in (Union, types.UnionType):
        return _union_codec(arguments)
    if is_dataclass(kind):
        return _dataclass_codec(kind)
    raise TypeError(f"no plain data for {kind}")


def _dataclass_codec(kind: Any) -> Codec:
    """Returns an object of all fields."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    writers: list[tuple[str, Codec]] = []

    def members() -> list[tuple[str, Codec]]:
        if not writers:  # a class may hold values of its own kind
            writers.extend((name, _codec(hints[name])) for name in names)
        return writers

    def write(value: Any) -> Any:
        return {name: codec.write(getattr(value, name)) for name, codec in members()}

    def read(data: Any) -> Any:
        if not isinstance(data, dict) or data.keys() != set(names):
            raise ValueError(f"expected an object of {', '.join(names)}")
        return kind(**{name: codec.read(data[name]) for name, codec in members()})

    return Codec(write, read)


def _tuple_codec(arguments: tuple[Any, ...]) -> Codec:
    """Returns a list: of any length with one type, or of one type for each place."""
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        item = _codec(arguments[0])
        return Codec(
            lambda value: [item.write(each) for each in value],
            lambda data: tuple([item.read(each) for each in _list(data)]),
        )
    items = [_codec(argument) for argument in arguments]
    return Codec(
        lambda value: [c.write(each) for c, each in zip(items, value, strict=True)],
        lambda data: tuple([c.read(each) for c, each in zip(items, _list(data), strict=True)]),
    )


def _union_codec(arguments: tuple[Any, ...]) -> Codec:
    """Returns null or the only other type, or one of several classes by name."""
    kinds = [argument for argument in arguments if argument is not type(None)]
    if len(kinds) == 1:
        only = _codec(kinds[0])
        return Codec(
            lambda value: None if value is None else only.write(value),
            lambda data: None if data is None else only.read(data),
        )
    by_name = {kind.__name__: kind for kind in kinds}

    def write(value: Any) -> Any:
        name = type(value).__name__
        return [name, _codec(by_name[name]).write(value)]

    def read(data: Any) -> Any:
        name, content = _list(data)
        return _codec(by_name[_text(name)]).read(content)

    return Codec(write, read)


def _array_codec(arguments: tuple[Any, ...]) -> Codec:
    """Returns an array's type, shape and bytes; the layout in memory is kept.

    Sums of floating-point numbers may depend on it.
    """
    scalar = get_args(arguments[1])[0]
    expected = None if scalar is Any or scalar is np.generic else np.dtype(scalar)

    def write(value: Any) -> Any:
        is_fortran = value.flags.f_contiguous and not value.flags.c_contiguous
        stored = np.asarray(value, value.dtype.newbyteorder("<"))
        order: Literal["F", "C"] = "F" if is_fortran else "C"
        content = base64.b64encode(stored.tobytes(order)).decode("ascii")
        return [stored.dtype.str, list(value.shape), order, content]

    def read(data: Any) -> Any:
        name, shape, order, content = _list(data)
        if name not in ARRAY_TYPES or expected not in (None, np.dtype(name)):
            raise ValueError(f"expected an array of {expected or 'numbers'}")
        if not all(type(size) is int and 0 <= size <= MOST_ENTRIES for size in _list(shape)):
            raise ValueError("expected the sizes of an array")
        if math.prod(shape) > MOST_ENTRIES or order not in ("C", "F"):
            raise ValueError("expected an array of reasonable size")
        raw = np.frombuffer(base64.b64decode(_text(content), validate=True), name)
        return raw.reshape(shape, order=order).copy(order="K")

    return Codec(write, read)


def _one_of(data: Any, members: tuple[Any, ...]) -> Any:
    if not isinstance(data, str) or data not in members:
        raise ValueError(f"expected one of {members}")
    return data


def _list(data: Any) -> list[Any]:
    if not isinstance(data, list):
        raise TypeError(f"expected a list, got {type(data).__name__}")
    return data


def _text(data: Any) -> str:
    if not isinstance(data, str):
        raise TypeError(f"expected text, got {type(data).__name__}")
    return data


def _integer(data: Any) -> int:
    if type(data) is not int or abs(data) > LONGEST_INTEGER:
        raise TypeError("expected a whole number")
    return data


def _boolean(data: Any) -> bool:
    if type(data) is not bool:
        raise TypeError("expected true or false")
    return data


def _float_data(value: float) -> float | str:
    """JSON has no infinity."""
    return float(value) if math.isfinite(value) else str(float(value))


def _float(data: Any) -> float:
    if data in ("inf", "-inf", "nan"):
        return float(data)
    if type(data) not in (float, int):
        raise TypeError("expected a number")
    return float(data)


def _complex_data(value: complex) -> list[float | str] | str:
    """Returns the text of an exact number, or both parts of a double."""
    if isinstance(value, Exact):
        text = str(expression_of(value.number))
        return text if stands_for(text, value) else constant_text(value, 0)
    return [_float_data(value.real), _float_data(value.imag)]


def _complex(data: Any) -> complex:
    if isinstance(data, str):
        return parse_constant(data)
    real, imaginary = map(_float, _list(data))
    return complex(real, imaginary)


def _fraction(data: Any) -> Fraction:
    """Returns a fraction; other notations can name numbers of any length."""
    if not FRACTION.fullmatch(_text(data)):
        raise ValueError("expected a fraction such as 1/2")
    return Fraction(data)


@lru_cache(maxsize=1 << 12)
def _rule(text: str) -> Rule:
    """Returns a rule; an island that is sent to and fro holds the same ones again and again."""
    return rule_of_data(json.loads(text))


def _genomes_data(value: Genomes) -> list[Any]:
    """Returns the genes of all genomes one after the other: most are far from full."""
    used = np.arange(value.capacity) < value.lengths[:, None]
    return [value.capacity, GENES.write(value.lengths), GENES.write(value.genes[used])]


def _genomes(data: Any) -> Genomes:
    capacity, *arrays = _list(data)
    lengths, used = map(GENES.read, arrays)
    if lengths.ndim != 1 or used.ndim != 2 or not 0 < _integer(capacity) <= MOST_GENES:
        raise ValueError("expected genomes")
    if len(lengths) and not 0 <= lengths.min() <= lengths.max() <= capacity:
        raise ValueError("expected lengths up to the capacity")
    genes = np.zeros((len(lengths), capacity, used.shape[1]), np.int16)
    genes[np.arange(capacity) < lengths[:, None]] = used
    return Genomes(genes, lengths)


# Types that are no combination of others.
LEAVES: dict[Any, Codec] = {
    bool: Codec(bool, _boolean),
    int: Codec(int, _integer),
    str: Codec(str, _text),
    float: Codec(_float_data, _float),
    complex: Codec(_complex_data, _complex),
    bytes: Codec(
        lambda value: base64.b64encode(value).decode("ascii"),
        lambda data: base64.b64decode(_text(data), validate=True),
    ),
    Fraction: Codec(str, _fraction),
    Genomes: Codec(_genomes_data, _genomes),
    Rule: Codec(rule_data, lambda data: _rule(json.dumps(data))),
    Primitive: Codec(lambda value: value.name, lambda data: PRIMITIVES.get(_text(data))),
}

GENES = _codec(npt.NDArray[np.int16])
