"""Where trainings of dense factors start."""

from __future__ import annotations

import torch
from torch import Tensor

from gradient_baselines.transforms.factor_product import Task


def orthogonal(task: Task, depth: int, models: int, source: torch.Generator) -> list[Tensor]:
    """Returns random factors with orthonormal rows or columns: parameters of `Task`."""
    return [
        task.parameter(_orthogonal(_normal(task, models, s, source))) for s in task.shapes(depth)
    ]


def near_identity(task: Task, depth: int, models: int, source: torch.Generator) -> list[Tensor]:
    """Returns unit matrices with some noise: parameters of `Task`."""
    return [
        task.parameter(torch.eye(*shape) + 0.1 * _normal(task, models, shape, source))
        for shape in task.shapes(depth)
    ]


def _normal(task: Task, models: int, shape: tuple[int, int], source: torch.Generator) -> Tensor:
    return torch.randn(models, *shape, generator=source, dtype=task.wanted.dtype)


def _orthogonal(matrices: Tensor) -> Tensor:
    """Returns the nearest kin of matrices with orthonormal rows or columns, the fewer."""
    if matrices.shape[-2] < matrices.shape[-1]:
        return _orthogonal(matrices.mT).mT
    return torch.linalg.qr(matrices)[0]
