"""Programs in stages by depth: what can be computed at the same time stands together."""

from __future__ import annotations

from dataclasses import replace

from dsl.program import Instruction, Program


def by_levels(program: Program) -> Program:
    """Returns the same instructions in another order, in as few stages as there can be.

    Every instruction stands in the stage after the last one that it reads a result of.
    """
    levels = instruction_levels(program)
    firsts = program.first_results
    numbers = {k: k for k in range(program.inputs)}
    moved: list[Instruction] = []
    for position in sorted(range(len(levels)), key=levels.__getitem__):
        instruction = program.instructions[position]
        operands = tuple(numbers[k] for k in instruction.operands)
        for result in range(firsts[position], firsts[position + 1]):
            numbers[result] = len(numbers)
        moved.append(replace(instruction, operands=operands, stage=levels[position]))
    outputs = tuple(numbers[k] for k in program.outputs)
    return replace(program, instructions=tuple(moved), outputs=outputs)


def instruction_levels(program: Program) -> list[int]:
    """Returns for every instruction how many others have to come before it, one by one."""
    depths = [0] * program.inputs
    levels: list[int] = []
    firsts = program.first_results
    for position, instruction in enumerate(program.instructions):
        level = max((depths[k] for k in instruction.operands), default=0)
        levels.append(level)
        depths += [level + 1] * (firsts[position + 1] - firsts[position])
    return levels
