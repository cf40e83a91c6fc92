"""Programs that compute a target up to factors of its outputs: accepted, refused, stored."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner

import evosynth as es
from dsl.accuracy import EXACT, NO_FACTOR, output_factors, scaled_error
from dsl.cyclotomic import Cyclotomic, cosine, rational, sine, square_root
from dsl.errors import DataError, UsageError
from dsl.exact_number import Exact
from dsl.program import Instruction, Program
from dsl.straightline import Domain
from dsl.targets import SCALINGS, UP_TO, Scaling, Target, best_known, make_target
from evosynth.cli.main import cli
from evosynth.runs import claims_of, read_document, write_document
from fitness import proof
from fitness.objectives import program_error
from fitness.proof import FIFTY_DIGITS, prove

ROOT_2 = square_root(Fraction(2))
ROOT_3 = square_root(Fraction(3))


def c(k: int, n: int = 16) -> Cyclotomic:
    return cosine(Fraction(k, 2 * n))


class Writer:
    """A program in the making: values are their numbers."""

    def __init__(self, inputs: int, domain: Domain = "real") -> None:
        self.inputs, self.domain = inputs, domain
        self.instructions: list[Instruction] = []

    def _append(self, instruction: Instruction) -> int:
        self.instructions.append(instruction)
        return self.inputs + len(self.instructions) - 1

    def add(self, a: int, b: int) -> int:
        return self._append(Instruction("sum", (a, b), (1, 1)))

    def subtract(self, a: int, b: int) -> int:
        return self._append(Instruction("sum", (a, b), (1, -1)))

    def times(self, number: Any, a: int) -> int:
        constant = Exact(number) if isinstance(number, Cyclotomic) else number
        return self._append(Instruction("scale", (a,), (constant,)))

    def negative(self, a: int) -> int:
        return self._append(Instruction("sum", (a,), (-1,)))

    def rotation(self, cos: Cyclotomic, sin: Cyclotomic, a: int, b: int) -> tuple[int, int]:
        """Returns cos a + sin b and cos b - sin a, by three multiplications."""
        both = self.times(cos, self.add(a, b))
        one = self.add(both, self.times(sin - cos, b))
        return one, self.subtract(both, self.times(sin + cos, a))

    def program(self, outputs: list[int]) -> Program:
        instructions = tuple(self.instructions)
        return Program("factor", self.domain, self.inputs, instructions, tuple(outputs))


def folded(w: Writer, values: list[int]) -> tuple[list[int], list[int]]:
    pairs = list(zip(values, values[::-1], strict=True))[: len(values) // 2]
    return [w.add(a, b) for a, b in pairs], [w.subtract(a, b) for a, b in pairs]


def loeffler() -> Program:
    """Loeffler, Ligtenberg and Moschytz: sqrt(8) times the orthonormal DCT-II of 8 points."""
    w = Writer(8)
    sums, (d0, d1, d2, d3) = folded(w, list(range(8)))
    (s0, s1), (t0, t1) = folded(w, sums)
    two, minus_six = w.rotation(ROOT_2 * c(2), ROOT_2 * c(6), t0, t1)
    four, seven = w.rotation(c(3), c(5), d3, d0)
    five, other = w.rotation(c(1), c(7), d2, d1)
    u, v = w.add(seven, five), w.add(four, other)
    three = w.times(ROOT_2, w.subtract(seven, five))
    fifth = w.times(ROOT_2, w.subtract(four, other))
    odd = w.add(u, v), three, fifth, w.subtract(u, v)
    even = w.add(s0, s1), two, w.subtract(s0, s1), w.negative(minus_six)
    return w.program([value for pair in zip(even, odd, strict=True) for value in pair])


def arai() -> Program:
    """Arai, Agui and Nakajima: the DCT-II of 8 points up to a factor per output."""
    w = Writer(8)
    sums, (d0, d1, d2, d3) = folded(w, list(range(8)))
    (s0, s1), (t0, t1) = folded(w, sums)
    z1 = w.times(c(4), w.add(t1, t0))
    x, y, z = w.add(d3, d2), w.add(d2, d1), w.add(d1, d0)
    z5 = w.times(c(6), w.subtract(x, z))
    z2, z4 = w.add(w.times(c(2) - c(6), x), z5), w.add(w.times(c(2) + c(6), z), z5)
    z3 = w.times(c(4), y)
    plus, minus = w.add(d0, z3), w.subtract(d0, z3)
    odd = w.add(plus, z4), w.subtract(minus, z2), w.add(minus, z2), w.subtract(plus, z4)
    even = w.add(s0, s1), w.add(t0, z1), w.subtract(s0, s1), w.subtract(t0, z1)
    return w.program([value for pair in zip(even, odd, strict=True) for value in pair])


def lee(n: int) -> Program:
    """Lee: half of the unnormalised DCT-II."""
    w = Writer(n)

    def transform(values: list[int]) -> list[int]:
        size = len(values)
        if size == 1:
            return values
        sums, differences = folded(w, values)
        scaled = [w.times(1 / (2 * c(2 * k + 1, 2 * size)), d) for k, d in enumerate(differences)]
        even, odd = transform(sums), transform(scaled)
        odd = [*(w.add(a, b) for a, b in pairwise(odd)), odd[-1]]
        return [value for pair in zip(even, odd, strict=True) for value in pair]

    return w.program(transform(list(range(n))))


def lifting(n: int, is_scaled: bool) -> Program:
    """Daubechies and Sweldens: db2 by lifting steps, rows in the order of PyWavelets."""
    w, half = Writer(n), n // 2
    quarter = rational(Fraction(1, 4))
    even, odd = [2 * k + 1 for k in range(half)], [(2 * k + 2) % n for k in range(half)]
    first = [w.add(even[k], w.times(ROOT_3, odd[k])) for k in range(half)]
    details = [
        w.subtract(
            w.subtract(odd[k], w.times(ROOT_3 * quarter, first[k])),
            w.times((ROOT_3 - 2) * quarter, first[k - 1]),
        )
        for k in range(half)
    ]
    sums = [w.subtract(first[k], details[(k + 1) % half]) for k in range(half)]
    if is_scaled:
        sums = [w.times((ROOT_3 - 1) / ROOT_2, value) for value in sums]
        details = [w.times((ROOT_3 + 1) / ROOT_2, value) for value in details]
    return w.program([*sums, *details])


def matched(program: Program, target: Target) -> Program:
    """Returns a program with its outputs in the order and with the signs of a target's rows."""
    rows = program.matrix()
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    wanted = target.matrix / np.linalg.norm(target.matrix, axis=1, keepdims=True)
    cosines = wanted @ unit.T
    best = np.argmax(np.abs(cosines), axis=1)
    assert sorted(best) == list(range(len(rows)))
    signs = np.sign(cosines[np.arange(len(best)), best])
    w = Writer(program.inputs)
    w.instructions = list(program.instructions)
    outputs = [
        w.negative(program.outputs[k]) if sign < 0 else program.outputs[k]
        for k, sign in zip(best, signs, strict=True)
    ]
    return w.program(outputs)


