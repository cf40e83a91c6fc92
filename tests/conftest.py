"""What all tests share."""

from hypothesis import settings

# The first example of many tests imports SymPy or compiles a kernel: no deadline.
settings.register_profile("patient", parent=settings(), deadline=None)
settings.load_profile("patient")
