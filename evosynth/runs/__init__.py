"""Run folders and program files."""

from evosynth.runs.algorithm_document import (
    AlgorithmClaims,
    AlgorithmDocument,
    counts_of,
    write_algorithm_document,
)
from evosynth.runs.document import (
    Claims,
    Document,
    claims_of,
    read_any_document,
    read_document,
    write_document,
)
from evosynth.runs.folder import RunFolder, program_file
from evosynth.runs.formula_document import (
    FormulaClaims,
    FormulaRecord,
    formula_claims,
    predictions,
    write_formula_document,
)

__all__ = [
    "AlgorithmClaims",
    "AlgorithmDocument",
    "Claims",
    "Document",
    "FormulaClaims",
    "FormulaRecord",
    "RunFolder",
    "claims_of",
    "counts_of",
    "formula_claims",
    "predictions",
    "program_file",
    "read_any_document",
    "read_document",
    "write_algorithm_document",
    "write_document",
    "write_formula_document",
]
