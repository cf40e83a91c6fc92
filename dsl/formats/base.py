"""What a format is: a program as text."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dsl.errors import UsageError
from dsl.program import Program
from dsl.registry import Registry


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write programs, or algorithms.

    Attributes:
        name: What the command line calls it.
        suffix: Of files that hold it, with the dot.
        write: Program or algorithm -> text. Its keyword-only parameters are the format's
            options; all have defaults.
        summary: One line for people.
        remark: Text -> what people should know of it when it is written to a file.
    """

    name: str
    suffix: str
    write: Callable[..., str]
    summary: str
    remark: Callable[[str], str] | None = None

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the options that `write` takes."""
        parameters = inspect.signature(self.write).parameters.values()
        return tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)


FORMATS: Registry[Format] = Registry("format")


def render(program: Program, form: str, /, **options: Any) -> str:
    """Returns a program in a format.

    Raises:
        UsageError: There is no such format, or it does not take an option.
    """
    return written_in(FORMATS, program, form, options)


def written_in(
    formats: Registry[Format], subject: object, form: str, options: Mapping[str, Any]
) -> str:
    """Returns something in one of the formats that it can be written in.

    Raises:
        UsageError: There is no such format, or it does not take an option.
    """
    chosen = formats.get(form)
    for name in options:
        if name not in chosen.options:
            takers = ", ".join(f.name for f in formats if name in f.options)
            raise UsageError(
                f"format '{form}' has no option '{name}'",
                f"formats that have it: {takers or 'none'}",
            )
    return chosen.write(subject, **options)


def format_for(path: str, formats: Registry[Format] = FORMATS) -> Format:
    """Returns the format that a file's suffix stands for; of several the one of its name.

    Raises:
        UsageError: No format has the suffix, or several have.
    """
    named = [form for form in formats if path.lower().endswith(form.suffix)]
    named = [form for form in named if form.suffix == f".{form.name}"] or named
    if len(named) == 1:
        return named[0]
    if named:
        choices = ", ".join(form.name for form in named)
        raise UsageError(
            f"'{path}' could be {choices}", f"say which, such as --to {named[-1].name}"
        )
    known = ", ".join(dict.fromkeys(form.suffix for form in formats))
    raise UsageError(
        f"no format is known by the name of '{path}'", f"give --to, or a suffix of: {known}"
    )
