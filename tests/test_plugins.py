"""Plug-ins: what they may declare, and that broken ones are named and do no harm."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from recursive_rules import RuleWriter, written

import evosynth as es
from dsl.algorithm_formats import render_algorithm
from dsl.errors import DataError, EnvironmentMismatchError, UsageError
from dsl.grammars.recursive.algorithm import Algorithm
from dsl.grammars.recursive.vocabulary import vocabulary
from dsl.primitives import PRIMITIVES
from dsl.scalars import SCALARS
from dsl.vectors import VECTORS
from dsl.vectors.fields import DOUBLES
from evosynth import checkups
from evosynth.checkups import plugins
from evosynth.cli.main import cli
from evosynth.conformance import check_primitive, restoring
from evosynth.executors.answering import answer, request_for, text_of
from evosynth.executors.lane import _too_often
from evosynth.executors.worker_process import WorkerEnded, WorkerProcess
from evosynth.plugins import installed, trial
from evosynth.plugins.base import DECLARED, PLUGINS
from evosynth.plugins.carrying import bring, carried
from evosynth.plugins.reading import digest_of, plugin_of_file, read_plugin
from evosynth.plugins.remembering import check_remembered, remembered
from evosynth.plugins.trial import Limits, examine

Write = Callable[..., Path]
BLOCK = '''
@es.primitive
def turned(c):
    """A butterfly the other way round."""
    return [[1, -c], [1, c]]
'''


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    with restoring():
        yield


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def save(body: str, name: str = "my_ops") -> Path:
        path = tmp_path / f"{name}.py"
        path.write_text(f"import evosynth as es\n{body}")
        return path

    return save


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(each) for each in arguments])


# Three grammars, one decorator


def test_a_matrix_is_a_block() -> None:
    @es.primitive
    def mine(c: Any) -> Any:
        return [[1, c], [c, -1]]

    assert PRIMITIVES.get("mine") is mine
    assert mine.points == 2


def test_matrices_without_a_parameter_are_a_block() -> None:
    @es.primitive
    def mine() -> Any:
        """Three points."""
        return ([[1, 1, 0], [1, -1, 0], [0, 0, 1]], [[1, 0, 0], [0, 1, 1], [0, 1, -1]])

    assert (mine.points, mine.parameters, mine.summary) == (3, 0, "Three points.")


def test_an_angle_is_a_block() -> None:
    from dsl.primitives.base import cos, sin

    @es.primitive(angle=True)
    def mine(t: Any) -> Any:
        return [[cos(t), sin(t)], [sin(t), -cos(t)]]

    assert mine.is_angle
    assert PRIMITIVES.get("mine") is mine


def test_an_expression_is_a_function_of_formulas() -> None:
    @es.primitive
    def mine(x: Any, y: Any) -> Any:
        return x + y / 2

    assert SCALARS.get("mine") is mine
    assert mine.arity == 2


def test_a_list_is_a_step_of_algorithms() -> None:
    @es.primitive
    def mine(a: Any) -> Any:
        """The first element becomes the last."""
        return a[1:] + a[:1]

    assert VECTORS.get("mine") is mine
    assert mine.places(4, ()).tolist() == [[1, 2, 3, 0]]
    assert "mine" in {operation.name for operation in vocabulary("dft", 2)}
    assert (mine.words, mine.numpy) == ("mine({a})", "_step_mine(a)")


def test_a_step_of_two_lists_with_signs_and_zeros() -> None:
    @es.primitive
    def mine(a: Any, b: Any) -> Any:
        return [0, *a[1:], *[-x for x in b]]

    x, y = np.arange(1.0, 5), np.arange(5.0, 9)
    found = mine.apply([x, y], (), 4, DOUBLES)
    assert found.real.tolist() == [0, 2, 3, 4, -5, -6, -7, -8]
    assert mine.stretch(()) == 2
    assert "exact and modular forms" in check_primitive(mine)


def test_the_grammar_has_to_be_said_where_it_does_not_show() -> None:
    def mine(a: Any, b: Any) -> Any:
        return a + b

    with pytest.raises(UsageError, match="numbers and of lists") as caught:
        es.primitive(mine)
    assert "grammar=" in caught.value.hint
    assert "mine" in [es.primitive(grammar="expression")(mine).name]
    assert es.primitive(grammar="recursive")(mine).stretch(()) == 2


REFUSED: list[tuple[str, str]] = [
    ("def f(a, b, c): return a", "at most 2 parameters"),
    ("def f(c): return 'text'", "of lists str"),
    ("def f(c): return [[1, c], [1, c]]", "singular"),
    ("def f(c): return [[1, c, 0], [1, -c, 0]]", "expected (2, 2) entries, got (2, 3)"),
    ("def f(c): return [[1, c * float('nan')], [1, -c]]", "f"),
    ("def f(c): return [[1, c], [1, float('inf')]]", "f"),
    ("def f(c): raise RuntimeError('at call')", "at call"),
    ("def f(a): a.reverse(); return a", "changes its input"),
    ("def f(a): return a[:3]", "times as long"),
    ("def f(a): return [x for x in a] + ['z']", "of type str"),
    ("def f(a): return [a[0] + a[1]] * len(a)", "unsupported operand"),
    ("def f(x):\n    import sympy\n    return sympy.gamma(x)", "gamma"),
    ("def f(x):\n    import sympy\n    return x + sympy.Symbol('q')", "unknown symbols"),
]


@pytest.mark.parametrize(("source", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_what_is_no_primitive_is_refused_and_not_registered(
    source: str, reason: str, write: Write
) -> None:
    path = write(f"@es.primitive\n{source}\n")
    before = PRIMITIVES.names(), SCALARS.names(), VECTORS.names()
    plugin = plugin_of_file(path)
    try:
        read_plugin(plugin)  # members are checked by the trial
        problems = [row.problem for row in _rows_here(plugin.name)]
    except EnvironmentMismatchError as error:
        problems = [str(error)]
        assert str(path) in problems[0]
    assert any(reason in problem for problem in problems), problems
    if not len(PLUGINS):
        assert before == (PRIMITIVES.names(), SCALARS.names(), VECTORS.names())


def _rows_here(name: str) -> list[trial.Row]:
    rows = []
    for member in PLUGINS.get(name).members:
        try:
            rows.append(trial.Row(member, tuple(json.loads(trial.check(member, 0)))))
        except EnvironmentMismatchError as error:
            rows.append(trial.Row(member, problem=str(error)))
    return rows


def test_a_check_in_a_program_leaves_nothing_behind() -> None:
    with pytest.raises(EnvironmentMismatchError, match=r"'mine'.*singular"):

        @es.primitive
        def mine(c: Any) -> Any:
            return [[1, c], [1, c]]

    assert "mine" not in PRIMITIVES
    assert not len(DECLARED)


# Other seams


def test_functions_are_members_of_other_seams() -> None:
    @es.target
    def doubled(n: int) -> Any:
        """Twice the input."""
        return 2 * np.eye(n)

    @es.format(suffix=".rs")
    def rust(program: Any, *, name: str | None = None) -> str:
        return f"// {name or program.name}"

    @es.cost
    def steps(code: Any) -> float:
        return float(len(code.operations))

    @es.objective
    def largest(computed: Any, target: Any, covariance: Any) -> Any:
        return np.abs(computed - target.matrix).max(axis=(-2, -1))

    assert es.make_target("doubled", 3).matrix.trace() == 6
    assert rust.suffix == ".rs"
    assert {"rust"} <= {row["name"] for row in es.formats()}
    assert steps.name == "steps"
    assert largest.of_matrices is not None
    assert len(DECLARED) == 4


def test_only_members_are_registered() -> None:
    with pytest.raises(UsageError, match="expected a member of a seam, got int"):
        es.register(3)


BROKEN_MEMBERS = {
    "nan": ("@es.target\ndef f(n):\n    import numpy as np\n    return np.eye(n) * np.nan", "nan"),
    "shape": ("@es.target\ndef f(n):\n    import numpy as np\n    return np.eye(n + 1)", "entries"),
    "dtype": (
        "@es.target\ndef f(n):\n    import numpy as np\n    return np.eye(n, dtype=int)",
        "int",
    ),
    "random": (
        "@es.target\ndef f(n):\n    import numpy as np\n    return np.random.rand(n, n)",
        "differs from call to call",
    ),
    "no text": ("@es.format\ndef f(program): return 3", "expected text, got int"),
    "mutating strategy": (
        "@es.strategy\ndef f(population, task):\n    population.errors[:] = 0\n"
        "    return population",
        "strategy 'f'",
    ),
    "negative cost": ("@es.cost\ndef f(code): return -1.0", "at least 0, got -1"),
    "mutating objective": (
        "@es.objective\ndef f(computed, target, covariance):\n    computed *= 0\n"
        "    return computed[:, 0, 0]",
        "read-only",
    ),
}


@pytest.mark.parametrize("name", BROKEN_MEMBERS)
def test_broken_members_of_other_seams_are_named(name: str, write: Write) -> None:
    source, reason = BROKEN_MEMBERS[name]
    read_plugin(plugin_of_file(write(source)))
    (row,) = _rows_here("my_ops")
    assert "'f'" in row.problem
    assert reason in row.problem


# Files


def test_a_file_is_loaded_once(write: Write) -> None:
    path = write(BLOCK)
    plugin = es.load_plugin(path)
    assert plugin.members == ("block turned",)
    assert es.load_plugin(path) == plugin
    assert "turned" in {row["name"] for row in es.primitives()}
    path.write_text(path.read_text() + "\n# changed\n")
    with pytest.raises(EnvironmentMismatchError, match="with another content"):
        es.load_plugin(path)


# What is wrong -> the file, what is said. None of it may be run in this process.
ENDINGS = {
    "raises at import": ("raise RuntimeError('no')", "line 2: RuntimeError: no"),
    "syntax": ("def f(:", "SyntaxError"),
    "exits": ("raise SystemExit(3)", "SystemExit"),
    "leaves": ("import os\nos._exit(3)", "exit 3"),
    "crashes at import": ("import ctypes\nctypes.string_at(0)", "SIGSEGV"),
    "crashes at call": (
        "@es.primitive\ndef f(c):\n    import ctypes\n    ctypes.string_at(0)",
        "primitive f: its trial process ended: signal 11 (SIGSEGV)",
    ),
    "leaves at call": (
        "@es.primitive\ndef f(c):\n    import os\n    os._exit(3)",
        "primitive f: its trial process ended: exit 3",
    ),
    "leaves after a member": (
        BLOCK + "import os\nos._exit(3)",
        "): its trial process ended: exit 3",
    ),
    "primitive never returns": (
        "@es.primitive\ndef f(c):\n    while True: pass",
        "primitive f: its trial process ended: over 3 s",
    ),
    "allocates at import": ("x = []\nwhile True: x.append(bytearray(10**7))", "emory"),
    "allocates at call": (
        "@es.target\ndef f(n):\n    x = []\n    while True: x.append(bytearray(10**7))",
        "target f: its trial process ended: out of memory",
    ),
    "never returns": ("while True: pass", "over 3 s"),
    "never returns at call": (
        "@es.target\ndef f(n):\n    while True: pass",
        "target f: its trial process ended: over 3 s",
    ),
    "name of a built-in": ("@es.primitive\ndef butterfly(c): return [[1, c], [1, -c]]", "already"),
    "singular": ("@es.primitive\ndef f(c): return [[1, c], [1, c]]", "block f: primitive 'f'"),
    "nothing": ("", "registers nothing"),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_a_broken_file_is_named_and_does_no_harm(
    name: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, reason = ENDINGS[name]
    path = write(source)
    seconds = 3.0 if "over" in reason else 60.0  # a busy machine takes its time
    monkeypatch.setattr(trial, "LIMITS", Limits(seconds, memory=1 << 30))
    with pytest.raises(EnvironmentMismatchError) as caught:
        es.load_plugin(path)
    assert f"plug-in 'my_ops' ({path})" in str(caught.value)
    assert reason in str(caught.value)
    assert "primitives check" in caught.value.hint or "already" in str(caught.value)
    assert not len(PLUGINS)
    assert "f" not in PRIMITIVES


@pytest.mark.parametrize(
    ("name", "reason"), [("missing.py", "cannot read"), ("folder", "NAME.py"), ("a.txt", "NAME.py")]
)
def test_a_file_has_to_be_there(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=reason):
        es.load_plugin(tmp_path / name)


def test_the_command_line_names_a_broken_file(write: Write) -> None:
    path = write("raise RuntimeError('no')")
    done = invoke("targets", "--plugin", path)
    assert done.exit_code == 78
    assert f"error: plug-in 'my_ops' ({path}): line 2: RuntimeError: no\n" in done.stderr
    assert done.stdout == ""


def test_files_may_be_named_before_and_after_the_command(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evosynth.plugins.loading.try_plugin", lambda plugin: plugin)
    one, two = write(BLOCK), write(BLOCK.replace("turned", "other"), "more_ops")
    done = invoke("--plugin", one, "primitives", "--plugin", two, "--json")
    assert {"turned", "other"} <= {row["name"] for row in json.loads(done.stdout)}


def test_what_a_file_prints_is_no_output(write: Write) -> None:
    done = invoke("formats", "--plugin", write(f"print('hello')\n{BLOCK}"), "--json")
    assert json.loads(done.stdout)
    assert "hello" in done.stderr


# evosynth primitives check


def test_check_prints_a_row_for_every_member(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel is compiled elsewhere: it takes a minute."""
    monkeypatch.setattr("evosynth.cli.primitives_command.COMPILED", Limits())
    path = write(f"{BLOCK}\n@es.primitive\ndef bad(c): return [[1, c], [1, c]]\n")
    done = invoke("primitives", "check", path)
    assert done.exit_code == 78
    lines = done.stdout.splitlines()
    assert lines[1].split()[:3] == ["block", "turned", "ok"]
    assert "inverse, lowering, transposed lowering, count, SymPy form" in lines[1]
    assert lines[2].split()[:3] == ["block", "bad", "WRONG"]
    data = json.loads(invoke("primitives", "check", path, "--json").stdout)
    assert [row["problem"] is None for row in data["members"]] == [True, False]
    assert data["is_good"] is False
    assert invoke("primitives", "check", write(BLOCK)).exit_code == 0


