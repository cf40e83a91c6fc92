"""Pages of runs for the browser, live, for this machine alone."""

from evosynth.serving.server import RunsServer, serve

__all__ = ["RunsServer", "serve"]
