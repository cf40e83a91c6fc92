"""Fronts of runs: programs of which none is both cheaper and nearer than another."""

from evosynth.fronts.points import FrontPoint, points_of
from evosynth.fronts.programs import Front, front_of
from evosynth.fronts.reading import front, picked_point, read_front
from evosynth.fronts.table import front_table
from evosynth.fronts.verification import PointVerification, verify_best, verify_point

__all__ = [
    "Front",
    "FrontPoint",
    "PointVerification",
    "front",
    "front_of",
    "front_table",
    "picked_point",
    "points_of",
    "read_front",
    "verify_best",
    "verify_point",
]
