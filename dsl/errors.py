"""Errors that carry what the command line needs: one line, one hint, one exit code."""

from __future__ import annotations


class EvosynthError(Exception):
    """A failure with a remedy.

    The message says what was expected and what was got, the hint says what to do.
    """

    exit_code = 70

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(EvosynthError):
    """An argument that cannot be used."""

    exit_code = 2


class DataError(EvosynthError):
    """An input file or matrix that cannot be used."""

    exit_code = 65


class StorageError(EvosynthError):
    """A file or folder that cannot be read or written."""

    exit_code = 74


class ExecutorError(EvosynthError):
    """Workers that cannot be reached, or that end again and again over the same work."""

    exit_code = 69


class BusyError(EvosynthError):
    """A run folder that another process works on."""

    exit_code = 75


class EnvironmentMismatchError(EvosynthError):
    """A plug-in, package or extra that is missing or does not fit."""

    exit_code = 78
