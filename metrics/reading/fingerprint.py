"""Fingerprints of files, which are equal where the contents are."""

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


# To hash all of a large file would take a tenth of its scan; to read a small one again, more.
BYTES_HASHED_WHOLE: Final = 16 * 1024
BYTES_OF_A_PART: Final = 1024

OF_ALL: Final = b"="
OF_PARTS: Final = b"~"


def fingerprint(content: bytes) -> bytes:
    """A hash of a small file, or of a larger one's size and of parts of it.

    Files that are the same have the same; larger ones that have the same hardly ever differ.
    """
    return _fingerprint(len(content), lambda place, length: content[place : place + length])


def fingerprint_of_file(path: str, max_size: int) -> bytes | None:
    """The fingerprint of a file of which no more is read; None where it is not found as one.

    It may have any name: what is no plain file is not even opened.
    """
    with suppress(OSError, ValueError), opened_file(path, max_size) as (file, size):

        def part(place: int, length: int) -> bytes:
            file.seek(place)
            return file.read(length)

        # The system's own files have content, but no size.
        if not size and file.read(1):
            return None
        return _fingerprint(size, part)
    return None


def _fingerprint(size: int, part: Callable[[int, int], bytes]) -> bytes:
    if size <= BYTES_HASHED_WHOLE:
        return OF_ALL + sha256(part(0, size)).digest()
    places = (0, size // 2, size - BYTES_OF_A_PART)
    parts = b"".join(part(place, BYTES_OF_A_PART) for place in places)
    return OF_PARTS + sha256(b"%d:%b" % (size, parts)).digest()[:16]


@contextmanager
def opened_file(path: str, max_size: int) -> Iterator[tuple[FileIO, int]]:
    """A plain file and its size; raises `OSError` or `ValueError` for what is none, or larger."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(None, "it is no file")
    descriptor = os.open(path, READ_AT_ONCE)
    with FileIO(descriptor) as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > max_size:
            raise OSError(None, "it is no file, or a larger one")
        yield file, status.st_size
