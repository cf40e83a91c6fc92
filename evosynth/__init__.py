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
    from dsl.fixed_point import FixedProgram, fixed_point
    from dsl.grammars.recursive.algorithm import Algorithm
    from dsl.grammars.recursive.recursive_target import RecursiveTarget
    from dsl.program import Program
    from dsl.samples import SampledTarget, from_arrays, make_sampled_target, read_samples
    from dsl.targets import Target, make_target
    from evosynth.algorithm_result import AlgorithmResult
    from evosynth.api import Verification, fork, load, resume, run, show, verify
    from evosynth.benchmark import bench
    from evosynth.catalogue import (
        baselines,
        costs,
        formats,
        functions,
        objectives,
        primitives,
        targets,
    )
    from evosynth.checking import check
    from evosynth.comparison import Comparison, compare
    from evosynth.diagnosing import doctor
    from evosynth.experimenting import experiment, experiments
    from evosynth.exporting import export
    from evosynth.formula_result import FormulaResult
    from evosynth.fronts import front
    from evosynth.generalization import Generalization, generalize
    from evosynth.matrix_result import Result
    from evosynth.plugins.declaring import (
        baseline,
        cost,
        format,
        objective,
        primitive,
        register,
        strategy,
        target,
    )
    from evosynth.plugins.loading import load_plugin
    from evosynth.record_table import records
    from evosynth.refining import refine
    from evosynth.reports import report
    from evosynth.run_file import read_config
    from evosynth.serving import serve
    from evosynth.structure_report import structure
    from evosynth.symbolic_regressor import SymbolicRegressor

__all__ = [
    "Algorithm",
    "AlgorithmResult",
    "Comparison",
    "EvosynthError",
    "FixedProgram",
    "FormulaResult",
    "Generalization",
    "Program",
    "RecursiveTarget",
    "Result",
    "SampledTarget",
    "SymbolicRegressor",
    "Target",
    "Verification",
    "baseline",
    "baselines",
    "bench",
    "check",
    "compare",
    "cost",
    "costs",
    "doctor",
    "experiment",
    "experiments",
    "export",
    "fixed_point",
    "fork",
    "format",
    "formats",
    "from_arrays",
    "front",
    "functions",
    "generalize",
    "load",
    "load_plugin",
    "make_sampled_target",
    "make_target",
    "objective",
    "objectives",
    "primitive",
    "primitives",
    "read_config",
    "read_samples",
    "records",
    "refine",
    "register",
    "report",
    "resume",
    "run",
    "serve",
    "show",
    "strategy",
    "structure",
    "target",
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
