"""Where results go: a stream as they come, or a file that is written whole or not at all."""

from __future__ import annotations

import os
import stat
import threading
from contextlib import contextmanager, suppress
from functools import partial
from select import select
from typing import TYPE_CHECKING, Final

from metrics.system.signals import cleanup_on_signal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import BinaryIO, Self

SECONDS_TOGETHER: Final = 0.02
MAX_BYTES_WAITING: Final = 256 * 1024


class Stream:
    """Writes to a pipe or a terminal what comes within a moment at once, while more is measured.

    To write each line by itself would wake its reader for each; to wait until there are many would
    keep lines back while a slow diagram is measured. So a thread writes, in a moment's time. No
    more than some is kept for it: beyond that, `write` waits for the reader.

    What cannot be written raises `OSError` when more is written, or when the block ends.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pieces: list[bytes] = []
        self._given = self._taken = 0
        self._rests = self._is_ended = False
        self._has_thread = True
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        # A daemon: who is interrupted does not wait for a reader.
        self._thread = threading.Thread(target=self._run, daemon=True)

    def write(self, piece: bytes) -> None:
        """Have a piece written behind the others."""
        if not piece:
            return
        if not self._has_thread:
            self._put(piece)
            return
        self._pieces.append(piece)
        self._given += len(piece)
        # To take the lock for each piece would take longer than all else.
        if self._rests or self._error or self._is_full():
            with self._changed:
                self._changed.notify()
                while self._is_full() and self._error is None:
                    self._changed.wait()
            if self._error is not None:
                raise self._error

    def __enter__(self) -> Self:
        try:
            self._thread.start()
        except RuntimeError:
            # The system allows no more: what comes is written when it comes.
            self._has_thread = False
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with self._changed:
            self._is_ended = True
            self._changed.notify()
        if exception_type is None and self._has_thread:
            self._thread.join()
            if self._error is not None:
                raise self._error

    def _is_full(self) -> bool:
        return self._given - self._taken > MAX_BYTES_WAITING

    def _cannot_wait(self) -> bool:
        return self._is_ended or self._is_full()

    def _run(self) -> None:
        try:
            while pieces := self._next():
                self._put(pieces)
        except BaseException as error:
            # Whatever it is, who waits for this thread must learn of it.
            with self._changed:
                self._error = error
                self._changed.notify()

    def _put(self, pieces: bytes) -> None:
        rest = memoryview(pieces)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                # Whoever opened the stream may have it so.
                select([], [self._descriptor], [])

    def _next(self) -> bytes:
        with self._changed:
            # First said, then looked at: what is given from now on wakes this thread.
            self._rests = True
            while not self._pieces and not self._is_ended:
                self._changed.wait()
            self._rests = False
            self._changed.wait_for(self._cannot_wait, SECONDS_TOGETHER)
            count = len(self._pieces)
            taken = b"".join(self._pieces[:count])
            del self._pieces[:count]
            self._taken += len(taken)
            self._changed.notify()
        return taken


@contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """A file to write to, that takes the place of the one at a path when the block ends well.

    Until then, and where an exception leaves the block, what is at the path stays. A link is
    followed. What is no plain file, a device or a pipe, is written to directly. Raises `OSError`
    where it cannot be written.
    """
    mode = None
    with suppress(FileNotFoundError):
        mode = os.stat(path).st_mode
    if mode is not None and not stat.S_ISREG(mode):
        # By its own name: what a link to an open pipe leads to is no path.
        with open(path, "wb") as file:
            yield file
        return
    target = os.path.realpath(path)
    # Beside the target: only within a file system can a file take another's place at once.
    name = f".metrics-{os.getpid()}-{os.urandom(8).hex()}"
    temporary = os.path.join(os.path.dirname(target), name)
    with cleanup_on_signal(partial(os.unlink, temporary)):
        try:
            with open(temporary, "xb") as file:
                if mode is not None:
                    os.chmod(temporary, stat.S_IMODE(mode))
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
