"""Signal-flow graphs of programs: what is drawn, and where."""
