"""Pictures of programs in reports: marks are the data, and every page may hold them."""

from __future__ import annotations

import base64
import html
import re
import struct
import zlib
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from random_programs import programs
from test_pictures import fft, wht

from dsl.cost import dense_count
from dsl.formats.let_form import symbolic_outputs
from dsl.levels import by_levels, instruction_levels
from dsl.pictures.expressions import definition, in_inputs
from dsl.pictures.flow import flow_graph
from dsl.program import Instruction, Program
from evosynth.reports.decomposition import MOST_STAGES, Decomposition, decompose, non_zeros
from evosynth.reports.drawing.flow_bins import binned
from evosynth.reports.drawing.heat_map import MOST_CELLS, heat_map, is_binned
from evosynth.reports.sections import factors, flow, steps
from evosynth.reports.story import Story
from evosynth.runs import AlgorithmDocument, read_document

DISCOVERED = Path(__file__).parent.parent / "experiments" / "discovered"
NAMES = ("dft-16-168", "dct2-8-41", "dft-15-200", "mdct-16-62", "dft-64-1152")
EACH = pytest.mark.parametrize("name", NAMES)
SECTIONS = (flow, factors, steps)


@lru_cache
def discovered(name: str) -> Program:
    return read_document(DISCOVERED / f"{name}.json").program


def story_of(program: Program, **more: Any) -> Any:
    """Returns what sections ask of a run."""
    known = {"document": None, "program": program, "kind": "matrix", "matrix_target": None}
    return SimpleNamespace(**known | more)


@lru_cache
def written(name: str) -> dict[Any, str]:
    story = story_of(discovered(name))
    return {section: str(section.write(story)) for section in SECTIONS}


def found_in(program: Program) -> Decomposition:
    found = decompose(program)
    assert found is not None
    return found


def marks(content: str, name: str) -> list[dict[str, str]]:
    """Returns the attributes of all elements of a name."""
    tags = re.findall(rf"<{name}\b([^>]*)>", content)
    return [
        {key: html.unescape(text) for key, text in re.findall(r'([\w:-]+)="([^"]*)"', tag)}
        for tag in tags
    ]


def pixels(image: dict[str, str]) -> np.ndarray:
    """Decodes an image of ours: (height, width, 4) uint8."""
    png = base64.b64decode(image["src"].removeprefix("data:image/png;base64,"))
    width, height = struct.unpack(">II", png[16:24])
    start = png.index(b"IDAT")
    (length,) = struct.unpack(">I", png[start - 4 : start])
    rows = zlib.decompress(png[start + 4 : start + 4 + length])
    return (
        np.frombuffer(rows, np.uint8)
        .reshape(height, 1 + 4 * width)[:, 1:]
        .reshape(height, width, 4)
    )


# What any page may hold


@EACH
@pytest.mark.parametrize("section", SECTIONS, ids=lambda s: s.__name__.rpartition(".")[2])
def test_nothing_needs_more_than_the_pages_own_style_and_script(name: str, section: Any) -> None:
    content = written(name)[section]
    assert not re.search(r"<(style|script|foreignObject|a)\b", content)
    assert not re.search(r"\s(style|on\w+|href)=", content)
    assert all(image["src"].startswith("data:image/png;base64,") for image in marks(content, "img"))
    wrapped = f"<root>{content.replace(' data-steps ', ' ')}</root>"
    ElementTree.fromstring(wrapped)


def test_text_with_markup_is_escaped() -> None:
    hostile = '<img src=x onerror="alert(1)">&'
    content = str(heat_map(np.eye(2), hostile, 2, data_tip=hostile))
    assert content.count("<") == 1
    assert marks(content, "img")[0]["alt"] == hostile


@pytest.mark.parametrize("section", SECTIONS)
def test_formulas_and_runs_without_a_find_have_no_pictures(section: Any) -> None:
    formula = Program("expression", "real", 1, (Instruction("sin", (0,)),), (1,))
    assert section.write(story_of(formula)) is None
    assert section.write(SimpleNamespace(document=None, program=None)) is None


