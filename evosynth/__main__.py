"""`python -m evosynth`."""

from evosynth.cli.main import main

if __name__ == "__main__":
    main()
