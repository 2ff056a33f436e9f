"""Where results are written: a stream, or a file that is replaced whole or not at all."""

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
    from typing import BinaryIO, Self

SECONDS_BETWEEN_WRITES: Final = 0.02
MAX_BYTES_WAITING: Final = 256 * 1024

TEMPORARY_PREFIX: Final = ".metrics-"
"""How the names of files begin that are not complete yet. No search reads them."""


class Stream:
    """Buffers what is written to a descriptor; a thread flushes the buffer every 20 ms.

    Use it in a `with` block. `write` waits for the reader when more than 256 KiB are buffered. A
    failed write raises its `OSError` from the next `write` or at the end of the block. When an
    exception leaves the block, the rest of the buffer may be lost.
    """

    # Without the thread, 41 to 61 of 194 finished lines waited while a slow file was measured; the
    # time of a scan did not differ beyond noise.
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pieces: list[bytes] = []
        # Two counters, each changed by one thread at a time: `write` needs no lock.
        self._bytes_added = self._bytes_written = 0
        self._max_bytes = MAX_BYTES_WAITING
        self._error: BaseException | None = None
        self._is_writing = threading.Lock()
        self._ended = threading.Event()
        # A daemon, so that an interrupted process does not wait for its reader.
        self._thread = threading.Thread(target=self._flush_regularly, daemon=True)

    def write(self, piece: bytes) -> None:
        """Add a piece to the buffer."""
        if self._error is not None:
            raise self._error
        self._pieces.append(piece)
        self._bytes_added += len(piece)
        if self._bytes_added - self._bytes_written > self._max_bytes:
            self._flush()

    def __enter__(self) -> Self:
        try:
            self._thread.start()
        except RuntimeError:
            # The system allows no more threads: write each piece at once.
            self._max_bytes = 0
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        if exception[0] is not None:
            return
        if self._thread.ident is not None:
            self._thread.join()
        if self._error is not None:
            raise self._error
        self._flush()

    def _flush_regularly(self) -> None:
        try:
            while not self._ended.wait(SECONDS_BETWEEN_WRITES):
                self._flush()
        except BaseException as error:
            # Any exception: `write` and the end of the block must not miss it.
            self._error = error

    def _flush(self) -> None:
        with self._is_writing:
            # `write` may append more meanwhile, but only after these.
            count = len(self._pieces)
            buffered = b"".join(self._pieces[:count])
            del self._pieces[:count]
            rest = memoryview(buffered)
            while rest:
                try:
                    rest = rest[os.write(self._descriptor, rest) :]
                except BlockingIOError:
                    # The parent process may have made the descriptor non-blocking.
                    select([], [self._descriptor], [])
            self._bytes_written += len(buffered)


@contextmanager
def replacing(path: str) -> Iterator[BinaryIO]:
    """Open a file that replaces the one at `path` when the block ends.

    Until then, and when an exception leaves the block, the file at `path` keeps its content. Links
    are followed. Devices and pipes are written to directly. Raises `OSError` when the file cannot
    be written.
    """
    mode = None
    with suppress(FileNotFoundError):
        mode = os.stat(path).st_mode
    if mode is not None and not stat.S_ISREG(mode):
        # Not by its real path: a link to an open pipe, such as /dev/stdout, resolves to no path.
        with open(path, "wb") as file:
            yield file
        return
    target = os.path.realpath(path)
    # In the same folder: a rename is atomic only within a file system.
    name = f"{TEMPORARY_PREFIX}{os.getpid()}-{os.urandom(8).hex()}"
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
