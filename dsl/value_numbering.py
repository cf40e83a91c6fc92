"""Makes code of formulas cheaper: value numbering.

Every operation is looked up among those that exist before it is written. Equal ones are
computed once, whatever sign their operands carry and in whichever order those of
commutative functions stand; sums with 0 and products with 1 are no operations; constants
are computed here; what no output needs is dropped. What is invalid stays invalid: x - x
and 0 x are kept, since x need not be a number. Code never comes out with more operations.
"""

from __future__ import annotations

import math
from functools import lru_cache

from dsl.grammars.expression.instructions import lower_function
from dsl.scalars import SCALARS, Scalar
from dsl.scalars.derived import derive_scalar
from dsl.simplify import drop_unused
from dsl.straightline import ZERO_VALUE, Code, CodeWriter, Operation, Ref, application

# Constants whose products are doubles of full precision, and make no infinity of a value
# that was none.
SMALLEST, LARGEST = 1e-100, 1e100


def share_values(code: Code) -> Code:
    """Returns code for the same formulas with at most as many operations."""
    writer = _SharingWriter(code.domain, code.inputs)
    names = [Ref(k) for k in range(code.inputs)]

    def renamed(ref: Ref) -> Ref:
        return ref if ref.value == ZERO_VALUE else names[ref.value].times(ref.unit)

    code = drop_unused(code)
    for operation in code.operations:
        operands = [renamed(ref) for ref in operation.operands]
        match operation.kind:
            case "add":
                names.append(writer.add(*operands))
            case "scale":
                names.append(writer.scale(operation.constant, *operands))
            case "constant":
                names.append(writer.constant(operation.constant.real))
            case "apply":
                names.append(lower_function(operation.function, operands, writer))
    return drop_unused(writer.finish(map(renamed, code.outputs)))


class _SharingWriter(CodeWriter):
    """Writes operations that do not exist yet, and finds those that do."""

    _known: dict[Operation, Ref]

    def __init__(self, domain: str, inputs: int) -> None:
        super().__init__("real" if domain == "real" else "complex", inputs)
        self._known = {}

    def add(self, left: Ref, right: Ref) -> Ref:
        """Returns `left + right`."""
        values = self.known_value(left), self.known_value(right)
        if values[0] is not None and values[1] is not None:
            total = values[0] + values[1]
            if math.isfinite(total):
                return self.constant(total)
        if values[0] == 0 or values[1] == 0:
            return right if values[0] == 0 else left
        first, second = sorted((left, right))
        key = Operation("add", Ref(first.value), second.times(first.unit))
        return self._shared(key, first.unit, Operation("add", left, right))

    def scale(self, constant: complex, value: Ref) -> Ref:
        """Returns `constant * value`."""
        factor, known = constant.real, self.known_value(value)
        if known is not None and math.isfinite(factor * known):
            return self.constant(factor * known)
        inner = self._operation(value)
        if inner is not None and inner.kind == "scale":
            merged = factor * inner.constant.real
            if all(SMALLEST < abs(c) < LARGEST for c in (factor, inner.constant.real)):
                return self.scale(merged, inner.left.times(value.unit))
        if abs(factor) == 1:
            return value.times(0 if factor > 0 else 2)
        turn = (value.unit + (0 if factor > 0 else 2)) % 4
        return self._shared(Operation("scale", Ref(value.value), constant=abs(factor)), turn)

    def constant(self, value: float) -> Ref:
        """Returns a constant; those of either sign are one."""
        return self._shared(Operation("constant", constant=abs(value)), 2 if value < 0 else 0)

    def apply(self, function: str, *operands: Ref) -> Ref:
        """Returns a function of values."""
        scalar, turn = SCALARS.get(function), 0
        refs = [self.constant(0.0) if ref.value == ZERO_VALUE else ref for ref in operands]
        for k, parity in enumerate(_parities(scalar)):
            if refs[k].unit and parity:
                refs[k] = refs[k].times(2)
                turn = (turn + (2 if parity < 0 else 0)) % 4
        operation = application(function, refs)
        if derive_scalar(function).is_commutative:
            refs.sort()
        return self._shared(application(function, refs), turn, operation)

    def _shared(self, key: Operation, turn: int, written: Operation | None = None) -> Ref:
        """Returns i ** turn times the operation of that key.

        Args:
            key: In the form that all equal operations have.
            turn: 0 or 2.
            written: How it is to be written, i ** turn times the key; by default as the
                key is.
        """
        if key not in self._known:
            if written is None or written.kind == "apply":
                self._known[key] = self._emit(written or key)
            else:
                self._known[key] = self._emit(written).times(turn)
        return self._known[key].times(turn)

    def _operation(self, ref: Ref) -> Operation | None:
        position = ref.value - self._inputs
        return self.operations[position] if position >= 0 else None


@lru_cache(maxsize=256)
def _parities(scalar: Scalar) -> tuple[int, ...]:
    """Returns for each operand 1 if its sign has no effect, -1 if it is the result's, else 0."""
    derived = derive_scalar(scalar.name)
    found = []
    for symbol in derived.symbols:
        turned = derived.expression.xreplace({symbol: -symbol})
        found.append(int(turned == derived.expression) - int(turned == -derived.expression))
    return tuple(found)
