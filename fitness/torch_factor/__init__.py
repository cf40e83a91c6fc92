"""The `factor` grammar's decoder for whole populations at once, in torch."""
