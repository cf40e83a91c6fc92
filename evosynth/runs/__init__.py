"""Run folders and program files."""

from evosynth.runs.document import Claims, Document, claims_of, read_document, write_document
from evosynth.runs.folder import RunFolder, program_file

__all__ = [
    "Claims",
    "Document",
    "RunFolder",
    "claims_of",
    "program_file",
    "read_document",
    "write_document",
]
