"""Fingerprints of files: equal contents have equal fingerprints."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from hashlib import sha256
from io import FileIO
from typing import TYPE_CHECKING, Final

from metrics.reading.sources import READ_AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# Hashing all of a large file takes a tenth of the time of its scan.
BYTES_HASHED_WHOLE: Final = 16 * 1024
BYTES_PER_PART: Final = 1024

OF_ALL: Final = b"="
OF_PARTS: Final = b"~"


def fingerprint(content: bytes, *, is_whole: bool = False) -> bytes:
    """A hash of a small file, or of the size and some parts of a larger one.

    Equal files have equal fingerprints. Larger files with equal fingerprints hardly ever differ.
    With `is_whole`, the hash covers all of a large file, too: files with equal fingerprints are
    equal.
    """
    if is_whole:
        return OF_ALL + sha256(content).digest()
    return _fingerprint(len(content), lambda start, length: content[start : start + length])


def fingerprint_of_file(path: str, max_size: int) -> bytes | None:
    """The fingerprint of a file, read from the needed parts; None if it is not a readable file.

    The path may come from anywhere: only a regular file is opened.
    """
    with suppress(OSError, ValueError), opened_file(path, max_size) as (file, size):

        def part(start: int, length: int) -> bytes:
            file.seek(start)
            return file.read(length)

        # Files of the system, as in /proc, have content but no size.
        if not size and file.read(1):
            return None
        return _fingerprint(size, part)
    return None


def _fingerprint(size: int, part: Callable[[int, int], bytes]) -> bytes:
    if size <= BYTES_HASHED_WHOLE:
        return OF_ALL + sha256(part(0, size)).digest()
    starts = (0, size // 2, size - BYTES_PER_PART)
    parts = b"".join(part(start, BYTES_PER_PART) for start in starts)
    return OF_PARTS + sha256(b"%d:%b" % (size, parts)).digest()[:16]


@contextmanager
def opened_file(path: str, max_size: int) -> Iterator[tuple[FileIO, int]]:
    """An open regular file and its size; raises `OSError` or `ValueError` for any other file."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(None, "it is not a file")
    descriptor = os.open(path, READ_AT_ONCE)
    with FileIO(descriptor) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > max_size:
            raise OSError(None, "it is not a file, or too large")
        yield file, status.st_size
