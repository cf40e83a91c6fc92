"""Starting is quick and safe: nothing heavy is imported, no stranger's module is taken."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    *("numpy", "scipy", "numba", "sympy", "flint", "torch", "deap", "dask", "rich", "jinja2"),
    *("sklearn", "playwright", "matplotlib"),
)
ROOT = Path(__file__).resolve().parent.parent
OURS = ("dsl", "fitness", "gradient_baselines", "evosynth")

IMPORTED = f"""
import sys
print(*(name for name in {HEAVY!r} if name in sys.modules))
"""
RUN_MODULE = """
import runpy, sys
sys.argv = ["evosynth", *{arguments!r}]
try:
    runpy.run_module("evosynth", run_name="__main__")
except SystemExit as exit:
    assert not exit.code, exit.code
"""


def python(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["--version"], []])
def test_help_imports_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    done = python("-c", RUN_MODULE.format(arguments=arguments) + IMPORTED, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "evosynth" in done.stdout
    assert done.stdout.splitlines()[-1] == "", "heavy packages were imported"


def test_import_imports_nothing_heavy(tmp_path: Path) -> None:
    done = python("-c", "import evosynth as es; dir(es)" + IMPORTED, folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


def test_the_test_can_fail(tmp_path: Path) -> None:
    done = python("-c", "import evosynth as es; es.run" + IMPORTED, folder=tmp_path)
    assert "numpy" in done.stdout


@pytest.mark.parametrize("name", ["dsl", "fitness", "gradient_baselines"])
@pytest.mark.parametrize("form", ["{}.py", "{}/__init__.py"])
def test_a_strangers_module_is_refused_by_name(name: str, form: str, tmp_path: Path) -> None:
    """Under `python -c` the working directory is where Python looks first."""
    stranger = tmp_path / form.format(name)
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_text("print('executed')")
    done = python("-c", "import evosynth", folder=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: ")
    assert str(stranger) in last
    assert "rename" in last


@pytest.mark.parametrize("arguments", [["-m", "evosynth", "targets"]])
def test_a_strangers_module_is_refused_by_the_module_door(
    arguments: list[str], tmp_path: Path
) -> None:
    (tmp_path / "dsl.py").write_text("print('executed')")
    done = python(*arguments, folder=tmp_path)
    assert done.returncode != 0
    assert done.stdout == ""
    assert str(tmp_path / "dsl.py") in done.stderr.splitlines()[-1]


def test_a_strangers_script_and_folder_of_other_names_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "dsl").mkdir()  # without __init__.py it hides nothing
    (tmp_path / "my_dsl.py").write_text("")
    done = python("-c", "import evosynth as es; es.targets()", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_console_script_does_not_look_in_the_working_directory(tmp_path: Path) -> None:
    for name in ("dsl.py", "fitness.py", "evosynth.py", "click.py"):
        (tmp_path / name).write_text("raise SystemExit('executed')")
    script = Path(sys.executable).with_name("evosynth")
    if not script.exists():
        pytest.skip("the console script is not installed beside this Python")
    done = subprocess.run(
        [script, "targets"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "dft" in done.stdout


# Every module is imported in a process of its own, forked from one that has the heavy
# packages already: what one module needs must not depend on what came before it.
IMPORT_EACH = """
import os, sys
import {heavy}
import concurrent.futures.thread

for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            __import__(name)
        except BaseException as error:
            print(name, type(error).__name__, error, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        print(name)
"""
# PyTorch takes two seconds to import; only the rivals may need it.
ALREADY = {
    "dsl": "flint, numpy, scipy, sympy",
    "fitness": "flint, numba, numpy, scipy, sympy",
    "gradient_baselines": "flint, numpy, scipy, sympy, torch",
    "evosynth": "click, deap.base, deap.tools, flint, numba, numpy, scipy, sympy",
}


def faulty_imports(folder: Path, place: Path, package: str) -> tuple[int, list[str], str]:
    """Returns how many modules a package has, those that cannot be imported first, and why."""
    modules = [
        ".".join(path.relative_to(place).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((place / package).rglob("*.py"))
        if path.name != "__main__.py"
    ]
    code = IMPORT_EACH.format(heavy=ALREADY[package])
    # Bytecode is kept between the processes: compiling it in each takes most of the time.
    cache = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "cache")}
    done = python("-c", code, *modules, folder=folder, **cache)
    assert done.returncode == 0, done.stderr
    return len(modules), done.stdout.split(), done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    "package",
    [
        pytest.param(p, marks=pytest.mark.slow if p in ("gradient_baselines", "evosynth") else [])
        for p in OURS
    ],
)
def test_every_module_can_be_imported_first(package: str, tmp_path: Path) -> None:
    if package == "gradient_baselines":
        pytest.importorskip("torch")
    count, faulty, errors = faulty_imports(tmp_path, ROOT, package)
    assert count >= 10
    assert faulty == [], errors


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_module_that_needs_another_first_would_be_found(tmp_path: Path) -> None:
    """Of two modules that import each other, only one can be imported first."""
    (tmp_path / "dsl").mkdir()
    sources = {
        "__init__": "",
        "circle_one": "from dsl.circle_two import TWO\nONE = 1",
        "circle_two": "TWO = 2\nfrom dsl.circle_one import ONE",
    }
    for name, source in sources.items():
        (tmp_path / "dsl" / f"{name}.py").write_text(source)
    count, faulty, errors = faulty_imports(tmp_path, tmp_path, "dsl")
    assert (count, faulty) == (3, ["dsl.circle_one"])
    assert "ImportError" in errors