def test_a_member_that_ends_the_process_does_not_hide_the_next(write: Write) -> None:
    crash = "@es.target\ndef crash(n):\n    import os\n    os._exit(4)\n"
    rows = examine(plugin_of_file(write(f"{crash}{BLOCK}")), Limits())
    assert {row.member: bool(row.problem) for row in rows} == {
        "target crash": True,
        "block turned": False,
    }


# Entry points


Package = Callable[..., Path]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Package]:
    """Makes installed packages; they are forgotten after the test."""
    site, made = tmp_path / "site", []
    site.mkdir()
    monkeypatch.syspath_prepend(site)

    def install(ops: str | None, first: str = "", name: str = "their_package") -> Path:
        folder, about = site / name, site / f"{name}-1.2.dist-info"
        folder.mkdir()
        about.mkdir()
        made.append(name)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        points = f"[evosynth.primitives]\n{name[:5]}_ops = {name}.my_ops\n"
        (about / "entry_points.txt").write_text(points)
        (folder / "__init__.py").write_text(first)
        (folder / "factors.py").write_text("K = 1\n")
        if ops is not None:
            (folder / "my_ops.py").write_text(f"import evosynth as es\n{ops}")
        importlib.invalidate_caches()
        return folder / "my_ops.py"

    installed.load_installed.cache_clear()
    yield install
    installed.load_installed.cache_clear()
    for name in made:
        forget(name)


