"""A Triton kernel that works off formulas, its primitives printed from their declarations.

Triton comes with torch for CUDA; without it `is_available` says so, and nothing here is used.
"""

from __future__ import annotations

import importlib
import linecache
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

from dsl.scalars.base import Scalar
from dsl.scalars.spelling import MOD, Language, template

TRITON = Language(
    "triton",
    {name: f"tl.{name}({{0}})" for name in ("sin", "cos", "exp", "log", "sqrt", "floor")}
    | {
        "Mod": MOD.format(floor="tl.floor"),
        "Abs": "tl.abs({0})",
        # The hardware's minimum and maximum of doubles leave nan out.
        "Min": "tl.where(({0} < {1}) | ({0} != {0}), {0}, {1})",
        "Max": "tl.where(({0} > {1}) | ({0} != {0}), {0}, {1})",
        "Heaviside": "tl.where({0} > 0.0, 1.0, 0.0 * {0})",
    },
)

# A program takes one block of samples of one formula after the other, so that the values that
# it keeps stay in the cache. After a value is kept its threads wait for each other: those that
# read it may be others.
HEAD = """\
@triton.jit(do_not_specialize=["items", "blocks", "samples", "stride", "inputs", "depth"])
def work_off(
    starts, primitives, left, right, outputs, constants, x, kept, values, is_invalid,
    items, blocks, samples, stride, inputs, depth, SIZE: tl.constexpr,
):
    lanes = tl.arange(0, SIZE)
    own = kept + tl.program_id(0).to(tl.int64) * depth * SIZE
    for item in range(tl.program_id(0), items, tl.num_programs(0)):
        formula = item // blocks
        columns = (item % blocks) * SIZE + lanes
        exists = columns < samples
        is_bad = columns < 0
        begin = tl.load(starts + formula)
        for step in range(begin, tl.load(starts + formula + 1)):
            primitive = tl.load(primitives + step)
            one = tl.load(left + step).to(tl.int64)
            two = tl.load(right + step).to(tl.int64)
            c0 = tl.load(constants + 2 * step)
            c1 = tl.load(constants + 2 * step + 1)
            if one < inputs:
                a = tl.load(x + one * stride + columns, mask=exists, other=1.0)
            else:
                a = tl.load(own + (one - inputs) * SIZE + lanes)
            if two < 0:
                b = c0 + tl.zeros([SIZE], tl.float64)
            elif two < inputs:
                b = tl.load(x + two * stride + columns, mask=exists, other=1.0)
            else:
                b = tl.load(own + (two - inputs) * SIZE + lanes)
"""
TAIL = """\
            is_bad = is_bad | (exists & ~(tl.abs(value) < float("inf")))
            tl.store(own + (step - begin).to(tl.int64) * SIZE + lanes, value)
            row = tl.load(outputs + step).to(tl.int64)
            if row >= 0:
                tl.store(values + row * samples + columns, value, mask=exists)
            tl.debug_barrier()
        if tl.max(is_bad.to(tl.int32), 0) > 0:
            tl.store(is_invalid + formula, 1.0)
"""
INDENT = " " * 12


def source(scalars: Sequence[Scalar]) -> str:
    """Returns the text of the kernel for these scalar primitives.

    Raises:
        ValueError: Triton has no way to write one of them.
    """
    lines = []
    for position, member in enumerate(scalars):
        lines.append(f"{'elif' if position else 'if'} primitive == {position}:  # {member.name}")
        if member.arity == 1:
            lines.append("    a = c0 * a + c1")
        # The operand that constants take part in: the function may hide that it is not finite.
        operand = "ab"[member.arity - 1]
        lines.append(f"    is_bad = is_bad | (exists & ~(tl.abs({operand}) < float('inf')))")
        lines.append(f"    value = {template(member, TRITON).format('a', 'b')}")
    lines += [
        f"elif primitive == {len(scalars)}:  # a reference",
        "    value = a",
        "else:",
        "    value = c0 + tl.zeros([SIZE], tl.float64)",
    ]
    return HEAD + "".join(f"{INDENT}{line}\n" for line in lines) + TAIL


@lru_cache(maxsize=8)
def kernel(scalars: tuple[Scalar, ...]) -> Any:
    """Returns the kernel for these scalar primitives, which is compiled when it is first used."""
    text = source(scalars)
    name = f"triton kernel of formulas {abs(hash(text))}"
    # Triton reads the source again: from the cache of lines, where no file has to be.
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    triton = importlib.import_module("triton")
    space = {"triton": triton, "tl": importlib.import_module("triton.language")}
    exec(compile(text, name, "exec"), space)
    return space["work_off"]


def is_available() -> bool:
    """Says whether Triton is installed."""
    return find_spec("triton") is not None