def dense(matrix: npt.NDArray[Any], factors: list[Any], domain: Domain = "real") -> Program:
    """Returns a program of a whole-number matrix with factors of its rows."""
    w = Writer(matrix.shape[1], domain)
    outputs = []
    for row, factor in zip(matrix.tolist(), factors, strict=True):
        terms = [w.times(entry, k) for k, entry in enumerate(row)]
        total = w._append(Instruction("sum", tuple(terms), (1,) * len(terms)))
        outputs.append(w.times(factor, total))
    return w.program(outputs)


def verdicts(program: Program, name: str, n: int) -> list[bool]:
    """Returns under which scalings a program is proved; errors in doubles must agree."""
    found = []
    for scaling in SCALINGS:
        target = make_target(name, n, scaling=scaling)
        result, error = prove(program, target), program_error(program, target)
        assert (error <= EXACT) == bool(result.field), (scaling, error, result.summary)
        assert result.scaling == scaling
        expected = f"proved in {result.field} {UP_TO[scaling]}".rstrip() if result.field else ""
        assert result.verdict == expected
        found.append(bool(result.field))
    return found


# Published programs


@pytest.mark.parametrize(
    ("program", "name", "n", "scaling"),
    [
        (loeffler(), "dct2_ortho", 8, "common"),
        (arai(), "dct2", 8, "free"),
        (arai(), "dct2_ortho", 8, "free"),
        (lee(8), "dct2", 8, "common"),
        *((lifting(n, True), "db2", n, "exact") for n in (4, 8, 16)),
        *((lifting(n, False), "db2", n, "free") for n in (4, 8, 16)),
    ],
)
def test_published_counts_are_those_of_programs(
    program: Program, name: str, n: int, scaling: Scaling
) -> None:
    target = make_target(name, n, scaling=scaling)
    if name == "db2":
        program = matched(program, target)
    known = best_known(name, n, scaling)
    assert known is not None
    assert program.count.operations == known.operations
    assert verdicts(program, name, n) == [each >= SCALINGS.index(scaling) for each in range(3)]


