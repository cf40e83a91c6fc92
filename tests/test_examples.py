"""The examples: each is sound, short, and changes what is found."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import evosynth as es
from dsl.cost import Count, dense_count
from dsl.errors import UsageError
from dsl.formats import render
from dsl.genome import FROM_ROW, INPUT_SIDE, PRIMITIVE, pack
from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import decode
from dsl.patterns import PATTERNS
from dsl.primitives import PRIMITIVES
from dsl.program import Instruction, Program
from dsl.scalars.derived import derive_scalar
from evosynth.conformance import check_member, restoring
from evosynth.engine.spec import gene_space
from evosynth.engine.variation import random_genomes
from evosynth.extending import Budget
from evosynth.plugins.reading import plugin_of_file, read_plugin
from evosynth.plugins.seams import SEAMS
from fitness.objectives import OBJECTIVES

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
MOST_LINES = 15
each_example = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    with restoring():
        yield


def load(name: str) -> Any:
    """Loads an example; returns the one member that it declares."""
    plugin = read_plugin(plugin_of_file(ROOT / "examples" / f"{name}.py"))
    (member,) = plugin.members
    kind, _, called = member.rpartition(" ")
    return SEAMS[kind][0].get(called)


@each_example
def test_examples_are_short_and_sound(path: Path) -> None:
    tree = ast.parse(path.read_text())
    texts = [
        n for n in ast.walk(tree) if isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant)
    ]
    words = {k for n in texts for k in range(n.lineno, (n.end_lineno or n.lineno) + 1)}
    lines = [k for k, line in enumerate(path.read_text().splitlines(), 1) if line.strip()]
    assert len(set(lines) - words) < MOST_LINES
    assert check_member(load(path.stem))


def test_every_example_is_described() -> None:
    text = (ROOT / "examples" / "README.md").read_text()
    for path in EXAMPLES:
        assert f"[{path.name}]({path.name})" in text
        assert f"--plugin examples/{path.name}" in text


def least(matrix: npt.NDArray[Any], block: str = "", count: int = 24) -> int:
    """Returns the cheapest of random genomes of at most two genes, by the definition.

    Half of the genomes are of one block, if there is one to be tried. Nothing is compiled.
    """
    rng = np.random.default_rng(1)
    genomes = random_genomes(count, 2, 2, gene_space(matrix.shape), rng)
    if block:
        genomes.genes[::2, :, PRIMITIVE] = PRIMITIVES.index(block)
    is_complex = np.iscomplexobj(matrix)
    found = [decode(genomes[k], matrix, is_complex=is_complex) for k in range(count)]
    return min(decoding.operations for decoding in found)


CORE = np.array([[1.0, 1, 1, 1], [2, 1, -1, -2], [1, -1, -1, 1], [1, -2, 2, -1]])
BLOCKS = {"three_point": np.fft.fft(np.eye(9)), "shift_add": np.kron(CORE, CORE)}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_finds_at_once_what_takes_long_without(name: str) -> None:
    without = least(BLOCKS[name])
    load(name)
    assert least(BLOCKS[name], name) <= 0.9 * without


def rotated(block: str) -> Count:
    """Returns what three rotations in a row cost, each made by a block."""
    angles, pairs = (0.3, 1.1, 2.0), ((0, 1), (1, 2), (2, 3))
    matrix = np.eye(4)
    for angle, (i, j) in zip(angles, pairs, strict=True):
        c, s = np.cos(angle), np.sin(angle)
        matrix[[i, j]] = [[c, s], [-s, c]] @ matrix[[i, j]]
    genes = [
        (PRIMITIVES.index(block), PATTERNS.index("pair"), INPUT_SIDE, i, j, FROM_ROW + i)
        for i, j in pairs
    ]
    decoding = decode(pack([genes], len(genes))[0], matrix, is_complex=False)
    program = build_program(decoding, "real")
    assert np.abs(program.matrix() - matrix).max() <= 1e-12
    assert block in {instruction.name for instruction in program.instructions}
    return program.count


@pytest.mark.parametrize("name", ["lifting", "givens3"])
def test_a_rotation_gets_by_with_three_multiplications(name: str) -> None:
    usual = rotated("rotation")
    load(name)
    found = rotated(name)
    assert found.operations == usual.operations
    assert found.multiplications < usual.multiplications


def test_a_wave_is_one_step_of_a_formula() -> None:
    member = load("triangle_wave")
    x = np.linspace(-3, 3, 50)
    found = derive_scalar(member.name).numpy(x)
    assert np.allclose(found, 2 * np.abs(x - np.round(x)))


def test_a_target_is_searched_by_its_name() -> None:
    with pytest.raises(UsageError, match="unknown target 'prefix_sums'"):
        es.run("prefix_sums", 8, seed=0, evaluations=400)
    load("prefix_sums")
    found = es.run("prefix_sums", 8, seed=0, evaluations=400, executor="serial")
    assert found.is_verified
    assert found.claims.operations <= 8
    assert dense_count(found.target.matrix, "real").operations == 56


def test_a_format_writes_what_runs() -> None:
    load("javascript")
    assert render(_wht4(), "javascript").startswith("function wht4(x) {\n  const t0 = x[0] + x[1];")
    if shutil.which("node"):
        script = f"{render(_wht4(), 'javascript')}console.log(wht4([1, 2, 3, 5]).join())"
        done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "11,-3,-5,1"


def _wht4() -> Program:
    instructions = tuple(
        Instruction("butterfly", points, (1,)) for points in ((0, 1), (2, 3), (4, 6), (5, 7))
    )
    return Program("factor", "real", 4, instructions, (8, 10, 9, 11), "wht4")


def test_a_rival_is_trained() -> None:
    rival = load("random_projection")
    fit = rival.fit(es.make_target("dft", 8), 0, Budget(steps=1))
    assert fit.best.error <= 1e-12
    assert fit.best.operations == 256


def test_an_objective_judges_otherwise() -> None:
    objective = load("largest_entry")
    target = es.make_target("wht", 4)
    one, all_alike = target.matrix.copy(), target.matrix + 0.1
    one[0, 0] += 0.2
    found = objective.of_matrices(np.stack([one, all_alike]), target, None)
    frobenius = OBJECTIVES.get("frobenius").of_matrices(np.stack([one, all_alike]), target, None)
    assert found.tolist() == pytest.approx([0.2, 0.1])
    assert frobenius[0] < frobenius[1]


def test_a_cost_counts_otherwise() -> None:
    cost = load("constant_free")
    program = Program(
        "factor", "real", 2, (Instruction("butterfly", (0, 1), (0.7,)),), (2, 3), "pair"
    )
    assert program.count.operations == 3
    assert cost.of_code(program.code).cost == 22


def test_a_strategy_searches_in_its_own_way() -> None:
    load("short_genomes")
    found = [
        es.run("dft", 16, seed=1, evaluations=600, strategy=name, executor="serial")
        for name in ("random", "short_genomes")
    ]
    assert all(result.is_verified for result in found)
    assert found[0].claims.operations != found[1].claims.operations


# With kernels, which take minutes to compile for each set of primitives.


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "target", "n", "seed"),
    [("lifting", "dct2", 8, 1), ("givens3", "dct2", 8, 1), ("three_point", "dft", 27, 2)],
)
def test_a_run_finds_something_cheaper(name: str, target: str, n: int, seed: int) -> None:
    evaluations = 2_000 if target == "dft" else 3_000
    settings: dict[str, Any] = {"seed": seed, "evaluations": evaluations, "executor": "serial"}
    without = es.run(target, n, **settings)
    load(name)
    found = es.run(target, n, **settings)
    assert found.is_verified
    assert found.claims.operations < without.claims.operations


@pytest.mark.slow
def test_a_run_finds_the_core_transform_sooner() -> None:
    settings: dict[str, Any] = {"seed": 0, "evaluations": 400, "executor": "serial"}
    without = es.run(BLOCKS["shift_add"], **settings)
    load("shift_add")
    found = es.run(BLOCKS["shift_add"], **settings)
    assert found.claims.operations == 80 < without.claims.operations


@pytest.mark.slow
def test_a_run_finds_the_wave() -> None:
    x = np.random.default_rng(0).uniform(-20, 20, 400)
    target = es.from_arrays(x, 2 * np.abs(x - np.round(x)), seed=0)
    settings: dict[str, Any] = {"seed": 0, "evaluations": 3_000, "executor": "serial"}
    assert es.run(target, **settings).r2 < 0.999
    load("triangle_wave")
    found = es.run(target, **settings)
    assert found.r2 == pytest.approx(1, abs=1e-9)
    assert found.claims.operations < 10
