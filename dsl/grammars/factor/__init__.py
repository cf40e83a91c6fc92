"""The `factor` grammar: stages moved out of the matrix of a linear transform."""
