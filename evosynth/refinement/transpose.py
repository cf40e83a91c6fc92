"""Network transposition: from code for a matrix to code for its transpose.

All arrows of the signal-flow graph are turned round (Bordewijk, 1956): a value that was
read several times becomes a sum, a sum becomes a value that is read several times, and
products stay products. Multiplications are as many as before, additions more by inputs
less outputs of the transposed code, where every input and output is used.
"""

from __future__ import annotations

from dsl.grammars.factor.from_code import program_from_code
from dsl.program import Program
from dsl.straightline import ZERO, ZERO_VALUE, Code, CodeWriter, Ref


def transposed_program(program: Program) -> Program:
    """Returns a program for the transpose of a program's matrix."""
    return program_from_code(transposed(program.plain_code), program.name)


def transposed(code: Code) -> Code:
    """Returns code for the transpose of a code's matrix, exact where the code is."""
    writer = CodeWriter(code.domain, len(code.outputs))
    totals = [ZERO] * (code.inputs + len(code.operations))

    def collect(ref: Ref, term: Ref) -> None:
        if ref.value == ZERO_VALUE or term.value == ZERO_VALUE:
            return
        turned, known = term.times(ref.unit), totals[ref.value]
        totals[ref.value] = turned if known.value == ZERO_VALUE else writer.add(known, turned)

    for row, ref in enumerate(code.outputs):
        collect(ref, Ref(row))
    for position in reversed(range(len(code.operations))):
        operation, total = code.operations[position], totals[code.inputs + position]
        if operation.kind == "scale" and total.value != ZERO_VALUE:
            total = writer.scale(operation.constant, total)
        for ref in operation.operands:
            collect(ref, total)
    return writer.finish(totals[: code.inputs])
