"""Pictures and factorisations: they show the whole program, legibly, and nothing else."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from random_programs import (
    TARGET_SAMPLES,
    programs,
    sample_programs,
    target_name,
)
from test_formats import dft4, dft8, dft16, eighth_turn

from dsl.errors import UsageError
from dsl.factors import factors
from dsl.formats import LATEX, render
from dsl.formats.let_form import let_form
from dsl.formats.matrix_latex import matrix_latex, short_form
from dsl.formats.svg_format import MOST_OPERATIONS
from dsl.pictures.drawing import draw
from dsl.pictures.flow import FlowGraph, flow_graph
from dsl.pictures.layers import layers
from dsl.pictures.numbers_as_text import label, typeset
from dsl.pictures.ordering import Wiring, best_order
from dsl.pictures.shapes import Picture
from dsl.pictures.tracks import tracks
from dsl.program import Instruction, Program

SVG = "{http://www.w3.org/2000/svg}"


def wht(n: int) -> Program:
    """Returns the fast Walsh-Hadamard transform, written by hand."""
    values, instructions = list(range(n)), []
    span = n // 2
    while span:
        for k in (k for k in range(n) if not k & span):
            pair = values[k], values[k + span]
            first = n + 2 * len(instructions)
            instructions.append(Instruction("butterfly", pair, (1,), n // span))
            values[k], values[k + span] = first, first + 1
        span //= 2
    return Program("factor", "real", n, tuple(instructions), tuple(values), f"wht{n}")


def fft(n: int) -> Program:
    """Returns the radix-2 fast Fourier transform, written by hand."""
    instructions: list[Instruction] = []
    count = n

    def emit(name: str, operands: tuple[int, ...], constant: complex, stage: int) -> list[int]:
        nonlocal count
        instructions.append(Instruction(name, operands, (constant,), stage))
        count += len(operands)
        return list(range(count - len(operands), count))

    def transform(values: list[int]) -> list[int]:
        if len(values) == 1:
            return values
        size, half = len(values), len(values) // 2
        even, odd = transform(values[::2]), transform(values[1::2])
        pairs = []
        for k in range(half):
            (turned,) = emit("scale", (odd[k],), np.exp(-2j * np.pi * k / size), 2 * size)
            pairs.append(emit("butterfly", (even[k], turned), 1, 2 * size + 1))
        return [pair[half] for half in (0, 1) for pair in pairs]

    outputs = transform(list(range(n)))
    return Program("factor", "complex", n, tuple(instructions), tuple(outputs), f"fft{n}")


def dct8() -> Program:
    return sample_programs(target_position("dct2-8-real"))[0]


def target_position(name: str) -> int:
    return [target_name(target) for target in TARGET_SAMPLES].index(name)


def scales(*constants: complex) -> Program:
    """Returns a program that multiplies its only input by several constants."""
    instructions = tuple(Instruction("scale", (0,), (c,)) for c in constants)
    return Program("factor", "complex", 1, instructions, tuple(range(1, 1 + len(constants))))


SAMPLES: list[Callable[[], Program]] = [dft4, eighth_turn, dft8, dft16, dct8]
EACH_SAMPLE = pytest.mark.parametrize("make", SAMPLES)
EACH_TARGET = pytest.mark.parametrize(
    "position", range(len(TARGET_SAMPLES)), ids=map(target_name, TARGET_SAMPLES)
)


def picture_of(program: Program) -> Picture:
    return draw(flow_graph(program), program.order)


def parse(content: str) -> ElementTree.Element:
    return ElementTree.fromstring(content)


# The graph


def run(graph: FlowGraph, inputs: int) -> np.ndarray:
    """Computes the matrix that a graph shows."""
    forms: list[np.ndarray] = []
    for node in graph.nodes:
        if node.kind == "input":
            forms.append(np.eye(inputs)[len(forms)].astype(complex))
        else:
            terms = [complex(edge.factor) * forms[edge.source] for edge in node.edges]
            forms.append(sum(terms, np.zeros(inputs, complex)))
    return np.array(
        [f for f, node in zip(forms, graph.nodes, strict=True) if node.kind == "output"]
    )


@settings(max_examples=100)
@given(program=programs(odd_constants=True))
def test_graph_computes_what_the_program_computes(program: Program) -> None:
    expected = program.plain_code.matrix()
    size = max(1.0, float(np.abs(program.plain_code.linear_forms()).max()))
    assert np.abs(run(flow_graph(program), program.inputs) - expected).max() <= 1e-9 * size


@EACH_TARGET
def test_graph_of_decoded_programs(position: int) -> None:
    for program in sample_programs(position):
        graph, code = flow_graph(program), program.plain_code
        assert np.allclose(run(graph, program.inputs), code.matrix(), rtol=0, atol=1e-9)
        additions = sum(operation.kind == "add" for operation in code.operations)
        assert sum(node.kind == "sum" for node in graph.nodes) == additions
        assert all(len(node.edges) == 2 for node in graph.nodes if node.kind == "sum")


@given(program=programs())
def test_names_are_those_of_the_definitions(program: Program) -> None:
    graph = flow_graph(program)
    defined = {str(symbol) for symbol, _ in let_form(program)}
    names = {n.name for n in graph.nodes if n.kind in ("sum", "product") and n.name}
    assert names <= defined
    definitions = {
        str(symbol): sympy.sstr(expression, order="none")
        for symbol, expression in let_form(program)
        if expression.is_Add
    }
    for node in graph.nodes:
        if node.kind == "sum" and node.name in definitions:
            assert node.definition == f"{node.name} = {definitions[node.name]}"


def test_a_fourier_transform_is_all_butterflies() -> None:
    graph = flow_graph(dft16())
    assert 2 * len(graph.pairs) == sum(node.kind == "sum" for node in graph.nodes)
    for plus, minus in graph.pairs:
        assert [edge.factor for edge in graph.nodes[plus].edges] == [1, 1]
        assert [edge.factor for edge in graph.nodes[minus].edges] == [1, -1]


# The layout


@settings(max_examples=100)
@given(program=programs(odd_constants=True))
def test_no_two_values_are_in_one_place(program: Program) -> None:
    graph = flow_graph(program)
    columns = layers(graph)
    rows = tracks(graph, columns)
    ends = list(columns)
    for node, column in zip(graph.nodes, columns, strict=True):
        for edge in node.edges:
            assert columns[edge.source] < column
            ends[edge.source] = max(ends[edge.source], column - 1)
    cells = Counter(
        (rows[k], column)
        for k in range(len(graph.nodes))
        for column in range(columns[k], ends[k] + 1)
    )
    assert set(cells.values()) == {1}


@pytest.mark.parametrize("make", [dft8, dft16, lambda: wht(16), lambda: fft(16)])
def test_butterflies_work_in_place(make: Callable[[], Program]) -> None:
    program = make()
    graph = flow_graph(program)
    rows = tracks(graph, layers(graph))
    assert max(rows) + 1 == program.inputs
    for plus, minus in graph.pairs:
        upper, lower = graph.nodes[plus].edges
        assert (rows[plus], rows[minus]) == (rows[upper.source], rows[lower.source])


def test_crossings_are_those_of_segments() -> None:
    graph = flow_graph(dft8())
    columns = layers(graph)
    wiring = Wiring(graph, columns, tracks(graph, columns))
    order = [3, 1, 7, 0, 2, 6, 5, 4]
    crossings = 0
    for gap in wiring.gaps:
        for (a, b), (c, d) in itertools.combinations(gap, 2):
            crossings += (order[a] - order[c]) * (order[b] - order[d]) < 0
    assert wiring.crossings(order) == crossings


def test_best_order_untangles() -> None:
    instructions = tuple(Instruction("butterfly", (k, 15 - k), (1,)) for k in range(8))
    program = Program("factor", "real", 16, instructions, tuple(range(16, 32)))
    graph = flow_graph(program)
    columns = layers(graph)
    wiring = Wiring(graph, columns, tracks(graph, columns))
    order = best_order(wiring)
    assert sorted(order) == list(range(16))
    assert wiring.crossings(order) == 8  # one in each butterfly


# The picture


def legible() -> list[Program]:
    return [dft8(), dft16(), fft(32), wht(16), dct8(), dft4(), eighth_turn()]


@pytest.mark.parametrize("program", legible(), ids=lambda program: program.name)
def test_labels_overlap_neither_each_other_nor_nodes(program: Program) -> None:
    picture = picture_of(program)
    for one, other in itertools.combinations(picture.texts, 2):
        assert not one.box.overlap(other.box), (one, other)
    for text in picture.texts:
        for dot in picture.dots:
            x, y = dot.centre
            box = text.box
            assert not (box.left < x < box.right and box.top < y < box.bottom), (text, dot)


@pytest.mark.parametrize("program", [*legible(), scales(0.1234567890123 - 3.3e-7j)])
def test_everything_is_inside_the_picture(program: Program) -> None:
    picture = picture_of(program)
    for text in picture.texts:
        assert text.box.left >= 0
        assert text.box.top >= 0
        assert text.box.right <= picture.width
        assert text.box.bottom <= picture.height
    points = [dot.centre for dot in picture.dots]
    points += [point for line in picture.lines for point in (line.start, line.end)]
    assert all(0 <= x <= picture.width and 0 <= y <= picture.height for x, y in points)


@pytest.mark.parametrize("program", legible(), ids=lambda program: program.name)
def test_picture_shows_every_node_edge_and_constant(program: Program) -> None:
    graph = flow_graph(program)
    root = parse(render(program, "svg"))
    kinds = Counter(node.kind for node in graph.nodes)
    shown = Counter(circle.attrib["class"].split()[0] for circle in root.iter(f"{SVG}circle"))
    assert {kind: shown[kind] for kind in kinds} == dict(kinds)
    lines = Counter(line.attrib["class"] for line in root.iter(f"{SVG}line"))
    edges = [edge for node in graph.nodes for edge in node.edges]
    assert lines["edge"] == len(edges)
    texts = [(e.attrib["class"], visible(e)) for e in root.iter(f"{SVG}text")]
    constants = [text for kind, text in texts if kind == "constant"]
    assert len(constants) == sum(edge.factor != 1 for edge in edges)
    for kind, letter, count in (
        ("input", "x", program.inputs),
        ("output", "y", len(program.outputs)),
    ):
        found = [t.removesuffix(" = 0") for k, t in texts if k == kind]
        assert found == [f"{letter}{k}" for k in range(count)]


def visible(element: ElementTree.Element) -> str:
    """Returns the text of an element without its hint."""
    title = element.find(f"{SVG}title")
    hint = title.text or "" if title is not None else ""
    return "".join(element.itertext()).removeprefix(hint)


def test_nodes_say_what_they_are() -> None:
    root = parse(render(dft4(), "svg"))
    hints = [circle.findtext(f"{SVG}title") for circle in root.iter(f"{SVG}circle")]
    assert {"x0", "t1 = x0 + x2", "y1 = t2 - I*t4", "-I*t4"} <= set(hints)


@EACH_SAMPLE
def test_picture_is_self_contained(make: Callable[[], Program]) -> None:
    content = render(make(), "svg")
    root = parse(content)
    assert root.tag == f"{SVG}svg"
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "line", "circle", "text", "tspan"}
    for element in root.iter():
        assert not [name for name in element.attrib if "href" in name or name.startswith("on")]
    assert "url(" not in content
    assert "@import" not in content
    width, height = root.attrib["width"], root.attrib["height"]
    assert root.attrib["viewBox"] == f"0 0 {width} {height}"
    background = root.find(f"{SVG}rect")
    assert background is not None
    assert background.attrib == {"width": width, "height": height, "fill": "#fff"}
    assert root.findtext(f"{SVG}title")
    assert root.findtext(f"{SVG}desc")


@settings(max_examples=50)
@given(program=programs(odd_constants=True))
def test_any_picture_is_xml(program: Program) -> None:
    content = render(program, "svg")
    assert content == render(program, "svg")
    assert "nan" not in content
    parse(content)


def test_constants_are_typeset() -> None:
    assert "".join(run.text for run in label(-1j, 8)) == "\N{MINUS SIGN}i"
    assert typeset("-sqrt(2)/2") == "\N{MINUS SIGN}\N{SQUARE ROOT}2/2"
    assert typeset("2*cos(3*pi/8) - 1") == ("2 cos(3\N{GREEK SMALL LETTER PI}/8) \N{MINUS SIGN} 1")
    power = label(np.exp(-3j * np.pi / 8).item(), 16)
    assert [run.style for run in power] == ["line", "above"]
    assert power[1].text == "\N{MINUS SIGN}3i\N{GREEK SMALL LETTER PI}/8"
    assert len(label(0.6 + 0.8j, 16)) == 1  # on the unit circle, at no rational angle


def test_zero_outputs_are_shown() -> None:
    texts = [visible(e) for e in parse(render(scales(0, 2), "svg")).iter(f"{SVG}text")]
    assert {"y0 = 0", "y1"} <= set(texts)


def test_long_constants_are_named_below() -> None:
    root = parse(render(scales(0.1234567890123, 5.4321, 0.1234567890123j), "svg"))
    texts = [visible(e) for e in root.iter(f"{SVG}text")]
    assert {"k1", "k1 = 0.1234567890123"} <= set(texts)
    assert "5.4321" in texts


def test_large_programs_are_not_drawn() -> None:
    instructions = tuple(
        Instruction("sum", (k, max(k - 1, 0)), (1, 1)) for k in range(MOST_OPERATIONS + 1)
    )
    program = Program("factor", "real", 1, instructions, (len(instructions),))
    content = render(program, "svg")
    assert len(content) < 2000
    assert f"{MOST_OPERATIONS + 1} operations are too many to draw" in content
    parse(content)


def test_large_pictures_are_drawn_soon() -> None:
    content = render(wht(128), "svg")
    assert parse(content).tag == f"{SVG}svg"


# Graphviz

NODE = re.compile(r'(\w+) \[shape=\w+, (?:label="[^"]*", )?(?:label="\+", )?tooltip="[^"]*"\];')
EDGE = re.compile(r'(\w+) -> (\w+)(?: \[label="[^"]+"\])?;')
RANK = re.compile(r"\{ rank=(?:source|sink); (?:\w+; )*\}")


@EACH_SAMPLE
def test_dot_holds_the_graph(make: Callable[[], Program]) -> None:
    program = make()
    graph = flow_graph(program)
    head, _, *body, end = render(program, "dot").splitlines()
    assert (head, end) == (f'digraph "{program.name}" {{', "}")
    nodes = [found.group(1) for line in body if (found := NODE.fullmatch(line))]
    edges = [found.groups() for line in body if (found := EDGE.fullmatch(line))]
    assert len(nodes) == len(set(nodes)) == len(graph.nodes)
    assert len(edges) == sum(len(node.edges) for node in graph.nodes)
    assert {name for edge in edges for name in edge} <= set(nodes)
    assert len(body) == len(nodes) + len(edges) + sum(map(bool, map(RANK.fullmatch, body)))


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("make", [*SAMPLES, lambda: scales(0, 0.1234567890123)])
def test_graphviz_takes_dot(make: Callable[[], Program]) -> None:
    content = render(make(), "dot")
    done = subprocess.run(["dot", "-Tcanon"], input=content, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# Factors


def product(program: Program) -> np.ndarray:
    result = np.eye(program.inputs, dtype=complex)
    for factor in factors(program):
        assert factor.shape == factor.matrix().shape
        result = factor.matrix() @ result
    return result


@settings(max_examples=100)
@given(program=programs(odd_constants=True))
def test_factors_multiply_to_the_matrix(program: Program) -> None:
    expected = program.execute(np.eye(program.inputs)).T
    size = max(1.0, float(np.abs(program.lower().linear_forms()).max()))
    assert np.abs(product(program) - expected).max() <= 1e-9 * size


@EACH_TARGET
def test_factors_of_decoded_programs(position: int) -> None:
    for program in sample_programs(position):
        target = TARGET_SAMPLES[position].matrix
        assert np.allclose(product(program), target, rtol=0, atol=1e-9)
        stages = [factor.stage for factor in factors(program) if factor.stage is not None]
        assert stages == sorted(stages)


def test_factors_of_a_transform_are_square_and_sparse() -> None:
    found = factors(fft(16))
    assert {factor.shape for factor in found} == {(16, 16)}
    assert all(len(factor.entries) <= 2 * 16 for factor in found)


def test_factors_of_huge_programs_are_refused() -> None:
    instructions = tuple(Instruction("scale", (2000 + k - (k > 0),), (2,), k) for k in range(2000))
    program = Program("factor", "real", 2001, instructions, (*range(2000), 4000))
    with pytest.raises(UsageError, match="too long"):
        factors(program)


# LaTeX


@pytest.mark.parametrize("make", [*SAMPLES, lambda: fft(32), lambda: wht(64)])
@pytest.mark.parametrize("factors", [False, True])
def test_latex_is_balanced(make: Callable[[], Program], factors: bool) -> None:
    content = LATEX.write(make(), factors=factors)
    assert content.isascii()
    assert content.endswith("\n")
    opened = re.findall(r"\\begin\{([a-z*]+)\}", content)
    assert sorted(opened) == sorted(re.findall(r"\\end\{([a-z*]+)\}", content))
    for left, right in (("{", "}"), (r"\[", r"\]"), (r"\left", r"\right")):
        assert content.count(left) == content.count(right)
    assert content.count("$") % 2 == 0


@settings(max_examples=30)
@given(program=programs(odd_constants=True))
def test_any_program_has_a_factor_form(program: Program) -> None:
    content = LATEX.write(program, factors=True)
    assert content.startswith("\\[\nA = ")
    assert content == LATEX.write(program, factors=True)


F2 = np.array([[1, 1], [1, -1]], complex)
ROTATION = np.array([[1, 2], [3, 4]], complex)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (np.eye(4), "I_{4}"),
        (F2, "F_2"),
        (np.kron(F2, np.eye(4)), r"F_2 \otimes I_{4}"),
        (np.kron(np.eye(4), F2), r"I_{4} \otimes F_2"),
        (np.kron(np.kron(np.eye(2), F2), np.eye(4)), r"I_{2} \otimes F_2 \otimes I_{4}"),
        (-np.eye(3), "-1 I_{3}"),
        (np.diag([1, -1j]), r"\operatorname{diag}\left(1, - i\right)"),
        (np.eye(4)[::-1], None),
        (np.ones((2, 3)), None),
        (np.arange(1, 26).reshape(5, 5), None),
    ],
)
def test_structure_is_found(matrix: np.ndarray, expected: str | None) -> None:
    assert short_form(matrix.astype(complex), 8) == expected


def test_direct_sums_are_found() -> None:
    matrix = np.zeros((6, 6), complex)
    matrix[:2, :2], matrix[2:4, 2:4], matrix[4:, 4:] = F2, ROTATION, np.eye(2)
    block = matrix_latex(ROTATION, 8)
    assert short_form(matrix, 8) == rf"F_2 \oplus {block} \oplus I_{{2}}"


def test_factor_form_of_the_smallest_transform() -> None:
    lines = LATEX.write(wht(4), factors=True).splitlines()
    assert lines[1] == "A = A_{2} A_{1}"
    assert lines[lines.index("A_{1} = F_2 \\otimes I_{2} = \\begin{bmatrix}") + 1] == (
        r"1 & \cdot & 1 & \cdot \\"
    )


def test_the_style_is_for_the_picture_alone() -> None:
    content = render(dft4(), "svg")
    style = content.partition("<style>")[2].partition("</style>")[0]
    for rule in style.strip().splitlines():
        for selector in rule.partition(" {")[0].split(", "):
            assert selector.startswith(".flow-graph "), rule
