"""The architecture: who may import whom, and where each dependency lives."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Package -> our other packages that it may import, anywhere in its files. Experiments,
# tests and benchmarks may import anything.
MAY_IMPORT: dict[str, set[str]] = {
    "dsl": set(),
    "fitness": {"dsl"},
    "gradient_baselines": {"dsl"},
    "evosynth": {"dsl", "fitness", "gradient_baselines"},
}

# Dependency -> the files and folders of these packages that may import it.
HOME: dict[str, tuple[str, ...]] = {
    "deap": ("evosynth/engine/", "evosynth/strategies/"),
    "torch": (
        "gradient_baselines/",
        "fitness/torch_devices.py",
        "fitness/torch_expression/",
        "fitness/torch_factor/",
        "fitness/torch_sharing.py",
    ),
    "llvmlite": ("fitness/kernel_cache.py",),
    "numba": (
        "evosynth/refinement/potentials_kernel.py",
        "fitness/evaluators/expression_kernel.py",
        "fitness/evaluators/factor_kernel.py",
        "fitness/kernel_cache.py",
    ),
    "flint": (
        "dsl/constants.py",
        "dsl/cyclotomic.py",
        "dsl/exact_number.py",
        "dsl/grammars/factor/exact_decode.py",
        "fitness/proof.py",
    ),
    "sympy": ("dsl/",),
    "scipy": ("evosynth/benchmark/rivals.py", "evosynth/engine/expression/spectrum.py"),
    "finufft": ("evosynth/engine/expression/spectrum.py",),
    "pyfftw": ("evosynth/benchmark/rivals.py",),
    "sklearn": ("evosynth/estimator_base.py",),
    "matplotlib": (
        "evosynth/charts.py",
        "evosynth/comparison/picture.py",
        "evosynth/fronts/picture.py",
        "evosynth/fronts/programs.py",
    ),
    "distributed": ("evosynth/executors/dask_executor.py",),
    "click": ("evosynth/cli/",),
    "jinja2": ("evosynth/reports/page.py",),
    "markupsafe": ("evosynth/reports/", "evosynth/serving/"),
    "rich": ("evosynth/cli/progress.py",),
}
ANYWHERE = {"numpy"}

NOT_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "core"}
# Written in two parts, so that this file may be searched too.
FORBIDDEN = re.compile(r"(?<![\w.])/" + r"work\b|\.\./" + r"shared\b")

FILES = sorted(path for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py"))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))


def imports(source: str) -> Iterator[str]:
    """Names the top-level package of every import statement, also inside functions."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a name comes from"
            yield (node.module or "").partition(".")[0]


def problems(place: str, source: str) -> list[str]:
    """Returns the imports of a file that the tables do not allow."""
    package = place.partition("/")[0]
    found = []
    for name in imports(source):
        if name in MAY_IMPORT or name in ("experiments", "tests", "benchmarks"):
            is_allowed = name == package or name in MAY_IMPORT[package]
        elif name in HOME:
            is_allowed = place.startswith(HOME[name])
        else:
            is_allowed = name in ANYWHERE or name in sys.stdlib_module_names
        if not is_allowed:
            found.append(name)
    return found


@each_file
def test_imports_are_allowed(path: Path) -> None:
    assert problems(path.relative_to(ROOT).as_posix(), path.read_text()) == []


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("dsl/a.py", "import fitness.evaluators"),
        ("dsl/a.py", "def f():\n    from evosynth import run"),
        ("fitness/a.py", "from gradient_baselines.base import BASELINES"),
        ("gradient_baselines/a.py", "import fitness"),
        ("evosynth/a.py", "import experiments"),
        ("evosynth/api.py", "import deap.tools"),
        ("fitness/evaluators/a.py", "import numba as nb"),
        ("fitness/a.py", "import torch"),
        ("fitness/a.py", "if True:\n    import sympy"),
        ("evosynth/api.py", "import click"),
        ("evosynth/cli/main.py", "from rich.live import Live"),
        ("dsl/a.py", "import requests"),
    ],
)
def test_the_rule_can_be_broken(place: str, source: str) -> None:
    assert len(problems(place, source)) == 1


def test_homes_exist() -> None:
    """A home that was renamed would allow nothing, and forbid nothing that matters."""
    for dependency, places in HOME.items():
        assert any((ROOT / place).exists() for place in places), dependency
    assert all((ROOT / package / "__init__.py").is_file() for package in MAY_IMPORT)
    assert len(FILES) > 60


@each_file
def test_module_has_a_telling_name(path: Path) -> None:
    """Named neither like a module of the standard library nor like a drawer."""
    names = {path.stem, path.parent.name} - {"__init__", "__main__"}
    assert not names & NOT_NAMES
    assert not names & set(sys.stdlib_module_names)


def tracked_files() -> list[Path]:
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_no_file_names_the_place_where_it_was_written() -> None:
    files = [path for path in tracked_files() if path.is_file()]
    assert len(files) > len(FILES)
    found = []
    for path in files:
        content = path.read_bytes()
        if b"\0" not in content:
            found += [
                f"{path.relative_to(ROOT)}:{number}"
                for number, line in enumerate(content.decode("utf-8").splitlines(), 1)
                if FORBIDDEN.search(line)
            ]
    assert found == []


@pytest.mark.parametrize("text", ["cd /" + "work/main", "see ../" + "shared/X.md", '"/' + 'work"'])
def test_the_places_would_be_found(text: str) -> None:
    assert FORBIDDEN.search(text)
    assert not FORBIDDEN.search("a/workflow and .github/workflows and x/work/y")
