"""A Python module for PyTorch: a differentiable layer whose constants may be trained."""

from __future__ import annotations

from dataclasses import replace

from dsl.display import operations, plural
from dsl.errors import UsageError
from dsl.formats.base import FORMATS, Format
from dsl.formats.code_lines import Style, assignments, constants
from dsl.formats.python_module import class_name, indented, summary
from dsl.formats.signs import with_few_negations
from dsl.program import Program
from dsl.registry import brief
from dsl.scalars.spelling import TORCH as LANGUAGE
from dsl.straightline import Code

WORDS = ("torch", "CONSTANTS")
REAL = Style("x[{}]".format, "y[{}]".format, "c[{}]".format, "torch.zeros_like(x[0])")
FORMULA = replace(REAL, language=LANGUAGE, guard="_finite({0})")
COMPLEX = Style(
    lambda k: f"x_{'im' if k % 2 else 're'}[{k // 2}]",
    lambda k: f"y_{'im' if k % 2 else 're'}[{k // 2}]",
    REAL.constant,
    "torch.zeros_like(x_re[0])",
)

MODULE = '''\
"""{summary}

{operations}
Written by evosynth.
"""

import torch

{table}
class {name}(torch.nn.Module):
    """{action}

    Takes {data} data on any device, and computes in their precision.

    Args:
        trainable: {meaning}
    """

    def __init__(self, trainable: bool = {trainable}) -> None:
        super().__init__()
{holding}
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return a new{complex} tensor of shape (..., {m}) for x of shape (..., {n})."""
        if x.shape[-1:] != ({n},):
            raise ValueError(f"expected shape (..., {n}), got {{tuple(x.shape)}}")
        if not {is_number}:
            raise TypeError(f"expected {types} numbers, got {{x.dtype}}")
{body}'''
# Infinity must not come out as a number again: 1 / (1 / 0) is no number.
GUARD = '''

def _finite(x: torch.Tensor) -> torch.Tensor:
    """Return x with nan in place of infinity."""
    return x + (x - x)
'''

MEANING = """\
Make the constants a parameter, which starts at CONSTANTS. Training changes
            each constant wherever it is used; the operations stay as they are."""
NO_MEANING = "Without effect, since there are no constants."
HOLDING = """\
        # Rounded to the precision of the data; on devices without float64 call .float() first.
        constants = torch.tensor(CONSTANTS, dtype=torch.float64)
        if trainable:
            self.constants = torch.nn.Parameter(constants)
        else:
            self.register_buffer("constants", constants)
"""


def write(program: Program, *, name: str | None = None, trainable: bool = False) -> str:
    """Writes a module with one class; `trainable` is the default of its argument.

    Raises:
        UsageError: The name cannot be used, or `trainable` is neither true nor false.
    """
    if not isinstance(trainable, bool):
        raise UsageError(f"expected trainable to be true or false, got {brief(trainable)}")
    chosen = class_name(program, name, WORDS)
    code = with_few_negations(program.code)
    found = constants(code, program.constants_order)
    body = indented(_body(program, code, bool(found)), 2)
    guard = GUARD if "_finite(" in body else ""
    return guard.join([MODULE, ""]).format(
        summary=summary(program, chosen),
        operations=operations(program),
        table=_table(found) if found else "",
        name=chosen,
        n=program.inputs,
        m=len(program.outputs),
        meaning=MEANING if found else NO_MEANING,
        trainable=trainable,
        holding=HOLDING if found else "",
        complex=" complex" if program.domain == "complex" else "",
        action=_action(program),
        data="floating-point and complex" if program.is_linear else "floating-point",
        types="floating-point or complex" if program.is_linear else "floating-point",
        is_number="(x.is_floating_point() or x.is_complex())"
        if program.is_linear
        else "x.is_floating_point()",
        body=body,
    )


def _action(program: Program) -> str:
    m, n = len(program.outputs), program.inputs
    if program.is_linear:
        return f"Multiplies vectors, along the last dimension, by the {m} x {n} matrix."
    formulas, numbers = plural(m, "formula"), plural(n, "number")
    return f"Computes {formulas} of the {numbers} along the last dimension; nan where invalid."


def _table(found: dict[str, str]) -> str:
    rows = [
        f"{digits},  # c[{k}]" + (f" = {meaning}" if meaning else "")
        for k, (digits, meaning) in enumerate(found.items())
    ]
    return f"CONSTANTS = (\n{indented(rows, 1)})\n\n"


def _body(program: Program, code: Code, has_constants: bool) -> list[str]:
    """Returns the lines that compute, between those that take apart and put together."""
    count = len(program.outputs)
    head = ["c = self.constants.real.to(x.real.dtype).unbind()"] if has_constants else []
    if program.domain == "real":
        lines = assignments(code, REAL if program.is_linear else FORMULA)
        if not program.is_linear:  # outputs may be constants
            lines.append("y = torch.broadcast_tensors(*y, x[0])[:-1]")
        return [
            *head,
            "x = x.unbind(-1)",
            f"y = [None] * {count}",
            *lines,
            "return torch.stack(y, -1)",
        ]
    return [
        *head,
        "x_re = x.real.unbind(-1)",
        "x_im = (x.imag if x.is_complex() else torch.zeros_like(x)).unbind(-1)",
        f"y_re, y_im = [None] * {count}, [None] * {count}",
        *assignments(code, COMPLEX),
        "return torch.complex(torch.stack(y_re, -1), torch.stack(y_im, -1))",
    ]


TORCH = FORMATS.register(
    Format("torch", ".py", write, "PyTorch module, differentiable; its constants can be trained")
)
