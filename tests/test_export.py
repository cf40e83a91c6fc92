"""Export: every format to files and to standard output; failures leave files as they were."""

from __future__ import annotations

import json
import os
import pickle
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from random_programs import TARGET_SAMPLES, programs, sample_programs, target_name
from test_formats import assert_computes, dft4, run_script

import evosynth as es
from dsl.algorithm_formats import ALGORITHM_FORMATS
from dsl.display import MOST_COUNTED, MOST_DRAWN, MOST_LINES, html_table
from dsl.errors import DataError, StorageError, UsageError
from dsl.formats import FORMATS, render
from dsl.program import Instruction, Program
from evosynth.cli.known_names import FORMATS as NAMES_IN_HELP
from evosynth.cli.main import cli

EACH_FORMAT = pytest.mark.parametrize("form", FORMATS.names())
SUFFIXES = [form.suffix for form in FORMATS]
# A format that is named like its suffix goes before others of that suffix.
OWN = {form.suffix for form in FORMATS if form.suffix == f".{form.name}"}
UNIQUE = [
    form for form in FORMATS if form.suffix == f".{form.name}" or SUFFIXES.count(form.suffix) == 1
]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = es.run(
        "dft", n=8, seed=0, goal=56, evaluations=20_000, out=tmp_path_factory.mktemp("runs")
    ).folder
    assert folder
    return folder


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], prog_name="evosynth")


def listing(folder: str = ".") -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


def assert_failed(result: Result, code: int, *parts: str) -> None:
    """One error line, perhaps a hint, nothing else."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert [line.split(":")[0] for line in lines] in (["error"], ["error", "hint"]), lines
    for part in parts:
        assert part in result.stderr


# Where it goes


@EACH_FORMAT
def test_export_writes_what_show_prints(form: str, stored: Path) -> None:
    wanted = es.show(stored, form)
    for path in (stored, stored / "best.json"):
        result = invoke("export", path, "--to", form)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout == wanted
        result = invoke("export", path, "--to", form, "-o", "-")
        assert (result.exit_code, result.stdout, result.stderr) == (0, wanted, "")
    result = invoke("export", stored, "--to", form, "-o", "file.any")
    assert (result.exit_code, result.stdout) == (0, "")
    remark = FORMATS.get(form).remark
    told = f"{remark(wanted)}\n" if remark else ""
    assert result.stderr == f"wrote file.any, {len(wanted.splitlines()):,} lines\n{told}"
    assert Path("file.any").read_bytes() == wanted.encode()
    assert es.export(stored, form, "file.two") == es.export(str(stored), to=form) == wanted
    assert Path("file.two").read_bytes() == wanted.encode()
    assert listing() == ["file.any", "file.two"]


@pytest.mark.parametrize("form", UNIQUE, ids=lambda form: form.name)
def test_the_suffix_decides(form: Any, stored: Path) -> None:
    for name in (f"file{form.suffix}", f"FILE{form.suffix.upper()}"):
        assert invoke("export", stored, "-o", name).exit_code == 0
        assert Path(name).read_text() == es.show(stored, form.name)
        assert es.export(stored, output=name) == es.show(stored, form.name)


@pytest.mark.parametrize("suffix", {s for s in SUFFIXES if SUFFIXES.count(s) > 1} - OWN)
def test_an_ambiguous_suffix_names_the_choices(suffix: str, stored: Path) -> None:
    result = invoke("export", stored, "-o", f"file{suffix}")
    choices = [form.name for form in FORMATS if form.suffix == suffix]
    assert_failed(result, 2, f"'file{suffix}' could be ", *choices, "--to")
    assert listing() == []
    assert invoke("export", stored, "-o", f"file{suffix}", "--to", choices[0]).exit_code == 0


def test_a_format_goes_before_the_suffix(stored: Path) -> None:
    assert invoke("export", stored, "-o", "file.json", "--to", "text").exit_code == 0
    assert Path("file.json").read_text() == es.show(stored, "text")


def test_what_is_exported_can_be_read_back(stored: Path) -> None:
    for name in ("copy.json", "copy.txt"):
        es.export(stored, output=name)
        assert es.load(name) == es.load(stored)
        assert invoke("export", name, "--to", "latex").stdout == es.show(stored, "latex")


def test_an_existing_file_is_replaced(stored: Path) -> None:
    Path("file.txt").write_text("x" * 10**6)
    assert invoke("export", stored, "-o", "file.txt").exit_code == 0
    assert Path("file.txt").read_text() == es.show(stored)
    if os.name == "posix":
        assert stat.S_IMODE(Path("file.txt").stat().st_mode) & 0o600 == 0o600


def test_a_link_stays_a_link(stored: Path) -> None:
    Path("real.txt").write_text("old")
    Path("link.txt").symlink_to("real.txt")
    Path("new.txt").symlink_to("not-yet.txt")
    for name, target in (("link.txt", "real.txt"), ("new.txt", "not-yet.txt")):
        es.export(stored, output=name)
        assert Path(name).is_symlink()
        assert Path(target).read_text() == es.show(stored)


@pytest.mark.skipif(not Path("/dev/null").is_char_device(), reason="needs /dev/null")
def test_a_device_stays_a_device(stored: Path) -> None:
    assert invoke("export", stored, "--to", "text", "-o", "/dev/null").exit_code == 0
    assert Path("/dev/null").is_char_device()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_stays_a_pipe(stored: Path) -> None:
    os.mkfifo("pipe.txt")
    with subprocess.Popen(["cat", "pipe.txt"], stdout=subprocess.PIPE, text=True) as reader:
        try:
            es.export(stored, output="pipe.txt")
            assert reader.communicate(timeout=10)[0] == es.show(stored)
        finally:
            reader.kill()
    assert Path("pipe.txt").is_fifo()


EXPORT_EACH = """
import sys
from evosynth.cli.main import cli
for form in sys.argv[2:]:
    try:
        cli(["export", sys.argv[1], "--to", form])
    except SystemExit as end:
        assert not end.code, form