def test_algorithms_say_at_which_size_they_are_shown() -> None:
    class Doubled(SimpleNamespace):
        family = SimpleNamespace(is_linear=True)

        def program(self, n: int) -> Program:
            return wht(n)

    document = AlgorithmDocument(Doubled())  # type: ignore[arg-type]
    story = story_of(wht(2), document=document, drawn_size=8)
    for section in SECTIONS:
        assert "n = 8" in str(section.write(story))


# The signal-flow graph


@EACH
def test_every_node_and_edge_is_drawn(name: str) -> None:
    graph = flow_graph(discovered(name))
    content = written(name)[flow]
    dots = [mark for mark in marks(content, "circle") if "data-from" in mark]
    assert [int(dot["data-n"]) for dot in dots] == list(range(len(graph.nodes)))
    sources = [[int(k) for k in dot["data-from"].split()] for dot in dots]
    assert sources == [[edge.source for edge in node.edges] for node in graph.nodes]
    drawn = {int(path["data-n"]): path["d"].count("M") for path in marks(content, "path")}
    assert drawn == {k: len(node.edges) for k, node in enumerate(graph.nodes) if node.edges}
    assert sum(dot["tabindex"] == "0" for dot in dots) == 1


@EACH
def test_edges_begin_and_end_at_their_nodes(name: str) -> None:
    content = written(name)[flow]
    dots = [mark for mark in marks(content, "circle") if "data-from" in mark]
    places = [f"{dot['cx']} {dot['cy']}" for dot in dots]
    for path in marks(content, "path"):
        k = int(path["data-n"])
        steps = [step for step in path["d"].split("M") if step]
        assert [step.rpartition("L")[2] for step in steps] == [places[k]] * len(steps)
        starts = [re.split("[HL]", step)[0] for step in steps]
        assert starts == [places[int(source)] for source in dots[k]["data-from"].split()]


@EACH
def test_constants_belong_to_the_nodes_that_they_lead_to(name: str) -> None:
    graph = flow_graph(discovered(name))
    texts = [mark for mark in marks(written(name)[flow], "text") if mark["class"] == "constant"]
    factors_of = [sum(edge.factor != 1 for edge in node.edges) for node in graph.nodes]
    found = np.bincount([int(mark["data-n"]) for mark in texts], minlength=len(graph.nodes))
    assert found.tolist() == factors_of


@pytest.mark.parametrize("name", ["dft-16-168", "dct2-8-41"])
def test_values_are_written_in_the_inputs_exactly(name: str) -> None:
    program = discovered(name)
    graph = flow_graph(program)
    expressions = in_inputs(graph, program.order)
    outputs = expressions[-len(program.outputs) :]
    for text, expected in zip(outputs, symbolic_outputs(program), strict=True):
        assert text is not None
        difference = sympy.expand(sympy.sympify(text) - expected)
        values = {
            symbol: k + 0.5 for k, symbol in enumerate(sorted(difference.free_symbols, key=str))
        }
        assert abs(complex(difference.subs(values))) < 1e-9


def test_definitions_name_the_products_that_they_use() -> None:
    graph = flow_graph(discovered("dct2-8-41"))
    for k, node in enumerate(graph.nodes):
        known = " ".join(definition(graph, k))
        assert all(edge.definition in known for edge in node.edges if edge.definition)
        assert node.name in known


def test_decimals_are_not_written_as_if_they_were_exact() -> None:
    scaled = Program("factor", "real", 1, (Instruction("scale", (0,), (0.123456789,)),), (1,))
    assert in_inputs(flow_graph(scaled), scaled.order)[-1] is None


