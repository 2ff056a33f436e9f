"""Where results are written: a stream, or a file that is replaced whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
import threading
from contextlib import contextmanager, suppress
from functools import partial
from select import select
from typing import TYPE_CHECKING, Final

from metrics.system.signals import cleanup_on_signal

if sys.platform != "win32":
    import fcntl

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
    folder = os.path.dirname(target)
    temporary = os.path.join(folder, f"{_machine_prefix()}{os.getpid()}-{os.urandom(8).hex()}")
    with cleanup_on_signal(partial(os.unlink, temporary)):
        try:
            with _locked(temporary) as file:
                if mode is not None:
                    os.chmod(temporary, stat.S_IMODE(mode))
                yield file
                file.flush()
                os.fsync(file.fileno())
                if sys.platform != "win32":
                    # Before the file is closed, which ends the lock.
                    os.replace(temporary, target)
            if sys.platform == "win32":
                os.replace(temporary, target)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
    _save_folder(folder)


def remove_abandoned(folder: str) -> None:
    """Remove the incomplete files that killed processes of this machine have left in a folder.

    A process locks its file, so that no other process removes it. Files of other machines stay,
    since some shared folders do not show the locks of other machines.
    """
    if sys.platform == "win32":
        return
    with suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(_machine_prefix()):
                with suppress(OSError):
                    _remove_unless_locked(os.path.join(folder, name))


def _machine_prefix() -> str:
    """How the names of the incomplete files of this machine begin."""
    if sys.platform == "win32":
        return TEMPORARY_PREFIX
    from zlib import crc32

    machine = crc32(os.uname().nodename.encode("utf-8", "surrogateescape"))
    return f"{TEMPORARY_PREFIX}{machine:08x}-"


@contextmanager
def _locked(path: str) -> Iterator[BinaryIO]:
    """Open a new file that this process has locked."""
    while True:
        with open(path, "xb") as file:
            if sys.platform != "win32":
                # Some file systems have no locks. There, `remove_abandoned` fails to lock, too.
                with suppress(OSError):
                    fcntl.flock(file, fcntl.LOCK_EX)
            # Another process may have removed the file before it was locked.
            if sys.platform == "win32" or os.fstat(file.fileno()).st_nlink:
                yield file
                return


def _remove_unless_locked(path: str) -> None:
    # A link or a pipe with such a name is not a file of ours.
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.unlink(path)
    finally:
        os.close(descriptor)


def _save_folder(folder: str) -> None:
    """Make a rename outlive a power failure, where the system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