def test_the_factors_of_loeffler_are_in_common_with_the_orthonormal_transform_only() -> None:
    assert verdicts(loeffler(), "dct2", 8) == [False, False, True]
    assert verdicts(lee(8), "dct2_ortho", 8) == [False, False, True]


# Factors


WHT4 = make_target("wht", 4).matrix


@pytest.mark.parametrize(
    ("factors", "accepted"),
    [
        ([1, 1, 1, 1], [True, True, True]),
        ([3, 3, 3, 3], [False, True, True]),
        ([1, 2, 3, 4], [False, False, True]),
        ([ROOT_2, 1, c(1), sine(Fraction(1, 7))], [False, False, True]),
        ([ROOT_2] * 4, [False, True, True]),
        ([1, 1, 1, -1], [False, False, False]),
        ([-1, -1, -1, -1], [False, False, False]),
        ([1 - ROOT_2, 1, 1, 1], [False, False, False]),
        ([1, 0, 1, 1], [False, False, False]),
        ([0, 0, 0, 0], [False, False, False]),
    ],
)
def test_factors_are_positive(factors: list[Any], accepted: list[bool]) -> None:
    assert verdicts(dense(WHT4, factors), "wht", 4) == accepted


@pytest.mark.parametrize("row", range(4))
@pytest.mark.parametrize("column", range(4))
def test_a_wrong_entry_is_refused(row: int, column: int) -> None:
    wrong = WHT4.copy()
    wrong[row, column] *= 2
    assert verdicts(dense(wrong, [1, 2, 3, 4]), "wht", 4) == [False, False, False]


def test_an_entry_where_a_zero_is_wanted_is_refused() -> None:
    matrix = make_target("haar", 8).matrix
    assert verdicts(dense(matrix, [2] * 8), "haar", 8) == [False, True, True]
    for place in ((2, 7), (4, 2), (7, 0)):
        wrong = matrix.copy()
        wrong[place] = 1
        assert verdicts(dense(wrong, [2] * 8), "haar", 8) == [False, False, False]


@pytest.mark.parametrize(
    ("factors", "accepted"),
    [
        ([1, 1, 1, 1], [True, True, True]),
        ([ROOT_2] * 4, [False, True, True]),
        ([1, ROOT_2, 3, 2], [False, False, True]),
        ([1, 1j, 1, 1], [False, False, False]),
        ([1, 1, 1 + 1j, 1], [False, False, False]),
        ([1j, 1j, 1j, 1j], [False, False, False]),
        ([-2, 1, 1, 1], [False, False, False]),
    ],
)
def test_factors_of_complex_outputs_are_real(factors: list[Any], accepted: list[bool]) -> None:
    program = dense(make_target("dft", 4).matrix, factors, "complex")
    assert verdicts(program, "dft", 4) == accepted


def test_packed_rows_have_factors_of_their_own() -> None:
    packed = make_target("dft", 4, "real", scaling="free")
    program = dense(packed.matrix, [1, 1, 2, 3, 4, 5, 6, 7])
    assert prove(program, packed).field == "Q"
    common = make_target("dft", 4, "real", scaling="common")
    assert prove(program, common).verdict == ""
    wrong = dense(packed.matrix, [1, 1, 2, -3, 4, 5, 6, 7])
    assert prove(wrong, packed).verdict == ""
    assert program_error(wrong, packed) == NO_FACTOR


def decided(program: Program, target: Target) -> bool:
    """Decides in exact numbers alone: elsewhere enclosures refuse what is wrong before."""
    assert target.exact is not None
    return proof._is_equal(program.code, target.exact, 4, target.scaling)


def test_exact_numbers_alone_tell_right_from_wrong() -> None:
    haar = make_target("haar", 4, scaling="free")
    assert decided(dense(haar.matrix, [1, 2, 3, 4]), haar)
    assert not decided(dense(haar.matrix, [1, 2, -3, 4]), haar)
    assert not decided(dense(haar.matrix, [1, 2, 0, 4]), haar)
    wrong = haar.matrix.copy()
    wrong[3, 0] = 1  # before the row's factor is known
    assert not decided(dense(wrong, [1, 2, 3, 4]), haar)
    wrong = haar.matrix.copy()
    wrong[2, 3] = 1
    assert not decided(dense(wrong, [1, 2, 3, 4]), haar)


