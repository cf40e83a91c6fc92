"""The checks that ship for plug-ins, on everything that is built in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from dsl.errors import EnvironmentMismatchError
from dsl.primitives import Primitive
from dsl.samples.base import SampledFamily
from dsl.vectors import VectorPrimitive
from evosynth.comparison.rivals import BASELINES
from evosynth.conformance import check_baseline, check_member, check_objective, restoring
from evosynth.plugins.seams import SEAMS
from fitness.objectives import OBJECTIVES, Objective

ROOT = Path(__file__).resolve().parent.parent
# Rivals train with PyTorch, and are checked apart.
MEMBERS = [
    (kind, each) for kind, (seam, _) in SEAMS.items() if seam is not BASELINES for each in seam
]


def is_checked(member: Any) -> bool:
    """Says whether there are checks: of steps with parameters there are none."""
    return not (
        (isinstance(member, VectorPrimitive) and member.parameters)
        or (isinstance(member, SampledFamily) and member.extra)
    )


@pytest.mark.parametrize(
    "member",
    [each for _, each in MEMBERS if is_checked(each)],
    ids=[f"{kind} {each.name}" for kind, each in MEMBERS if is_checked(each)],
)
def test_what_is_built_in_passes(member: Any) -> None:
    checked = check_member(member)
    assert "name" in checked or not checked


@pytest.mark.parametrize("name", ["dense", "low-rank"])
def test_built_in_rivals_pass(name: str) -> None:
    pytest.importorskip("torch")
    from evosynth.comparison.rivals import all_rivals

    assert "fit" in check_baseline(all_rivals().get(name))


def test_an_objective_that_depends_on_its_company_is_found() -> None:
    def relative(computed: Any, target: Any, covariance: Any) -> Any:
        errors = np.abs(computed - target.matrix).max(axis=(-2, -1))
        return errors / max(errors.max(), 1e-9)

    def alone(program: Any, target: Any) -> float:
        return float(relative(program.matrix()[None], target, None)[0])

    wrong = Objective("relative", OBJECTIVES.get("error").of_scores, alone, "wrong", relative)
    with pytest.raises(EnvironmentMismatchError, match="objective 'relative': matrices"):
        check_objective(wrong)


def test_a_block_that_differs_from_call_to_call_is_found() -> None:
    calls: Iterator[int] = iter(range(1, 10**6))
    block = Primitive("drifting", lambda c: [[1, c * next(calls)], [0, 1]], 2, False, "test")
    with pytest.raises(EnvironmentMismatchError, match="it is another one when asked for again"):
        check_member(block)


def test_the_code_of_the_documentation_runs() -> None:
    text = (ROOT / "docs" / "extending.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 3
    folder = Path(__file__).parent
    module = ModuleType("documented")
    with restoring():
        for k, block in enumerate(blocks):
            # Steps are read from their source, which has to be somewhere.
            path = folder / f"documented_{k}.py"
            _remember(path, block)
            exec(compile(block, str(path), "exec"), module.__dict__)
        assert module.turned_butterfly.points == 2
        assert module.pair_and_rest.points == 3
        assert module.half_more.arity == 2
        assert module.rotate_left.operands == 1


def _remember(path: Path, text: str) -> None:
    import linecache

    linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))
