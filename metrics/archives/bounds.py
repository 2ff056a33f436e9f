"""What reading an archive may cost."""

from __future__ import annotations

from typing import Final, NamedTuple

from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import DEFAULT_MAX_SIZE

DEFAULT_MAX_TOTAL: Final = 10 * 1024 * 1024 * 1024
"""The default maximum of unpacked bytes of one archive, with the archives in it."""

MAX_MEMBERS: Final = 1_000_000
MAX_DEPTH: Final = 3

MAX_DIRECTORY_BYTES: Final = 128 * 1024 * 1024
"""The maximum size of the directory of a zip archive, which is held in memory."""

MAX_HEADER_BYTES: Final = 1024 * 1024
"""The maximum size of an extended header in a tar archive: a long name, or attributes."""

MAX_TOTAL_HEADER_BYTES: Final = 2 * 1024 * 1024 * 1024
"""The maximum size of all extended headers, with their padding, and of all maps of sparse files.

Each takes time to read.
"""

MAX_RECORDS: Final = 20_000_000
"""The maximum number of records in all extended headers: names, times and other attributes."""

MAX_PARTS: Final = 1_000_000
"""The maximum number of parts of gzip and zstd files; programs that pack in parallel write many."""

MAX_WINDOW_BYTES: Final = 128 * 1024 * 1024
"""The maximum window of a zstd stream, which is held in memory: the default of `zstd -d`."""


class ArchiveBounds(NamedTuple):
    """The bounds of reading one archive, with the archives in it.

    `max_size` is the maximum number of unpacked bytes of a member, and `max_total` that of all
    members together. `max_members` includes members that are not diagrams. An archive in an archive
    in an archive has the depth 3.
    """

    max_size: int = DEFAULT_MAX_SIZE
    max_total: int = DEFAULT_MAX_TOTAL
    max_members: int = MAX_MEMBERS
    max_depth: int = MAX_DEPTH


class ArchiveError(DocumentError):
    """An archive that cannot be read any further."""


class BoundError(ArchiveError):
    """A bound that holds for an archive together with the archives in it is exceeded."""


class Costs:
    """Counts what reading an archive costs, with the archives in it.

    Every method raises `BoundError` if a bound is exceeded.
    """

    def __init__(self, bounds: ArchiveBounds) -> None:
        self._bounds = bounds
        self._members = self._bytes = self._header_bytes = self._records = self._parts = 0

    def add_member(self) -> None:
        """Count a member of any kind."""
        self._members += 1
        _require(self._members, self._bounds.max_members, "more than {:,} members")

    def add_bytes(self, number: int) -> None:
        """Count unpacked bytes."""
        self._bytes += number
        _require(self._bytes, self._bounds.max_total, "larger than {:,} bytes in all when unpacked")

    def add_header(self, number: int) -> None:
        """Count the bytes of an extended header of a tar archive."""
        self._header_bytes += number
        _require(
            self._header_bytes, MAX_TOTAL_HEADER_BYTES, "more than {:,} bytes of extended headers"
        )

    def add_records(self, number: int) -> None:
        """Count the records of an extended header of a tar archive."""
        self._records += number
        _require(self._records, MAX_RECORDS, "more than {:,} records in extended headers")

    def add_part(self) -> None:
        """Count a part of a gzip or zstd file."""
        self._parts += 1
        _require(self._parts, MAX_PARTS, "more than {:,} parts of compressed files")


def _require(number: int, bound: int, message: str) -> None:
    if number > bound:
        raise BoundError(ErrorType.TOO_LARGE, message.format(bound))
