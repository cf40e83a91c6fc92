"""The `expression` grammar: formulas for samples of functions."""
