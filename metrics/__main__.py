"""The entry point of the command `metrics` and of `python -m metrics`."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import Final, NoReturn

from metrics.system.exit_status import ExitStatus
from metrics.system.signals import exit_on_signals

GARBAGE_THRESHOLD: Final = 10_000
SECONDS_PER_TURN: Final = 0.001
KEPT_MEMORY: Final = 16 * 1024 * 1024


def main() -> NoReturn:
    """Run the command line, and end the process with its exit status."""
    # First, since a signal may arrive during the other imports.
    exit_on_signals()
    try:
        # Imported modules stay; collecting garbage among them takes a fifth of a short run.
        gc.disable()
        from metrics.cli import run

        gc.freeze()
        # Reports have no cycles; the default threshold costs a thirtieth of a run.
        gc.set_threshold(GARBAGE_THRESHOLD)
        gc.enable()
        # After a large block is freed, malloc keeps that much memory for later blocks. Otherwise it
        # returns the memory of each tree to the system, and requests it again for the next.
        bytes(KEPT_MEMORY)
        # The thread that hands work to processes must not wait long for the one that prints.
        sys.setswitchinterval(SECONDS_PER_TURN)
        status = run()
    except MemoryError:
        with suppress(OSError):
            print("metrics: out of memory", file=sys.stderr)
        status = ExitStatus.FAILURE
    finally:
        _discard_unwritable_output()
    sys.exit(status)


def _discard_unwritable_output() -> None:
    # Python would write it again at exit, and fail with another status.
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
