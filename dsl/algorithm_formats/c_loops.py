"""One rule for one size as a C function of loops."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.algorithm_formats.affine import Piece, Places, linear_map
from dsl.algorithm_formats.c_tables import Tables
from dsl.algorithm_formats.stages import Call, Node, Staging, nodes_of
from dsl.grammars.recursive.families import family
from dsl.grammars.recursive.rule import MULTIPLY, Rule
from dsl.vectors import VECTORS
from dsl.vectors.base import NOWHERE
from dsl.vectors.fields import DOUBLES

# The real parts of a value in C, one or two; None for zero.
Term = tuple[str, ...] | None
Target = tuple[int, Node, list[Piece]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stored value lies: `base[start]` on, elements `stride` numbers apart."""

    base: str
    start: int
    stride: str


@dataclass(slots=True)
class Loop:
    """Pieces of targets of one length, computed side by side."""

    count: int
    pieces: list[tuple[int, Node, Piece]] = field(default_factory=list)


class LoopFunction:
    """The text of a function: loops and calls.

    Attributes:
        own: Numbers of workspace that its values take, besides those of calls.
    """

    def __init__(self, name: str, rule: Rule, n: int, tables: Tables) -> None:
        self.name, self.n, self.tables = name, n, tables
        self.staging = Staging(rule, n)
        self.parts = 2 if family(name).domain == "complex" else 1
        self.own = 0
        inputs = len(rule.inputs)
        self.stored: dict[int, Place] = {
            k: Place(input_name(k, inputs), 0, stride_name(k, inputs)) for k in range(inputs)
        }
        self._place_all()

    @property
    def calls(self) -> list[tuple[str, int]]:
        """What is called, of what length."""
        return [(c.family, c.length) for stage in self.staging.stages for c in stage.calls]

    # Where values lie

    def _place_all(self) -> None:
        stages, output = self.staging.stages, self.staging.rule.output
        first = len(self.staging.rule.inputs)
        if output >= first:
            self.stored[output] = Place("y", 0, "")
        self._place_in_result()
        for stage in stages:
            values = [target[0] for target in stage.targets] + [c.value for c in stage.calls]
            for value in values:
                if value not in self.stored:
                    self.stored[value] = Place("t", self.own, "")
                    self.own += self.parts * self.staging.lengths[value]

    def _place_in_result(self) -> None:
        """Lets calls write into the result, where the last loops read it before they write."""
        *earlier, last = self.staging.stages
        if len(last.targets) != 1 or last.targets[0][0] != self.staging.rule.output:
            return
        read = {n.value for stage in earlier for t in stage.targets for n in nodes_of(t[1])}
        read |= {c.operand.value for stage in self.staging.stages for c in stage.calls}
        starts = [piece.start for piece in last.targets[0][2] if piece.step == 1]
        loops = loops_of(last.targets)
        taken = np.zeros(self.n, bool)
        for stage in earlier:
            for call in stage.calls:
                if call.value in read or call.value in self.stored:
                    continue
                for start in sorted(starts):
                    if start + call.length > self.n or taken[start : start + call.length].any():
                        continue
                    if _is_read_first(loops, call, start, self.n):
                        taken[start : start + call.length] = True
                        self.stored[call.value] = Place("y", self.parts * start, "")
                        break

    # Text

    def text(self, function: Callable[[str, int], str], needs: Callable[[str, int], int]) -> str:
        """Returns the function.

        Args:
            function: (family, size) -> name of the function that computes it.
            needs: (family, size) -> numbers of workspace that it needs.
        """
        lines = []
        for stage in self.staging.stages:
            for group in _independent(stage.targets):
                for loop in loops_of(group):
                    lines += self._loop(loop)
            for call in stage.calls:
                lines.append(self._call(call, function, needs))
        total = self.own + max((needs(*call) for call in self.calls), default=0)
        inputs = len(self.staging.rule.inputs)
        arrays = [input_name(k, inputs) for k in range(inputs)]
        strides = [stride_name(k, inputs) for k in range(inputs)]
        words = set(re.findall(r"\w+", " ".join(lines)))
        lines += [f"(void){name};" for name in (*arrays, *strides) if name not in words]
        parameters = [
            f"const REAL *{x}, ptrdiff_t {s}" for x, s in zip(arrays, strides, strict=True)
        ]
        parameters += ["REAL *y", *(["REAL *t"] if total else [])]
        body = "".join(f"    {line}\n" for line in lines)
        head = f"static void {function(self.name, self.n)}({', '.join(parameters)})"
        return f"{head}\n{{\n{body}}}\n"

    def _call(
        self, call: Call, function: Callable[[str, int], str], needs: Callable[[str, int], int]
    ) -> str:
        place, view = self.stored[call.operand.value], call.operand
        if place.stride:
            start = f"{view.start} * {place.stride}" if view.start else ""
            stride = place.stride if view.step == 1 else f"{view.step} * {place.stride}"
        else:
            number = place.start + self.parts * view.start
            start, stride = str(number) if number else "", str(self.parts * view.step)
        result = self.stored[call.value]
        arguments = [
            f"{place.base} + {start}" if start else place.base,
            stride,
            f"{result.base} + {result.start}" if result.start else result.base,
        ]
        if needs(call.family, call.length):
            arguments.append(f"t + {self.own}" if self.own else "t")
        return f"{function(call.family, call.length)}({', '.join(arguments)});"

    def _loop(self, loop: Loop) -> list[str]:
        writer = _LoopWriter(self, loop.count)
        for value, node, piece in loop.pieces:
            writer.assign(value, node, piece)
        if not writer.stores:
            return []
        counter = f"for (ptrdiff_t j = 0; j < {loop.count}; j++) " * (loop.count > 1)
        inner = [f"    {line}" for line in [*writer.lines, *writer.stores]]
        return [f"{counter}{{", *inner, "}"]


