"""Diagrams that kill the processes that measure them, as on a system with little memory."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from support.command import children_of
from support.diagrams import definitions

if TYPE_CHECKING:
    import threading

MEMORY = 300 * 1024 * 1024


def big_diagram(tasks: int = 2_000_000) -> bytes:
    """A diagram that takes more than `MEMORY` to measure."""
    return definitions("<bpmn:process>" + "<bpmn:task/>" * tasks + "</bpmn:process>")


def kill_large(parent: int, ended: threading.Event) -> None:
    """Kill the processes below one that take more than `MEMORY`, as some systems do."""
    while not ended.wait(0.01):
        for child in children_of(parent):
            if memory_of(child) > MEMORY:
                os.kill(child, signal.SIGKILL)


def memory_of(process: int) -> int:
    """The resident memory of a process in bytes; 0 if it has ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
