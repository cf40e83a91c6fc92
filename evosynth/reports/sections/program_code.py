"""The program as code, in several languages, to be copied."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from dsl.algorithm_formats import render_algorithm
from dsl.errors import UsageError
from dsl.formats import render
from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.markup import element, joined
from evosynth.reports.story import Story
from evosynth.runs import AlgorithmDocument, Document
from evosynth.runs.folder import BEST, CONFIGURATION

OF_PROGRAMS = ("sympy", "numpy", "c", "latex")
# SymPy takes long to write many constants.
MANY, OF_LONG_PROGRAMS = 1_000, ("numpy", "c")
OF_ALGORITHMS = ("text", "python", "latex")
# Longer programs are shown in one language, and the longest not at all: a page stays small.
LONG, LONGEST = 60_000, 300_000


def write(story: Story) -> Markup | None:
    """Returns the program in some formats, one of them shown."""
    document = story.document
    if document is None:
        return None
    texts = list(_texts(document))
    if not texts:
        return element(
            "p", f"The program is too long for a page: evosynth export {story.typed} -o FILE"
        )
    options = [element("option", form, value=form) for form, _ in texts]
    choice = element(
        "label",
        "Format ",
        element("select", *options, data_choice="code", autocomplete="off"),
    )
    blocks = [
        element(
            "div",
            element("button", "Copy", type="button", data_copy=f"code-{form}"),
            element("pre", text, id=f"code-{form}", tabindex=0),
            data_group="code",
            data_option=form,
            hidden=position > 0,
        )
        for position, (form, text) in enumerate(texts)
    ]
    return joined([choice if len(texts) > 1 else None, *blocks])


def _forms(document: Document | AlgorithmDocument) -> tuple[str, ...]:
    """Returns formats, the shown one first."""
    if isinstance(document, AlgorithmDocument):
        return OF_ALGORITHMS
    return OF_PROGRAMS if len(document.program.instructions) <= MANY else OF_LONG_PROGRAMS


def _texts(document: Document | AlgorithmDocument) -> Iterator[tuple[str, str]]:
    """Yields formats and what is written in them, until the page has enough."""
    total = 0
    for form in _forms(document):
        try:
            if isinstance(document, AlgorithmDocument):
                text = render_algorithm(document.algorithm, form)
            else:
                text = render(document.program, form)
        except UsageError:  # a formula that C cannot write
            continue
        total += len(text)
        if total > LONGEST:
            return
        yield form, text
        if total > LONG:
            return


PROGRAM = SECTIONS.register(Section("program", "The program", (BEST, CONFIGURATION), write))
