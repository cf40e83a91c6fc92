"""Scalar primitives as torch functions that write where they are told to.

As in every language the text is printed from the declaration. Of the text the outermost
operation is made to fill a given tensor, which saves a copy.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch

from dsl.scalars.base import Scalar
from dsl.scalars.spelling import TORCH, Language, template

# (a, out) or (a, b, out): fills `out` with the primitive of tensors that broadcast to it.
Function = Callable[..., object]

TENSORS = Language(
    "torch tensors",
    dict(TORCH.functions)
    | {
        "Min": "minimum({0}, {1})",
        "Max": "maximum({0}, {1})",
        "Heaviside": "step({0})",
    },
)
OPERATORS = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}
OPERANDS = ("a", "b")


def minimum(a: Any, b: Any, out: torch.Tensor | None = None) -> torch.Tensor:
    """Returns the smaller one of tensors, or of a tensor and a number; nan where one is."""
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return torch.minimum(a, b, out=out)
    tensor, number = (a, b) if isinstance(a, torch.Tensor) else (b, a)
    return torch.clamp(tensor, max=number, out=out)


def maximum(a: Any, b: Any, out: torch.Tensor | None = None) -> torch.Tensor:
    """Returns the larger one of tensors, or of a tensor and a number; nan where one is."""
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return torch.maximum(a, b, out=out)
    tensor, number = (a, b) if isinstance(a, torch.Tensor) else (b, a)
    return torch.clamp(tensor, min=number, out=out)


def step(a: torch.Tensor, out: torch.Tensor | None = None) -> torch.Tensor:
    """Returns 1 where a tensor is positive, else 0; nan stays nan, unlike in heaviside."""
    return torch.mul(a, 0.0, out=out).masked_fill_(a > 0.0, 1.0)


@lru_cache(maxsize=256)
def function_of(scalar: Scalar) -> Function:
    """Returns the function of a scalar primitive.

    Raises:
        ValueError: torch has no way to write it.
    """
    text = template(scalar, TENSORS).format(*OPERANDS)
    names = ", ".join(OPERANDS[: scalar.arity])
    source = f"lambda {names}, out: {filling(text)}"
    space = {"torch": torch, "minimum": minimum, "maximum": maximum, "step": step}
    function: Function = eval(source, space)  # text that we printed
    return function


def filling(text: str) -> str:
    """Returns an expression of operands as one that fills `out` with it."""
    root = ast.parse(text, mode="eval").body
    if isinstance(root, ast.Call):
        return f"{text.removesuffix(')')}, out=out)"
    if isinstance(root, ast.UnaryOp) and _has_operand(root.operand):
        return f"torch.neg({ast.unparse(root.operand)}, out=out)"
    if isinstance(root, ast.BinOp) and _has_operand(root.left):
        left, right = ast.unparse(root.left), ast.unparse(root.right)
        return f"torch.{OPERATORS[type(root.op)]}({left}, {right}, out=out)"
    return f"out.copy_(torch.as_tensor({text}))"


def _has_operand(expression: ast.expr) -> bool:
    """Tells that an expression is a tensor, not a number."""
    return any(isinstance(n, ast.Name) and n.id in OPERANDS for n in ast.walk(expression))
