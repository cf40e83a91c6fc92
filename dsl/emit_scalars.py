"""Source text of the function that applies a scalar primitive to a block of samples.

Only text, as in `dsl.emit`: whoever has a compiler decides how to compile it.
"""

from __future__ import annotations

from collections.abc import Sequence

from dsl.scalars.base import Scalar
from dsl.scalars.derived import derive_scalar
from dsl.scalars.spelling import NUMBA, Language, template

# The kernel's own functions are free of calls and branches, so that loops over them become
# vector instructions. Those of LIBRARY are exact for all numbers and slow.
KERNEL = Language(
    "kernel",
    dict(NUMBA.functions)
    | {
        "sin": "sine({0})",
        "cos": "cosine({0})",
        "exp": "exponential({0})",
        "log": "logarithm({0})",
        "Min": "({0} if {0} < {1} or {0} != {0} else {1})",
        "Max": "({0} if {0} > {1} or {0} != {0} else {1})",
    },
)
LIBRARY = Language(
    "library",
    dict(KERNEL.functions) | {"sin": "math.sin({0})", "cos": "math.cos({0})"},
)

_SIGNATURE = "apply(primitive, size, out, first, second, has_second, c0, c1)"
_PLAIN, _SCALED = "first[k]", "c0 * first[k] + c1"


def emit_scalar_functions(scalars: Sequence[Scalar]) -> str:
    """Returns Python source of the functions that know the scalar primitives.

    `apply` fills `out`, (size,) float64, with a primitive of the blocks `first` and `second`
    or of the constants, as genes of the `expression` grammar have it; `primitive` is the
    position in `scalars`, their number a reference, the next one a constant. The kernel
    provides `compiled`, the decorator that compiles functions, and the functions of `KERNEL`.
    """
    lines = [
        "SCALARS = (",
        *(f"    {member.name!r}," for member in scalars),
        ")",
        "",
        "",
        "@compiled",
        f"def {_SIGNATURE}:",
        "    is_plain = c0 == 1.0 and c1 == 0.0",
    ]
    for position, member in enumerate(scalars):
        lines.append(f"    if primitive == {position}:  # {member.name}")
        body = _unary(member) if member.arity == 1 else _binary(member)
        lines.extend(f"        {line}" for line in [*body, "return"])
    last = _choice(
        f"primitive == {len(scalars)}", _loop(["out[k] = first[k]"]), _loop(["out[k] = c0"])
    )
    return "\n".join([*lines, *(f"    {line}" for line in last)]) + "\n"


def _unary(member: Scalar) -> list[str]:
    return [
        *_start(member),
        *_choice("is_plain", _fast(member, _PLAIN, ""), _fast(member, _SCALED, "")),
        *_slow(member, _operand(member, "a", _SCALED)),
    ]


def _binary(member: Scalar) -> list[str]:
    second = "second[k] if has_second else c0"
    return [
        *_start(member),
        *_choice(
            "has_second",
            _fast(member, _PLAIN, "second[k]"),
            _fast(member, _PLAIN, "c0"),
        ),
        *_slow(member, [*_operand(member, "a", _PLAIN), *_operand(member, "b", second)]),
    ]


def _start(member: Scalar) -> list[str]:
    return ["missing = 0"] if _is_partial(member) else []


def _fast(member: Scalar, a: str, b: str) -> list[str]:
    lines = _operand(member, "a", a) + (_operand(member, "b", b) if b else [])
    text = template(member, KERNEL).format("a", "b")
    if not _is_partial(member):
        return _loop([*lines, f"out[k] = {text}"])
    return _loop([*lines, f"value = {text}", "missing += value != value", "out[k] = value"])


def _slow(member: Scalar, lines: list[str]) -> list[str]:
    """Fills in what the kernel's functions left out: they give nan far from zero."""
    if not _is_partial(member):
        return []
    text = template(member, LIBRARY).format("a", "b")
    again = ["if out[k] != out[k]:", *(f"    {line}" for line in [*lines, f"out[k] = {text}"])]
    return ["if missing:", *(f"    {line}" for line in _loop(again))]


def _is_partial(member: Scalar) -> bool:
    return template(member, KERNEL) != template(member, LIBRARY)


def _operand(member: Scalar, name: str, value: str) -> list[str]:
    """Reads an operand; infinity becomes nan where the function could make it finite."""
    guard = [f"{name} = {name} + ({name} - {name})"]
    return [f"{name} = {value}", *(guard if derive_scalar(member.name).hides_infinity else [])]


def _loop(body: list[str]) -> list[str]:
    return ["for k in range(size):", *(f"    {line}" for line in body)]


def _choice(condition: str, yes: list[str], no: list[str]) -> list[str]:
    indent = "    "
    return [
        f"if {condition}:",
        *(indent + line for line in yes),
        "else:",
        *(indent + line for line in no),
    ]
