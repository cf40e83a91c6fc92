"""Files and names that were made to harm: refused by our errors, never executed, soon."""

from __future__ import annotations

import csv
import json
import os
import pickle
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recursive_rules import ALGORITHMS

import evosynth as es
from dsl.errors import DataError, EvosynthError
from dsl.formats import FORMATS, json_format, text
from dsl.grammars.recursive.recursive_target import RecursiveTarget
from dsl.program import MOST_INSTRUCTIONS, MOST_OPERANDS, Program
from dsl.samples import SampledTarget, make_sampled_target, read_samples
from dsl.targets import load_matrix, make_target
from evosynth.block_library import read_library, store_programs
from evosynth.runs.algorithm_document import AlgorithmClaims, write_algorithm_document
from evosynth.runs.document import read_any_document
from evosynth.runs.formula_document import formula_claims, write_formula_document

ROOT = Path(__file__).resolve().parent.parent
WHT4 = """program wht4: factor, 4 real inputs
  v4 v5 = butterfly v0 v1 (1)
  v6 v7 = butterfly v2 v3 (1)
  v8 v9 = butterfly v4 v6 (1)
  v10 v11 = butterfly v5 v7 (1)
outputs v8 v10 v9 v11
"""
FORMULA = """program formula: expression, 1 real inputs
  v1 = constant (2)
  v2 = multiply v0 v1
  v3 = sin v2
outputs v3
"""
fuzzed = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


# H2: large files


def document(instructions: str, outputs: str = "[0]") -> str:
    return (
        '{"format":"evosynth-program","version":1,"name":"p","grammar":"factor","domain":"real",'
        f'"inputs":2,"outputs":{outputs},"instructions":[{instructions}]}}'
    )


HEAD = "program p: factor, 2 real inputs\n"
TEN_MILLION = 10**7
LARGE: dict[str, Callable[[], str]] = {
    "instructions": lambda: HEAD + "v2=s\n" * TEN_MILLION,
    "separators": lambda: HEAD + "\x1c" * TEN_MILLION,
    "operands": lambda: f"{HEAD}v2 = sum{' v0' * TEN_MILLION} (1)\noutputs v2\n",
    "results": lambda: f"{HEAD}{'v2 ' * TEN_MILLION}= sum v0 (1)\noutputs v2\n",
    "constants": lambda: f"{HEAD}v2 = sum v0 ({'1,' * TEN_MILLION}1)\noutputs v2\n",
    "outputs": lambda: f"{HEAD}outputs{' v0' * TEN_MILLION}\n",
    "json instructions": lambda: document("[]," * TEN_MILLION + "[]"),
    "json operands": lambda: document(f'["sum",[{"0," * TEN_MILLION}0],["1"],0]'),
}
# Prints the message, and the seconds of processor and megabytes that reading took.
READ = """
import re, resource, sys, time
from pathlib import Path
from dsl.errors import DataError
from evosynth.runs.document import read_any_document

path = Path(sys.argv[1])
for each in sorted(path.iterdir()):
    before = time.process_time()
    try:
        read_any_document(each)
    except DataError as error:
        print(each.name, "|", f"{time.process_time() - before:.1f}", "|", error)
status = Path("/proc/self/status")
if status.exists():  # what getrusage says there begins with that of the parent
    peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text())[1]) << 10
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print("peak", "|", peak >> 20, "|", "")
"""