def forget(package: str) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


RELATIVE = """
from .factors import K
@es.primitive
def turned(c):
    return [[K, -c], [K, c]]
"""
OTHER = BLOCK.replace("turned", "other")
BROKEN = "raise RuntimeError('no')"
RE_EXPORT = "from their_package.my_ops import turned"


@pytest.mark.parametrize("source", [BLOCK, RELATIVE], ids=["plain", "relative import"])
@pytest.mark.parametrize("first", ["", RE_EXPORT], ids=["", "imported by its package"])
@pytest.mark.parametrize("is_imported", [False, True], ids=["", "imported before"])
def test_installed_packages_bring_plugins(
    package: Package, source: str, first: str, is_imported: bool
) -> None:
    """It is one module, whoever imports it first."""
    path = package(source, first)
    if is_imported:
        importlib.import_module("their_package.my_ops")
        assert DECLARED.names() == ("block turned",)
    assert "turned" in {row["name"] for row in es.primitives()}
    (plugin,) = PLUGINS
    assert (plugin.name, plugin.path) == ("their_ops", str(path))
    assert (plugin.distribution, plugin.module) == ("their_package 1.2", "their_package.my_ops")
    assert plugin.members == ("block turned",)
    assert DECLARED.names() == ()
    module = importlib.import_module("their_package.my_ops")
    assert module.turned is PRIMITIVES.get("turned")
    assert check_primitive(module.turned)
    assert remembered()[0]["sha256"] == plugin.digest == digest_of(path.read_bytes())


