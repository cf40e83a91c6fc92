"""What each part of the search is worth: the same runs without it.

    python -m benchmarks ablation [--seconds 10] [--seeds 3]

Genes are changed as they are drawn, so that the search never sees what is left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

import evosynth as es
from dsl.genome import PATTERN, PRIMITIVE, SECOND, Genes, GeneSpace
from dsl.patterns import PATTERNS
from dsl.primitives import PRIMITIVES

TARGETS = (("dft", 7), ("dft", 9), ("dft", 15), ("dct2", 16), ("dct4", 8))
Change = Callable[[Genes], None]


def nothing(genes: Genes) -> None:
    """Leaves genes as they are."""


def no_sums(genes: Genes) -> None:
    """Makes shared sums into blocks."""
    genes[:, PRIMITIVE] %= len(PRIMITIVES)


def no_products(genes: Genes) -> None:
    """Makes stages gain by zeros alone; single pairs keep their places."""
    is_stage = np.array([rule.is_stage for rule in PATTERNS])[genes[:, PATTERN]]
    genes[is_stage, SECOND] &= ~1


def no_matching(genes: Genes) -> None:
    """Makes matching stages into strides."""
    is_matching = genes[:, PATTERN] == PATTERNS.index("matching")
    genes[is_matching, PATTERN] = PATTERNS.index("stride")


def no_index(genes: Genes) -> None:
    """Makes stages by index into matching ones."""
    by_index = [PATTERNS.index(rule.name) for rule in PATTERNS if rule.reach == "listed"]
    genes[np.isin(genes[:, PATTERN], by_index), PATTERN] = PATTERNS.index("matching")


VARIANTS: dict[str, tuple[Change, dict[str, Any]]] = {
    "all": (nothing, {}),
    "blocks not shared": (nothing, {"library": "none"}),
    "no shared sums": (no_sums, {}),
    "no gain by products": (no_products, {}),
    "no matching": (no_matching, {}),
    "no index patterns": (no_index, {}),
    "random search": (nothing, {"strategy": "random"}),
    "hill climbing": (nothing, {"strategy": "hill-climb"}),
}


def main(arguments: list[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks ablation", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="of a run  [default: 10]")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each  [default: 3]")
    options = parser.parse_args(arguments)
    print(f"Operations, median and best of {options.seeds} seeds, {options.seconds:g} s each\n")
    names = [f"{name} {n}" for name, n in TARGETS]
    print("| | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1))
    es.run("dft", 4, evaluations=200, seed=0)  # compiles, for both kinds of data
    es.run("dct2", 4, evaluations=200, seed=0)
    original = GeneSpace.draw
    for title, (change, arguments_of_run) in VARIANTS.items():

        def changed(*given: Any, change: Change = change) -> Genes:
            genes = original(*given)
            change(genes)
            return genes

        GeneSpace.draw = changed  # type: ignore[method-assign]
        try:
            cells = [_cell(name, n, options, arguments_of_run) for name, n in TARGETS]
        finally:
            GeneSpace.draw = original  # type: ignore[method-assign]
        print(f"| {title} | " + " | ".join(cells) + " |", flush=True)


def _cell(name: str, n: int, options: argparse.Namespace, arguments: dict[str, Any]) -> str:
    found = [
        es.run(name, n, seed=seed, time=options.seconds, **arguments).claims.operations
        for seed in range(options.seeds)
    ]
    return f"{median(found):g} / {min(found)}"


if __name__ == "__main__":
    main()
