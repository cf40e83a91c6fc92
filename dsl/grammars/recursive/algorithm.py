"""An algorithm: rules for a transform and for those that it calls, for every size.

It terminates by construction: a call is shorter than its caller, or of equal length to a
transform that does not lead back to the caller at that length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.cost import Count, count_code
from dsl.errors import UsageError
from dsl.grammars.factor.from_code import program_from_code
from dsl.grammars.recursive.families import Family, check_call, family, is_made_of
from dsl.grammars.recursive.lowering import (
    Body,
    is_real,
    lower_matrix,
    lower_rule,
    own_count,
    splice,
)
from dsl.grammars.recursive.rule import CALL, MULTIPLY, Rule
from dsl.program import Program
from dsl.straightline import Code
from dsl.vectors import VECTORS
from dsl.vectors.fields import DOUBLES, EXACTS, Field, Numbers

# Sizes that are looked at to say which ones an algorithm can do.
LARGEST_LISTED = 256
# Larger ones are refused at once.
LARGEST_SIZE = 1 << 40
# Elements that may be computed for each of the n lg n that a fast algorithm has.
MOST_WORK = 1 << 14
# So many take a second or so, whatever the size.
LITTLE_WORK, STEP_WORK = 1 << 24, 64
# Code for one size is written whole up to this size, with exact constants.
LARGEST_CODE = 256


@dataclass(frozen=True, slots=True)
class Plan:
    """How one size is computed.

    Attributes:
        rule: The rule; None for the matrix itself.
        count: Operations, those of calls included; a product of two values is one of data.
    """

    rule: Rule | None
    count: Count


@dataclass(frozen=True, eq=False)
class Algorithm:
    """Rules for transforms of every size.

    Attributes:
        name: The family that is computed.
        rules: Rules of each family; where several can do a size, the cheapest does.

    Raises:
        ValueError: Rules do not fit the families, a family has none, or calls lead back to
            a transform at equal length.
    """

    name: str
    rules: Mapping[str, tuple[Rule, ...]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "_plans", {})
        object.__setattr__(self, "_known_ways", {})
        for name, rules in self.rules.items():
            for rule in rules:
                if rule.inputs != family(name).inputs:
                    raise ValueError(f"a rule of '{name}' has inputs {rule.inputs}")
                if family(name).domain == "real" and not is_real(rule):
                    raise ValueError(f"a rule of '{name}' has complex factors")
                if rule.has_products and family(name).is_linear:
                    raise ValueError(f"a rule of '{name}', which is linear, multiplies values")
                for called, _ in rule.calls:
                    check_call(name, called)
                    if not self.rules.get(called):
                        raise ValueError(f"'{name}' calls '{called}', which has no rule")
        if not self.rules.get(self.name):
            raise ValueError(f"there is no rule for '{self.name}'")
        if loop := self._loop():
            raise ValueError(f"calls of equal length lead back to '{loop}'")

    def _loop(self) -> str | None:
        """Returns a family that calls itself at equal length, directly or not."""
        reached = {
            name: {called for rule in rules for called, ratio in rule.calls if ratio == 1}
            for name, rules in self.rules.items()
        }
        for _ in reached:
            for name, called in reached.items():
                reached[name] = called.union(*(reached[c] for c in called))
        return next((name for name, called in reached.items() if name in called), None)

    @property
    def family(self) -> Family:
        """What is computed."""
        return family(self.name)

    @cached_property
    def _primes(self) -> frozenset[int]:
        divisors = [rule.divisor for rules in self.rules.values() for rule in rules]
        return frozenset(p for p in (2, 3, 5, 7) if any(d % p == 0 for d in divisors))

    def is_base(self, n: int) -> bool:
        """Tells whether n points are few enough to multiply by the matrix itself.

        They are if no rule is made for less, and n has no other prime factors than rules
        divide by.
        """
        divisors = [rule.divisor for rules in self.rules.values() for rule in rules]
        return n == 1 or (n < max(divisors) and is_made_of(n, self._primes))

    def has_size(self, n: int) -> bool:
        """Tells whether the algorithm can do n points."""
        return 1 <= n <= LARGEST_SIZE and bool(self._ways(self.name, n))

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """The sizes up to 256 that it can do."""
        return tuple(n for n in range(1, LARGEST_LISTED + 1) if self.has_size(n))

    def check_size(self, n: int) -> None:
        """Checks that the algorithm can do a size.

        Raises:
            UsageError: It cannot; the message names sizes that it can.
        """
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or not self.has_size(int(n)):
            names = ", ".join(map(str, self.sizes[:10]))
            raise UsageError(
                f"this algorithm for '{self.name}' cannot do n = {n!r}",
                f"sizes that it can: {names}, ... ({self.sizes_text})",
            )

    @property
    def sizes_text(self) -> str:
        """Which sizes it can do, for people."""
        letters = dict(zip((2, 3, 5, 7), "abcd", strict=True))
        factors = "".join(f" {p}^{letters[p]}" for p in sorted(self._primes))
        expected = {n for n in range(1, LARGEST_LISTED + 1) if is_made_of(n, self._primes)}
        missing = sorted(expected - set(self.sizes))
        but = f", but not {', '.join(map(str, missing[:4]))}" if missing else ""
        return f"n ={factors or ' 1'}{but}"

    def operations(self, n: int) -> Count:
        """Returns the real operations for n points: those of `lower(n)`.

        Raises:
            UsageError: It cannot do that size.
        """
        self.check_size(n)
        return self._plan(self.name, int(n)).count

    def rule(self, name: str, n: int) -> Rule | None:
        """Returns the rule that computes n points of a family; None for the matrix itself.

        Raises:
            UsageError: It cannot do that size.
        """
        ways = self._ways(name, n)
        if not ways:
            raise UsageError(f"this algorithm cannot do '{name}' of size {n}")
        return ways[0] if len(ways) == 1 else self._plan(name, n).rule

    def __repr__(self) -> str:
        return f"<Algorithm {self.name}, {self.sizes_text}>"

    def __str__(self) -> str:
        from dsl.algorithm_formats import render_algorithm  # formats read algorithms

        return render_algorithm(self, "text")

    def _ways(self, name: str, n: int) -> tuple[Rule | None, ...]:
        """Returns the rules that can do n points of a family; None is the matrix itself."""
        known: dict[tuple[str, int], tuple[Rule | None, ...]] = self._known_ways  # type: ignore[attr-defined]
        if (name, n) not in known:
            found: list[Rule | None] = []
            if family(name).has_size(n):
                found += [rule for rule in self.rules[name] if self._can(rule, n)]
                if family(name).is_linear and self.is_base(n):
                    found.append(None)
            known[name, n] = tuple(found)
        return known[name, n]

    def _can(self, rule: Rule, n: int) -> bool:
        if n % rule.divisor or not all(self._ways(c, int(n * ratio)) for c, ratio in rule.calls):
            return False
        return not rule.has_pole(n)

    def _plan(self, name: str, n: int) -> Plan:
        """Returns the cheapest way to do n points of a family, of which there is one."""
        plans: dict[tuple[str, int], Plan] = self._plans  # type: ignore[attr-defined]
        if (name, n) not in plans:
            found = [self._planned(name, rule, n) for rule in self._ways(name, n)]
            plans[name, n] = min(found, key=lambda plan: plan.count.operations)
        return plans[name, n]

    def _planned(self, name: str, rule: Rule | None, n: int) -> Plan:
        if rule is None:
            return Plan(None, count_code(lower_matrix(name, n, DOUBLES).code))
        parts = [self._plan(called, int(n * ratio)).count for called, ratio in rule.calls]
        return Plan(rule, sum(parts, own_count(rule, n, family(name).domain)))

    def work(self, n: int) -> int:
        """Returns how many elements are computed for n points, those of calls included.

        A step counts as `STEP_WORK` elements at least: it takes time however short it is.
        """
        known: dict[tuple[str, int], int] = {}

        def total(name: str, length: int) -> int:
            if (name, length) not in known:
                rule = self.rule(name, length)
                if rule is None:
                    known[name, length] = length * length
                else:
                    own = sum(max(int(length * ratio), STEP_WORK) for ratio in rule.ratios)
                    calls = sum(total(called, int(length * r)) for called, r in rule.calls)
                    known[name, length] = own + calls
            return known[name, length]

        return total(self.name, n)

    def _check_work(self, n: int) -> None:
        """Refuses what would take for ever: files may hold any number of calls."""
        if self.work(n) > max(LITTLE_WORK, MOST_WORK * n * n.bit_length()):
            raise UsageError(
                f"this algorithm computes {self.work(n):.1e} elements for n = {n}: it calls "
                "far too often",
                "give a smaller n, or another algorithm",
            )

    def body(self, name: str, rule: Rule, n: int, field: Field) -> Body:
        """Returns a rule's own operations for n points, without those of calls."""
        return lower_rule(rule, n, family(name).domain, field)

    def execute(self, *inputs: npt.ArrayLike) -> npt.NDArray[Any]:
        """Computes the transform of any valid size.

        Args:
            inputs: One array (..., n); two arrays (..., n / 2) for products of polynomials.

        Returns:
            (..., n) of the kind that the transform has.

        Raises:
            UsageError: It cannot do that size, or lengths do not fit.
        """
        data = [np.asarray(x) for x in inputs]
        ratios = self.family.inputs
        if len(data) != len(ratios) or any(x.ndim == 0 for x in data):
            raise UsageError(f"expected {len(ratios)} arrays (..., n)")
        lengths = [Fraction(x.shape[-1]) / ratio for x, ratio in zip(data, ratios, strict=True)]
        if len(set(lengths)) != 1:
            raise UsageError(f"lengths {', '.join(str(x.shape[-1]) for x in data)} do not fit")
        self.check_size(int(lengths[0]))
        self._check_work(int(lengths[0]))
        try:
            batch = np.broadcast_shapes(*(x.shape[:-1] for x in data))
        except ValueError:
            shapes = " and ".join(str(x.shape) for x in data)
            raise UsageError(f"arrays of shapes {shapes} do not fit") from None
        data = [np.broadcast_to(x, (*batch, x.shape[-1])) for x in data]
        kind = np.complex128 if self.family.domain == "complex" else np.float64
        if kind is np.float64 and any(np.iscomplexobj(x) for x in data):
            kind = np.complex128  # a real matrix does complex data as well
        return self._run(self.name, int(lengths[0]), [x.astype(kind) for x in data], DOUBLES)

    __call__ = execute

    def execute_in(self, field: Field, n: int, inputs: list[Numbers]) -> Numbers:
        """Computes the transform in a field: inputs (..., n * ratio) -> (..., n).

        Raises:
            UsageError: It cannot do that size.
        """
        self.check_size(n)
        return self._run(self.name, n, inputs, field)

    def _run(self, name: str, n: int, inputs: list[Numbers], field: Field) -> Numbers:
        rule = self.rule(name, n)
        if rule is None:
            return family(name).truth(inputs, n, field)
        values: list[Any] = [*inputs, *[None] * len(rule.steps)]
        for group in rule.schedule:
            step = rule.steps[group[0]]
            operands = [values[k] for k in step.operands]
            if step.name == CALL:
                data = np.stack([values[rule.steps[k].operands[0]] for k in group])
                results = self._run(step.family, data.shape[-1], [data], field)
                for position, result in zip(group, results, strict=True):
                    values[rule.value(position)] = result
            elif step.name == MULTIPLY:
                values[rule.value(group[0])] = field.product(*operands)
            else:
                primitive = VECTORS.get(step.name)
                result = primitive.apply(operands, step.parameters, n, field)
                values[rule.value(group[0])] = result
        return np.asarray(values[rule.output])

    def lower(self, n: int, field: Field = EXACTS) -> Code:
        """Returns straight-line code for n points, calls written out.

        Raises:
            UsageError: It cannot do that size, the size is too large for exact constants,
                or the family is not linear.
        """
        if not self.family.is_linear:
            raise UsageError(
                f"'{self.name}' is not linear and has no straight-line code",
                "export it as Python, or as C with loops",
            )
        if isinstance(n, int | np.integer) and n > LARGEST_CODE:
            raise UsageError(
                f"straight-line code for n = {n} would be too long",
                f"up to n = {LARGEST_CODE}; above it, export C, which has loops",
            )
        self.check_size(n)
        self._check_work(n)
        try:
            return splice(self.name, n, self._body_for(field), self.family.domain)
        except ArithmeticError as error:
            raise UsageError(f"'{self.name}' of size {n}: {error}", "give another n") from error

    def _body_for(self, field: Field) -> Any:
        def body(name: str, n: int) -> Body:
            rule = self.rule(name, n)
            if rule is None:
                return lower_matrix(name, n, field)
            return self.body(name, rule, n, field)

        return body

    def program(self, n: int) -> Program:
        """Returns a program for n points: everything that programs can do, this one can.

        Raises:
            UsageError: It cannot do that size, or there is no straight-line code.
        """
        return program_from_code(self.lower(n), f"{self.name}{n}")
