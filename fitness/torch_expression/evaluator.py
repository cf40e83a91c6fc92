"""The batched evaluator of the `expression` grammar: a population at once, in torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from dsl.grammars.expression.genome import Tapes, constant
from fitness.evaluators.expression_evaluator import Fits, checked_samples, standardised
from fitness.torch_devices import device_named, free_bytes
from fitness.torch_expression.fitting import Fitting, terms_of
from fitness.torch_expression.launches import Launches, Memory
from fitness.torch_expression.least_squares import CLOSE
from fitness.torch_expression.schedule import schedule
from fitness.torch_expression.triton_launches import TritonLaunches, is_usable
from fitness.torch_sharing import shared

Array = npt.NDArray[np.float64]

# Numbers of a part of a population on one tile of samples: few enough for the cache of a CPU,
# enough for all of an accelerator, and to make calls cheap. Tiles have at least so many samples.
CPU_NUMBERS, NUMBERS, TILE = 1 << 20, 1 << 28, 64
# Parts for threads to share, if tiles need not be narrower for that.
PARTS = 4
# The share of an accelerator's free memory that values may take.
SHARE = 0.3
# To find equal values takes as long as to make one in three anew for so many samples.
MERGED_FROM = 500


class BatchedExpressionEvaluator:
    """Scores genomes of the `expression` grammar with torch, on the CPU or an accelerator.

    Errors and weights are those of the compiled evaluator but for rounding, since sums are
    taken in another order: errors mostly within 1e-13, less exact where terms nearly depend on
    each other; weights as well as the samples determine them. On a CPU the compiled evaluator is
    several times as fast.

    Args:
        x: (rows, inputs) samples.
        y: (rows,) what the formula should give.
        threads: How many threads share a population on the CPU; the results do not depend
            on it.
        device: "auto", "cpu", "cuda" or "cuda:1".
    """

    def __init__(
        self, x: npt.ArrayLike, y: npt.ArrayLike, threads: int = 1, device: str = "auto"
    ) -> None:
        samples, values = checked_samples(x, y)
        self._device = device_named(device)
        self._memory = Memory(self._device)
        standard, self._mean, self._scale = standardised(values)
        self._x = self._held(samples.T)
        self._y, self._standard = self._held(values), self._held(standard)
        self._is_constant = not standard.any()
        self._threads = threads

    def evaluate(self, tapes: Tapes) -> Fits:
        """Fits the weights of every genome to y."""
        self._check(tapes)
        errors, weights = self._fits(tapes, is_corrected=False)
        close = np.flatnonzero(errors < CLOSE)
        if len(close) and not self._is_constant:
            errors[close], weights[close] = self._fits(_taken(tapes, close), is_corrected=True)
        weights *= self._scale
        weights[np.isfinite(errors), 0] += self._mean
        return Fits(errors, weights)

    def mean_squares(self, tapes: Tapes) -> Array:
        """Returns the mean squared difference of each genome's last live value and y.

        Nothing is fitted. Inf where that value is not finite, or no gene is live.
        """
        self._check(tapes)
        has_value = np.flatnonzero(tapes.is_live.any(axis=1))
        last = tapes.is_live.shape[1] - 1 - np.argmax(tapes.is_live[:, ::-1], axis=1)
        is_last = np.zeros_like(tapes.is_live)
        is_last[np.arange(len(last)), last] = True
        is_live = _needed(tapes, is_last)
        tapes = replace(tapes, is_live=is_live, is_term=is_last & is_live)

        def work(part: Tapes, width: int) -> torch.Tensor:
            launches = self._launches(part, width)
            places = self._held(launches.row_of.T[part.is_term])
            total = self._y.new_zeros(len(places))
            for x, y in self._tiles(self._y, width):
                found = launches.run(x).index_select(0, places)[:, : len(y)]
                total += found.sub_(y).square_().sum(1)
            return (total / len(self._y) + launches.invalid())[:, None]

        found = np.full(len(tapes.is_live), np.inf)
        found[has_value] = self._shared(work, _taken(tapes, has_value), 1)[:, 0]
        return np.where(np.isfinite(found), found, np.inf)

    def values(self, tapes: Tapes, position: int, x: npt.ArrayLike | None = None) -> Array:
        """Returns the values of one genome's genes: (capacity, rows); nan where not live.

        Args:
            tapes: A population.
            position: Which genome.
            x: (rows, inputs) samples, by default those of the evaluator.
        """
        samples = self._x[:, : len(self._y)]
        if x is not None:
            samples = self._held(np.asarray(x, np.float64).T)
        part = _taken(tapes, slice(position, position + 1))
        plan = schedule(part, merge=False)
        with torch.inference_mode():
            launches = Launches(plan, tapes.inputs, samples.shape[1], self._memory, guard=True)
            values = launches.run(samples)[self._held(plan.row_of[:, 0])].cpu().numpy()
        return np.where(part.is_live[0][:, None], values, np.nan)

    def _fits(self, tapes: Tapes, *, is_corrected: bool) -> tuple[Array, Array]:
        """Returns errors and weights of standardised y; with a second look at residuals."""
        capacity = tapes.primitives.shape[1]

        def work(part: Tapes, width: int) -> torch.Tensor:
            launches = self._launches(part, width)
            groups = [
                Fitting(terms, self._standard)
                for terms in terms_of(part, launches.row_of, launches.zeros)
            ]
            size = max((group.terms.rows.size for group in groups), default=0)
            scratch = self._memory.numbers("terms", size * width)

            def passed(add: Callable[..., None], *ends: Callable[..., None]) -> None:
                for x, y in self._tiles(self._standard, width):
                    values = launches.run(x)
                    for group in groups:
                        add(group, values, y, scratch)
                for group in groups:
                    for end in ends:
                        end(group)

            passed(Fitting.add, Fitting.solve)
            if is_corrected:
                passed(Fitting.add_residual, Fitting.correct)
                passed(Fitting.add_residual, Fitting.settle)
            return self._result(groups, launches.invalid(), capacity)

        table = self._shared(work, tapes, capacity + 2)
        return table[:, 0], table[:, 1:]

    def _result(self, groups: list[Fitting], checks: torch.Tensor, capacity: int) -> torch.Tensor:
        """Returns errors, intercepts and weights side by side: (population, capacity + 2)."""
        squares = torch.zeros_like(checks)
        weights = checks.new_zeros(len(checks), capacity + 2)
        for group in groups:
            genomes = self._held(group.terms.genomes)
            squares[genomes] = group.squares
            weights[genomes[:, None], self._held(group.terms.columns)] = group.weights
            weights[genomes, 0] = group.intercepts()
        errors = (squares / len(self._y)).sqrt_() + checks
        is_valid = errors < torch.inf
        errors = torch.where(is_valid, errors, torch.inf)
        weights = torch.where(is_valid[:, None], weights, 0.0)
        return torch.cat([errors[:, None], weights[:, :-1]], dim=1)

    def _launches(self, tapes: Tapes, width: int) -> Launches | TritonLaunches:
        """Returns what makes the values of a population, on tiles of so many samples."""
        if is_usable(self._device):
            return TritonLaunches(tapes, width, self._memory)
        plan = schedule(tapes, merge=len(self._y) >= MERGED_FROM)
        return Launches(plan, tapes.inputs, width, self._memory)

    def _shared(
        self, work: Callable[[Tapes, int], torch.Tensor], tapes: Tapes, columns: int
    ) -> Array:
        """Returns what becomes of all genomes: (population, columns).

        Args:
            work: Part of the population and samples of a tile -> (size of the part, columns).
            tapes: The population.
            columns: How many numbers there are of each.
        """
        # Formulas of about the same size are of about the same depth, which saves calls.
        sizes = tapes.is_live.sum(axis=1) + 1
        order = np.argsort(sizes, kind="stable")
        numbers, most = CPU_NUMBERS, CPU_NUMBERS
        if self._device.type != "cpu":
            numbers, most = NUMBERS, int(free_bytes(self._device) * SHARE / 8)
        samples = len(self._y)
        width = min(max(PARTS * numbers // max(int(sizes.sum()), 1), TILE), samples)
        width = -(-samples // -(-samples // width))  # tiles of about the same size
        edges = np.flatnonzero(np.diff(np.cumsum(sizes[order]) * width // most)) + 1
        parts = list(pairwise([0, *edges.tolist(), len(order)])) if len(order) else []
        found = shared(
            lambda start, stop: work(_taken(tapes, order[start:stop]), width),
            parts,
            self._threads,
            self._device,
        )
        table = np.empty((len(order), columns))
        table[order] = np.concatenate([np.zeros((0, columns)), *(f.cpu().numpy() for f in found)])
        return table

    def _tiles(
        self, target: torch.Tensor, width: int
    ) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yields tiles of samples and of what belongs to them.

        All are equally wide, for which calls are prepared once: the last sample repeats.
        """
        for start in range(0, len(target), width):
            x = self._x[:, start : start + width]
            if x.shape[1] < width:
                x = torch.cat([x, x[:, -1:].expand(-1, width - x.shape[1])], dim=1)
            yield x, target[start : start + width]

    def _held(self, array: npt.NDArray[Any]) -> torch.Tensor:
        return torch.from_numpy(np.array(array, order="C")).to(self._device)

    def _check(self, tapes: Tapes) -> None:
        """Checks a population.

        Raises:
            ValueError: It is for other inputs, or an operand does not exist.
        """
        if tapes.inputs != len(self._x):
            raise ValueError(f"expected tapes for {len(self._x)} inputs, got {tapes.inputs}")
        slots = tapes.inputs + np.arange(tapes.primitives.shape[1])
        for operands, least in ((tapes.left, 0), (tapes.right, -1)):
            if not (np.all(operands >= least) and np.all(operands < slots)):
                raise ValueError("expected operands among the inputs and earlier values")


def _taken(tapes: Tapes, which: slice | npt.NDArray[np.int64]) -> Tapes:
    """Returns some genomes of a population."""
    arrays = {f.name: getattr(tapes, f.name) for f in fields(tapes) if f.name != "inputs"}
    return Tapes(tapes.inputs, **{name: array[which] for name, array in arrays.items()})


def _needed(tapes: Tapes, is_wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Returns the live values that some values need: (population, capacity)."""
    is_needed = is_wanted & tapes.is_live
    genomes = np.arange(len(is_needed))
    for slot in reversed(range(is_needed.shape[1])):
        for operands in (tapes.left[:, slot], tapes.right[:, slot]):
            chosen = is_needed[:, slot] & (operands >= tapes.inputs)
            chosen &= tapes.primitives[:, slot] != constant()  # which reads nothing
            is_needed[genomes[chosen], operands[chosen] - tapes.inputs] = True
    return is_needed & tapes.is_live
