"""Evaluators and objectives."""
