"""Reports: what a run found and how, as one page that can be looked at.

The order of the imports is that of the page.
"""

from evosynth.reports.base import SECTIONS, Section
from evosynth.reports.reporting import report

# isort: off
from evosynth.reports.sections import found
from evosynth.reports.sections import formula_fit
from evosynth.reports.sections import growth
from evosynth.reports.sections import front
from evosynth.reports.sections import convergence
from evosynth.reports.sections import output_errors
from evosynth.reports.sections import flow
from evosynth.reports.sections import factors
from evosynth.reports.sections import steps
from evosynth.reports.sections import program_code
from evosynth.reports.sections import making
# isort: on

__all__ = [
    "SECTIONS",
    "Section",
    "convergence",
    "factors",
    "flow",
    "formula_fit",
    "found",
    "front",
    "growth",
    "making",
    "output_errors",
    "program_code",
    "report",
    "steps",
]