def test_two_plugins_of_a_package_may_import_each_other(package: Package) -> None:
    path = package(f"from their_package import more_ops\n{BLOCK}")
    (path.parent / "more_ops.py").write_text(f"import evosynth as es\n{OTHER}")
    points = path.parent.parent / "their_package-1.2.dist-info" / "entry_points.txt"
    points.write_text(f"{points.read_text()}more_ops = their_package.more_ops\n")
    es.primitives()
    found = {plugin.name: set(plugin.members) for plugin in PLUGINS}
    assert found == {"their_ops": {"block turned", "block other"}, "more_ops": {"block other"}}


def test_nothing_of_a_package_runs_before_its_trial(package: Package, tmp_path: Path) -> None:
    log = tmp_path / "log"
    package(BLOCK, f"import os\nprint(os.getpid(), file=open({str(log)!r}, 'a'))\n" + BROKEN)
    with pytest.raises(EnvironmentMismatchError, match="RuntimeError: no"):
        es.primitives()
    assert str(os.getpid()) not in log.read_text().split()


@pytest.mark.parametrize("first", ["", "from their_package import more_ops"])
def test_a_failure_leaves_nothing_behind(package: Package, first: str) -> None:
    """In the trial all is well; here the module raises after it has declared a block."""
    path = package(
        f"from their_package import more_ops\nimport os\n{BLOCK}\n"
        f"if os.getpid() == {os.getpid()}: raise RuntimeError('no')",
        first,
    )
    (path.parent / "more_ops.py").write_text(f"import evosynth as es\n{OTHER}")
    for _ in range(2):  # the second time it is as new
        with pytest.raises(EnvironmentMismatchError, match=r"line \d+: RuntimeError: no"):
            es.primitives()
        assert not {"turned", "other"} & set(PRIMITIVES.names())
        assert not [name for name in sys.modules if name.startswith("their_package")]
        assert not len(PLUGINS)


