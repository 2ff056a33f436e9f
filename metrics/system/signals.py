"""A signal ends the command at once, with what it has begun cleared away.

Python would raise an exception in the midst of whatever is done just then: while a lock is taken, a
module imported or a process forked, where nobody can handle it well. So the handler of the signal
clears away by itself, and ends the process.
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
    """Have something cleared away where a signal ends the process within the block.

    `cleanup` may be called between any two steps of the program: it must take no lock.
    """
    _cleanups.append(cleanup)
    try:
        yield
    finally:
        _cleanups.remove(cleanup)


def end_at_once() -> None:
    """Have each signal that asks for an end bring it, but for those that are ignored."""
    process = os.getpid()

    def end(number: int, _: object) -> None:
        # A process that was just forked clears nothing away: it is another's.
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
            signal.signal(number, end)