def input_name(k: int, inputs: int) -> str:
    """Returns the name of an input."""
    return "x" if inputs == 1 else f"x{k + 1}"


def stride_name(k: int, inputs: int) -> str:
    """Returns the name of the distance between an input's elements, in numbers."""
    return "s" if inputs == 1 else f"s{k + 1}"


def loops_of(targets: list[Target]) -> list[Loop]:
    """Returns loops over all pieces, those of equal length together."""
    loops: dict[int, Loop] = {}
    for value, node, pieces in targets:
        for piece in pieces:
            loops.setdefault(piece.count, Loop(piece.count)).pieces.append((value, node, piece))
    return list(loops.values())


def _independent(targets: list[Target]) -> list[list[Target]]:
    """Returns groups of targets, in order, that do not read each other."""
    groups: list[list[Target]] = []
    for target in targets:
        read = {node.value for node in nodes_of(target[1]) if not node.operands}
        if not groups or read & {value for value, _, _ in groups[-1]}:
            groups.append([])
        groups[-1].append(target)
    return groups


def _is_read_first(loops: list[Loop], call: Call, start: int, n: int) -> bool:
    """Tells whether loops read each element of a call before they write in its place."""
    written = np.zeros(n, np.int64)
    read = np.zeros(n, np.int64)
    time = 0
    for loop in loops:
        times = time + np.arange(loop.count)
        for _, node, piece in loop.pieces:
            written[piece.positions] = times
            for one in nodes_of(node):
                if one.value == call.value:
                    places = one.places[piece.positions]
                    is_read = places != NOWHERE
                    np.maximum.at(read, start + places[is_read], times[is_read])
        time += loop.count
    return bool((read <= written).all())


