"""Strategies: one file each."""

from evosynth.strategies.base import STRATEGIES, Strategy
from evosynth.strategies.evolve import EVOLVE
from evosynth.strategies.hill_climb import HILL_CLIMB
from evosynth.strategies.random_search import RANDOM

__all__ = ["EVOLVE", "HILL_CLIMB", "RANDOM", "STRATEGIES", "Strategy"]
