"""Lets `python -m tfhpo.cli` stand in for the program `tfhpo`."""

from tfhpo.cli.main import main

main()
