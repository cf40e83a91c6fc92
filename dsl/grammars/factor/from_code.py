"""From straight-line code to a program of the `factor` grammar."""

from __future__ import annotations

from dsl.grammars.factor.instructions import SUM
from dsl.program import Instruction, Program
from dsl.straightline import UNITS, ZERO_VALUE, Code, Operation, Ref


def program_from_code(code: Code, name: str = "program") -> Program:
    """Writes straight-line code as a program: `sum` for additions, `scale` for products.

    Args:
        code: Real or complex code with at least one input and output.
        name: The program's name.

    Returns:
        A program that lowers to the same operations in the same order. Its stages are the
        levels of the code: an instruction reads results of earlier stages only, except
        for turns by a power of i, which are part of the stage.

    Raises:
        ValueError: The code is larger than programs may be.
    """
    return _Writer(code).program(name)


class _Writer:
    def __init__(self, code: Code) -> None:
        self._code = code
        self._instructions: list[Instruction] = []
        self._values = list(range(code.inputs))
        self._stages = [-1] * code.inputs

    def program(self, name: str) -> Program:
        """Returns the whole program."""
        code = self._code
        for operation in code.operations:
            if operation.kind == "add":
                self._values.append(self._sum(operation.operands))
            else:
                self._values.append(self._product(operation))
        outputs = tuple(self._output(ref) for ref in code.outputs)
        return Program("factor", code.domain, code.inputs, tuple(self._instructions), outputs, name)

    def _sum(self, refs: tuple[Ref, ...]) -> int:
        terms = [ref for ref in refs if ref.value != ZERO_VALUE]
        operands = tuple(self._values[ref.value] for ref in terms)
        return self._emit(SUM, operands, tuple(complex(UNITS[ref.unit]) for ref in terms))

    def _product(self, operation: Operation) -> int:
        ref, constant = operation.left, operation.constant
        if ref.value == ZERO_VALUE:
            return self._emit(SUM, (), ())
        turned = constant * UNITS[ref.unit] if ref.unit else constant
        return self._emit("scale", (self._values[ref.value],), (turned,))

    def _output(self, ref: Ref) -> int:
        """Returns a value that is an output; one that is not a plain value needs a sum."""
        is_plain = ref.value != ZERO_VALUE and ref.unit == 0
        return self._values[ref.value] if is_plain else self._sum((ref,))

    def _emit(self, name: str, operands: tuple[int, ...], constants: tuple[complex, ...]) -> int:
        stage = max((self._stages[k] for k in operands), default=-1) + 1
        self._instructions.append(Instruction(name, operands, constants, stage))
        self._stages.append(stage)
        return len(self._stages) - 1
