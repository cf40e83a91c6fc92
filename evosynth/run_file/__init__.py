"""`run.toml`: the options of a run as a file that people read, edit and run again."""

from evosynth.run_file.reading import examine_options, read_config
from evosynth.run_file.writing import changed_options, options_text

__all__ = ["changed_options", "examine_options", "options_text", "read_config"]
