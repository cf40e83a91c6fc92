"""The discovered programs, their table, and the benchmark that makes it."""

from __future__ import annotations

import json
import re
import shutil
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
from dsl.grammars.factor.from_code import program_from_code
from dsl.program import Program
from dsl.straightline import CodeWriter, Ref
from dsl.targets import SCALINGS, TARGETS, Target, known_counts
from dsl.targets.known import fftw_count
from evosynth import record_table
from evosynth.cli.main import cli
from evosynth.record_table import Entry, Record, RecordFile, parse_name, record_files, store
from evosynth.runs import claims_of, read_document, write_document
from fitness.proof import prove

DISCOVERED = Path(__file__).resolve().parent.parent / "experiments" / "discovered"
FILES = sorted(DISCOVERED.glob("*.json"))
HAAR = Entry("haar", 4)


def haar_program(*, is_wasteful: bool) -> Program:
    """Returns the Haar transform of 4 points: in 6 operations, or in 8 that share less."""
    writer = CodeWriter("real", 4)
    x = [Ref(k) for k in range(4)]
    minus = [ref.times(2) for ref in x]
    low, high = writer.add(x[0], x[1]), writer.add(x[2], x[3])
    second = writer.add(low, high.times(2))
    if is_wasteful:
        second = writer.add(writer.add(x[0], minus[2]), writer.add(x[1], minus[3]))
    details = writer.add(x[0], minus[1]), writer.add(x[2], minus[3])
    return program_from_code(writer.finish([writer.add(low, high), second, *details]))


def write(path: Path, program: Program, target: Target | None = None) -> Path:
    target = target or HAAR.make()
    claims = claims_of(program, target, prove(program, target))
    path.write_text(write_document(program, target, claims))
    return path


@pytest.fixture
def cheap(tmp_path: Path) -> Path:
    return write(tmp_path / "cheap.json", haar_program(is_wasteful=False))


@pytest.fixture
def waste(tmp_path: Path) -> Path:
    return write(tmp_path / "waste.json", haar_program(is_wasteful=True))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# The discovered programs


def test_something_was_discovered() -> None:
    assert FILES
    assert (DISCOVERED / "README.md").is_file()
    assert {path.suffix for path in DISCOVERED.iterdir()} == {".json", ".md"}


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, marks=pytest.mark.slow if "-256-" in p.name else []) for p in FILES],
    ids=lambda path: path.stem,
)
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


@pytest.mark.parametrize(
    ("name", "entry", "operations"),
    [
        ("dft-16-168.json", Entry("dft", 16), 168),
        ("wht_sequency-8-24.json", Entry("wht_sequency", 8), 24),
        ("dct2-8-common-41.json", Entry("dct2", 8, "common"), 41),
        ("dct2-8-free-33.json", Entry("dct2", 8, "free"), 33),
    ],
)
def test_names_are_read(name: str, entry: Entry, operations: int) -> None:
    assert parse_name(Path(name)) == RecordFile(Path(name), entry, operations)
    assert name == f"{entry.stem}-{operations}.json"


@pytest.mark.parametrize(
    "name",
    ["dft-16.json", "dftt-16-168.json", "dct2-8-exact-42.json", "dct2-8-free.json", "README.md"],
)
def test_other_names_are_no_records(name: str) -> None:
    assert parse_name(Path(name)) is None


# Keeping only what is better


