"""Compiled functions on disk: whatever became of the files, the results are the same."""

from __future__ import annotations

import importlib.util
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from fitness import kernel_cache
from fitness.evaluators import expression_kernel, factor_kernel, recursive_kernel
from fitness.kernel_cache import SUFFIX, KernelCache, cached

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = recursive_kernel._power.py_func(3, 20)
INTEGERS = (numba.int64, numba.int64)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def kernel() -> Any:
    """Our smallest kernel, as a new process has it: nothing is compiled yet."""
    return cached()(recursive_kernel._power.py_func)


def only_file(folder: Path) -> Path:
    (path,) = folder.rglob(f"*{SUFFIX}")
    return path


def is_loaded(function: Any) -> bool:
    return bool(function._cache_hits)


def assert_computes(function: Any, *, loads: bool) -> None:
    assert function(3, 20) == EXPECTED
    assert is_loaded(function) == loads


def test_a_second_process_compiles_nothing(folder: Path) -> None:
    assert_computes(kernel(), loads=False)
    assert_computes(kernel(), loads=True)
    assert len([path for path in folder.rglob("*") if path.is_file()]) == 1


def empty(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def headless(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:10])


def garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 20)


def flipped(path: Path) -> None:
    """One bit in the middle: of machine code, which nothing else would check."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.parent / "nowhere")


@pytest.mark.parametrize(
    "damage", [empty, truncated, headless, garbage, flipped, longer, folder_instead, dangling]
)
def test_damaged_files_are_compiled_anew(folder: Path, damage: Callable[[Path], None]) -> None:
    assert_computes(kernel(), loads=False)
    damage(only_file(folder))
    assert_computes(kernel(), loads=False)
    if damage is not folder_instead:  # that one stays in the way
        assert_computes(kernel(), loads=True)


def executed(folder: Path) -> None:
    (folder / "executed").mkdir()


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return executed, (self.folder,)


def test_a_file_without_its_digest_is_not_even_unpickled(folder: Path, tmp_path: Path) -> None:
    assert_computes(kernel(), loads=False)
    path = only_file(folder)
    path.write_bytes(path.read_bytes()[:32] + pickle.dumps(Trap(tmp_path)))
    assert_computes(kernel(), loads=False)
    assert not (tmp_path / "executed").exists()


def test_a_file_of_another_signature_does_not_count(folder: Path) -> None:
    function = kernel()
    assert_computes(function, loads=False)
    integers = only_file(folder)
    content = integers.read_bytes()
    integers.unlink()
    function(numba.uint32(3), numba.uint32(20))
    only_file(folder).rename(integers)
    assert integers.read_bytes() != content
    assert_computes(kernel(), loads=False)


@pytest.mark.parametrize("name", ["open", "makedirs"])
def test_a_disk_that_refuses_is_no_failure(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = kernel()

    def refuse(*arguments: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        if name == "open":
            patch.setattr(Path, "write_bytes", refuse)
        else:
            patch.setattr("numba.core.caching.os.makedirs", refuse)
        assert_computes(function, loads=False)
    assert not list(folder.rglob("*.tmp"))
    assert_computes(kernel(), loads=False)
    assert_computes(kernel(), loads=True)


SOURCES = {
    "numbers_of_outer": "CONSTANT = {constant}\n",
    "inner": "import numba\n@numba.njit\ndef inner(x):\n    return x * {factor}\n",
    "outer": "from inner import inner\nfrom numbers_of_outer import CONSTANT\n"
    "def outer(x):\n    return inner(x) + CONSTANT\n",
}


def load_outer(folder: Path, monkeypatch: pytest.MonkeyPatch, **values: int) -> Any:
    """Returns a kernel made of three modules, as a new process would have it."""
    kernel_cache._source_digest.cache_clear()
    for name, source in SOURCES.items():
        path = folder / f"{name}.py"
        path.write_text(source.format(**values))
        Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
    return cached()(module.outer)


@pytest.mark.parametrize(("constant", "factor"), [(1, 2), (5, 2), (1, 3)])
def test_what_a_kernel_calls_and_constants_elsewhere_make_it_another(
    constant: int, factor: int, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numba's own cache takes the old code."""
    assert load_outer(tmp_path, monkeypatch, constant=1, factor=2)(10) == 21
    changed = load_outer(tmp_path, monkeypatch, constant=constant, factor=factor)
    assert changed(10) == 10 * factor + constant
    assert is_loaded(changed) == ((constant, factor) == (1, 2))


def test_standing_and_flush(folder: Path) -> None:
    function = kernel()
    files = function._cache.files
    assert files.standing() == (0, 0)
    function(3, 20)
    assert files.standing() == (1, 0)
    flipped(only_file(folder))
    assert files.standing() == (0, 1)
    files.flush()
    assert files.standing() == (0, 0)


def test_all_entry_points_are_kept_this_way() -> None:
    for module in (expression_kernel, factor_kernel, recursive_kernel):
        assert isinstance(module.evaluate._cache, KernelCache)


PRINT = "from fitness.evaluators.recursive_kernel import _power; print(_power(3, 20))"


@pytest.mark.parametrize(
    ("code", "variables"),
    [
        # Nothing can be made: the folder's name is that of a file, and no other may be used.
        (PRINT, {"NUMBA_CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator"}),
        (PRINT, {}),
        (
            f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); {PRINT}",
            {"NUMBA_CACHE_DIR": "cache"},
        ),
        (PRINT, {"NUMBA_DISABLE_JIT": "1"}),
    ],
    ids=["nowhere", "file", "no-write", "not-compiled"],
)
def test_processes_without_a_cache_go_on(
    code: str, variables: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "file")}
    if "NUMBA_CACHE_DIR" in variables:
        environment["NUMBA_CACHE_DIR"] = str(tmp_path / "cache")
        variables = {}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | environment | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{EXPECTED}\n", "")
