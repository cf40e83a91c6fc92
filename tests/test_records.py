"""The discovered programs, their table, and the benchmark that makes it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import evosynth as es
from benchmarks import __main__ as benchmarks
from benchmarks import record_run
from benchmarks import records as benchmark
from dsl.errors import DataError, StorageError, UsageError
from dsl.targets import Scaling, Target, known_counts
from dsl.targets.known import fftw_count
from evosynth.cli.main import cli
from evosynth.record_table import Entry, parse_name, record_files, store
from evosynth.runs import read_document

ROOT = Path(__file__).resolve().parent.parent
DISCOVERED = ROOT / "experiments" / "discovered"
FILES = sorted(DISCOVERED.glob("*.json"))
HAAR = Entry("haar", 4)


def write(path: Path, rows: list[list[int]], target: Target) -> Path:
    """Writes a program of rows of entries 1, -1 and 0, sums from the left, as a run does."""
    writer = CodeWriter("real", target.n)
    outputs = []
    for row in rows:
        terms = [Ref(k) if c > 0 else Ref(k).times(2) for k, c in enumerate(row) if c]
        outputs.append(reduce(writer.add, terms))
    program = program_from_code(writer.finish(outputs))
    claims = claims_of(program, target, prove(program, target))
    path.write_text(write_document(program, target, claims))
    return path


@pytest.fixture
def cheap(tmp_path: Path) -> Path:
    """The Haar transform of 4 points in 6 operations."""
    target = es.make_target("haar", 4)
    return write(tmp_path / "cheap.json", target.matrix.tolist(), target)


@pytest.fixture
def waste(tmp_path: Path) -> Path:
    """The same in 8: the second output shares nothing with the first."""
    writer = CodeWriter("real", 4)
    x = [Ref(k) for k in range(4)]
    even, odd = writer.add(x[0], x[2].times(2)), writer.add(x[1], x[3].times(2))
    both = writer.add(writer.add(x[0], x[1]), writer.add(x[2], x[3]))
    halves = writer.add(x[0], x[1].times(2)), writer.add(x[2], x[3].times(2))
    program = program_from_code(writer.finish([both, writer.add(even, odd), *halves]))
    target = es.make_target("haar", 4)
    path = tmp_path / "waste.json"
    claims = claims_of(program, target, prove(program, target))
    path.write_text(write_document(program, target, claims))
    return path


# The discovered programs


def test_something_was_discovered() -> None:
    assert FILES
    assert (DISCOVERED / "README.md").is_file()
    assert {path.suffix for path in DISCOVERED.iterdir()} == {".json", ".md"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_is_verified_and_named_after_what_it_holds(path: Path) -> None:
    verification = es.verify(path)
    assert verification.problems == []
    assert verification.claimed.proof == verification.found.proof != ""
    file = parse_name(path)
    assert file is not None
    assert file.operations == verification.found.operations
    target = verification.target
    assert file.entry == Entry(target.name, target.n, target.scaling)
    assert path.name == f"{file.entry.stem}-{file.operations}.json"
    assert np.allclose(target.matrix, file.entry.make().matrix, rtol=1e-12, atol=1e-12)


def test_there_is_one_file_for_an_entry() -> None:
    entries = [file.entry for file in record_files(DISCOVERED)]
    assert len(entries) == len(FILES) == len(set(entries))
