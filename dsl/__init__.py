"""The language: primitives, genomes, programs, straight-line code, cost, targets, formats."""
