"""The batched evaluator: whole populations at once in torch, on a GPU or a CPU."""

from __future__ import annotations

from dsl.targets.base import Target
from fitness.evaluators.base import EVALUATORS, Evaluator, EvaluatorKind


def make(target: Target, threads: int = 1, device: str = "auto") -> Evaluator:
    """Returns an evaluator that works on a device.

    Args:
        target: What must be computed.
        threads: Of the CPU, where that is the device; the scores do not depend on it.
        device: "auto", or as torch calls it: "cpu", "cuda", "cuda:1".

    Raises:
        EnvironmentMismatchError: torch is not installed, or the device cannot be used.
        UsageError: There is no such device.
    """
    from fitness.torch_factor.batched_evaluator import BatchedEvaluator  # torch takes seconds

    return BatchedEvaluator(target, threads, device)


TORCH = EVALUATORS.register(
    EvaluatorKind("torch", make, "batched in torch, on a GPU or the CPU", uses_device=True)
)