def test_what_was_taken_out_is_not_taken_for_loaded(package: Package) -> None:
    package(BLOCK)
    with restoring():
        importlib.import_module("their_package.my_ops")
    with pytest.raises(EnvironmentMismatchError, match="taken out again"):
        es.primitives()
    assert not len(PLUGINS)


def in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sorts entry points, which come in the order of a folder's files."""
    monkeypatch.setattr(
        installed, "entry_points", lambda group: sorted(entry_points(group=group), key=str)
    )


def test_a_broken_package_does_not_keep_others_from_being_loaded(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(BROKEN, name="a_bad_one")
    package(BLOCK)
    in_order(monkeypatch)
    with pytest.raises(EnvironmentMismatchError, match="of a_bad_one"):
        es.primitives()
    assert PLUGINS.names() == ("their_ops",)


@pytest.mark.parametrize(
    ("source", "reason"), [(BROKEN, "line 2: RuntimeError: no"), (None, "there is no module")]
)
def test_a_broken_package_is_named(package: Package, source: str | None, reason: str) -> None:
    package(source)
    done = invoke("primitives")
    assert done.exit_code == 78
    assert "plug-in 'their_ops' of their_package 1.2" in done.stderr
    assert reason in done.stderr
    assert "pip uninstall their_package" in done.stderr
    assert ("primitives check" in done.stderr) is (source is not None)
    assert invoke("--help").exit_code == 0


def test_what_looks_for_faults_works_with_a_broken_package(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evosynth.cli.primitives_command.COMPILED", Limits())
    path = package(BROKEN)
    done = invoke("primitives", "check", path)
    assert done.exit_code == 78
    assert "WRONG  line 2: RuntimeError: no" in done.stdout
    done = invoke("check", tmp_path)
    assert (done.exit_code, "is no run folder" in done.stderr) == (65, True)


def test_check_tries_an_installed_file_as_part_of_its_package(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evosynth.cli.primitives_command.COMPILED", Limits())
    path = package(RELATIVE)
    done = invoke("primitives", "check", path)
    assert done.exit_code == 0, done.stdout
    assert not len(PLUGINS)
    assert es.load_plugin(path).module == "their_package.my_ops"


def test_check_knows_the_plugins_that_work(package: Package, tmp_path: Path) -> None:
    package(TARGET)
    options: dict[str, Any] = {"seed": 1, "evaluations": 400, "workers": 1, "executor": "serial"}
    with restoring():
        folder = es.run("pairs", n=4, out=tmp_path / "runs", **options).folder
    forget("their_package")
    package(BROKEN, name="a_bad_one")
    installed.load_installed.cache_clear()
    assert es.check(folder).conclusion == "finished"


def test_the_doctor_tries_each_plugin_beside_the_others(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, source in (("a_one", BLOCK), ("b_one", BROKEN), ("c_one", BLOCK), ("d_one", OTHER)):
        package(source, name=name)
    in_order(monkeypatch)
    checks = list(plugins())
    assert [(check.name, check.status) for check in checks] == [
        ("plug-in a_one_ops", "ok"),
        ("plug-in b_one_ops", "failed"),
        ("plug-in c_one_ops", "failed"),
        ("plug-in d_one_ops", "ok"),
    ]
    assert checks[0].found == "a_one 1.2: block turned"
    assert "line 2: RuntimeError: no" in checks[1].found
    assert "pip uninstall b_one" in checks[1].remedy
    assert "primitive 'turned' is registered already" in checks[2].found
    assert not len(PLUGINS)
    assert "turned" not in PRIMITIVES


def test_the_doctor_reports_a_broken_package_and_goes_on(
    package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("kernels", "c_compiler", "torch_device", "extras", "dask_cluster")
    for name in names:  # they take long
        monkeypatch.setattr(checkups, name, lambda *given: [])
    package(BROKEN)
    done = invoke("doctor", "--json")
    assert done.exit_code == 78
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert found["plug-in their_ops"]["status"] == "failed"
    assert "memory" in found


# Runs and workers


def test_a_worker_loads_what_the_driver_has(write: Write) -> None:
    path = write(BLOCK)
    read_plugin(plugin_of_file(path))
    request = request_for(_names_of_blocks, (), ("test_plugins",))
    assert request["plugins"] == carried() != []
    with restoring():
        PLUGINS.remove("my_ops")
        PRIMITIVES.remove("turned")
        assert "turned" in json.loads(answer(request, ("test_plugins",))["text"])
    path.unlink()
    for name, registry in (("my_ops", PLUGINS), ("turned", PRIMITIVES)):
        if name in registry:
            registry.remove(name)
    reply = answer(request, ("test_plugins",))
    assert reply["error"] == "EnvironmentMismatchError"
    assert f"has no plug-in 'my_ops' ({path})" in reply["message"]
    path.write_text("other")
    with pytest.raises(EnvironmentMismatchError, match="has another plug-in 'my_ops'"):
        bring(request["plugins"])


@pytest.mark.parametrize("is_imported", [False, True], ids=["", "imported before"])
def test_a_worker_imports_what_packages_bring(package: Package, is_imported: bool) -> None:
    path = package(RELATIVE, RE_EXPORT)
    if is_imported:
        importlib.import_module("their_package")
    es.primitives()
    request = request_for(_names_of_blocks, (), ("test_plugins",))
    worker = WorkerProcess(1)
    try:
        worker.greet({"packages": ["test_plugins"], "memory": None, "rehearsal": None})
        assert "turned" in json.loads(text_of(worker.ask(request, 60.0)))
    finally:
        worker.kill()
        worker.close()
    PLUGINS.remove("their_ops")
    path.write_text("other")
    with pytest.raises(EnvironmentMismatchError, match="has another plug-in 'their_ops'") as caught:
        bring(request["plugins"])
    assert caught.value.hint == "install the same package on all machines"
    forget("their_package")
    path.unlink()
    with pytest.raises(EnvironmentMismatchError, match="has no plug-in 'their_ops'"):
        bring(request["plugins"])


def _names_of_blocks() -> str:
    return json.dumps(PRIMITIVES.names())


def test_a_worker_that_ends_again_and_again_names_the_plugins(write: Write) -> None:
    path = write(BLOCK)
    read_plugin(plugin_of_file(path))
    error = _too_often("evosynth.engine.epoch_call:run_epoch", [WorkerEnded("exit 3")] * 3)
    assert error.exit_code == 69
    assert f"plug-in 'my_ops' ({path})" in error.hint


def test_workers_cannot_know_what_a_program_declares_itself() -> None:
    @es.primitive
    def mine(c: Any) -> Any:
        return [[1, c], [c, -1]]

    with pytest.raises(EnvironmentMismatchError, match="cannot know block mine"):
        carried()


def test_a_run_needs_the_plugins_that_it_was_begun_with(write: Write) -> None:
    path = write(BLOCK)
    plugin = read_plugin(plugin_of_file(path))
    found = remembered()
    assert found == [
        {"name": "my_ops", "path": str(path), "sha256": plugin.digest, "distribution": ""}
    ]
    assert check_remembered(found) == found
    other = [found[0] | {"sha256": "0" * 64}]
    with pytest.raises(EnvironmentMismatchError, match=r"my_ops: 0{12}\.\.\. -> "):
        check_remembered(other)
    PLUGINS.remove("my_ops")
    with pytest.raises(EnvironmentMismatchError, match="-> not loaded") as caught:
        check_remembered(found)
    assert f"--plugin {path}" in caught.value.hint


@pytest.mark.parametrize(
    "found",
    ["text", 3, [3], [{}], [{"name": "a\nb", "path": "", "sha256": "", "distribution": ""}]],
)
def test_plugins_of_a_damaged_run_are_refused(found: Any) -> None:
    with pytest.raises(DataError):
        check_remembered(found)


TARGET = '''
import numpy as np
@es.target
def pairs(n):
    """Sums of neighbours."""
    return np.eye(n) + np.eye(n, k=1)
'''


def alone(*arguments: object) -> Result:
    """Runs a command as if in a process of its own: no plug-in is loaded before."""
    with restoring():
        return invoke(*arguments)


def test_a_run_goes_on_with_its_plugins_only(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evosynth.plugins.loading.try_plugin", lambda plugin: plugin)
    path, marker, out = write(TARGET), tmp_path / "executed", tmp_path / "runs"
    options = ["--workers", 1, "--executor", "serial", "-q"]
    command = ["run", "--target", "pairs", "--n", 4, "--seed", 1, "--evaluations", 400]
    assert alone(*command, "--out", out, "--plugin", path, *options).exit_code == 0
    (folder,) = out.iterdir()
    data = json.loads((folder / "run.json").read_text())
    assert [plugin["name"] for plugin in data["plugins"]] == ["my_ops"]
    more = ["resume", folder, "--evaluations", 800, *options]
    # Nothing is loaded because the folder says so: not even a file that is there.
    path.write_text(f"{path.read_text()}\nopen({str(marker)!r}, 'w').close()\n")
    refused = alone(*more)
    assert refused.exit_code == 78
    assert f"--plugin {path}" in refused.stderr
    assert not marker.exists()
    changed = alone(*more, "--plugin", path)
    assert changed.exit_code == 78
    assert "begun with other plug-ins" in changed.stderr
    write(TARGET)
    assert alone(*more, "--plugin", path).exit_code == 0
    assert alone("fork", folder, "--out", out).exit_code == 78


def test_a_program_of_a_plugin_names_what_is_missing(write: Write, tmp_path: Path) -> None:
    path = write(BLOCK)
    read_plugin(plugin_of_file(path))
    from dsl.formats import render
    from dsl.program import Instruction, Program

    program = Program("factor", "real", 2, (Instruction("turned", (0, 1), (1,)),), (2, 3), "two")
    (tmp_path / "two.json").write_text(render(program, "json"))
    PLUGINS.remove("my_ops")
    PRIMITIVES.remove("turned")
    done = invoke("show", tmp_path / "two.json")
    assert done.exit_code == 65
    assert "'turned'" in done.stderr
    assert "--plugin FILE.py" in done.stderr
    assert invoke("show", tmp_path / "two.json", "--plugin", path).exit_code == 0


def test_exported_algorithms_bring_the_steps_of_plugins() -> None:
    @es.primitive
    def turned(a: Any) -> Any:
        """Negative halves in the other order."""
        half = len(a) // 2
        return [-x for x in a[half:] + a[:half]]

    def radix2(w: RuleWriter) -> int:
        x = w.step("turned", w.step("turned", 0))  # twice is nothing
        even, odd = w.call("dft", w.take(x, 2, 0)), w.call("dft", w.take(x, 2, 1))
        other = w.twiddle(odd, -1)
        return w.concatenate(w.add(even, other), w.subtract(even, other))

    algorithm = Algorithm("dft", {"dft": (written(radix2),)})
    found: dict[str, Any] = {}
    text = render_algorithm(algorithm, "python")
    exec(compile(text, "module", "exec"), found)
    assert text.count("def _step_turned(a):") == 1
    data = np.random.default_rng(0).normal(size=(3, 16))
    assert np.allclose(found["dft"](data), np.fft.fft(data))
    assert algorithm.program(8).matrix() == pytest.approx(np.fft.fft(np.eye(8)))
    assert "turned(" in render_algorithm(algorithm, "text")
    assert render_algorithm(algorithm, "latex")
    assert "dft" in render_algorithm(algorithm, "c", n=16)
