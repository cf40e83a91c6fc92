"""`python -m benchmarks [evaluator] [overhead] [goals] [speed] [--seeds N]`, or `records`.

`python -m benchmarks records --help` tells the options of the table that takes hours.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

TABLES = ("evaluator", "overhead", "goals", "speed")


def main() -> None:
    """Prints the tables that were asked for, by default all but the records."""
    if sys.argv[1:2] == ["records"]:  # with options of its own
        import_module("benchmarks.records").main(sys.argv[2:])
        return
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--seeds", type=int, default=20)
    arguments = parser.parse_args()
    if unknown := set(arguments.tables) - set(TABLES):
        parser.error(f"unknown table {sorted(unknown)}; known: {', '.join(TABLES)}")
    for name in TABLES:
        if name in (arguments.tables or TABLES):
            table = import_module(f"benchmarks.{name}")
            table.main(arguments.seeds) if name == "goals" else table.main()


if __name__ == "__main__":
    main()
