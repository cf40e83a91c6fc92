"""A fixed-point program as people read it."""

from __future__ import annotations

from dsl.fixed_point.fixed_program import FixedProgram, Step, Term


def listing(fixed: FixedProgram) -> str:
    """Returns a line per value: what it is, and how many bits come after its point."""
    words = fixed.words
    head = (
        f"fixed {fixed.source.name}: {fixed.inputs} inputs of {words.input_bits} bits, "
        f"words of {words.length} bits"
    )
    lines = [
        f"  v{value} = {_sum(step)}  / 2^{step.fraction_bits}"
        for value, step in enumerate(fixed.steps, fixed.inputs)
    ]
    return "\n".join([head, *lines, f"outputs {' '.join(f'v{k}' for k in fixed.outputs)}"])


def _sum(step: Step) -> str:
    products = [_product(term) for term in step.terms]
    total = " + ".join(products).replace(" + -", " - ") or "0"
    return f"({total}) >> {step.shift}" if step.shift else total


def _product(term: Term) -> str:
    if abs(term.multiplier) == 1:
        return f"{'-' * (term.multiplier < 0)}v{term.value}"
    return f"{term.multiplier}*v{term.value}"
