"""What an evaluator is: genomes in, scores out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dsl.genome import Genes, Genomes
from dsl.grammars.factor.decode import Decoding
from dsl.grammars.factor.known_blocks import NOTHING_KNOWN, KnownBlocks
from dsl.registry import Registry
from dsl.targets.base import Target
from fitness.scores import Scores


class Evaluator(Protocol):
    """Scores genomes of the `factor` grammar against one target."""

    def evaluate(self, genomes: Genomes, known: KnownBlocks = NOTHING_KNOWN) -> Scores:
        """Scores a population.

        Args:
            genomes: The population.
            known: What components of the remainder are known to cost at most.
        """
        ...

    def decode(self, genome: Genes, known: KnownBlocks = NOTHING_KNOWN) -> Decoding:
        """Returns what one genome, (length, 6), means."""
        ...


@dataclass(frozen=True, slots=True)
class EvaluatorKind:
    """A way to evaluate.

    Attributes:
        name: What the command line calls it.
        make: (target, threads) -> evaluator; scores do not depend on the threads.
        summary: One line for people.
    """

    name: str
    make: Callable[[Target, int], Evaluator]
    summary: str


EVALUATORS: Registry[EvaluatorKind] = Registry("evaluator")
