"""What shells complete: commands, options, values, run folders; quickly."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from evosynth.cli.completion_script import PROGRAM, VARIABLE
from evosynth.cli.house_commands import SHELLS
from evosynth.cli.main import cli
from tests.test_start_up import IMPORTED, RUN_MODULE

MARKS = {"file", "dir"}


def completed(*words: str) -> list[str]:
    """Returns what is offered for the last word; files and folders as their kind."""
    *arguments, incomplete = words
    found = ShellComplete(cli, {}, PROGRAM, VARIABLE).get_completions(arguments, incomplete)
    return [item.value if item.type == "plain" else item.type for item in found]


def make_run(folder: Path, name: str, changed: int) -> None:
    run = folder / "evosynth-runs" / name
    run.mkdir(parents=True)
    (run / "run.json").write_text("{}")
    os.utime(run, (changed, changed))


def test_commands_and_options() -> None:
    assert {"resume", "refine", "report", "records"} == set(completed("re"))
    assert completed("resu") == ["resume"]
    assert set(completed("run", "--eval")) == {"--evaluations", "--evaluator"}
    assert completed("primitives", "ch") == ["check"]
    assert completed("completion", "") == list(SHELLS)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run", "--target", "dct2"], ["file", "dct2", "dct2_ortho"]),
        (["run", "--target", "sin"], ["file", "sin", "sine", "sines"]),
        (["run", "--executor", "p"], ["processes"]),
        (["run", "--evaluator", ""], ["numba", "torch", "auto"]),
        (["run", "--device", "cuda"], ["cuda", "cuda:1"]),
        (["run", "--strategy", "h"], ["hill-climb"]),
        (["run", "--goal", "b"], ["best-known"]),
        (["run", "--recursive", "--calls", "dct4,dst"], [f"dct4,dst{k}" for k in ("1", "1_ortho")]),
        (["run", "--config", "r"], ["file"]),
        (["run", "--out", "r"], ["dir"]),
        (["resume", "x", "--executor", "d"], ["dask"]),
        (["show", "x", "--format", "c"], ["c", "c-fixed"]),
        (["export", "x", "--to", "py"], ["python"]),
        (["compare", "--baselines", "siren,sn"], ["siren,snake"]),
        (["experiment", "sl"], ["slope"]),
        (["records", "--target", "wht"], ["wht", "wht_sequency"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_values(words: list[str], expected: list[str]) -> None:
    assert completed(*words)[: len(expected)] == expected


def test_run_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert completed("resume", "dft") == ["dir"], "there are none"
    make_run(tmp_path, "dft8-seed0", 1_000)
    make_run(tmp_path, "dft16-seed1", 2_000)
    make_run(tmp_path, "wht4-seed0", 3_000)
    (tmp_path / "evosynth-runs" / "dft-none").mkdir()
    newest_first = [f"evosynth-runs/{name}" for name in ("dft16-seed1", "dft8-seed0")]
    assert completed("resume", "dft") == ["dir", *newest_first]
    assert completed("report", "evosynth-runs/dft") == ["dir", *newest_first]
    assert completed("show", "evosynth-runs/dft8") == ["file", newest_first[1]]
    assert len(completed("generalize", newest_first[0], "")) == 4


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts(shell: str) -> None:
    result = CliRunner().invoke(cli, ["completion", shell], prog_name="evosynth")
    assert result.exit_code == 0
    assert f"{VARIABLE}={shell}_complete" in result.stdout
    assert "evosynth" in result.stdout
    assert result.stdout.endswith("\n")
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=result.stdout, text=True, check=False)
        assert checked.returncode == 0


def test_an_unknown_shell_is_refused() -> None:
    result = CliRunner().invoke(cli, ["completion", "tcsh"], prog_name="evosynth")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "bash" in result.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [("evosynth res", "plain,resume"), ("evosynth run --target dft", "plain,dft")],
)
def test_bash_is_answered_without_anything_heavy(words: str, expected: str, tmp_path: Path) -> None:
    """As the script asks, in a process of its own."""
    code = RUN_MODULE.format(arguments=[]) + IMPORTED
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ
        | {VARIABLE: "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *offered, imported = done.stdout.splitlines()
    assert expected in offered
    assert imported == "", "heavy packages were imported"


def test_the_script_completes_in_bash(tmp_path: Path) -> None:
    """The whole way: Bash, the script, the program, what Bash would insert."""
    program = Path(sys.executable).with_name("evosynth")
    if not (shutil.which("bash") and program.exists()):
        pytest.skip("needs bash and the console script")
    script = f"""
compopt() {{ :; }}
export PATH={program.parent}:$PATH
eval "$(evosynth completion bash)"
COMP_WORDS=(evosynth run --target dct4) COMP_CWORD=3
_evosynth_completion evosynth dct4 --target
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["dct4", "dct4_ortho"], done.stderr
