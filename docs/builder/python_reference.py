"""The reference of the Python functions and classes, from their docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from functools import cached_property
from inspect import Parameter
from typing import Any

import griffe

import evosynth as es
from docs.builder.markdown import cell, code
from evosynth.names import PUBLIC

PROPERTIES = (property, cached_property)
MOST_COLUMNS = 80

# Where a name stands that is in none of the groups below.
OTHERS = "Others"
GROUPS: dict[str, tuple[str, ...]] = {
    "Searching": ("run", "resume", "fork", "read_config", "refine", "generalize"),
    "Looking at what was found": (
        *("load", "show", "export", "verify", "front", "check", "records", "report", "serve"),
        *("bench", "compare", "experiment", "structure", "doctor", "fixed_point"),
    ),
    "Targets": (
        *("make_target", "make_sampled_target", "from_arrays", "read_samples"),
        *("Target", "SampledTarget", "RecursiveTarget"),
    ),
    "Results": (
        *("Result", "FormulaResult", "AlgorithmResult", "Program", "Algorithm", "FixedProgram"),
        *("Verification", "Generalization", "Comparison", "SymbolicRegressor", "EvosynthError"),
    ),
    "Lists of what there is": (
        *("targets", "functions", "primitives", "formats", "costs", "objectives", "baselines"),
        "experiments",
    ),
    "Extending": (
        *("load_plugin", "primitive", "target", "format", "cost", "objective", "strategy"),
        *("baseline", "register"),
    ),
}
HEAD = """# Python

Generated from the docstrings. All names are those of `import evosynth as es`; the
commands are functions of the same name.
"""


def write_python() -> str:
    """Returns the page of all public names."""
    parts = [HEAD]
    for title, names in groups().items():
        parts.append(f"## {title}\n")
        for name in names:
            parts += _section(f"es.{name}", getattr(es, name), 3)
    return "\n".join(parts)


def groups() -> dict[str, tuple[str, ...]]:
    """Returns the public names that there are, by group."""
    grouped = {name for names in GROUPS.values() for name in names}
    found = {title: tuple(n for n in names if n in PUBLIC) for title, names in GROUPS.items()}
    rest = tuple(name for name in PUBLIC if name not in grouped)
    return {**found, OTHERS: rest} if rest else found


def _section(title: str, found: Any, level: int) -> Iterator[str]:
    """Yields the parts of the section of a function or class, and of its members."""
    yield f"{'#' * level} {title}\n"
    name = title.rpartition(".")[2]
    if inspect.isfunction(found):
        yield f"```python\n{signature(found, name)}\n```\n"
    elif isinstance(found, PROPERTIES):
        yield f"```python\n{name}{_returned(inspect.signature(_getter(found)))}\n```\n"
    yield from _docstring(inspect.getdoc(found) or "")
    if inspect.isclass(found):
        for name, member in _members(found):
            yield from _section(f"{title.removeprefix('es.')}.{name}", member, level + 1)


def _members(found: type) -> Iterator[tuple[str, Any]]:
    """Yields the public methods and properties that a class has a docstring for."""
    for name, member in vars(found).items():
        plain = getattr(member, "__func__", member)  # of class methods
        is_shown = not name.startswith("_") or name == "__call__"
        is_called_or_read = inspect.isfunction(plain) or isinstance(plain, PROPERTIES)
        if is_shown and is_called_or_read and plain.__doc__:
            yield name, plain


def _getter(found: property | cached_property[Any]) -> Any:
    """Returns the function that computes a property."""
    return found.fget if isinstance(found, property) else found.func


def _returned(signature: inspect.Signature) -> str:
    """Returns what a function returns, as it is declared."""
    returns = signature.return_annotation
    return "" if returns is signature.empty else f" -> {_text(returns)}"


def signature(function: Any, name: str) -> str:
    """Returns a function as it is called, one parameter on a line where one line is too short."""
    called = inspect.signature(function)
    listed = list(_parameters(called))
    returns = _returned(called)
    short = f"{name}({', '.join(listed)}){returns}"
    if len(short) <= MOST_COLUMNS:
        return short
    return "\n".join([f"{name}(", *(f"    {each}," for each in listed), f"){returns}"])


def _parameters(called: inspect.Signature) -> Iterator[str]:
    """Yields the parameters of a function as they are declared, without `self`."""
    stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}
    is_keyword_only = False
    for parameter in called.parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is Parameter.KEYWORD_ONLY and not is_keyword_only:
            yield "*"
        is_keyword_only |= parameter.kind in (Parameter.KEYWORD_ONLY, Parameter.VAR_POSITIONAL)
        text = stars.get(parameter.kind.name, "") + parameter.name
        if parameter.annotation is not parameter.empty:
            text += f": {_text(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            space = "" if parameter.annotation is parameter.empty else " "
            text += f"{space}={space}{parameter.default!r}"
        yield text


def _text(annotation: Any) -> str:
    """Returns an annotation as it is written in the sources."""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _docstring(text: str) -> Iterator[str]:
    """Yields the parts of a docstring."""
    parsed = griffe.parse_google(
        griffe.Docstring(text),
        returns_multiple_items=False,
        returns_named_value=False,
        warnings=False,
    )
    for section in parsed:
        kind, value = section.kind.value, section.value
        if kind == "text":
            yield f"{value}\n"
        elif kind in ("parameters", "attributes"):
            yield _listed(kind, ((each.name, each.description) for each in value))
        elif kind == "raises":
            yield _listed(kind, ((each.annotation, each.description) for each in value))
        elif kind in ("returns", "yields"):
            yield f"**{kind.capitalize()}:** {value[0].description}\n"
        else:
            raise ValueError(f"docstrings with a section '{kind}' cannot be shown")


def _listed(title: str, rows: Iterable[tuple[Any, str]]) -> str:
    """Returns names and what they mean as a table with a title."""
    lines = [f"| {code(name)} | {cell(told)} |" for name, told in rows]
    return "\n".join([f"| {title} | |", "|---|---|", *lines, ""])
