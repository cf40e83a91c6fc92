"""Constants as numbers of few bits, and code in which they are additions and shifts."""

from dsl.number_forms.expansion import expand
from dsl.number_forms.rounding import by_parts, dyadic, is_power_of_two, round_bits
from dsl.number_forms.signed_digits import (
    Digit,
    Form,
    SignedDigits,
    canonical_digits,
    forms,
    nonzero_digits,
    signed_digits,
)

__all__ = [
    "Digit",
    "Form",
    "SignedDigits",
    "by_parts",
    "canonical_digits",
    "dyadic",
    "expand",
    "forms",
    "is_power_of_two",
    "nonzero_digits",
    "round_bits",
    "signed_digits",
]
