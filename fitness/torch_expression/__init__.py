"""The `expression` grammar's interpreter for whole populations at once, in torch."""
