"""Algorithms as JSON: plain data, nothing in it is ever executed."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from typing import Any

from dsl.algorithm_formats.base import ALGORITHM_FORMATS
from dsl.errors import DataError, UsageError
from dsl.formats.base import Format
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.families import family
from dsl.grammars.recursive.rule import MOST_STEPS, Rule, Step
from dsl.registry import brief

KIND = "evosynth-algorithm"
VERSION = 1
# Limits against files made to exhaust time or memory.
MOST_FAMILIES, MOST_RULES, MOST_OPERANDS, MOST_PARAMETERS = 16, 16, 8, 8
FRACTION = re.compile(r"-?[0-9]{1,9}(?:/0*[1-9][0-9]{0,8})?", re.ASCII)


def to_data(algorithm: Algorithm) -> dict[str, Any]:
    """Returns an algorithm as plain data; fractions are text such as "1/2"."""
    rules = {name: [rule_data(rule) for rule in rules] for name, rules in algorithm.rules.items()}
    return {"format": KIND, "version": VERSION, "name": algorithm.name, "rules": rules}


def rule_data(rule: Rule) -> dict[str, Any]:
    """Returns a rule as plain data."""
    steps = [
        [step.name, list(step.operands), [str(p) for p in step.parameters], step.family]
        for step in rule.steps
    ]
    return {"inputs": [str(r) for r in rule.inputs], "steps": steps, "output": rule.output}


def from_data(data: Any) -> Algorithm:
    """Returns the algorithm that plain data describe.

    What it computes is not checked: that takes `Algorithm.execute` against the truth.

    Raises:
        DataError: The data describe none; the message names the position.
    """
    if not isinstance(data, dict) or data.get("format") != KIND:
        raise DataError("expected an evosynth algorithm")
    version = data.get("version")
    if version != VERSION or isinstance(version, bool):
        raise DataError(
            f"expected algorithm version {VERSION}, got {brief(version)}",
            "use the version of evosynth that wrote it",
        )
    try:
        rules = _mapping(data["rules"], MOST_FAMILIES)
        return Algorithm(
            _text(data["name"]), {name: _rules(name, items) for name, items in rules.items()}
        )
    except KeyError as error:
        raise DataError(f"algorithm without {error}") from error
    except (TypeError, ValueError, UsageError) as error:
        raise DataError(f"not a valid algorithm: {error}") from error


def _rules(name: Any, items: Any) -> tuple[Rule, ...]:
    expected = family(_text(name)).inputs
    found = []
    for position, item in enumerate(_items(items, MOST_RULES, "rules")):
        try:
            rule = rule_of_data(item, expected)
        except (TypeError, ValueError) as error:
            raise ValueError(f"rule {position} of '{name}': {error}") from error
        found.append(rule)
    return tuple(found)


def rule_of_data(item: Any, expected: tuple[Fraction, ...] | None = None) -> Rule:
    """Returns the rule that plain data describe.

    Args:
        item: What `rule_data` returns.
        expected: Its inputs, where they are known.

    Raises:
        KeyError: Something is missing.
        TypeError: Something is of the wrong kind.
        ValueError: Something does not fit.
    """
    data = _mapping(item, 3)
    inputs = tuple(map(_fraction, _items(data["inputs"], MOST_OPERANDS, "inputs")))
    if expected is not None and inputs != expected:
        raise ValueError(f"expected inputs of {', '.join(map(str, expected))} n")
    steps = _items(data["steps"], MOST_STEPS, "steps")
    return Rule(
        tuple(_step(k, step) for k, step in enumerate(steps)), _integer(data["output"]), inputs
    )


def _step(position: int, item: Any) -> Step:
    try:
        name, operands, parameters, called = _items(item, 4, "entries")
        return Step(
            _text(name),
            tuple(map(_integer, _items(operands, MOST_OPERANDS, "operands"))),
            tuple(map(_fraction, _items(parameters, MOST_PARAMETERS, "parameters"))),
            _text(called),
        )
    except (TypeError, ValueError) as error:
        raise ValueError(f"step {position}: {error}") from error


def _mapping(value: Any, most: int) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"expected an object, got {type(value).__name__}")
    if len(value) > most:
        raise ValueError(f"expected at most {most} entries, got {len(value)}")
    return value


def _items(value: Any, most: int, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list of {what}, got {type(value).__name__}")
    if len(value) > most:
        raise ValueError(f"expected at most {most} {what}, got {len(value)}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 64:
        raise ValueError(f"expected a name, got {brief(value)}")
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"expected an integer, got {type(value).__name__}")
    if not 0 <= value < 1 << 20:
        raise ValueError("expected the number of a value")
    return value


def _fraction(value: Any) -> Fraction:
    if not isinstance(value, str) or not FRACTION.fullmatch(value):
        raise ValueError(f"expected a fraction such as '1/2', got {brief(value)}")
    return Fraction(value)


def write(algorithm: Algorithm) -> str:
    """Writes an algorithm as JSON, one step per line."""
    data = to_data(algorithm)
    rules = data.pop("rules")
    families = [
        f"{json.dumps(name)}: [{', '.join(map(_rule_text, items))}]"
        for name, items in rules.items()
    ]
    body = ",\n  ".join(families)
    return f'{json.dumps(data)[:-1]},\n "rules": {{\n  {body}}}}}\n'


def _rule_text(rule: dict[str, Any]) -> str:
    steps = ",\n    ".join(map(json.dumps, rule["steps"]))
    inputs = json.dumps(rule["inputs"])
    return f'{{"inputs": {inputs}, "output": {rule["output"]}, "steps": [\n    {steps}]}}'


JSON = ALGORITHM_FORMATS.register(Format("json", ".json", write, "plain data; can be read back"))
