"""Makes straight-line code cheaper without changing what it computes.

Three passes, repeated until nothing improves: values that are the same linear form up to
a free factor become one value; local rules move multiplications together; what no output
needs is dropped. Code never comes out with more operations than it went in with.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.cost import SAME, count_code, scale_count
from dsl.straightline import UNITS, ZERO, Code, Operation, Ref, combine


def simplify(code: Code) -> Code:
    """Returns code for the same matrix with at most as many operations."""
    # Unused values must go first: sharing would bring them back where they are equal.
    best = drop_unused(code)
    while True:
        better = drop_unused(move_products(drop_unused(share_equal_values(best))))
        if count_code(better).operations >= count_code(best).operations:
            return _fewer(drop_unused(share_equal_values(best)), best)
        best = better


def _fewer(one: Code, other: Code) -> Code:
    """Returns the code with fewer operations, the first if they tie."""
    first, second = count_code(one), count_code(other)
    return one if first.operations <= second.operations else other


def share_equal_values(code: Code) -> Code:
    """Computes each linear form once, up to a free factor, and zero not at all.

    Every left operand and every constant comes out with its free factor moved to where
    the result is used.
    """
    table = _Forms(code)
    for operation in code.operations:
        left, right = (table.renamed(ref) for ref in (operation.left, operation.right))
        turn = left.unit
        tidy = Operation(
            operation.kind,
            left.times(-turn),
            right.times(-turn) if operation.kind == "add" else ZERO,
            operation.constant,
        )
        table.define(tidy, turn)
    outputs = tuple(table.renamed(ref) for ref in code.outputs)
    return Code(code.domain, code.inputs, tuple(table.operations), outputs)


class _Forms:
    """The distinct values of the code that is being written, found by linear form."""

    def __init__(self, code: Code) -> None:
        is_real = code.domain == "real"
        self.operations: list[Operation] = []
        self._turns = (0, 2) if is_real else (0, 1, 2, 3)
        self._names = [Ref(k) for k in range(code.inputs)]
        capacity = code.inputs + len(code.operations)
        self._forms = np.zeros((capacity, code.inputs), float if is_real else complex)
        self._forms[: code.inputs] = np.eye(code.inputs)
        self._size = code.inputs
        # Forms that are equal up to a free factor have products of the same size with a
        # vector in general position: candidates are looked up by it, forms decide.
        rng = np.random.default_rng(0)
        self._probe = rng.standard_normal(code.inputs) + (
            0 if is_real else 1j * rng.standard_normal(code.inputs)
        )
        self._buckets: dict[int, list[int]] = {}
        for k in range(code.inputs):
            self._remember(k, abs(self._probe[k]))

    def renamed(self, ref: Ref) -> Ref:
        """Returns where a value of the old code is in the new code."""
        return ref if ref.value < 0 else self._names[ref.value].times(ref.unit)

    def define(self, operation: Operation, turn: int) -> None:
        """Adds the next value of the old code: i ** turn times this operation."""
        form = combine(self._forms, operation)
        known = self._find(form, operation)
        if known is None:
            self.operations.append(operation)
            self._forms[self._size] = form
            self._remember(self._size, abs(form @ self._probe))
            known = Ref(self._size)
            self._size += 1
        self._names.append(known if known.value < 0 else known.times(turn))

    def _find(self, form: npt.NDArray[Any], operation: Operation) -> Ref | None:
        size = float(np.abs(form).max())
        scale = max((self._size_of(ref) for ref in operation.operands), default=0.0)
        if size <= SAME * scale * abs(operation.constant):
            return ZERO
        bucket = _bucket(abs(form @ self._probe))
        for near in (bucket - 1, bucket, bucket + 1):
            for index in self._buckets.get(near, ()):
                for turn in self._turns:
                    factor = UNITS[turn] if np.iscomplexobj(form) else UNITS[turn].real
                    if np.abs(self._forms[index] * factor - form).max() <= SAME * size:
                        return Ref(index, turn)
        return None

    def _remember(self, index: int, fingerprint: float) -> None:
        self._buckets.setdefault(_bucket(fingerprint), []).append(index)

    def _size_of(self, ref: Ref) -> float:
        return 0.0 if ref.value < 0 else float(np.abs(self._forms[ref.value]).max())


def _bucket(fingerprint: float) -> int:
    """Returns a number that positive numbers within 1e-7 of each other share, or nearly."""
    if not 0 < fingerprint < math.inf:
        return 0
    return round(math.log(fingerprint) * 1e7)


def drop_unused(code: Code) -> Code:
    """Removes operations that no output needs."""
    needed = {ref.value for ref in code.outputs}
    for position in reversed(range(len(code.operations))):
        if code.inputs + position in needed:
            needed.update(ref.value for ref in code.operations[position].operands)
    kept = [k for k in range(len(code.operations)) if code.inputs + k in needed]
    names = {k: k for k in range(-1, code.inputs)}
    names |= {code.inputs + k: code.inputs + position for position, k in enumerate(kept)}

    def rename(ref: Ref) -> Ref:
        return Ref(names[ref.value], ref.unit)

    operations = tuple(
        operation._replace(
            left=rename(operation.left),
            right=rename(operation.right) if operation.kind in ("add", "apply") else ZERO,
        )
        for operation in (code.operations[k] for k in kept)
    )
    return Code(code.domain, code.inputs, operations, tuple(map(rename, code.outputs)))


def move_products(code: Code) -> Code:
    """Applies the local rules once, in order of the operations.

    With a, b values that are used only here, c, d constants and u a free factor:
    c (d a) -> (c d) a, c a + u c b -> c (a + u b), and c a + d a -> (c + d) a.
    """
    return _Mover(code).run()


class _Mover:
    def __init__(self, code: Code) -> None:
        self._code = code
        self._uses = np.zeros(code.inputs + len(code.operations) + 1, np.int64)
        for operation in code.operations:
            for ref in operation.operands:
                self._uses[ref.value] += 1
        for ref in code.outputs:
            self._uses[ref.value] += 1
        self._operations: list[Operation] = []
        self._names = [Ref(k) for k in range(code.inputs)]

    def run(self) -> Code:
        for operation in self._code.operations:
            product = self._single_product(operation.left)
            if operation.kind == "scale":
                self._scale(operation, product)
            else:
                self._add(operation, product, self._single_product(operation.right))
        outputs = tuple(self._rename(ref) for ref in self._code.outputs)
        operations = tuple(self._operations)
        return Code(self._code.domain, self._code.inputs, operations, outputs)

    def _single_product(self, ref: Ref) -> Operation | None:
        """Returns the multiplication that made a value, if nobody else uses it."""
        position = ref.value - self._code.inputs
        if position < 0 or self._uses[ref.value] != 1:
            return None
        operation = self._code.operations[position]
        return operation if operation.kind == "scale" else None

    def _scale(self, operation: Operation, inner: Operation | None) -> None:
        if inner is not None:
            merged = operation.constant * inner.constant
            if self._price(merged) < self._price(operation.constant) + self._price(inner.constant):
                left = self._rename(inner.left).times(operation.left.unit)
                self._name(Operation("scale", left, constant=merged))
                return
        self._name(operation._replace(left=self._rename(operation.left)))

    def _add(self, operation: Operation, left: Operation | None, right: Operation | None) -> None:
        if left is not None and right is not None:
            one = self._rename(left.left).times(operation.left.unit)
            two = self._rename(right.left).times(operation.right.unit)
            if left.left.value == right.left.value:
                c, d = (
                    product.constant * UNITS[(product.left.unit + ref.unit) % 4]
                    for product, ref in ((left, operation.left), (right, operation.right))
                )
                base = self._rename(Ref(left.left.value))
                self._name(Operation("scale", base, constant=c + d))
                return
            for turn in range(4) if self._code.domain == "complex" else (0, 2):
                if abs(right.constant - UNITS[turn] * left.constant) <= SAME * abs(left.constant):
                    self._operations.append(Operation("add", one, two.times(turn)))
                    total = Ref(self._code.inputs + len(self._operations) - 1)
                    self._name(Operation("scale", total, constant=left.constant))
                    return
        self._name(
            operation._replace(
                left=self._rename(operation.left), right=self._rename(operation.right)
            )
        )

    def _price(self, constant: complex) -> int:
        return scale_count(constant, self._code.domain == "complex").operations

    def _rename(self, ref: Ref) -> Ref:
        return ref if ref.value < 0 else self._names[ref.value].times(ref.unit)

    def _name(self, operation: Operation) -> None:
        self._operations.append(operation)
        self._names.append(Ref(self._code.inputs + len(self._operations) - 1))
