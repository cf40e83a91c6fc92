"""The reference evaluator: plain NumPy, one genome after the other."""

from __future__ import annotations

import numpy as np

from dsl.accuracy import relative_error
from dsl.genome import Genes, Genomes
from dsl.grammars.factor.build import build_program
from dsl.grammars.factor.decode import Decoding, decode
from dsl.grammars.factor.known_blocks import NOTHING_KNOWN, KnownBlocks
from dsl.targets.base import Target
from fitness.evaluators.base import EVALUATORS, EvaluatorKind
from fitness.scores import Scores


class ReferenceEvaluator:
    """Scores genomes by decoding each with the decoder that defines their meaning.

    The error is that of the decoded program run on the unit vectors.
    """

    def __init__(self, target: Target, threads: int = 1, device: str = "auto") -> None:
        self._target = target

    def evaluate(self, genomes: Genomes, known: KnownBlocks = NOTHING_KNOWN) -> Scores:
        """Scores a population."""
        decodings = [self.decode(genomes[k], known) for k in range(len(genomes))]
        return Scores(
            np.array([d.operations for d in decodings], np.int64),
            np.array([self._error(d) for d in decodings], np.float64),
            np.array([d.prefix for d in decodings], np.int64),
        )

    def decode(self, genome: Genes, known: KnownBlocks = NOTHING_KNOWN) -> Decoding:
        """Returns what one genome, (length, 6), means."""
        is_complex = self._target.domain == "complex"
        return decode(genome, self._target.matrix, is_complex=is_complex, known=known)

    def _error(self, decoding: Decoding) -> float:
        program = build_program(decoding, self._target.domain)
        matrix = program.execute(np.eye(program.inputs)).T
        return relative_error(matrix, self._target.matrix)


REFERENCE = EVALUATORS.register(
    EvaluatorKind("reference", ReferenceEvaluator, "plain NumPy; slow; defines the meaning")
)
