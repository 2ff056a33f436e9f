"""The entry point of the command `metrics`, and of `python -m metrics`."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import Final, NoReturn

from metrics.system.signals import end_at_once

EXIT_FAILED: Final = 2
GARBAGE_THRESHOLD: Final = 10_000
SECONDS_PER_TURN: Final = 0.001
KEPT_MEMORY: Final = 16 * 1024 * 1024


def main() -> NoReturn:
    """Run the command line; ends the process with its exit status."""
    # First: a signal may come while the rest is imported.
    end_at_once()
    try:
        # What is imported stays: to look for garbage in it takes a fifth of a short run.
        gc.disable()
        from metrics.cli import run

        gc.freeze()
        # Reports have no cycles: to look for some in each few of them takes a thirtieth of a run.
        gc.set_threshold(GARBAGE_THRESHOLD)
        gc.enable()
        # An allocator that has freed a large block keeps as much for what comes: else it gives
        # back each tree's memory, and asks for it again. A block never written to takes none.
        bytes(KEPT_MEMORY)
        # Who hands work to a process should not wait long for who prints what others have done.
        sys.setswitchinterval(SECONDS_PER_TURN)
        status = run()
    except MemoryError:
        with suppress(OSError):
            print("metrics: out of memory", file=sys.stderr)
        status = EXIT_FAILED
    finally:
        _drop_what_cannot_be_written()
    sys.exit(status)


def _drop_what_cannot_be_written() -> None:
    # Python would try again at exit, and end with a status of its own.
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