def test_large_files_are_refused_soon_and_in_little_memory(tmp_path: Path) -> None:
    """They took 45 seconds and 4.5 GB before anything was counted first."""
    for name, make in LARGE.items():
        (tmp_path / name).write_text(make())
    done = subprocess.run(
        [sys.executable, "-c", READ, tmp_path],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    rows = dict(line.split(" | ", 1) for line in done.stdout.splitlines())
    peak = int(rows.pop("peak").split(" |")[0])
    assert set(rows) == set(LARGE), "something was accepted"
    for name, row in rows.items():
        seconds, message = row.split(" | ")
        assert "at most" in message, (name, message)
        assert float(seconds) < 20, name
    assert peak < 1500, "megabytes"


def test_listings_are_counted_before_they_are_split() -> None:
    line = "v2 = sum v0 (1)\n"
    for content, part in (
        (HEAD + line * (2 * MOST_INSTRUCTIONS + 1), f"at most {MOST_INSTRUCTIONS} instructions"),
        (HEAD + "v2 = sum" + " v0" * (2 * MOST_OPERANDS + 1), f"at most {MOST_OPERANDS} operands"),
        (HEAD + "# " + "x" * (1 << 20), "line 2: expected at most 1048576 characters"),
    ):
        with pytest.raises(DataError, match=part):
            text.parse(content)


# H2: what instructions may not be. Each message says where.

FAULTS = {
    "unknown primitive": (["os.system", [0], ["1"], 0], "unknown instruction 'os.system'"),
    "too few operands": (["butterfly", [0], ["1"], 0], "takes 2 operands"),
    "too many operands": (["butterfly", [0, 1, 2], ["1"], 0], "takes 2 operands"),
    "no constant": (["butterfly", [0, 1], [], 0], "constant"),
    "forward reference": (["butterfly", [0, 50], ["1"], 0], "reads value 50"),
    "reference to itself": (["butterfly", [0, 6], ["1"], 0], "reads value 6 of 6"),
    "reference backwards": (["butterfly", [0, -1], ["1"], 0], "reads value -1"),
    "infinite constant": (["butterfly", [0, 1], ["1e999"], 0], "finite constant, got '1e999'"),
    "code": (["butterfly", [0, 1], ["__import__('os')"], 0], "expected a constant"),
    "template": (["butterfly", [0, 1], ["{{7*7}}"], 0], "expected a constant"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_position(name: str, tmp_path: Path) -> None:
    fault, message = FAULTS[name]
    data = json_format.to_data(text.parse(WHT4))
    data["instructions"][1] = fault
    path = tmp_path / "p.json"
    path.write_text(json.dumps(data))
    with pytest.raises(DataError) as caught:
        read_any_document(path)
    assert "instruction 1" in str(caught.value)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


# H4: arrays


def save(tmp_path: Path, content: bytes, name: str = "m.npy") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["bomb.npz", "bomb.npy"])
def test_an_archive_is_not_unpacked(name: str, tmp_path: Path) -> None:
    """Zeros, a thousand times as large as their archive."""
    path = tmp_path / name
    head = b"\x93NUMPY\x01\x00"
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (8192, 16384)}\n"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("m.npy", "w", force_zip64=True) as file,
    ):
        file.write(head + struct.pack("<H", len(header)) + header)
        for _ in range(64):
            file.write(bytes(1 << 20))
    with pytest.raises(DataError, match=r"not a \.npy file"):
        make_target(str(path))


@pytest.mark.parametrize("length", [1 << 17, 0xFFFFFFFF])
def test_a_header_is_not_read_on_its_own_word(length: int, tmp_path: Path) -> None:
    """NumPy reads as many bytes as a header says that it has; a file may have holes."""
    path = save(tmp_path, b"\x93NUMPY\x02\x00" + struct.pack("<I", length) + b"{")
    with path.open("r+b") as file:
        file.truncate(5 << 30)
    with pytest.raises(DataError, match="header of at most 65536 bytes"):
        load_matrix(path)