def test_large_graphs_are_drawn_in_bins_that_hold_everything() -> None:
    graph = flow_graph(fft(256))
    bins = binned(graph)
    kinds = [sum(one.kinds[kind] for one in bins.bins.values()) for kind in ("input", "output")]
    assert kinds == [256, 256]
    assert sum(one.operations for one in bins.bins.values()) == len(graph.operations)
    ends = sum(sum(one.bundles.values()) - one.passing for one in bins.bins.values())
    assert ends == sum(len(node.edges) for node in graph.nodes)
    content = str(flow.write(story_of(fft(256))))
    dots = marks(content, "circle")
    assert len(dots) == len(bins.bins)
    assert "too many to draw one by one" in content
    lines = sum(path["d"].count("M") for path in marks(content, "path"))
    assert lines == sum(len(one.bundles) for one in bins.bins.values())
    places = dict(enumerate(bins.bins))
    for k, dot in enumerate(dots):
        assert {places[int(one)] for one in dot["data-from"].split()} == set(
            bins.bins[places[k]].bundles
        )


# Factors and remainders


@EACH
def test_every_factor_has_a_heat_map(name: str) -> None:
    found = found_in(discovered(name))
    images = marks(written(name)[factors], "img")
    pictures = [image for image in images if image["alt"]]
    assert len(pictures) == len(found.parts) <= MOST_STAGES + 1
    for image, part in zip(pictures, found.parts, strict=True):
        assert f"{non_zeros(part.matrix):,} non-zeros" in image["alt"]


@EACH
def test_remainders_times_factors_are_the_matrix(name: str) -> None:
    program = discovered(name)
    found = found_in(program)
    product: Any = np.eye(program.inputs)
    for k, remainder in enumerate(found.remainders):
        assert np.abs(remainder @ product - program.matrix()).max() < 1e-9
        if k < len(found.parts):
            product = found.parts[k].matrix @ product
    assert len(found.remainders) == len(found.parts) + 1


def test_many_levels_are_merged_to_few_factors() -> None:
    program = fft(256)
    found = found_in(program)
    assert found.grouping == "merged levels"
    assert found.levels > MOST_STAGES >= sum(part.operations > 0 for part in found.parts)
    product = np.linalg.multi_dot([part.matrix for part in found.parts[::-1]])
    assert np.abs(product - program.matrix()).max() < 1e-9
    assert sum(part.operations for part in found.parts) == program.count.operations
    content = str(factors.write(story_of(program)))
    assert f"{found.levels} levels were multiplied" in content
    assert "a cell stands for a block" in content


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("outputs", [(4, 6), (8, 9), (5, 6, 8, 9)])
def test_programs_that_overflow_can_be_shown(outputs: tuple[int, ...]) -> None:
    huge = 1e200
    instructions = (
        Instruction("scale", (0,), (huge,), 0),
        Instruction("scale", (1,), (3 * huge,), 0),
        Instruction("butterfly", (2, 3), (1,), 1),
        Instruction("scale", (4,), (huge,), 2),
        Instruction("scale", (5,), (huge / 7,), 2),
        Instruction("butterfly", (6, 7), (1,), 3),
    )
    program = Program("factor", "real", 2, instructions, outputs)
    for section in SECTIONS:
        assert "nan" not in str(section.write(story_of(program)))


@EACH
def test_the_way_leads_from_the_dense_count_to_the_programs(name: str) -> None:
    program = discovered(name)
    way = steps.steps_of(found_in(program))
    is_complex = program.domain == "complex"
    assert way[0].total == dense_count(program.matrix(), is_complex).operations
    assert way[-1].total == way[-1].done == program.count.operations
    assert [step.done for step in way] == sorted(step.done for step in way)
    assert all(step.left == dense_count(step.remainder, is_complex).operations for step in way)
    content = written(name)[steps]
    (slider,) = marks(content, "input")
    assert int(slider["max"]) == len(way) - 1
    assert len(re.findall('class="cost"', content)) == len(way) + 1
    assert f"= {program.count.operations:,}" in marks(content, "li")[-1]["data-words"]


