"""Asks a process of its own, since what is asked takes long or may not come back."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any


class NoAnswerError(Exception):
    """The process said nothing that can be used; the message says how it ended."""


def answer_of(code: str, *arguments: str, seconds: float) -> Any:
    """Returns what Python code prints as its last line, in JSON.

    Raises:
        NoAnswerError: It fails, takes longer, or prints something else.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise NoAnswerError(f"no answer within {seconds:g} s") from error
    except OSError as error:
        raise NoAnswerError(f"cannot be started: {error}") from error
    if done.returncode:
        last = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise NoAnswerError(last[:300])
    try:
        return json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise NoAnswerError("no answer") from error