def test_real_and_imaginary_part_of_an_output_have_one_factor() -> None:
    dft = make_target("dft", 2, scaling="free")
    real = np.kron(dft.matrix, np.eye(2))
    assert decided(dense(real, [1, 1, 1, 1]), dft)
    assert decided(dense(real, [2, 2, 3, 3]), dft)
    assert not decided(dense(real, [2, 1, 3, 3]), dft)


def test_rows_of_zeros_stay_so() -> None:
    matrix = np.array([[1.0, 2.0], [0.0, 0.0]])
    right = dense(matrix, [3, 1])
    wrong = dense(matrix + np.array([[0, 0], [1, 0]]), [3, 1])
    for scaling in ("common", "free"):
        target = Target("matrix", 2, matrix, "real", scaling=scaling)
        assert prove(right, target).field == "Q"
        assert program_error(right, target) == 0.0
        assert prove(wrong, target).verdict == ""
        assert program_error(wrong, target) > 0.1


def test_decimals_are_compared_in_fifty_digits() -> None:
    matrix = np.array([[0.1, 0.7], [1.3, -0.2]])
    for scaling in ("common", "free"):
        target = Target("floats", 2, matrix, "real", scaling=scaling)
        factors = [2, 2] if scaling == "common" else [2, 3]
        result = prove(dense(matrix, factors), target)
        suffix = f"{UP_TO[scaling]}, target given in floats"
        assert result.verdict == f"verified in 50 digits {suffix}"
        assert prove(dense(matrix, [-2, -2]), target).verdict == ""
    wht = make_target("wht", 4, scaling="free")
    decimal = prove(dense(WHT4, [0.1, 0.2, 0.3, 0.4]), wht)
    assert decimal.error <= FIFTY_DIGITS
    assert decimal.verdict == "verified in 50 digits up to a factor per output"
    assert prove(dense(WHT4, [0.1, 0.2, -0.3, 0.4]), wht).error == NO_FACTOR


# Errors in doubles


def test_error_is_relative_to_the_scaled_rows() -> None:
    rng = np.random.default_rng(5)
    wanted = rng.standard_normal((4, 6)) + 1j * rng.standard_normal((4, 6))
    factors = np.array([[1e-8], [1.0], [3.0], [1e9]])
    noise = 1e-6 * rng.standard_normal((4, 6)) * np.abs(wanted)
    assert scaled_error(factors * wanted, wanted, "free") <= 1e-15
    assert 1e-7 < scaled_error(factors * (wanted + noise), wanted, "free") < 1e-5
    assert scaled_error(factors * wanted, wanted, "common") > 0.5
    assert scaled_error(7 * wanted, wanted, "common") <= 1e-15
    assert scaled_error(7 * wanted, wanted) == pytest.approx(6)
    for scaling in ("common", "free"):
        assert scaled_error(0 * wanted, wanted, scaling) == NO_FACTOR
        assert scaled_error(-wanted, wanted, scaling) == NO_FACTOR
        assert scaled_error(1j * wanted, wanted, scaling) >= NO_FACTOR
        assert scaled_error(np.full((4, 6), np.nan), wanted, scaling) == np.inf
        assert scaled_error(np.full((4, 6), 1e308), np.ones((4, 6)), scaling) <= NO_FACTOR


# Files and users


@pytest.mark.parametrize("scaling", SCALINGS)
def test_program_files_keep_the_scaling(scaling: Scaling, tmp_path: Path) -> None:
    target = make_target("dct2_ortho", 8, scaling=scaling)
    path = tmp_path / "best.json"
    claims = claims_of(loeffler(), target, prove(loeffler(), target))
    path.write_text(write_document(loeffler(), target, claims))
    stored = read_document(path).target
    assert stored is not None
    assert (stored.scaling, stored.digest, stored.title) == (scaling, target.digest, target.title)
    verification = es.verify(path)
    assert verification.is_verified == (scaling != "exact")
    assert ("scaling" in json.loads(path.read_text())["target"]) == (scaling != "exact")
    assert UP_TO[scaling] in verification.subject


