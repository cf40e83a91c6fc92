"""`python -m benchmarks [evaluator] [overhead] [goals] [speed] [--seeds N]`."""

from __future__ import annotations

import argparse

from benchmarks import evaluator, goals, overhead, speed

TABLES = ("evaluator", "overhead", "goals", "speed")


def main() -> None:
    """Prints the tables that were asked for, all by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=", ".join(TABLES))
    parser.add_argument("--seeds", type=int, default=20)
    arguments = parser.parse_args()
    if unknown := set(arguments.tables) - set(TABLES):
        parser.error(f"unknown table {sorted(unknown)}; known: {', '.join(TABLES)}")
    chosen = arguments.tables or TABLES
    if "evaluator" in chosen:
        evaluator.main()
    if "overhead" in chosen:
        overhead.main()
    if "goals" in chosen:
        goals.main(arguments.seeds)
    if "speed" in chosen:
        speed.main()


if __name__ == "__main__":
    main()
