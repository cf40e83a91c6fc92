"""Finds data files inside installed packages, without importing the packages."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

from dsl.errors import EnvironmentMismatchError


def packaged_rows(package: str, place: str) -> list[dict[str, str]]:
    """Returns the rows of a CSV file that a package brings along.

    Raises:
        EnvironmentMismatchError: The package is not installed, or has no such file.
    """
    spec = importlib.util.find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, place)
        if path.is_file():
            with path.open(encoding="utf-8", newline="") as file:
                return list(csv.DictReader(file))
    raise EnvironmentMismatchError(
        f"expected {place} of the package {package}, got none: the data are not installed",
        "pip install 'evosynth[data]'",
    )
