"""The exit statuses of all commands."""

from __future__ import annotations

from enum import IntEnum


class ExitStatus(IntEnum):
    """How a command ended."""

    OK = 0
    VIOLATION = 1
    """A diagram violates a limit."""
    DIFFERENCE = VIOLATION
    """Numbers differ, and `--exit-code` asks for a status that says so."""
    FAILURE = 2
    """A file could not be read, the command line is wrong, or output could not be written."""
    BROKEN_PIPE = 141
    """The reader of standard output closed it; a shell reports SIGPIPE by this status."""

    @staticmethod
    def after_signal(number: int) -> int:
        """The status with which a shell reports that a signal ended a process."""
        return 128 + number
