"""Whether a format keeps its promises."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from dsl.formats.base import Format
from dsl.program import Instruction, Program
from evosynth.conformance.steps import expect, expect_text, run_steps


def sample_programs() -> dict[str, Program]:
    """Returns small programs, by what is special about them."""
    four = (Instruction("butterfly", (0, 1), (1,)), Instruction("butterfly", (2, 3), (1,)))
    real = Program("factor", "real", 4, four, (4, 6, 5, 7), "sample_real")
    turned = (Instruction("butterfly", (0, 1), (0.6 + 0.8j,)), Instruction("sum", (), ()))
    return {
        "real": real,
        "complex": Program("factor", "complex", 2, turned, (2, 3, 4), "sample_complex"),
        "without operations": Program("factor", "real", 2, (), (1, 0), "sample_swap"),
    }


def check_format(form: Format) -> tuple[str, ...]:
    """Checks a format of programs.

    Returns:
        What was checked.

    Raises:
        EnvironmentMismatchError: Something is wrong; the message says what.
    """
    steps: dict[str, Callable[[], object]] = {
        "name": lambda: expect_text(form.name, form.summary),
        "suffix": lambda: expect(form.suffix[:1] == ".", f"expected .NAME, got '{form.suffix}'"),
        "options": lambda: form.options,
    }
    for kind, program in sample_programs().items():
        steps[f"{kind} program"] = partial(_check_text, form, program)
    return run_steps(f"format '{form.name}'", steps)


def _check_text(form: Format, program: Program) -> None:
    before = repr(program)
    text = form.write(program)
    expect(isinstance(text, str), f"expected text, got {type(text).__name__}")
    expect(text, "it wrote nothing")
    text.encode("utf-8")
    expect(form.write(program) == text, "it writes another text when asked again")
    expect(repr(program) == before, "it changes the program")
