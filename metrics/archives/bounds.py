"""What reading an archive may cost."""

from __future__ import annotations

from typing import Final, NamedTuple

from metrics.reading.sources import DEFAULT_MAX_SIZE

DEFAULT_MAX_TOTAL: Final = 10 * 1024 * 1024 * 1024
"""The default number of bytes that one archive is unpacked to, with the archives in it."""

MAX_MEMBERS: Final = 1_000_000
MAX_DEPTH: Final = 3


class ArchiveBounds(NamedTuple):
    """The bounds of reading one archive, with the archives in it.

    `max_size` is the number of bytes of a member as unpacked, `max_total` that of all members
    together. `max_members` counts all members, also those that are not diagrams. An archive in an
    archive in an archive has the depth 3.
    """

    max_size: int = DEFAULT_MAX_SIZE
    max_total: int = DEFAULT_MAX_TOTAL
    max_members: int = MAX_MEMBERS
    max_depth: int = MAX_DEPTH
