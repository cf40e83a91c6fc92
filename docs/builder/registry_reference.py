"""The reference of everything that is registered, from the registries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import evosynth as es
from docs.builder.markdown import code, table
from dsl.rewrites import REWRITES
from evosynth.executors.base import EXECUTORS
from evosynth.strategies import STRATEGIES
from fitness.evaluators.base import EVALUATORS

HEAD = """# What there is to choose from

Generated from the registries, to which [plug-ins](../extending.md) add. `evosynth targets`,
`primitives`, `formats`, `costs`, `baselines` and `experiment` print the same.
"""


def write_registries() -> str:
    """Returns the page of all registries."""
    sections = [
        ("Targets: transforms", "`--target NAME --n N`", _targets()),
        ("Targets: functions", "`--target NAME`, known by samples", _functions()),
        ("Primitives: blocks of transforms", "what a gene puts in", _primitives("block")),
        ("Primitives: sums", "what a gene puts in", _primitives("sum")),
        ("Patterns", "where a gene puts it", _primitives("pattern")),
        ("Scalars: functions of formulas", "with their operations", _scalars()),
        ("Vectors: steps of algorithms for every size", "with parameters", _vectors()),
        ("Rewrites of algorithms", "what makes rules cheaper", _named(REWRITES)),
        ("Formats of programs", "`--to`, `--format`", _formats("program")),
        ("Formats of algorithms for every size", "`--to`, `--format`", _formats("algorithm")),
        ("Costs", "`--cost`", _costs()),
        ("Objectives", "`--objective`", _objectives()),
        ("Strategies", "`--strategy`", _named(STRATEGIES)),
        ("Executors", "`--executor`", _named(EXECUTORS)),
        ("Evaluators", "`--evaluator`", _named(EVALUATORS)),
        ("Baselines: rivals by gradient descent", "`evosynth compare --baselines`", _baselines()),
        ("Experiments", "`evosynth experiment NAME`", _experiments()),
    ]
    parts = [f"## {title}\n\n{typed}\n\n{content}" for title, typed, content in sections if content]
    return "\n".join([HEAD, *parts])


def _targets() -> str:
    rows = [
        (
            code(each["name"]),
            f"{each['summary']}<br>{each['convention']}",
            each["sizes"],
            each["input"],
            ", ".join(f"{n}: {known['operations']:,}" for n, known in each["best_known"].items()),
        )
        for each in es.targets()
    ]
    return table(("name", "what it is", "sizes", "data", "best known, n: operations"), rows)


def _functions() -> str:
    rows = [
        (
            code(each["name"]),
            each["summary"],
            ", ".join(f"{code(name)} {value:,}" for name, value in each["parameters"].items()),
        )
        for each in es.functions()
    ]
    return table(("name", "what it is", "parameters and their defaults"), rows)


def _primitives(kind: str) -> str:
    mine = [each for each in es.primitives() if each["kind"] == kind]
    if kind == "block":
        head: tuple[str, ...] = ("name", "what it is", "matrix", "parameter, solved from")
        return table(
            head,
            (
                (code(b["name"]), b["summary"], code(b["matrix"]), ", ".join(b["candidates"]))
                for b in mine
            ),
        )
    return table(("name", "what it is"), ((code(b["name"]), b["summary"]) for b in mine))


def _scalars() -> str:
    mine = (each for each in es.primitives() if each["kind"] == "scalar")
    rows = ((code(s["name"]), s["summary"], s["operations"], code(s["expression"])) for s in mine)
    return table(("name", "what it is", "operations", "SymPy"), rows)


def _vectors() -> str:
    mine = (each for each in es.primitives() if each["kind"] == "vector")
    rows = ((code(v["name"]), v["summary"], ", ".join(v["parameters"])) for v in mine)
    return table(("name", "what it is", "parameters"), rows)


def _formats(kind: str) -> str:
    rows = [
        (
            code(each["name"]),
            code(each["suffix"]),
            each["summary"],
            ", ".join(code(f"--{option.replace('_', '-')}") for option in each["options"]),
        )
        for each in es.formats()
        if each["of"] == kind
    ]
    return table(("name", "suffix", "what it is", "options"), rows)


def _costs() -> str:
    rows = ((code(c["name"]), c["summary"], c["unit"], c["word_length"] or "") for c in es.costs())
    return table(("name", "what it counts", "unit", "word length by default"), rows)


def _objectives() -> str:
    rows = (
        (code(o["name"]), o["summary"], "dB" if o["decibel"] else "", code(o["covariance"] or ""))
        for o in es.objectives()
    )
    return table(("name", "what it is", "shown in", "covariance by default"), rows)


def _baselines() -> str:
    rows = ((code(b["name"]), b["kind"], b["summary"], b["told"]) for b in es.baselines())
    return table(("name", "learns a", "what it is", "told beforehand"), rows)


def _experiments() -> str:
    rows = ((code(each["name"]), each["question"]) for each in es.experiments())
    return table(("name", "question"), rows)


def _named(members: Iterable[Any]) -> str:
    """Returns the table of members that have a name and a summary."""
    return table(("name", "what it is"), ((code(each.name), each.summary) for each in members))