def test_matrices_in_files_keep_the_scaling(tmp_path: Path) -> None:
    path = tmp_path / "best.json"
    for target in (
        make_target("circulant", 4, kernel="1,2,0,0.5", scaling="free"),
        make_target("random", 4, scaling="free"),
        make_target("toeplitz", 3, kernel="1,2j,3", scaling="common"),
    ):
        factors = [2, 2, 2, 2][: target.n]
        program = dense(target.matrix, factors, target.domain)
        claims = claims_of(program, target, prove(program, target))
        path.write_text(write_document(program, target, claims))
        stored = read_document(path).target
        assert stored is not None
        assert not stored.is_family
        assert np.array_equal(stored.matrix, target.matrix)
        assert (stored.digest, stored.title) == (target.digest, target.title)
        assert es.verify(path).problems == []


def test_a_changed_scaling_is_noticed(tmp_path: Path) -> None:
    target = make_target("dct2", 8)
    path = tmp_path / "best.json"
    claims = claims_of(arai(), target)
    data = json.loads(write_document(arai(), target, claims))
    for scaling, reason in (("free", "digest"), ("loose", "'loose'"), (7, "7")):
        data["target"]["scaling"] = scaling
        path.write_text(json.dumps(data))
        with pytest.raises(DataError, match=reason):
            read_document(path)


def test_runs_take_scaling_and_kernel(tmp_path: Path) -> None:
    arguments = ["run", "--target", "circulant", "--n", "4", "--kernel", "-1,2", "--seed", "0"]
    options = ["--scaling", "free", "--evaluations", "50", "--quiet", "--out", str(tmp_path)]
    done = CliRunner().invoke(cli, arguments + options)
    assert done.exit_code == 0, done.output
    assert "kernel -1, 2, up to a factor per output" in done.output
    (folder,) = tmp_path.iterdir()
    assert es.verify(folder).is_verified
    result = es.run("wht", 4, scaling="common", seed=0, evaluations=50)
    assert result.target.scaling == "common"
    for given in ({"scaling": "free"}, {"kernel": [1, 2]}):
        with pytest.raises(UsageError, match="takes no"):
            es.run(result.target, **given)  # type: ignore[arg-type]
    assert es.run("circulant", 3, kernel=[1, 2], seed=0, evaluations=50).is_verified
    refused = CliRunner().invoke(cli, [*arguments, "--scaling", "loose"])
    assert refused.exit_code == 2
    assert "expected scaling" in refused.output


def test_targets_shows_counts_by_source() -> None:
    printed = CliRunner().invoke(cli, ["targets"]).output
    assert "best known 16: 112, 32: 284, 64: 686 (Shao and Johnson 2008, type II)" in printed
    assert "best known up to a factor per output 8: 34 (Arai, Agui and Nakajima 1988" in printed
    row = next(row for row in es.targets() if row["name"] == "dct2_ortho")
    assert row["best_known_up_to"]["common"]["8"]["operations"] == 40
    assert replace(make_target("wht", 4), scaling="free").scaling == "free"


# Which factors they are


def test_factors_of_the_outputs() -> None:
    wanted = np.array([[1.0, 2], [3, 4], [0, 0]])
    computed = wanted * [[2.0], [0.5], [7]]
    assert output_factors(computed, wanted, "exact").tolist() == [1, 1, 1]
    assert output_factors(3 * wanted, wanted, "common").tolist() == pytest.approx([3, 3, 3])
    assert output_factors(computed, wanted, "free").tolist() == pytest.approx([2, 0.5, 1])


@pytest.mark.parametrize("options", [{}, {"tolerance": 0.1, "cost": "shift-add"}], ids=str)
def test_a_result_says_its_factors(options: dict[str, Any], tmp_path: Path) -> None:
    found = es.run("dct2", 8, scaling="free", seed=1, evaluations=600, out=tmp_path, **options)
    factors = found.to_dict()["output_factors"]
    assert len(factors) == 8
    target = make_target("dct2", 8).matrix
    rows = found.best.matrix() / np.array(factors)[:, None]
    assert np.abs(rows - target).max() <= (0.1 if options else 1e-12) * np.abs(target).max()


@pytest.mark.parametrize(
    ("scaling", "beginning"), [("common", "every output is "), ("free", "the outputs are ")]
)
def test_people_read_the_factors(scaling: str, beginning: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        cli,
        [
            "run",
            "--target",
            "dct2",
            "--n",
            "4",
            "--scaling",
            scaling,
            "--evaluations",
            "200",
            "--seed",
            "1",
            "--out",
            str(tmp_path),
        ],
    )
    (line,) = (text for text in done.stdout.splitlines() if text.startswith("factors "))
    assert line.removeprefix("factors").strip().startswith(beginning)
