"""What plug-ins are written with: the contracts of the seams, and the parts they speak of."""

from dsl.costs import Cost, Tally
from dsl.covariance import Covariance
from dsl.formats.base import Format
from dsl.genome import Genomes
from dsl.patterns import Pattern
from dsl.primitives import Primitive
from dsl.program import Instruction, Program
from dsl.samples.base import SampledFamily, SampleSets
from dsl.scalars import Scalar
from dsl.targets import Target, TargetFamily
from dsl.vectors import VectorPrimitive
from evosynth.engine.population import joined, score, spend
from evosynth.engine.spec import Population
from evosynth.engine.task import Task
from evosynth.engine.variation import mutate, random_genomes
from evosynth.strategies import Strategy
from fitness.objectives import Objective
from fitness.scores import Scores
from gradient_baselines.base import Baseline, Budget, Fit, LossPoint, Model

__all__ = [
    "Baseline",
    "Budget",
    "Cost",
    "Covariance",
    "Fit",
    "Format",
    "Genomes",
    "Instruction",
    "LossPoint",
    "Model",
    "Objective",
    "Pattern",
    "Population",
    "Primitive",
    "Program",
    "SampleSets",
    "SampledFamily",
    "Scalar",
    "Scores",
    "Strategy",
    "Tally",
    "Target",
    "TargetFamily",
    "Task",
    "VectorPrimitive",
    "joined",
    "mutate",
    "random_genomes",
    "score",
    "spend",
]
