"""The search for formulas: constants are solved, evolution chooses structure."""
