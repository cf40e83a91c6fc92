"""Models made of butterflies: forms, parameters, loss and factors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from gradient_baselines.counting import normalised
from gradient_baselines.training import cosine
from gradient_baselines.transforms.butterfly_blocks import (
    CHOICES,
    Indices,
    block_shapes,
    butterfly_matrices,
    dense_factor,
    one_level,
    permutation,
)
from gradient_baselines.transforms.factor_product import Matrix, Task, squares

# Of Adam, log-uniform: those of [Dao2019] go from 1e-4 to 0.5, but these are what succeeds.
RATES = (0.02, 0.2)
# Root mean square error at which [Dao2019] call a transform recovered.
RECOVERED = 1e-4


@dataclass(frozen=True, slots=True)
class Form:
    """How a matrix is made of butterflies.

    Attributes:
        name: For people.
        orders: (choices, butterflies, n) the order in which a butterfly reads its inputs.
        is_complex: The entries are complex.
        is_real_part: The matrix is the real part of the product, on real data.
    """

    name: str
    orders: Indices = field(repr=False)
    is_complex: bool
    is_real_part: bool = False


def forms(task: Task) -> list[Form]:
    """Returns the forms to try until one fits, the cheapest first."""
    start = np.arange(task.width)
    orders = np.array([permutation(choice, start) for choice in CHOICES])
    pairs = np.array([(first, second) for first in orders for second in orders])
    found = [Form("1 butterfly", orders[:, None], task.is_complex)]
    if task.target.domain == "real" and task.width > 2:
        # What real transforms need: one choice of the first level apart from all others.
        apart = [permutation(c, one_level(first, start)) for first in CHOICES for c in CHOICES]
        distinct = np.unique(np.array(apart), axis=0)
        found.append(Form("1 complex butterfly, real part", distinct[:, None], True, True))
    return [*found, Form("2 butterflies", pairs, task.is_complex)]


@dataclass(frozen=True, slots=True)
class Butterflies:
    """Models of one form.

    Attributes:
        form: Of all.
        choices: (models,) which of the form's orders each has.
        parameters: Blocks of one butterfly after the other, from the input on, real tensors.
        rates: (models,) of Adam.
    """

    form: Form
    choices: Indices
    parameters: list[Tensor]
    rates: Tensor

    def chosen(self, models: Sequence[int]) -> Butterflies:
        """Returns some of the models, copied."""
        picked = list(models)
        parameters = [p[picked].clone() for p in self.parameters]
        return Butterflies(self.form, self.choices[picked], parameters, self.rates[picked])

    def losses(self, task: Task, parameters: Sequence[Tensor] | None = None) -> Tensor:
        """Returns the squared distances from the matrix, with its columns in the order read."""
        used = self.parameters if parameters is None else parameters
        count = self.form.orders.shape[1]
        depth = len(used) // count
        blocks = [torch.view_as_complex(p) if self.form.is_complex else p for p in used]
        matrices = [butterfly_matrices(blocks[k * depth : (k + 1) * depth]) for k in range(count)]
        orders = torch.from_numpy(self.form.orders[self.choices])
        every = torch.arange(len(orders))[:, None]
        for k in range(1, count):  # a later butterfly reads the outputs of the one before
            matrices[k - 1] = matrices[k - 1][every, orders[:, k]]
        product = reduce(torch.matmul, reversed(matrices))
        wanted = task.wanted[:, orders[:, 0]].transpose(0, 1)
        return squares((product.real if self.form.is_real_part else product) - wanted)

    def factors(self, task: Task, index: int) -> list[Matrix]:
        """Returns the factors of one model, the one next to the output first."""
        count = self.form.orders.shape[1]
        depth = len(self.parameters) // count
        found: list[Matrix] = []
        for k, parameter in enumerate(self.parameters):
            block = parameter[index].contiguous()
            entries = torch.view_as_complex(block) if self.form.is_complex else block
            factor: Matrix = dense_factor(entries.numpy())
            if k % depth == 0:
                order = self.form.orders[self.choices[index], k // depth]
                factor = factor[:, np.argsort(order)]
            found.append(factor)
        found.reverse()
        found[0] = found[0] * task.scale
        return real_parts(normalised(found)) if self.form.is_real_part else found


def real_parts(factors: Sequence[Matrix]) -> list[Matrix]:
    """Returns real factors of the real part of a product: on real and imaginary parts."""
    doubled = [np.block([[f.real, -f.imag], [f.imag, f.real]]) for f in factors]
    doubled[0] = doubled[0][: len(factors[0])]
    doubled[-1] = doubled[-1][:, : factors[-1].shape[1]]
    return doubled


def starts(
    form: Form, restarts: int, rates: tuple[float, float], source: torch.Generator
) -> Butterflies:
    """Returns random butterflies: every order of a form, so many times."""
    choices, count, n = form.orders.shape
    models = choices * restarts
    parts = (2,) if form.is_complex else ()
    scale = 0.5 if form.is_complex else math.sqrt(0.5)
    parameters = [
        scale * torch.randn(models, *shape, *parts, generator=source, dtype=torch.float64)
        for _ in range(count)
        for shape in block_shapes(n)
    ]
    low, high = map(math.log, rates)
    uniform = torch.rand(models, generator=source, dtype=torch.float64)
    spread = torch.exp(low + (high - low) * uniform)
    return Butterflies(form, np.tile(np.arange(choices), restarts), parameters, spread)


def late(progress: float) -> float:
    """Returns the factor of the rates: 1 for half of the time, then half a cosine."""
    return cosine(max(0.0, 2 * progress - 1))