def test_shapes_beyond_memory_are_refused_unread(tmp_path: Path) -> None:
    """With as many bytes as the shape says: in a file with holes."""
    header = f"{{'descr': '|i1', 'fortran_order': False, 'shape': ({2**20}, {2**20})}}\n".encode()
    path = save(tmp_path, b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    with path.open("r+b") as file:
        try:
            file.truncate(2**40 + 4096)
        except OSError:
            pytest.skip("the file system has no files of that size")
    with pytest.raises(DataError, match="GiB to search"):
        load_matrix(path)


class Trap:
    """Makes a folder when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.place),)


def test_no_reader_unpickles(tmp_path: Path) -> None:
    place = tmp_path / "executed"
    content = pickle.dumps(Trap(place))
    path = save(tmp_path, content, "1x1-real-0-0.json")
    readers: list[Callable[[], object]] = [
        lambda: load_matrix(path),
        lambda: read_any_document(path),
        lambda: read_library(tmp_path, "real"),
        lambda: read_samples(path, seed=0),
        lambda: text.parse(content.decode("latin-1")),
    ]
    for read in readers:
        with pytest.raises(EvosynthError):
            read()
    assert not place.exists()
    pickle.loads(content)  # the trap itself works
    assert place.exists()


# H1: names

NAMES = [
    "__import__('os').mkdir('executed')",
    '"""\nimport os; os.mkdir("executed")\n"""',
    "{{7*7}}",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "*/ int main() { } /*",
    "\\end{document}\\input{x}",
    "]]><b>",
    "[/bold]",
    "a\nb",
    "\x1b[2Jx",
]


class Tags(HTMLParser):
    """Collects the tags of a text and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {tag, *(name for name, _ in attrs)}

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_harmless_html(html: str, name: str) -> None:
    tags = Tags()
    tags.feed(html)
    assert tags.found <= {"table", "tr", "th", "td", "p", "style", "pre", "br"}
    assert "<script" not in html


def assert_harmless_code(written: dict[str, str]) -> None:
    """What a program's formats hold of a name is an identifier at most."""
    for form, code in written.items():
        for part in ("os.mkdir(", "{{", "<script", "onerror=", "int main() {", "\\input", "\x1b"):
            assert part not in code, form
    ElementTree.fromstring(written["svg"])
    for form in ("numpy", "numba", "torch", "sympy"):
        compile(written[form], form, "exec")


def all_formats(program: Program) -> dict[str, str]:
    found = {}
    for each in FORMATS:
        with suppress(EvosynthError):
            found[each.name] = each.write(program)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_names_of_files_are_text(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"{name.replace('/', '_')}.npy"
    np.save(path, np.array([[1.0, 1.0], [1.0, -1.0]]))
    result = es.run(str(path), seed=0, evaluations=200, out=tmp_path / "runs")
    assert result.folder
    assert result.folder.parent == tmp_path / "runs"
    assert result.folder.name.isascii()
    assert not set(result.folder.name) & set("/\\<>{}'\"*\n\x1b")
    assert_harmless_html(result._repr_html_(), name)
    assert_harmless_code(all_formats(result.best))
    assert es.verify(result.folder).problems == []
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("name", NAMES)
def test_names_of_columns_are_text(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    x = np.linspace(0, 1, 40)
    with Path("data.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([name, f"y {name}"])
        rows.writerows(np.stack([x, 2 * x + 1], axis=1).tolist())
    target = read_samples("data.csv", seed=0)
    assert len(target.inputs) == 1
    program = text.parse(FORMULA)
    written = write_formula_document(program, target, formula_claims(program, target))
    Path("best.json").write_text(written)
    found = read_any_document(Path("best.json"))
    assert found.program == program  # type: ignore[union-attr]
    for code in all_formats(program).values():
        assert name not in code
    assert not Path("executed").exists()


def test_html_of_formulas_and_their_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    x = np.linspace(0, 1, 40)
    with Path("<script>.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(NAMES[2:5])
        rows.writerows(np.stack([x, x**2, 2 * x + 1], axis=1).tolist())
    result = es.run(data="<script>.csv", seed=0, evaluations=250, out=tmp_path / "runs")
    assert_harmless_html(result._repr_html_(), "<script>")
    assert result.folder
    assert result.folder.parent == tmp_path / "runs"


@pytest.mark.parametrize("name", NAMES)
def test_names_of_programs_are_identifiers(name: str) -> None:
    with pytest.raises(DataError):
        text.parse(WHT4.replace("wht4", name))
    with pytest.raises(DataError, match="name"):
        json_format.from_data(json_format.to_data(text.parse(WHT4)) | {"name": name})
    for each in FORMATS:
        if each.name in ("c", "c-fixed", "numpy", "numba", "torch"):
            with pytest.raises(EvosynthError):
                each.write(text.parse(WHT4), name=name)


# Fuzzing: every parser of files that has no fuzzing of its own beside its other tests


mutations = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from(["set", "cut", "add"]), st.integers(0, 255)),
    min_size=1,
    max_size=5,
)
TOKENS = ["0", "-1", "1e999", "9" * 30, '"', "[", "]", "{", "}", ",", "null", "true", "1e300"]
TOKENS += ["NaN", "0.5", '"x"', "[[]]", '"\\u0000"', '"dft"', '"1/0"', "2", '"sin"', "1e-300"]
tokens = st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(TOKENS)), min_size=1, max_size=3)


def mutated(content: bytes, changes: list[tuple[int, str, int]]) -> bytes:
    found = bytearray(content)
    for place, action, byte in changes:
        position = place % len(found)
        if action == "set":
            found[position] = byte
        elif action == "cut":
            del found[position : position + 1 + byte % 40]
        else:
            found.insert(position, byte)
        if not found:
            break
    return bytes(found)


def replaced(content: str, changes: list[tuple[int, str]]) -> str:
    """Replaces values, so that most files remain JSON."""
    for place, token in changes:
        words = list(re.finditer(r'"[^"]*"|-?\d[\d.e+-]*|null|true', content))
        if words:
            word = words[place % len(words)]
            content = content[: word.start()] + token + content[word.end() :]
    return content


def assert_read_or_refused(read: Callable[[], object]) -> None:
    try:
        read()
    except EvosynthError as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 1000


@pytest.fixture(scope="module")
def algorithm_file() -> str:
    claims = AlgorithmClaims({2: 4, 4: 16}, 64, 32, "4 n log2(n)")
    algorithm = ALGORITHMS["radix2"]
    return write_algorithm_document(algorithm, RecursiveTarget("dft", (2,)), claims)


@pytest.fixture(scope="module")
def sampled() -> SampledTarget:
    return make_sampled_target("sine", seed=0, samples=40)


@pytest.fixture(scope="module")
def formula_file(sampled: SampledTarget) -> str:
    program = text.parse(FORMULA)
    return write_formula_document(program, sampled, formula_claims(program, sampled))


@pytest.fixture(scope="module")
def block_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("library")
    assert store_programs(folder, [(text.parse(WHT4), make_target("wht", 4).matrix)]) == 1
    assert len(read_library(folder, "real").forest.blocks) == 1
    (path,) = folder.iterdir()
    return path


def test_what_is_fuzzed_is_valid(algorithm_file: str, formula_file: str, tmp_path: Path) -> None:
    for content in (algorithm_file, formula_file, WHT4, FORMULA):
        path = tmp_path / "valid"
        path.write_text(content)
        read_any_document(path)


@pytest.mark.parametrize("kind", ["algorithm_file", "formula_file"])
@given(changes=mutations)
@fuzzed
def test_mutated_documents(
    kind: str, changes: list[tuple[int, str, int]], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path = tmp_path / "fuzzed.json"
    path.write_bytes(mutated(request.getfixturevalue(kind).encode(), changes))
    assert_read_or_refused(lambda: read_any_document(path))


@pytest.mark.parametrize("kind", ["algorithm_file", "formula_file"])
@given(changes=tokens)
@fuzzed
def test_documents_of_other_values(
    kind: str, changes: list[tuple[int, str]], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path = tmp_path / "fuzzed.json"
    path.write_text(replaced(request.getfixturevalue(kind), changes))
    assert_read_or_refused(lambda: read_any_document(path))


@given(content=st.binary(max_size=300), head=st.sampled_from([b"", b"{", b'{"algorithm": ', b"["]))
@fuzzed
def test_documents_of_random_bytes(content: bytes, head: bytes, tmp_path: Path) -> None:
    path = save(tmp_path, head + content, "fuzzed.json")
    assert_read_or_refused(lambda: read_any_document(path))


@given(changes=st.one_of(mutations, tokens))
@fuzzed
def test_libraries_of_mutated_blocks(changes: list[Any], block_file: Path, tmp_path: Path) -> None:
    content = block_file.read_bytes()
    if len(changes[0]) == 3:
        content = mutated(content, changes)
    else:
        content = replaced(content.decode(), changes).encode()
    (tmp_path / block_file.name).write_bytes(content)
    assert_read_or_refused(lambda: read_library(tmp_path, "real"))


@given(content=st.binary(max_size=300))
@fuzzed
def test_libraries_of_random_bytes(content: bytes, block_file: Path, tmp_path: Path) -> None:
    (tmp_path / block_file.name).write_bytes(content)
    assert_read_or_refused(lambda: read_library(tmp_path, "real"))


@pytest.mark.parametrize("number", ["1e200", "-1e308", "1e-320", "NaN", "Infinity"])
def test_libraries_whose_numbers_overflow(number: str, block_file: Path, tmp_path: Path) -> None:
    content = block_file.read_text().replace('"parameter": [1.0', f'"parameter": [{number}')
    assert number in content
    (tmp_path / block_file.name).write_text(content)
    with pytest.raises(DataError, match="no block of a library"):
        read_library(tmp_path, "real")


cells = st.one_of(
    st.floats(allow_nan=True).map(repr),
    st.integers().map(str),
    st.text(max_size=6),
    st.sampled_from(["", "nan", "NA", "1e999", "2020-01-31", "2020-13-01", '"', '""', "1_0", "\0"]),
    st.dates().map(str),
    st.datetimes(timezones=st.none() | st.timezones()).map(str),
)


@given(
    rows=st.lists(st.lists(cells, min_size=1, max_size=4), max_size=8),
    separator=st.sampled_from([",", ";", "\t", " "]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
)
@fuzzed
def test_tables_of_random_cells(
    rows: list[list[str]], separator: str, end: str, tmp_path: Path
) -> None:
    content = end.join(separator.join(row) for row in rows)
    path = save(tmp_path, content.encode("utf-8", "surrogatepass"), "data.csv")
    assert_samples_or_refused(path)


@given(content=st.binary(max_size=200))
@fuzzed
def test_tables_of_random_bytes(content: bytes, tmp_path: Path) -> None:
    assert_samples_or_refused(save(tmp_path, content, "data.csv"))


@given(changes=mutations)
@fuzzed
def test_mutated_tables(changes: list[tuple[int, str, int]], tmp_path: Path) -> None:
    content = "day,x,y\n" + "".join(f"2020-01-{k + 1:02},{k}.5,{k * k}\n" for k in range(12))
    assert_samples_or_refused(save(tmp_path, mutated(content.encode(), changes), "data.csv"))


def assert_samples_or_refused(path: Path) -> None:
    def read() -> None:
        target = read_samples(path, seed=0)
        for samples in (target.train, target.validation):
            if samples is not None:
                assert np.isfinite(samples.x).all()
                assert np.isfinite(samples.y).all()

    assert_read_or_refused(read)


@given(
    rows=st.lists(
        st.tuples(*[st.floats(-1e6, 1e6, allow_subnormal=False)] * 2), min_size=6, max_size=12
    )
)
@fuzzed
def test_tables_round_trip(rows: list[tuple[float, float]], tmp_path: Path) -> None:
    content = "x,y\n" + "".join(f"{x!r},{y!r}\n" for x, y in rows)
    try:
        target = read_samples(save(tmp_path, content.encode(), "d.csv"), seed=0, holdout="none")
    except DataError as error:
        assert "row" not in str(error)  # columns that are constant, say, but every cell is read
        return
    found = np.column_stack([target.train.x, target.train.y])
    assert sorted(map(tuple, found.tolist())) == sorted(rows)


headers = st.one_of(
    st.text(max_size=80),
    st.fixed_dictionaries(
        {
            "descr": st.sampled_from(
                ["<f8", "|O", ">c16", "<M8[s]", "|S1000000", "<f2", "x", "|V0"]
            ),
            "fortran_order": st.sampled_from([True, False, 1, None, "x"]),
            "shape": st.one_of(
                st.tuples(st.integers(-3, 4), st.integers(-3, 4)),
                st.tuples(st.integers(0, 2**70), st.integers(0, 2**70)),
                st.sampled_from([(), (2,), (1, 2, 3), 5, None, (2.0, 2), "22"]),
            ),
        }
    ).map(repr),
)


@given(
    header=headers,
    version=st.sampled_from([(1, 0), (2, 0), (3, 0), (0, 0)]),
    data=st.binary(max_size=200),
    shift=st.integers(-3, 3),
)
@fuzzed
def test_arrays_of_random_headers(
    header: str, version: tuple[int, int], data: bytes, shift: int, tmp_path: Path
) -> None:
    coded = header.encode("utf-8", "replace") + b"\n"
    length = max(0, len(coded) + shift)
    size = struct.pack("<H" if version[0] == 1 else "<I", length)
    path = save(tmp_path, b"\x93NUMPY" + bytes(version) + size + coded + data)
    assert_matrix_or_refused(path)


@given(content=st.binary(max_size=200))
@fuzzed
def test_arrays_of_random_bytes(content: bytes, tmp_path: Path) -> None:
    assert_matrix_or_refused(save(tmp_path, content))
    assert_matrix_or_refused(save(tmp_path, b"\x93NUMPY\x01\x00" + content))


def assert_matrix_or_refused(path: Path) -> None:
    def read() -> None:
        matrix = load_matrix(path)
        assert matrix.ndim == 2
        assert np.isfinite(matrix).all()

    assert_read_or_refused(read)


@pytest.fixture(autouse=True)
def no_stray_folder() -> Iterator[None]:
    """Nothing that a name or a file says was done where the tests run."""
    yield
    assert not Path("executed").exists()
    assert not (ROOT / "executed").exists()
