"""What all tests share."""

import sys
from pathlib import Path

from hypothesis import settings

# The benchmarks are no part of the installed package; last, so that nothing else is found there.
sys.path.append(str(Path(__file__).resolve().parent.parent))

# The first example of many tests imports SymPy or compiles a kernel: no deadline.
settings.register_profile("patient", parent=settings(), deadline=None)
settings.load_profile("patient")
