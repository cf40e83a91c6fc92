"""evosynth: discovers cheap exact programs for transforms by evolutionary search.

    import evosynth as es
    result = es.run("dft", n=16, seed=0)
    result.best(x)

`evosynth --help` lists the commands.
"""

from __future__ import annotations

from evosynth.guard import check_siblings

check_siblings()

from typing import TYPE_CHECKING, Any  # noqa: E402  # nothing may come before the guard

from evosynth.names import PUBLIC  # noqa: E402

if TYPE_CHECKING:
    from dsl.errors import EvosynthError
    from dsl.grammars.recursive.algorithm import Algorithm
    from dsl.grammars.recursive.recursive_target import RecursiveTarget
    from dsl.program import Program
    from dsl.samples import SampledTarget, from_arrays, make_sampled_target, read_samples
    from dsl.targets import Target, make_target
    from evosynth.algorithm_result import AlgorithmResult
    from evosynth.api import Verification, fork, load, resume, run, show, verify
    from evosynth.benchmark import bench
    from evosynth.catalogue import baselines, formats, functions, primitives, targets
    from evosynth.checking import check
    from evosynth.comparison import Comparison, compare
    from evosynth.diagnosing import doctor
    from evosynth.experimenting import experiment, experiments
    from evosynth.exporting import export
    from evosynth.formula_result import FormulaResult
    from evosynth.generalization import Generalization, generalize
    from evosynth.matrix_result import Result
    from evosynth.record_table import records
    from evosynth.refining import refine
    from evosynth.symbolic_regressor import SymbolicRegressor

__all__ = [
    "Algorithm",
    "AlgorithmResult",
    "Comparison",
    "EvosynthError",
    "FormulaResult",
    "Generalization",
    "Program",
    "RecursiveTarget",
    "Result",
    "SampledTarget",
    "SymbolicRegressor",
    "Target",
    "Verification",
    "baselines",
    "bench",
    "check",
    "compare",
    "doctor",
    "experiment",
    "experiments",
    "export",
    "fork",
    "formats",
    "from_arrays",
    "functions",
    "generalize",
    "load",
    "make_sampled_target",
    "make_target",
    "primitives",
    "read_samples",
    "records",
    "refine",
    "resume",
    "run",
    "show",
    "targets",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Loads a public name when it is first used: numerical packages take a while."""
    if name not in PUBLIC:
        raise AttributeError(f"module 'evosynth' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
