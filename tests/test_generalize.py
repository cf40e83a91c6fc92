"""Algorithms for every size from programs of several sizes, and back to single sizes."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import evosynth as es
from dsl.accuracy import EXACT, relative_error
from dsl.errors import DataError, EvosynthError, UsageError
from dsl.formats import render
from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.from_code import program_from_code
from dsl.grammars.factor.steps_from_code import decoding_from_code
from dsl.grammars.recursive.lowering import lower_matrix
from dsl.targets import make_target
from dsl.vectors.fields import EXACTS
from evosynth.algorithm_sharing import share_algorithm
from evosynth.algorithm_verification import verify_algorithm
from evosynth.block_library import read_library
from evosynth.cli.main import cli
from evosynth.engine.recursive.held_values import held_values
from tests.recursive_rules import ALGORITHMS

FOUND = Path(__file__).parent.parent / "experiments" / "discovered"
DFT = [FOUND / name for name in ("dft-8-56.json", "dft-16-168.json", "dft-32-456.json")]


quickly = functools.partial(verify_algorithm, largest=64, largest_proved=16)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere, with less to verify."""
    monkeypatch.setattr("evosynth.generalization.verify_algorithm", quickly)
    monkeypatch.setattr("evosynth.api.verify_algorithm", quickly)


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_programs_of_the_dft_share_split_radix(tmp_path: Path) -> None:
    file = tmp_path / "dft.json"
    result = invoke("generalize", *DFT, "-o", file)
    assert result.exit_code == 0, result.output
    assert "4 n lg n - 6 n + 8" in result.stdout
    assert "shared: by the programs of n = 8, 16, 32; they compute all" in result.stdout
    algorithm = es.load(file)
    assert isinstance(algorithm, es.Algorithm)
    x = np.random.default_rng(0).standard_normal(128) + 0j
    assert np.allclose(algorithm(x), np.fft.fft(x))
    assert invoke("verify", file).exit_code == 0


@pytest.mark.parametrize(
    ("names", "counts"),
    [
        (("haar-8-14", "haar-16-30"), {8: 14, 32: 62}),
        (("wht-8-24", "wht-16-64"), {8: 24, 32: 160}),
    ],
)
def test_other_transforms(names: tuple[str, ...], counts: dict[int, int]) -> None:
    found = es.generalize([FOUND / f"{name}.json" for name in names])
    assert found.is_verified
    assert found.algorithm is not None
    assert {n: found.algorithm.operations(n).operations for n in counts} == counts


def test_what_is_left_out_is_said() -> None:
    """A program of 16 points that is a mere matrix product shares nothing."""
    algorithm = ALGORITHMS["wht"]
    dense = program_from_code(lower_matrix("wht", 16, EXACTS).code)
    given = [algorithm.program(8), dense, algorithm.program(32)]
    found = es.generalize(given, target="wht")
    assert found.is_verified
    assert (found.sizes, found.left_out) == ((8, 32), (16,))


def test_a_program_is_generalized_to_the_algorithm_that_it_comes_from() -> None:
    algorithm = ALGORITHMS["radix2"]
    found = es.generalize([algorithm.program(n) for n in (8, 16)], target="dft")
    assert found.algorithm is not None
    assert found.algorithm.operations(64) == algorithm.operations(64)


def test_nothing_shared() -> None:
    result = invoke("generalize", FOUND / "dht-8-24.json", FOUND / "dht-16-72.json", "--json")
    assert result.exit_code == 1, result.output
    data = json.loads(result.stdout)
    assert data["algorithm"] is None
    assert not data["verified"]
    assert data["missing"]


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        ((DFT[0],), 2, "at least two sizes"),
        ((DFT[0], DFT[0]), 2, "at least two sizes"),
        ((DFT[0], FOUND / "wht-16-64.json"), 2, "one transform, got dft, wht"),
        ((FOUND / "dft-6-44.json", FOUND / "dft-12-112.json"), 2, "powers of 2, or powers of 3"),
        ((FOUND / "dft-8-56.json", FOUND / "dft-9-106.json"), 2, "powers of 2, or powers of 3"),
        ((*DFT, "--target", "wht"), 2, "is for 'dft', expected 'wht'"),
        ((FOUND / "dct2-8-free-33.json", FOUND / "dct2-16-112.json"), 2, "up to factors"),
        ((DFT[0], "absent.json"), DataError.exit_code, "no such run or file"),
        ((), 2, "RUN|FILE"),
    ],
)
def test_wrong_input(arguments: tuple[object, ...], code: int, part: str) -> None:
    result = invoke("generalize", *arguments)
    assert result.exit_code == code, result.output
    assert part in result.stderr


def test_bare_programs_need_a_target(tmp_path: Path) -> None:
    files = [tmp_path / f"{n}.json" for n in (8, 16)]
    for file, n in zip(files, (8, 16), strict=True):
        file.write_text(render(ALGORITHMS["wht"].program(n), "json"))
    result = invoke("generalize", *files)
    assert result.exit_code == 2
    assert "--target" in result.stderr
    assert invoke("generalize", *files, "--target", "wht").exit_code == 0
    result = invoke("generalize", *files, "--target", "haar")
    assert result.exit_code == DataError.exit_code
    assert "does not compute 'haar'" in result.stderr


def test_one_program_is_no_list() -> None:
    with pytest.raises(UsageError, match="several programs"):
        es.generalize(ALGORITHMS["wht"].program(8))  # type: ignore[arg-type]


def test_held_values_are_those_of_the_program() -> None:
    held = held_values(8, [ALGORITHMS["wht"].program(8)])
    x = held.inputs
    assert held.has(np.array([x[0], x[0] + x[4], x[0] - x[4]])).tolist() == [True] * 3
    assert not held.has(np.array([x[0] + 2 * x[4]])).any()
    assert held.unknown == 0


@pytest.mark.parametrize("name", ["radix2", "split_radix", "conjugate_pair", "wht", "dct4"])
@pytest.mark.parametrize("n", [8, 16])
def test_code_as_steps(name: str, n: int) -> None:
    algorithm = ALGORITHMS[name]
    program, target = algorithm.program(n), make_target(algorithm.name, n)
    decoding = decoding_from_code(program.plain_code, target.matrix)
    assert decoding is not None
    again = build_program(decoding, program.domain)
    assert relative_error(again.matrix(), target.matrix) <= EXACT
    assert decoding.operations == again.count.operations == program.count.operations


def test_algorithms_serve_searches_for_single_sizes(tmp_path: Path) -> None:
    assert share_algorithm(tmp_path, ALGORITHMS["split_radix"]) == 3
    assert share_algorithm(tmp_path, ALGORITHMS["radix2"]) == 0  # nothing is cheaper
    library = read_library(tmp_path, "complex")
    assert sorted(library.forest.costs) == [56, 168, 456]
    few = {"n": 8, "seed": 0, "evaluations": 1}
    assert es.run("dft", **few, library=tmp_path).claims.operations <= 56
    assert es.run("dft", **few).claims.operations > 56


def test_generalize_shares_its_programs(tmp_path: Path) -> None:
    files = [FOUND / "wht-8-24.json", FOUND / "wht-16-64.json"]
    found = es.generalize(files, library=tmp_path / "new")
    assert found.is_verified
    assert sorted(read_library(tmp_path / "new", "real").forest.costs) == [24, 64, 160]


def test_a_damaged_library_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "8x8-complex-1-a.json").write_text("{}")
    with pytest.raises(EvosynthError):
        es.generalize(DFT, library=tmp_path)
