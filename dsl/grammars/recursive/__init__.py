"""The `recursive` grammar: one program for every size of a transform."""