"""


def test_bytes_do_not_depend_on_the_locale(stored: Path) -> None:
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    names = FORMATS.names()
    done = subprocess.run(
        [sys.executable, "-c", EXPORT_EACH, str(stored), *names],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == "".join(es.show(stored, form) for form in names).encode()


# Options


def test_every_option_of_a_format_is_one_of_the_command_line() -> None:
    command = cli.commands["export"]
    typed = {p.name for p in command.params if isinstance(p, click.Option)}
    taken = {option for form in FORMATS for option in form.options}
    assert taken == typed - {"to", "output", "n", "pick", "plugin"}


def test_help_names_every_format_and_no_other() -> None:
    assert sorted(NAMES_IN_HELP) == sorted(FORMATS.names())
    for name in ("show", "export"):
        assert ", ".join(NAMES_IN_HELP) in " ".join(invoke(name, "--help").stdout.split())
    assert "replaced" in invoke("export", "--help").stdout


@pytest.mark.parametrize(
    ("form", "arguments", "options"),
    [
        ("numpy", ["--name", "fast"], {"name": "fast"}),
        ("numba", ["--name", "fast"], {"name": "fast"}),
        ("torch", ["--name", "fast", "--trainable"], {"name": "fast", "trainable": True}),
        ("sympy", ["--full"], {"full": True}),
        ("c", ["--precision", "single"], {"precision": "single"}),
        ("c", ["--main", "--name", "fast"], {"main": True, "name": "fast"}),
        ("latex", ["--factors"], {"factors": True}),
        ("c-fixed", ["--word-length", "8"], {"word_length": 8}),
        ("c-fixed", ["--input-bits", "9"], {"input_bits": 9}),
        ("c-fixed", ["--constant-bits", "4"], {"constant_bits": 4}),
        ("c-fixed", ["--shift-add", "--main"], {"shift_add": True, "main": True}),
    ],
)
def test_options_reach_the_format(
    form: str, arguments: list[str], options: dict[str, Any], stored: Path
) -> None:
    wanted = render(es.load(stored), form, **options)
    assert wanted != es.show(stored, form)
    assert es.show(stored, form, **options) == es.export(stored, form, **options) == wanted
    assert invoke("export", stored, "--to", form, *arguments).stdout == wanted


@pytest.mark.parametrize(
    ("form", "option"),
    [("text", "name"), ("numpy", "trainable"), ("json", "full"), ("torch", "factors")],
)
def test_options_of_other_formats_are_refused(form: str, option: str, stored: Path) -> None:
    value = ["x"] if option == "name" else []
    result = invoke("export", stored, "--to", form, f"--{option}", *value, "-o", "file")
    takers = [other.name for other in FORMATS if option in other.options]
    assert_failed(result, 2, f"format '{form}' has no option '{option}'", *takers)
    assert listing() == []
    with pytest.raises(UsageError, match=f"has no option '{option}'"):
        es.show(stored, form, **{option: True})
    with pytest.raises(UsageError, match="has no option 'nonesuch'"):
        es.export(stored, form, nonesuch=True)


@pytest.mark.parametrize(
    ("form", "options"),
    [("torch", {"trainable": "no"}), ("sympy", {"full": 1}), ("numpy", {"name": 5})],
)
def test_options_of_other_types_are_refused(
    form: str, options: dict[str, Any], stored: Path
) -> None:
    with pytest.raises(UsageError, match=r"expected .*, got "):
        es.show(stored, form, **options)


@pytest.mark.parametrize("name", ["", "two words", "class", "2x", "a" * 65])
def test_unusable_names_are_refused(name: str, stored: Path) -> None:
    Path("file.py").write_text("old")
    result = invoke("export", stored, "--to", "numpy", "--name", name, "-o", "file.py")
    assert_failed(result, 2, "name")
    assert Path("file.py").read_text() == "old"


# Failures

GOOD = "program p: factor, 2 complex inputs\n  v2 v3 = butterfly v0 v1 (1)\noutputs v2 v3\n"
BAD_FILES: dict[str, bytes] = {
    "empty": b"",
    "foreign.py": b"print('hello')\n",
    "binary": bytes(range(256)) * 10,
    "truncated.txt": GOOD[:60].encode(),
    "truncated.json": b'{"claims": {"operations": 56, "addi',
    "nan.json": b'{"program": NaN}',
    "deep.json": b"[" * 100_000,
    "pickle": pickle.dumps({"program": 1}),
    "array.npy": b"\x93NUMPY\x01\x00v\x00",
    "hostile.txt": GOOD.replace("(1)", "(__import__('os').system('touch trap'))").encode(),
    "huge-name.txt": GOOD.replace(" p:", f" {'p' * 10**6}:").encode(),
    "other.json": b'{"format": "evosynth-program", "version": 99}',
}


@pytest.mark.parametrize("name", BAD_FILES)
@pytest.mark.parametrize("form", ["numpy", "torch", "latex"])
def test_files_that_hold_no_program(name: str, form: str, tmp_path: Path) -> None:
    Path(name).write_bytes(BAD_FILES[name])
    Path("file").write_text("old")
    result = invoke("export", name, "--to", form, "-o", "file")
    assert_failed(result, 65, f"'{name}'")
    assert len(result.stderr) < 600
    assert Path("file").read_text() == "old"
    assert listing() == sorted([name, "file"])
    with pytest.raises(DataError):
        es.export(name, form, "file")


def test_programs_cut_anywhere_are_refused_or_shorter(stored: Path) -> None:
    content = (stored / "best.json").read_bytes()
    for end in range(0, len(content) - 3, 97):
        Path("cut.json").write_bytes(content[:end])
        assert_failed(invoke("export", "cut.json", "--to", "numpy", "-o", "file"), 65)
        assert listing() == ["cut.json"]


@pytest.mark.parametrize(
    ("arguments", "code", "parts"),
    [
        (["{run}"], 2, ("--to", "-o", "numpy")),
        (["{run}", "-o", "-"], 2, ("--to",)),
        (["{run}", "--to", "nump"], 2, ("'nump'", "did you mean 'numpy'")),
        (["{run}", "-o", "file.xyz"], 2, ("file.xyz", "--to", ".json")),
        (["{run}", "-o", "file"], 2, ("'file'", "--to")),
        (["{run}", "-o", ""], 2, ("--to",)),
        (["missing", "--to", "numpy"], 65, ("'missing'",)),
        (["missing", "--to", "nump"], 2, ("'nump'",)),
        (["folder", "--to", "numpy"], 65, ("folder",)),
        (["x" * 300, "--to", "numpy"], 65, ("xxx",)),
        (["{run}", "-o", "none/file.txt"], 74, ("none/file.txt", "folder that exists")),
        (["{run}", "-o", "plain/file.txt"], 74, ("plain/file.txt",)),
        (["{run}", "--to", "text", "-o", "folder"], 74, ("'folder'", "directory")),
        (["{run}", "--to", "text", "-o", "folder/"], 74, ("folder",)),
        (["{run}", "-o", "x" * 300 + ".txt"], 74, ("xxx.txt",)),
        (["{run}", "--to", "numpy", "--to-all"], 2, ("--to-all",)),
        ([], 2, ("RUN",)),
    ],
    ids=str,
)
def test_failures(arguments: list[str], code: int, parts: tuple[str, ...], stored: Path) -> None:
    Path("folder").mkdir()
    Path("plain").write_text("old")
    result = invoke("export", *(a.replace("{run}", str(stored)) for a in arguments))
    assert_failed(result, code, *parts)
    assert "--out" not in result.stderr
    assert listing() == ["folder", "plain"]
    assert listing("folder") == []


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_may_not_be_written(stored: Path) -> None:
    Path("locked").mkdir(mode=0o500)
    assert_failed(invoke("export", stored, "-o", "locked/file.txt"), 74, "locked/file.txt")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_keeps_the_old_file(
    step: str, stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("file.txt").write_text("old")

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(*((os, "fsync", fail) if step == "fsync" else (Path, "replace", fail)))
    result = invoke("export", stored, "-o", "file.txt")
    assert_failed(result, 74, "'file.txt'", "No space left on device", "choose another file")
    assert Path("file.txt").read_text() == "old"
    assert listing() == ["file.txt"]


def test_python_is_told_the_same(stored: Path) -> None:
    with pytest.raises(UsageError, match="expected a format or an output"):
        es.export(stored)
    with pytest.raises(UsageError, match="could be"):
        es.export(stored, output=Path("file.py"))
    with pytest.raises(StorageError) as caught:
        es.export(stored, "text", "none/file")
    assert "--out" not in caught.value.hint


# What there is


def test_formats_are_plain_data() -> None:
    rows = es.formats()
    assert [row["name"] for row in rows if row["of"] == "program"] == list(FORMATS.names())
    algorithms = [row["name"] for row in rows if row["of"] == "algorithm"]
    assert algorithms == list(ALGORITHM_FORMATS.names())
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
    torch = next(row for row in rows if row["name"] == "torch")
    assert torch["suffix"] == ".py"
    assert torch["options"] == ["name", "trainable"]
    assert all(row["summary"] for row in rows)


def test_formats_are_listed() -> None:
    result = invoke("formats")
    assert (result.exit_code, result.stderr) == (0, "")
    for form in FORMATS:
        line = rf"^{form.name} +\{form.suffix} +{re.escape(form.summary)}$"
        assert re.search(line, result.stdout, re.MULTILINE)
        for option in form.options:
            assert f"--{option.replace('_', '-')}" in result.stdout
    listed = invoke("formats", "--json").stdout
    assert (json.loads(listed), listed.count("\n")) == (es.formats(), 1)


# SymPy in full


@pytest.mark.parametrize(
    "position", range(len(TARGET_SAMPLES)), ids=map(target_name, TARGET_SAMPLES)
)
def test_full_expressions_compute_the_matrix(position: int) -> None:
    program = sample_programs(position)[0]
    assert_computes(program, run_script(render(program, "sympy", full=True))["full"])


@settings(max_examples=40)
@given(programs())
def test_full_expressions_of_any_program(program: Program) -> None:
    script = render(program, "sympy", full=True)
    names = run_script(script)
    assert len(names["full"]) == len(program.outputs)
    assert_computes(program, names["full"])


def test_full_expressions_are_in_the_inputs() -> None:
    script = render(dft4(), "sympy", full=True)
    listed = script[script.index("full = [") :]
    assert "x0 + x1 + x2 + x3," in listed
    assert not re.search(r"\b[ty]\d", listed)
    assert script.startswith(render(dft4(), "sympy"))


def test_full_expressions_that_double_again_and_again_are_refused() -> None:
    """Both results of a butterfly read both operands: 2^40 terms after 40 of them."""
    steps = [Instruction("butterfly", (k, k + 1), (0.37 + 0.01j * k,)) for k in range(0, 80, 2)]
    program = Program("factor", "complex", 2, tuple(steps), (80, 81), "doubling")
    with pytest.raises(UsageError, match="expected at most 65,536 terms") as caught:
        render(program, "sympy", full=True)
    assert "\n" not in str(caught.value)
    assert len(render(program, "sympy").splitlines()) < 200


# Prompts and notebooks


def test_programs_and_results_are_brief_at_a_prompt(tmp_path: Path) -> None:
    result = es.run("wht", n=4, seed=0, goal=8)
    assert (
        repr(result)
        == "<Result 4-point Walsh-Hadamard transform: 8 real operations, verified, seed 0>"
    )
    assert repr(result.best) == "<Program wht4: 4 real inputs, 4 outputs, 8 real operations>"
    one = Program("factor", "real", 1, (Instruction("scale", (0,), (3.0,)),), (1,), "triple")
    assert repr(one) == "<Program triple: 1 real input, 1 output, 1 real operation>"
    steps = tuple(Instruction("scale", (k,), (1.5,)) for k in range(MOST_COUNTED + 1))
    long = Program("factor", "real", 1, steps, (1,), "long")
    assert repr(long) == "<Program long: 1 real input, 1 output, 2001 instructions>"


@settings(max_examples=40)
@given(programs(odd_constants=True))
def test_any_program_can_be_shown(program: Program) -> None:
    assert re.fullmatch(r"<Program drawn: .*>", repr(program))
    assert (program._repr_latex_() or "").startswith("$$\n\\begin{aligned}\n")
    assert (program._repr_svg_() or "").startswith("<svg")


def test_latex_in_notebooks_is_displayed_and_not_long(stored: Path) -> None:
    program = es.load(stored)
    shown = program._repr_latex_()
    assert shown is not None
    assert shown.startswith("$$\n\\begin{aligned}\n")
    assert shown.endswith("\n\\end{aligned}\n$$")
    assert shown.count(r"\\") == es.show(stored, "latex").count(r"\\")
    copies = Program("factor", "real", 1, (), (0,) * (MOST_LINES + 1), "copies")
    assert copies._repr_latex_() is None
    assert copies._repr_svg_() == render(copies, "svg")
    more = Program("factor", "real", 1, (), (0,) * (MOST_DRAWN + 1), "more")
    assert more._repr_svg_() is None


def test_results_are_tables_in_notebooks() -> None:
    result = es.run("wht", n=4, seed=0, goal=8)
    table = result._repr_html_()
    assert table == html_table(result.to_dict())
    assert re.search(r"operations</th><td[^>]*>8</td>", table)
    assert "None" not in table


def test_tables_hold_text_not_markup() -> None:
    """The name of a matrix is that of its file."""
    table = html_table({"target": "<script>alert('x')</script>", "<b>": 1, "run": None})
    assert "<script>" not in table
    assert "<b>" not in table
    assert "&lt;script&gt;" in table
    assert "run" not in table


def test_results_say_depth_values_and_constants() -> None:
    result = es.run("dft", n=8, seed=0, goal=56)
    data = result.to_dict()
    assert (data["depth"], data["live_values"], data["constants"]) == (
        result.metrics.depth,
        result.metrics.live_values,
        1,
    )
    assert 4 <= data["depth"] <= 8
    assert 16 <= data["live_values"] <= 24
    shown = invoke("run", "--target", "dft", "--n", 8, "--seed", 0, "--goal", 56, "-q").stdout
    assert re.search(r"^ +depth \d+, \d+ values alive at once, 1 constant$", shown, re.MULTILINE)
