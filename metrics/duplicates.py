"""Files that are byte by byte the same, among any number of files, in bounded memory."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics import sources
from metrics.document import DocumentError
from metrics.sources import READ_AT_ONCE, Listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FILES_AT_ONCE: Final = 1000
BYTES_OF_A_PART: Final = 1024

GROUPED: Final = (
    "SELECT count(*) AS files, min(rowid) AS first FROM same GROUP BY digest HAVING files > 1"
)


def fingerprint(content: bytes) -> bytes:
    """A hash of a file's size and of parts of it: to hash all would take a tenth of a scan.

    Files that are the same have the same; those that have the same hardly ever differ.
    """
    return _fingerprint(len(content), lambda place: content[place : place + BYTES_OF_A_PART])


def fingerprint_of_file(path: str, max_size: int) -> bytes | None:
    """The fingerprint of a file of which no more is read; None where it is not found as one.

    It may have any name: what is no plain file is not even opened.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
        descriptor = os.open(path, READ_AT_ONCE)
        try:
            size = os.fstat(descriptor).st_size
            if size > max_size:
                return None
            with open(descriptor, "rb", buffering=0, closefd=False) as file:

                def part(place: int) -> bytes:
                    file.seek(place)
                    return file.read(BYTES_OF_A_PART)

                return _fingerprint(size, part)
        finally:
            os.close(descriptor)
    except (OSError, ValueError):
        return None


def _fingerprint(size: int, part: Callable[[int], bytes]) -> bytes:
    places = (0, size // 2, max(size - BYTES_OF_A_PART, 0))
    return sha256(b"".join((b"%d:" % size, *map(part, places)))).digest()[:16]


class Copies(NamedTuple):
    """Files that are the same: how many, and the names of the first of them."""

    files: int
    first: tuple[str, ...]


class Compared(NamedTuple):
    """What came of a comparison.

    How many contents there are more than once, in how many files; how many files could not be read
    again; and those with the most copies, of equally many those that came first.
    """

    contents: int
    files: int
    unread: int
    most: tuple[Copies, ...]


class Duplicates:
    """Takes the fingerprints of files as they come; in the end, reads those that may be the same.

    They are kept in a temporary database, which SQLite writes to the disk where it grows. All
    methods raise `OSError` where there is no room for it.
    """

    def __init__(self) -> None:
        with _as_os_error():
            # Without a name it is a file of its own, which goes away with the connection.
            self._database = sqlite3.connect("", isolation_level=None)
            self._database.execute("PRAGMA journal_mode = OFF")
            self._database.execute("CREATE TABLE seen (fingerprint BLOB, file BLOB)")
            self._database.execute("CREATE TABLE same (digest BLOB, file BLOB, real BLOB UNIQUE)")
            self._database.execute("BEGIN")
        self._waiting: list[tuple[bytes, bytes]] = []

    def close(self) -> None:
        """Forget all."""
        self._database.close()

    def add(self, fingerprint: bytes, file: str) -> None:
        """Take a file."""
        self._waiting.append((fingerprint, os.fsencode(file)))
        if len(self._waiting) == FILES_AT_ONCE:
            with _as_os_error():
                self._store()

    def compare(self, *, max_size: int, most_contents: int, most_files: int) -> Compared:
        """Read the files that may be the same, and tell which are: so many at most by their names.

        A file that is larger than `max_size` by now, is no plain file, or is gone is not read.
        """
        with _as_os_error():
            self._store()
            unread = self._read(max_size)
            counted = f"SELECT count(*), coalesce(sum(files), 0) FROM ({GROUPED})"
            contents, files = self._database.execute(counted).fetchone()
            ordered = f"{GROUPED} ORDER BY files DESC, first LIMIT ?"
            most = tuple(
                Copies(times, tuple(self._files(first, most_files)))
                for times, first in self._database.execute(ordered, (most_contents,)).fetchall()
            )
        return Compared(contents, files, unread, most)

    def _store(self) -> None:
        self._database.executemany("INSERT INTO seen VALUES (?, ?)", self._waiting)
        self._waiting.clear()

    def _read(self, max_size: int) -> int:
        """Read the files with the same fingerprint as another; returns how many that failed for."""
        unread = 0
        twice = "SELECT fingerprint FROM seen GROUP BY fingerprint HAVING count(*) > 1"
        # A file that is there twice, by any name, is no copy of itself.
        query = (
            f"SELECT file FROM seen WHERE fingerprint IN ({twice})"
            " GROUP BY file ORDER BY min(rowid)"
        )
        for (file,) in self._database.execute(query):
            try:
                content = sources.content(Listed(os.fsdecode(file)), max_size)
            except DocumentError:
                unread += 1
            else:
                real = os.fsencode(os.path.realpath(os.fsdecode(file)))
                row = (sha256(content).digest(), file, real)
                self._database.execute("INSERT OR IGNORE INTO same VALUES (?, ?, ?)", row)
        return unread

    def _files(self, first: int, most: int) -> list[str]:
        query = (
            "SELECT file FROM same WHERE digest = (SELECT digest FROM same WHERE rowid = ?)"
            " ORDER BY rowid LIMIT ?"
        )
        return [os.fsdecode(file) for (file,) in self._database.execute(query, (first, most))]


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(None, f"no room for what tells copies apart: {error}") from None
