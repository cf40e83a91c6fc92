"""Libraries of solved blocks: written, verified when read, of use to other runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import evosynth as es
from dsl.errors import DataError, EvosynthError
from dsl.targets import Target
from evosynth.block_library import read_library, user_folder

SEARCH: dict[str, Any] = {"seed": 3, "evaluations": 2_000}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with what a run for the 8-point DFT has solved."""
    folder = tmp_path_factory.mktemp("library")
    assert es.run("dft", 8, library=folder, **SEARCH).claims.operations == 56
    return folder


def disguised(matrix: Any, seed: int) -> Any:
    """Returns the transpose with rows and columns permuted and turned by units."""
    rng = np.random.default_rng(seed)
    n = len(matrix)
    units = 1j ** rng.integers(0, 4, (2, n))
    shuffled = matrix.T[rng.permutation(n)][:, rng.permutation(n)]
    return units[0][:, None] * shuffled * units[1]


def test_a_run_leaves_what_it_solved(library: Path) -> None:
    found = read_library(library, "complex")
    assert 56 in found.forest.costs
    assert len(found.digest) == 64
    assert read_library(library, "complex").digest == found.digest
    assert read_library(library, "real").forest.blocks == ()


def test_another_run_begins_with_it(library: Path) -> None:
    """Also where the same transform comes in another order, transposed and turned."""
    matrix = es.run("dft", 8, **SEARCH).target.matrix
    target = Target("other", 8, np.ascontiguousarray(disguised(matrix, 5)), "complex")
    with_library = es.run(target, seed=1, evaluations=1, library=library)
    alone = es.run(target, seed=1, evaluations=1)
    assert with_library.claims.operations == 56
    assert with_library.is_verified
    assert alone.claims.operations > 56


def test_larger_runs_refer_to_it(library: Path, tmp_path: Path) -> None:
    copies = np.kron(np.eye(2), es.run("dft", 8, **SEARCH).target.matrix)
    target = Target("copies", 16, np.ascontiguousarray(copies), "complex")
    result = es.run(target, seed=1, evaluations=1, library=library)
    assert result.claims.operations == 2 * 56
    (reference,) = (r for r in result.references if r.rows == 8)
    assert (reference.columns, reference.operations, reference.times) == (8, 56, 2)
    assert result.to_dict()["references"][0]["times"] == 2


def test_nothing_is_written_twice(library: Path) -> None:
    before = sorted(library.iterdir())
    es.run("dft", 8, library=library, **SEARCH)
    assert sorted(library.iterdir()) == before


def test_the_digest_is_stored_with_the_run(library: Path, tmp_path: Path) -> None:
    result = es.run("dft", 8, library=library, out=tmp_path, **SEARCH)
    assert result.folder is not None
    stored = json.loads((result.folder / "run.json").read_text())
    assert stored["library"] == read_library(library, "complex").digest
    alone = es.run("dft", 8, out=tmp_path, **SEARCH)
    assert alone.folder is not None
    assert json.loads((alone.folder / "run.json").read_text())["library"] is None


def test_without_a_library_blocks_are_not_shared() -> None:
    copies = np.kron(np.eye(2), es.run("dft", 4, **SEARCH).target.matrix)
    target = Target("copies", 8, np.ascontiguousarray(copies), "complex")
    alone = es.run(target, library="none", **SEARCH)
    shared = es.run(target, **SEARCH)
    assert alone.claims.operations == shared.claims.operations == 32
    assert not alone.references
    assert [r.times for r in shared.references if r.rows == 4] == [2]


def test_the_users_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_folder() == tmp_path / "evosynth" / "library"
    es.run("dft", 4, library="user", seed=1, evaluations=400)
    assert len(list(user_folder().iterdir())) >= 1


def change(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: data.__setitem__(key, value)


def first_step(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: data["steps"][0].__setitem__(key, value)


@pytest.mark.parametrize(
    "damage",
    [
        change("operations", 3),
        change("operations", "56"),
        change("version", 2),
        first_step("gene", 10**9),
        first_step("gene", -1),
        change("entries", [[1.0, 0.0, float("nan"), 0.0]]),
        change("entries", []),
        change("entries", [[1.0, 0.0], [1.0]]),
        change("steps", [{"side": "input"}]),
        change("steps", 5),
        first_step("block", "nothing"),
        first_step("side", "up"),
        first_step("place", [0, 99]),
        first_step("place", [-1, 0]),
        first_step("place", [0, 0]),
        first_step("parameter", [0.0, 0.0]),
        first_step("parameter", [1e300, 0.0]),
        first_step("parameter", "1"),
    ],
)
def test_a_damaged_file_is_refused(
    library: Path, tmp_path: Path, damage: Callable[[dict[str, Any]], None]
) -> None:
    source = next(path for path in sorted(library.iterdir()) if "-56-" in path.name)
    data = json.loads(source.read_text())
    data["steps"].sort(key=lambda step: "block" not in step)
    damage(data)
    (tmp_path / source.name).write_text(json.dumps(data))
    with pytest.raises(EvosynthError) as caught:
        read_library(tmp_path, "complex")
    assert source.name in str(caught.value)
    assert caught.value.hint


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="expected a folder"):
        es.run("dft", 4, library=tmp_path / "file", **SEARCH)


def test_an_absent_folder_is_an_empty_library(tmp_path: Path) -> None:
    assert read_library(tmp_path / "absent", "real").forest.blocks == ()


def test_other_files_are_none_of_its_business(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    assert read_library(tmp_path, "complex").forest.blocks == ()


def test_an_empty_name_is_no_folder() -> None:
    with pytest.raises(EvosynthError, match="expected a library"):
        es.run("dft", 4, library="", **SEARCH)


def test_a_result_survives_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise DataError("no space")

    monkeypatch.setattr("evosynth.cases.matrix_case.store_blocks", fail)
    result = es.run("dft", 8, library=tmp_path / "library", out=tmp_path, **SEARCH)
    assert result.claims.operations == 56
    assert result.folder is not None
    assert (result.folder / "best.json").is_file()
    assert result.notices == ("nothing was added to the library: no space",)