class _LoopWriter:
    """The statements of one loop; equal elements are computed once."""

    def __init__(self, function: LoopFunction, count: int) -> None:
        self.function, self.count = function, count
        self.lines: list[str] = []
        self.stores: list[str] = []
        self.known: dict[tuple[int, bytes], Term] = {}

    def assign(self, value: int, node: Node, piece: Piece) -> None:
        """Adds the statements that compute a piece of a target, if it is not there already."""
        places = np.arange(piece.start, piece.positions.stop, piece.step)
        parts = range(self.function.parts)
        targets = [self._read(self.function.stored[value], places, part) for part in parts]
        if self._is_copy_of(node, piece, targets[0]):
            return
        term = self._term(node, piece) or ("0",) * len(targets)
        self.stores += [f"{left} = {right};" for left, right in zip(targets, term, strict=True)]

    def _is_copy_of(self, node: Node, piece: Piece, target: str) -> bool:
        """Tells whether a piece is a copy of what lies in a place."""
        while node.operands:
            source = self._source(node, piece)
            if source is None:
                return False
            node = source
        places = node.places[piece.positions]
        if (places == NOWHERE).any():
            return False
        return self._read(self.function.stored[node.value], places, 0) == target

    def _source(self, node: Node, piece: Piece) -> Node | None:
        """Returns the one operand of which a piece is a copy, if it is one."""
        step = self.function.staging.step(node.value)
        there = [
            k for k, one in enumerate(node.operands) if (one.places[piece.positions] >= 0).any()
        ]
        if len(there) != 1 or step.name == MULTIPLY:
            return None
        primitive = VECTORS.get(step.name)
        is_copy = primitive.factor is None and not primitive.unit(there[0])
        return node.operands[there[0]] if is_copy else None

    def _term(self, node: Node, piece: Piece) -> Term:
        places = node.places[piece.positions]
        key = (node.value, places.tobytes())
        if key not in self.known:
            self.known[key] = self._new_term(node, places, piece)
        return self.known[key]

    def _new_term(self, node: Node, places: Places, piece: Piece) -> Term:
        if (places == NOWHERE).all():
            return None
        parts = range(self.function.parts)
        if not node.operands:
            place = self.function.stored[node.value]
            return self._named([self._read(place, places, part) for part in parts])
        step = self.function.staging.step(node.value)
        terms = [self._term(one, piece) for one in node.operands]
        if step.name == MULTIPLY:
            left, right = terms
            return None if left is None or right is None else self._product(left, right)
        primitive = VECTORS.get(step.name)
        turned = [
            _turned(term, primitive.unit(position))
            for position, term in enumerate(terms)
            if term is not None
        ]
        if not turned:
            return None
        total: Term = turned[0]
        if len(turned) > 1:
            total = self._named([_sum([term[part] for term in turned]) for part in parts])
        if primitive.factor is None:
            return total
        length = self.function.staging.lengths[node.value]
        factors = primitive.factor(DOUBLES, self.function.n, length, step.parameters)
        return self._scaled(total, np.asarray(factors, np.complex128), places)

    def _scaled(self, term: Term, factors: npt.NDArray[Any], places: Places) -> Term:
        """Multiplies by factors: one number, a table of real ones, or of complex ones."""
        assert term is not None
        chosen = factors[places[places != NOWHERE]]
        if not np.real(chosen).any() and np.imag(chosen).any():
            return self._scaled(_turned(term, 1), factors / 1j, places)
        if not np.imag(chosen).any():
            real = np.real(factors)
            if (np.real(chosen) == np.real(chosen[0])).all():
                if np.real(chosen[0]) == 1:
                    return term
                factor = self.function.tables.number(float(np.real(chosen[0])))
            else:
                factor = self._entry(np.asarray(real, np.float64), 1, 0, places)
            return self._named([f"{factor} * {_enclosed(part)}" for part in term])
        pairs = np.ascontiguousarray(factors).view(np.float64)
        return self._product(term, tuple(self._entry(pairs, 2, part, places) for part in range(2)))

    def _product(self, left: tuple[str, ...], right: tuple[str, ...]) -> Term:
        if len(left) == 1:
            return self._named([f"{_enclosed(left[0])} * {_enclosed(right[0])}"])
        (a, b), (c, d) = map(_enclosed, left), map(_enclosed, right)
        return self._named([f"{a} * {c} - {b} * {d}", f"{a} * {d} + {b} * {c}"])

    def _entry(self, table: npt.NDArray[np.float64], stride: int, part: int, places: Places) -> str:
        name = self.function.tables.numbers(table)
        return f"{name}[{self._index(np.maximum(places, 0), stride, part)}]"

    def _named(self, texts: list[str]) -> Term:
        number = len(self.known) + len(self.lines) + 1
        names = tuple(f"v{number}{'ri'[part]}" for part in range(len(texts)))
        defined = ", ".join(f"{name} = {text}" for name, text in zip(names, texts, strict=True))
        self.lines.append(f"const REAL {defined};")
        return names

    def _read(self, place: Place, places: Places, part: int) -> str:
        """Returns an element's part; 0 where the element is nowhere."""
        if place.stride:
            index = self._index(np.maximum(places, 0), 1, 0)
            index = (
                f"({index}) * {place.stride}"
                if "+" in index or "-" in index
                else (f"{index} * {place.stride}" if index != "0" else "0")
            )
            index = f"{index} + {part}" if part else index
        else:
            index = self._index(np.maximum(places, 0), self.function.parts, place.start + part)
        text = f"{place.base}[{index}]"
        if (places == NOWHERE).any():
            text = f"({self.function.tables.places(places)}[j] < 0 ? 0 : {text})"
        return text

    def _index(self, places: Places, stride: int, offset: int) -> str:
        """Returns stride times the place of element j, plus an offset."""
        try:
            found = linear_map(places)
        except ValueError:
            text = f"{self.function.tables.places(places)}[j]"
            text = f"{stride} * {text}" if stride > 1 else text
            return f"{text} + {offset}" if offset else text
        assert found is not None
        slope, start = stride * found[0], stride * found[1] + offset
        if not slope:
            return str(start)
        if slope < 0:
            return f"{start} - {'' if slope == -1 else f'{-slope} * '}j"
        return f"{'' if slope == 1 else f'{slope} * '}j" + (f" + {start}" if start else "")


def _turned(term: tuple[str, ...], unit: int) -> tuple[str, ...]:
    """Returns a term times a power of i."""
    if unit == 0:
        return term
    if unit == 2:
        return tuple(map(_negative, term))
    real, imaginary = term
    return (_negative(imaginary), real) if unit == 1 else (imaginary, _negative(real))


def _negative(text: str) -> str:
    return text[1:] if text.startswith("-") else f"-{text}"


def _sum(texts: list[str]) -> str:
    if texts[0].startswith("-") and any(not text.startswith("-") for text in texts):
        texts = sorted(texts, key=lambda text: text.startswith("-"))
    return " + ".join(texts).replace(" + -", " - ")


def _enclosed(text: str) -> str:
    return f"({text})" if text.startswith("-") else text
