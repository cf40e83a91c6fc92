"""A cost of one's own: products of constants are dear, as on a chip without a multiplier."""

import evosynth as es


@es.cost(unit="gates")
def constant_free(code):
    """An addition costs 1, a product of a constant 20."""
    return float(sum(1 if step.kind == "add" else 20 for step in code.operations))
