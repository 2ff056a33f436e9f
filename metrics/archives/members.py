"""The members of archives of all types."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.archives.bounds import ArchiveError
from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.other_files import kind_of_file

if TYPE_CHECKING:
    from collections.abc import Callable

START_BYTES: Final = 4096
"""The number of bytes by which a file of another kind is recognized."""


EMPTY: Final = "the file is empty"


class Role(Enum):
    """Why a member is read."""

    DIAGRAM = "diagram"
    ARCHIVE = "archive"


class Member(NamedTuple):
    """A file in an archive, or a link if it has a `target`.

    `name` is its name in the archive. `read` returns exactly `size` bytes, or raises
    `DocumentError` if this member cannot be read, and `ArchiveError` if no further member can.
    """

    name: str
    role: Role
    size: int
    read: Callable[[], bytes]
    target: str | None = None


def unreadable(reason: str) -> DocumentError:
    """The error for a member that cannot be read, though others can."""
    return DocumentError(ErrorType.UNREADABLE, reason)


def broken(reason: str) -> ArchiveError:
    """The error for an archive of which no further member can be read."""
    return ArchiveError(ErrorType.UNREADABLE, reason)


def not_an_archive(type: str, start: bytes) -> ArchiveError:
    """The error for a file that is no archive of a type; `start` is how the file begins."""
    kind = kind_of_file(start)
    return broken(f"not a {type} archive" + (f": it is {kind}" if kind else ""))
