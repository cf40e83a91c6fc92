"""What an evaluator is: genomes in, scores out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from dsl.genome import Genes, Genomes
from dsl.grammars.factor.decode import Decoding
from dsl.grammars.factor.known_blocks import NOTHING_KNOWN, KnownBlocks
from dsl.registry import Registry
from dsl.targets.base import Target
from fitness.gate import check_scores
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


class Make(Protocol):
    """Makes evaluators of one kind."""

    def __call__(self, target: Target, threads: int, device: str = "auto") -> Evaluator:
        """Returns an evaluator of genomes for a target."""
        ...


@dataclass(frozen=True, slots=True)
class EvaluatorKind:
    """A way to evaluate.

    Attributes:
        name: What the command line calls it.
        make: (target, threads, device) -> evaluator; scores do not depend on threads and
            device. Of a device that an evaluator has no use for it takes any name.
        summary: One line for people.
        uses_device: It may work on an accelerator, the one that the device names.
    """

    name: str
    make: Make
    summary: str
    uses_device: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "make", _checked(self.name, self.make))


@dataclass(frozen=True, slots=True)
class CheckedEvaluator:
    """An evaluator whose scores have the right shapes and types.

    Attributes:
        name: What the command line calls its kind.
        evaluator: The evaluator.
    """

    name: str
    evaluator: Evaluator

    def evaluate(self, genomes: Genomes, known: KnownBlocks = NOTHING_KNOWN) -> Scores:
        """Scores a population.

        Raises:
            EnvironmentMismatchError: The evaluator breaks its contract.
        """
        scores = self.evaluator.evaluate(genomes, known)
        check_scores(scores, len(genomes), f"evaluator '{self.name}'")
        return scores

    def decode(self, genome: Genes, known: KnownBlocks = NOTHING_KNOWN) -> Decoding:
        """Returns what one genome, (length, 6), means."""
        return self.evaluator.decode(genome, known)


def _checked(name: str, make: Make) -> Make:
    def checked(target: Target, threads: int, device: str = "auto") -> Evaluator:
        return CheckedEvaluator(name, make(target, threads, device))

    return checked


EVALUATORS: Registry[EvaluatorKind] = Registry("evaluator")
