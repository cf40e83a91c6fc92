"""Where the public names live."""

PUBLIC = {
    "EvosynthError": "dsl.errors",
    "Program": "dsl.program",
    "Result": "evosynth.job",
    "Target": "dsl.targets",
    "Verification": "evosynth.api",
    "bench": "evosynth.benchmark",
    "export": "evosynth.exporting",
    "formats": "evosynth.catalogue",
    "load": "evosynth.api",
    "make_target": "dsl.targets",
    "primitives": "evosynth.catalogue",
    "records": "evosynth.record_table",
    "refine": "evosynth.refining",
    "run": "evosynth.api",
    "show": "evosynth.api",
    "targets": "evosynth.catalogue",
    "verify": "evosynth.api",
}
