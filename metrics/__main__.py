"""The entry point of the command `metrics`, and of `python -m metrics`."""

from __future__ import annotations

import gc
import sys
from typing import Final, NoReturn

EXIT_INTERRUPTED: Final = 130


def main() -> NoReturn:
    """Run the command line; ends the process with its exit status."""
    try:
        # What is imported stays: to look for garbage in it takes a fifth of a short run.
        gc.disable()
        # Within the `try`: an interrupt while this is imported gets no traceback either.
        from metrics.cli import run

        gc.freeze()
        gc.enable()
        status = run()
    except KeyboardInterrupt:
        status = EXIT_INTERRUPTED
    sys.exit(status)


if __name__ == "__main__":
    main()
