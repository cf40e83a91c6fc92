"""Writes the generated regions of the compiled kernels: `python -m fitness.generate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dsl.emit import emit_block_functions
from dsl.emit_scalars import emit_scalar_functions
from dsl.primitives import PRIMITIVES, Primitive
from dsl.scalars import SCALARS, Scalar

BEGIN, END = "# --- generated: begin\n", "# --- generated: end\n"
KERNEL = Path(__file__).parent / "evaluators" / "factor_kernel.py"
EXPRESSION_KERNEL = Path(__file__).parent / "evaluators" / "expression_kernel.py"


def regenerate(source: str, primitives: Sequence[Primitive] | None = None) -> str:
    """Returns the source of the kernel of blocks with its generated region made anew.

    Args:
        source: Of the kernel.
        primitives: The blocks; by default those that are registered.
    """
    members = tuple(PRIMITIVES) if primitives is None else primitives
    return _replaced(source, emit_block_functions(members))


def regenerate_expression(source: str, scalars: Sequence[Scalar] | None = None) -> str:
    """Returns the source of the kernel of expressions with its generated region made anew.

    Args:
        source: Of the kernel.
        scalars: The scalar primitives; by default those that are registered.
    """
    members = tuple(SCALARS) if scalars is None else scalars
    return _replaced(source, emit_scalar_functions(members))


def _replaced(source: str, text: str) -> str:
    head, rest = source.split(BEGIN)
    tail = rest.split(END)[1]
    return f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}"


def main() -> None:
    """Rewrites the kernels in place."""
    KERNEL.write_text(regenerate(KERNEL.read_text()))
    EXPRESSION_KERNEL.write_text(regenerate_expression(EXPRESSION_KERNEL.read_text()))


if __name__ == "__main__":
    main()
