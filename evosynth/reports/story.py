"""What a run folder tells of a run, read when asked for; it may be foreign or unfinished."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, Literal

from dsl.errors import DataError, EvosynthError
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.program import Program
from dsl.samples import SampledTarget
from dsl.targets import Target
from dsl.targets.approximate_target import ApproximateTarget
from evosynth.folder_report import printable
from evosynth.fronts import Front
from evosynth.fronts.reading import read_front
from evosynth.reports.history import History, read_history
from evosynth.reports.once import once
from evosynth.reports.rivals import Rival, read_rivals
from evosynth.reports.titles import title_of
from evosynth.runs import AlgorithmDocument, Document, read_any_document
from evosynth.runs.files import refuse_link
from evosynth.runs.folder import BEST, CONFIGURATION, FRONT, LOG, RunFolder
from evosynth.runs.stored_target import AnyTarget, read_stored_target

Kind = Literal["matrix", "approximate", "formula", "algorithm"]
# Size at which an algorithm for every size is shown.
DRAWN = 16


class Story:
    """A run as its folder tells it.

    Files are read once, when something of them is first asked for.

    Args:
        folder: The run folder.
        comparison: The folder of a comparison with rivals; None for none.

    Raises:
        DataError: A property is asked for whose file is damaged.
        StorageError: A file cannot be read.
    """

    def __init__(self, folder: Path, comparison: Path | None = None) -> None:
        self.folder = folder.absolute()
        self.comparison_folder = comparison

    @property
    def typed(self) -> str:
        """The folder's name as it is typed after a command: a stranger may have chosen it."""
        return printable(shlex.quote(self.folder.name))

    @once
    def configuration(self) -> dict[str, Any]:
        """What `run.json` holds: plain data that nobody has checked."""
        return RunFolder(self.folder).read_configuration()

    @once
    def target(self) -> AnyTarget:
        """What had to be computed."""
        return read_stored_target(self.configuration)

    @property
    def title(self) -> str:
        """What people call the target; the folder's name where that is not said."""
        try:
            return title_of(self.configuration)
        except EvosynthError:
            return printable(self.folder.name)

    @property
    def kind(self) -> Kind:
        """What was searched for."""
        if isinstance(self.target, RecursiveTarget):
            return "algorithm"
        if isinstance(self.target, ApproximateTarget):
            return "approximate"
        return "formula" if isinstance(self.target, SampledTarget) else "matrix"

    @property
    def matrix_target(self) -> Target | None:
        """The matrix that programs compute, exactly or nearly; None of other runs."""
        target = self.target
        matrix = target.target if isinstance(target, ApproximateTarget) else target
        return matrix if isinstance(matrix, Target) else None

    @property
    def samples(self) -> SampledTarget | None:
        """What formulas are of; None of other runs."""
        return self.target if isinstance(self.target, SampledTarget) else None

    @once
    def rivals(self) -> tuple[Rival, ...]:
        """What a comparison says of rivals; () without one."""
        if self.comparison_folder is None:
            return ()
        return read_rivals(self.comparison_folder, self.target.digest)

    @property
    def drawn_size(self) -> int:
        """The size at which an algorithm for every size is shown: the one nearest to 16."""
        assert isinstance(self.document, AlgorithmDocument)
        has_size = self.document.algorithm.has_size
        return min((n for n in range(2, 82) if has_size(n)), key=lambda n: (abs(n - DRAWN), n))

    @once
    def document(self) -> Document | AlgorithmDocument | None:
        """The best program or algorithm so far, with its claims; None before there is one."""
        path = self.folder / BEST
        refuse_link(path)
        return read_any_document(path) if path.exists() else None

    @property
    def program(self) -> Program | None:
        """The best program so far; None before there is one, and of algorithms."""
        return self.document.program if isinstance(self.document, Document) else None

    @once
    def front(self) -> Front | None:
        """What no other find beats; None before the run has ended, and of algorithms."""
        if self.kind == "algorithm" or not (self.folder / FRONT).exists():
            return None
        return read_front(self.folder)

    @once
    def result(self) -> dict[str, Any]:
        """How the run ended, as it says; {} while it goes on."""
        result = self.configuration.get("result")
        return result if isinstance(result, dict) else {}

    @once
    def history(self) -> History:
        """How the search went, as the log has it."""
        return read_history(self.folder / LOG)

    @property
    def spec(self) -> dict[str, Any]:
        """What decides the bits of the run, as it says."""
        spec = self.configuration.get("spec")
        if not isinstance(spec, dict):
            raise DataError(f"'{self.folder / CONFIGURATION}' does not say what the run does")
        return spec
