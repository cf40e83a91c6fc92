"""Runs and servers that tests of pages for the browser begin with."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from served_pages import Served

import evosynth as es


@pytest.fixture(scope="session")
def found_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has found something."""
    out = tmp_path_factory.mktemp("made")
    es.run("dft", n=4, seed=0, evaluations=4000, islands=1, workers=1, out=out)
    return next(out.iterdir())


@pytest.fixture
def folder(tmp_path: Path, found_run: Path) -> Path:
    """A folder with one run, `good`."""
    folder = tmp_path / "runs"
    folder.mkdir()
    shutil.copytree(found_run, folder / "good")
    return folder


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    with Served(folder) as served:
        yield served
