"""`python -m metrics`, the same as the command `metrics`."""

from metrics.cli import main

main()
