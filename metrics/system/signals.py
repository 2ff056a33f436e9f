"""Cleans up and ends the process as soon as a signal arrives.

Python would raise an exception between any two steps of the program: while it takes a lock, imports
a module or forks a process, where no code can handle an exception well. The signal handler here
cleans up and ends the process itself.
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from metrics.system.exit_status import ExitStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP")

_cleanups: list[Callable[[], object]] = []


@contextmanager
def cleanup_on_signal(cleanup: Callable[[], object]) -> Iterator[None]:
    """Call `cleanup` when a signal ends the process within the block.

    The call may come between any two steps of the program, so `cleanup` must take no lock.
    """
    _cleanups.append(cleanup)
    try:
        yield
    finally:
        _cleanups.remove(cleanup)


def exit_on_signals() -> None:
    """Clean up and exit on SIGINT, SIGTERM and SIGHUP, except those that the process ignores."""
    process = os.getpid()

    def exit_process(number: int, _: object) -> None:
        # A process that was just forked shares this handler, but not the cleanups.
        if os.getpid() == process:
            for cleanup in reversed(_cleanups):
                with suppress(Exception):
                    cleanup()
        os._exit(ExitStatus.after_signal(number))

    for name in SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) in (
            signal.SIG_DFL,
            signal.default_int_handler,
        ):
            signal.signal(number, exit_process)
