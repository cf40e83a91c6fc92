"""Whether a rule that was read from a file is one of a transform."""

from __future__ import annotations

from dsl.errors import DataError, EvosynthError
from dsl.grammars.recursive.families import family
from dsl.grammars.recursive.rule import Rule
from dsl.grammars.recursive.rule_values import is_correct

# Rules are looked at at sizes up to some times this one.
LARGEST_DIVISOR = 64


def check_rule(rule: Rule, name: str) -> None:
    """Checks that a rule computes a transform at the sizes at which rules are looked at.

    Raises:
        DataError: It does not.
    """
    try:
        is_right = (
            rule.divisor <= LARGEST_DIVISOR
            and rule.inputs == family(name).inputs
            and is_correct(rule, name)
        )
    except (ArithmeticError, EvosynthError, LookupError, TypeError, ValueError) as error:
        raise DataError(f"a rule for '{name[:40]}': {error}"[:200]) from error
    if not is_right:
        raise DataError(f"a rule does not compute '{name[:40]}', or at large sizes only")
