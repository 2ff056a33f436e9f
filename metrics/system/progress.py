"""How far a run has come, for a person who waits for it at a terminal."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType
    from typing import Self

    from rich.progress import Progress as Bar

SECONDS_BEFORE: Final = 0.5
SECONDS_BETWEEN: Final = 0.1

# To the start of the line, which is emptied; and the cursor is seen again.
ERASED: Final = b"\r\x1b[2K\x1b[?25h"


class Progress:
    """A line at the foot of standard error, from half a second on: files done, failures, rate.

    `names` gives something for each file that there is, and is called and counted in a thread once
    the line is shown: until it is through, the total is not known.
    """

    def __init__(self, names: Callable[[], Iterator[object]]) -> None:
        self._names = names
        self._total: int | None = None
        self._start = time.monotonic()
        self._next = self._start + SECONDS_BEFORE
        self._bar: Bar | None = None
        self._ended = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._bar is not None:
            self._bar.stop()

    def show(self, done: int, failed: int) -> None:
        """Say how many files are done, and how many of these failed."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + SECONDS_BETWEEN
        if self._bar is None:
            self._bar = _bar()
            # Without a thread to be had, there is no total.
            with suppress(RuntimeError):
                threading.Thread(target=self._count, daemon=True).start()
        rate = done / (now - self._start)
        # Of a file with many lines there is more than was counted.
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

    def say(self, line: str) -> bool:
        """Print a line above; returns whether there was anything to print it above."""
        if self._bar is None:
            return False
        from rich.text import Text

        self._bar.console.print(Text(line), soft_wrap=True)
        return True

    def erase(self) -> None:
        """Take the line away, and nothing more: it takes no lock, as a signal may ask."""
        if self._bar is not None:
            os.write(sys.stderr.fileno(), ERASED)

    def _count(self) -> None:
        total = 0
        for _ in self._names():
            total += 1
            if self._ended.is_set():
                return
        self._total = total


def _bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        BarColumn(bar_width=20),
        TextColumn("{task.completed:,} {task.fields[of]}files{task.fields[failed]}"),
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
