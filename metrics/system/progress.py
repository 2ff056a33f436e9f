"""A progress line for a person who waits at a terminal."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from rich.progress import Progress as Bar

SECONDS_BEFORE_FIRST: Final = 0.5
SECONDS_BETWEEN: Final = 0.1

# Move to the start of the line, clear it, and show the cursor.
ERASE_LINE: Final = b"\r\x1b[2K\x1b[?25h"


class Progress:
    """A line at the bottom of standard error: files done, failures, rate.

    `noun` is what it counts, if not files.

    It appears after half a second. A thread then calls `find` and counts the files that it yields;
    the line shows the total once the thread has counted them all. Without `find`, it shows none.
    """

    def __init__(self, find: Callable[[], Iterator[object]] | None, noun: str = "files") -> None:
        self._find = find
        self._noun = noun
        self._total: int | None = None
        self._start = time.monotonic()
        self._next = self._start + SECONDS_BEFORE_FIRST
        self._bar: Bar | None = None
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: int, failed: int) -> None:
        """Show how many files are done, and how many of them failed."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + SECONDS_BETWEEN
        if self._bar is None:
            self._bar = _bar(self._noun)
            if self._find is not None:
                # If the system allows no more threads, the line shows no total.
                with suppress(RuntimeError):
                    count = partial(self._count, self._find)
                    threading.Thread(target=count, daemon=True).start()
        rate = done / (now - self._start)
        # A file of reports counts as one, but holds many.
        total = self._total if self._total is not None and done <= self._total else None
        self._bar.update(
            self._bar.task_ids[0],
            completed=done,
            total=total,
            of=f"of {total:,} " if total is not None else "",
            failed=f", {failed:,} failed" if failed else "",
            rate=f"{rate:,.0f}/s",
            refresh=True,
        )

    def print_above(self, message: str) -> bool:
        """Print a message above the line; returns False if the line is not shown."""
        if self._bar is None:
            return False
        from rich.text import Text

        self._bar.console.print(Text(message), soft_wrap=True)
        return True

    def erase(self) -> None:
        """Erase the line. Takes no lock, so a signal handler may call it."""
        if self._bar is not None:
            os.write(sys.stderr.fileno(), ERASE_LINE)

    def _count(self, find: Callable[[], Iterator[object]]) -> None:
        total = 0
        for _ in find():
            total += 1
            if self._ended.is_set():
                return
        self._total = total


def _bar(noun: str) -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        BarColumn(bar_width=20),
        TextColumn(f"{{task.completed:,}} {{task.fields[of]}}{noun}{{task.fields[failed]}}"),
        TextColumn("{task.fields[rate]}"),
        console=Console(file=sys.stderr),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar.add_task("", total=None, of="", failed="", rate="")
    bar.start()
    return bar