def test_store_keeps_only_what_is_better(cheap: Path, waste: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    assert store(waste, folder) == folder / "haar-4-8.json"
    assert store(cheap, folder) == folder / "haar-4-6.json"
    assert names(folder) == ["haar-4-6.json"]
    kept = (folder / "haar-4-6.json").read_text()
    assert store(waste, folder) is None
    assert store(cheap, folder) is None
    assert names(folder) == ["haar-4-6.json"]
    assert (folder / "haar-4-6.json").read_text() == kept
    assert es.verify(folder / "haar-4-6.json").is_verified


def test_store_leaves_other_entries_alone(cheap: Path, waste: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    store(waste, folder)
    program = haar_program(is_wasteful=False)
    for scaling in SCALINGS[1:]:
        target = es.make_target("haar", 4, scaling=scaling)
        store(write(tmp_path / "scaled.json", program, target), folder)
    assert names(folder) == ["haar-4-8.json", "haar-4-common-6.json", "haar-4-free-6.json"]
    store(cheap, folder)
    assert names(folder) == ["haar-4-6.json", "haar-4-common-6.json", "haar-4-free-6.json"]
    found = {record.scaling: record for record in es.records("haar", folder=folder) if record.found}
    assert "one common factor" in found["common"].proof
    assert "per output" in found["free"].proof


def test_store_replaces_all_that_is_worse(cheap: Path, waste: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    store(waste, folder)
    shutil.copy(folder / "haar-4-8.json", folder / "haar-4-9.json")
    assert [file.operations for file in record_files(folder)] == [8, 9]
    store(cheap, folder)
    assert names(folder) == ["haar-4-6.json"]


def test_store_claims_what_it_proved(cheap: Path, tmp_path: Path) -> None:
    """What a run left that was cut short claims no proof."""
    data = json.loads(cheap.read_text())
    del data["claims"]["proof"]
    cheap.write_text(json.dumps(data))
    stored = store(cheap, tmp_path / "folder")
    assert stored is not None
    document = read_document(stored)
    assert document.claims is not None
    assert document.claims.proof == "proved in Q"


def refused(source: Path, folder: Path, error: type[Exception]) -> str:
    with pytest.raises(error) as caught:
        store(source, folder)
    assert not folder.is_dir() or names(folder) == []
    return str(caught.value)


def test_store_refuses_claims_that_are_not_true(cheap: Path, tmp_path: Path) -> None:
    cheap.write_text(cheap.read_text().replace('"operations": 6', '"operations": 5'))
    assert "claims 5" in refused(cheap, tmp_path / "folder", DataError)


def test_store_refuses_other_targets(tmp_path: Path) -> None:
    program = haar_program(is_wasteful=False)
    matrix = HAAR.make().matrix
    for name in ("mine", "wht"):
        source = write(tmp_path / "other.json", program, Target(name, 4, matrix, "real", "other"))
        assert "no record" in refused(source, tmp_path / "folder", UsageError)
    own = write(tmp_path / "own.json", program, Target("haar", 4, matrix, "real", "own"))
    assert store(own, tmp_path / "folder") == tmp_path / "folder" / "haar-4-6.json"


def test_store_refuses_what_is_not_proved(
    cheap: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fitness.proof.MOST_STEPS", 1)
    data = json.loads(cheap.read_text())
    del data["claims"]["proof"]
    cheap.write_text(json.dumps(data))
    assert "too large" in refused(cheap, tmp_path / "folder", DataError)


def test_store_refuses_a_folder_that_is_a_file(cheap: Path) -> None:
    with pytest.raises(StorageError):
        store(cheap, cheap)


# The table


def test_records_lists_found_and_known(cheap: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    stored = store(cheap, folder)
    rows = {(r.target, r.n, r.scaling): r for r in es.records(folder=folder)}
    haar = rows["haar", 4, "exact"]
    assert haar == Record(
        target="haar",
        n=4,
        input="real",
        scaling="exact",
        found=6,
        proof="proved in Q",
        best_known=6,
        source=known_counts("haar")[4].source,
        fftw=None,
        dense=8,
        difference=0,
        file=str(stored),
    )
    dft = rows["dft", 64, "exact"]
    assert (dft.found, dft.best_known, dft.fftw) == (None, 1152, fftw_count("dft", 64))
    assert (dft.difference, dft.proof, dft.file, dft.is_better) == (None, "", None, False)
    known = {(f.name, n, s) for f in TARGETS for s in SCALINGS for n in known_counts(f.name, s)}
    assert set(rows) == known
    order = [(TARGETS.index(name), n, SCALINGS.index(scaling)) for name, n, scaling in rows]
    assert order == sorted(order)


def test_what_is_found_without_a_known_count_is_listed(tmp_path: Path) -> None:
    target = es.make_target("haar", 2)
    writer = CodeWriter("real", 2)
    sums = [writer.add(Ref(0), Ref(1)), writer.add(Ref(0), Ref(1, 2))]
    store(write(tmp_path / "a.json", program_from_code(writer.finish(sums)), target), tmp_path)
    record = es.records("haar", folder=tmp_path)[0]
    assert (record.n, record.found, record.best_known, record.difference) == (2, 2, None, None)


def test_fewer_operations_than_known_are_better(cheap: Path, tmp_path: Path) -> None:
    store(cheap, tmp_path / "folder")
    record = es.records("haar", folder=tmp_path / "folder")[0]
    better = asdict(record) | {"best_known": 7, "difference": -1}
    assert (record.is_better, Record(**better).is_better) == (False, True)


def test_records_reads_the_folder_that_comes_with_it() -> None:
    found = {Path(record.file).name for record in es.records() if record.found}
    assert found == {path.name for path in FILES}


def test_an_empty_or_missing_folder_has_no_programs(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        rows = es.records(folder=folder)
        assert rows
        assert not any(record.found for record in rows)


@pytest.mark.parametrize("name", ["haar-4-7.json", "haar-8-6.json", "haar-4-free-6.json"])
def test_a_name_that_is_not_true_is_told(cheap: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    shutil.copy(cheap, tmp_path / "folder" / name)
    with pytest.raises(DataError, match=re.escape(name)):
        es.records(folder=tmp_path / "folder")


def test_the_table_of_an_unknown_target() -> None:
    with pytest.raises(UsageError, match="dftt"):
        es.records("dftt")


# The command


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["records", *arguments], prog_name="evosynth")


@pytest.fixture
def only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the discovered programs."""
    folder = tmp_path / "only"
    folder.mkdir()
    monkeypatch.setattr(record_table, "DISCOVERED", folder)
    return folder


def test_command_prints_an_aligned_table(cheap: Path, only: Path) -> None:
    store(cheap)
    result = invoke("--target", "haar")
    assert (result.exit_code, result.stderr) == (0, "")
    head, first, second, *_ = lines = result.stdout.splitlines()
    assert " ".join(head.split()) == "target n scaling found best known FFTW dense proof"
    assert " ".join(first.split()) == "haar 4 exact 6 6 - 8 proved in Q"
    assert second.split() == ["haar", "8", "exact", "-", "14", "-", "24", "-"]
    assert len(lines) == 1 + len(known_counts("haar"))
    ends = [head.index(name) + len(name) for name in ("found", "best known", "FFTW", "dense")]
    for line in lines[1:]:
        assert all(line[end - 1] != " " == line[end] for end in ends)
    assert "*" not in result.stdout


def test_command_marks_what_is_better(
    cheap: Path, only: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store(cheap)
    counts = {"haar": {"4": {"best": 7, "fftw": 1234, "source": "someone"}}}
    monkeypatch.setattr("dsl.targets.known._counts", lambda: counts)
    lines = invoke().stdout.splitlines()
    assert " ".join(lines[1].split()) == "haar 4 exact 6 * 7 1,234 8 proved in Q"
    assert lines[2:] == ["* fewer real operations than known before"]


def test_command_prints_json(cheap: Path, only: Path) -> None:
    store(cheap)
    rows = json.loads(invoke("--json").stdout)
    assert rows == [asdict(record) for record in es.records()]
    assert next(row["found"] for row in rows if row["target"] == "haar") == 6


def test_command_of_a_target_without_anything(only: Path) -> None:
    assert "nothing" in invoke("--target", "idft").stdout
    assert invoke("--target", "idft", "--json").stdout == "[]\n"
    failed = invoke("--target", "dftt")
    assert failed.exit_code == 2
    assert "did you mean 'dft'" in failed.stderr


# The benchmark


class FakeSearch:
    """Finds the Haar transform: in 8 operations with seed 0, in 6 with others."""

    def __init__(self) -> None:
        self.seen: list[tuple[Entry, int, float]] = []

    def __call__(self, case: benchmark.Case, workers: int, folder: Path) -> dict[str, Any]:
        self.seen.append((case.entry, case.seed, case.seconds))
        if case.seed == 3:
            raise benchmark.FailedRunError("it broke")
        program = haar_program(is_wasteful=case.seed == 0)
        write(folder / "best.json", program)
        return {
            "operations": program.count.operations,
            "best_seconds": float(case.seed),
            "seconds": 9.0,
            "evaluations": 1000,
            "verified": True,
            "exact": "proved in Q",
            "run": str(folder),
        }


def table(capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_benchmark_resumes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results, search = tmp_path / "new" / "r.jsonl", FakeSearch()
    arguments = ["--targets", "haar:4", "--time", "100", "--results", str(results)]
    benchmark.main([*arguments, "--seeds", "2"], search)
    assert search.seen == [(HAAR, 0, 100.0), (HAAR, 1, 100.0)]
    head, rule, row = table(capsys)
    assert len(head) == len(rule) == len(row)
    assert row == ["haar 4", "6", "-", "6", "1/2", "1/2", "0.5", "100"]
    assert names(tmp_path / "new" / "r-programs") == ["haar-4-6.json"]

    benchmark.main([*arguments, "--seeds", "3"], search)
    assert [seed for _, seed, _ in search.seen] == [0, 1, 2]
    assert table(capsys)[-1] == ["haar 4", "6", "-", "6", "2/3", "2/3", "1.0", "100"]

    benchmark.main([*arguments, "--seeds", "3"], search)
    assert len(search.seen) == 3
    benchmark.main([*arguments[:2], "--results", str(results), "--seeds", "1"], search)
    assert search.seen[3:] == [(HAAR, 0, 300.0)], "another time is another run"
    assert len(results.read_text().splitlines()) == 4


def test_benchmark_survives_a_line_half_written(tmp_path: Path) -> None:
    results, search = tmp_path / "r.jsonl", FakeSearch()
    arguments = ["--targets", "haar:4", "--seeds", "2", "--results", str(results)]
    benchmark.main(arguments, search)
    results.write_text(results.read_text()[:-20])
    benchmark.main(arguments, search)
    assert [seed for _, seed, _ in search.seen] == [0, 1, 1]
    benchmark.main(arguments, search)
    assert len(search.seen) == 3
    assert len(benchmark.read_results(results)) == 2


def test_benchmark_goes_on_after_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results, search = tmp_path / "r.jsonl", FakeSearch()
    arguments = ["--targets", "haar:4", "--seeds", "5", "--results", str(results)]
    benchmark.main(arguments, search)
    captured = capsys.readouterr()
    assert "haar 4 seed 3: it broke" in captured.err
    assert "| 3/5 | 3/5 |" in captured.out
    assert [line["seed"] for line in benchmark.read_results(results)] == [0, 1, 2, 4]


def test_benchmark_stores_what_earlier_runs_found(tmp_path: Path, only: Path) -> None:
    results, search = tmp_path / "r.jsonl", FakeSearch()
    arguments = ["--targets", "haar:4", "--seeds", "2", "--results", str(results)]
    benchmark.main(arguments, search)
    assert names(only) == []
    benchmark.main([*arguments, "--store"], search)
    assert names(only) == ["haar-4-6.json"]
    assert len(search.seen) == 2


def test_benchmark_marks_what_is_better(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = {"operations": 5, "best_seconds": 1.0, "verified": True}
    row = benchmark.row(HAAR, [benchmark.Case(HAAR, 0, 9.0)], [line])
    assert row == ["haar 4", "6", "-", "**5**", "1/1", "1/1", "1.0", "9"]
    wrong = benchmark.row(HAAR, [benchmark.Case(HAAR, 0, 9.0)], [line | {"verified": False}])
    assert wrong == ["haar 4", "6", "-", "-", "0/1", "0/1", "-", "9"]


def test_benchmark_reads_entries() -> None:
    read = benchmark.read_entries
    assert [e.n for e in read(["dft:2-4,9,3"])] == [2, 3, 4, 9]
    assert [e.n for e in read(["wht:2-20"])] == [2, 4, 8, 16]
    assert read(["dct2:8:common", "dct2:8"]) == [Entry("dct2", 8, "common"), Entry("dct2", 8)]
    for wrong in ("dft", "dft:", "dft:x", "dft:9-2", "dft:8:fre", "wht:5-7"):
        with pytest.raises(UsageError):
            read([wrong])


def test_benchmarks_own_list_is_of_entries_that_exist() -> None:
    entries = benchmark.read_entries([text for text, _ in benchmark.DEFAULT])
    assert len(entries) == len(set(entries)) > 40
    for entry in entries:
        assert entry.make().n == entry.n
    assert all(0 < share <= 1 for _, share in benchmark.DEFAULT)
    assert {case.seconds for case in benchmark.cases_of(Entry("dft", 64), 2, 300)} == {300.0}


@pytest.mark.parametrize(
    "arguments",
    [["--targets", "dftt:8"], ["--targets", "wht:5"], ["--seeds", "0"], ["--time", "0"]],
)
def test_benchmark_refuses(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        benchmark.main(arguments, FakeSearch())
    assert caught.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_benchmarks_know_the_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["benchmarks", "records", "--help"])
    with pytest.raises(SystemExit):
        benchmarks.main()
    assert "--store" in capsys.readouterr().out


def test_a_run_tells_when_its_best_was_found(tmp_path: Path) -> None:
    request = {"target": "haar", "n": 4, "scaling": "exact", "seed": 0, "evaluations": 400}
    found = record_run.search(request, str(tmp_path))
    assert found["verified"]
    assert 0 <= found["best_seconds"] <= found["seconds"]
    assert Path(found["run"]).parent == tmp_path
