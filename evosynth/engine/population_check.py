"""Whether a population that was read from a file can be bred: compiled code trusts its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dsl.errors import DataError
from evosynth.engine.spec import MOST_GENOMES, Population


def check_population(
    population: Population,
    capacity: int,
    lowest: npt.NDArray[Any],
    bounds: npt.NDArray[Any],
) -> None:
    """Checks genomes and scores.

    Args:
        population: The population.
        capacity: Most genes of a genome.
        lowest: (fields,) the smallest number of each field of a gene.
        bounds: (fields,) numbers that are all larger than the field's.

    Raises:
        DataError: Something does not fit.
    """
    genomes, count = population.genomes, len(population.genomes)
    if genomes.capacity != capacity or count > MOST_GENOMES:
        raise DataError(f"expected genomes of at most {capacity} genes")
    if population.errors.shape != (count,) or population.operations.shape != (count,):
        raise DataError("expected an error and operations for each genome")
    if np.isnan(population.errors).any() or np.isnan(population.operations).any():
        raise DataError("expected scores that are numbers")
    if genomes.genes.shape[2] != len(bounds):
        raise DataError(f"expected genes of {len(bounds)} fields")
    used = genomes.genes[np.arange(capacity) < genomes.lengths[:, None]]
    if ((used < lowest) | (used >= bounds)).any():
        raise DataError("expected genes within their bounds")
