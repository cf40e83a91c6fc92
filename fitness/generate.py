"""Writes the generated regions of the compiled kernels: `python -m fitness.generate`."""

from __future__ import annotations

from pathlib import Path

from dsl.emit import emit_block_functions
from dsl.emit_scalars import emit_scalar_functions
from dsl.primitives import PRIMITIVES
from dsl.scalars import SCALARS

BEGIN, END = "# --- generated: begin\n", "# --- generated: end\n"
KERNEL = Path(__file__).parent / "evaluators" / "factor_kernel.py"
EXPRESSION_KERNEL = Path(__file__).parent / "evaluators" / "expression_kernel.py"


def regenerate(source: str) -> str:
    """Returns the source of the kernel of blocks with its generated region made anew."""
    return _replaced(source, emit_block_functions(tuple(PRIMITIVES)))


def regenerate_expression(source: str) -> str:
    """Returns the source of the kernel of expressions with its generated region made anew."""
    return _replaced(source, emit_scalar_functions(tuple(SCALARS)))


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