def test_factors_are_those_of_the_simplified_program() -> None:
    """Two scalings that are one by one dearer than both together."""
    instructions = (
        Instruction("scale", (0,), (0.3,), 0),
        Instruction("scale", (2,), (0.7,), 1),
        Instruction("butterfly", (3, 1), (1,), 2),
    )
    program = Program("factor", "real", 2, instructions, (4, 5))
    found = found_in(program)
    assert sum(part.operations for part in found.parts) == program.count.operations == 3
    assert steps.steps_of(found)[-1].total == 3
    assert "upper bound" not in str(steps.write(story_of(program)))


def test_what_is_saved_between_factors_is_said() -> None:
    """The real products of a number and of its conjugate are the same."""
    number = 0.6 + 0.35j
    instructions = tuple(Instruction("scale", (0,), (c,)) for c in (number, number.conjugate()))
    program = Program("factor", "complex", 1, instructions, (1, 2))
    found = found_in(program)
    assert found.excess == 12 - program.count.operations == 4
    assert steps.steps_of(found)[-1].total == program.count.operations
    story = story_of(program)
    assert "4 fewer than the sum" in str(factors.write(story))
    assert "upper bound" in str(steps.write(story))


@settings(max_examples=40, deadline=None)
@given(programs())
def test_any_program_can_be_decomposed(program: Program) -> None:
    found = decompose(program)
    if found is None:
        return
    matrix = program.matrix()
    size = max(1.0, *(np.abs(remainder).max(initial=0.0) for remainder in found.remainders))
    assert np.abs(found.remainders[0] - matrix).max() < 1e-8 * size
    assert steps.steps_of(found)[-1].done in (0, program.count.operations)
    for section in SECTIONS:
        section.write(story_of(program))


@settings(max_examples=40, deadline=None)
@given(programs())
def test_levels_are_the_same_program_in_few_stages(program: Program) -> None:
    moved = by_levels(program)
    levels = instruction_levels(program)
    x = np.eye(program.inputs)
    assert np.array_equal(moved.execute(x), program.execute(x), equal_nan=True)
    assert [i.stage for i in moved.instructions] == sorted(levels)
    stages = [-1] * moved.inputs
    for position, instruction in enumerate(moved.instructions):
        assert instruction.stage == max([stages[k] for k in instruction.operands], default=-1) + 1
        results = moved.first_results[position + 1] - moved.first_results[position]
        stages += [instruction.stage] * results
    assert moved.count == program.count


# Heat maps


def test_cells_are_the_entries() -> None:
    matrix = np.array([[1, 0, -2], [0, 1j, 0]])
    (image,) = marks(str(heat_map(matrix, "a matrix", 3)), "img")
    cells = pixels(image)
    scale = cells.shape[1] // 3
    corners = cells[::scale, ::scale]
    assert np.array_equal(corners[..., 3] > 0, matrix != 0)
    assert corners[0, 2, 3] == 255 > corners[0, 0, 3]
    blue, green, orange = (corners[place][:3].astype(int) for place in ((0, 0), (1, 1), (0, 2)))
    assert blue.argmax() == 2
    assert green.argmax() == 1
    assert orange.argmax() == 0


def test_large_matrices_are_binned() -> None:
    matrix = np.zeros((150, 200))
    matrix[0, :3] = 1
    assert is_binned(200)
    (image,) = marks(str(heat_map(matrix, "", 200)), "img")
    cells = pixels(image)
    assert max(cells.shape) <= 2 * MOST_CELLS
    assert (cells[..., 3] > 0).any(axis=1).sum() == cells.shape[1] // 67


def test_matrices_of_zeros_are_empty() -> None:
    (image,) = marks(str(heat_map(np.zeros((3, 3)), "", 3)), "img")
    assert not pixels(image).any()


# Sizes


def test_sections_of_large_programs_stay_small() -> None:
    """Shares of a page of 300 kB at 16 points and of 2 MB at 256."""
    sizes = {name: sum(map(len, written(name).values())) for name in ("dft-16-168", "dft-64-1152")}
    assert sizes["dft-16-168"] < 100_000
    assert sizes["dft-64-1152"] < 400_000
    story: Story = story_of(fft(256))
    assert sum(len(section.write(story) or "") for section in SECTIONS) < 400_000
