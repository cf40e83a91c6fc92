"""`python -m benchmarks [TABLE ...] [--seeds N]`.

`python -m benchmarks records`, `formulas` and `recursive` (hours each), `ablation` and
`recursive-ablation`, `soak`, `safety` and `gpu` (minutes) have options of their own: see their
`--help`.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

OF_THEIR_OWN = {  # with options of their own
    "records": "records",
    "ablation": "ablation",
    "approximations": "approximations",
    "matrices": "matrices",
    "formulas": "formulas",
    "recursive": "recursive",
    "recursive-ablation": "recursive_ablation",
    "soak": "soak",
    "safety": "safety",
    "gpu": "gpu",
}
TABLES = {
    "evaluator": "evaluator",
    "expression": "expression_evaluator",
    "overhead": "overhead",
    "variation": "variation",
    "goals": "goals",
    "speed": "speed",
    "reports": "reports",
}


def main() -> None:
    """Prints the tables that were asked for, by default all of `TABLES`."""
    if sys.argv[1:2] in ([name] for name in OF_THEIR_OWN):
        import_module(f"benchmarks.{OF_THEIR_OWN[sys.argv[1]]}").main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--seeds", type=int, default=20)
    arguments = parser.parse_args()
    if unknown := set(arguments.tables) - TABLES.keys():
        parser.error(f"unknown table {sorted(unknown)}; known: {', '.join(TABLES)}")
    for name, module in TABLES.items():
        if name in (arguments.tables or TABLES):
            table = import_module(f"benchmarks.{module}")
            table.main(arguments.seeds) if name == "goals" else table.main()


if __name__ == "__main__":
    main()
