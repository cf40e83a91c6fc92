"""Writes the generated region of the compiled kernels: `python -m fitness.generate`."""

from __future__ import annotations

from pathlib import Path

from dsl.emit import emit_block_functions
from dsl.primitives import PRIMITIVES

BEGIN, END = "# --- generated: begin\n", "# --- generated: end\n"
KERNEL = Path(__file__).parent / "evaluators" / "factor_kernel.py"


def regenerate(source: str) -> str:
    """Returns a kernel's source with its generated region made anew."""
    head, rest = source.split(BEGIN)
    tail = rest.split(END)[1]
    return f"{head}{BEGIN}\n\n{emit_block_functions(tuple(PRIMITIVES))}\n\n{END}{tail}"


def main() -> None:
    """Rewrites the kernel in place."""
    KERNEL.write_text(regenerate(KERNEL.read_text()))


if __name__ == "__main__":
    main()
