"""Approximate programs: exact ones whose constants are rounded or dropped, evolved by NSGA-II."""
