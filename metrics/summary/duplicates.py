"""Files that are byte by byte the same, among any number of files, in bounded memory."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.reading.sources import PIECE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

from metrics.reading.fingerprint import OF_ALL, OF_PARTS, opened_file

FILES_AT_ONCE: Final = 1000
FOLDERS_AT_ONCE: Final = 4096

GROUPED: Final = (
    "SELECT content, count(*) AS files, min(place) AS first FROM same"
    " GROUP BY content HAVING files > 1"
)
CANDIDATES: Final = (
    "SELECT min(rowid) AS place, fingerprint, file FROM seen WHERE fingerprint IN"
    " (SELECT fingerprint FROM seen GROUP BY fingerprint HAVING count(*) > 1)"
    " AND substr(fingerprint, 1, 1) = ? GROUP BY fingerprint, file"
)


def _content(path: str, max_size: int) -> bytes:
    """The content of a file, of a large one a hash of it; raises `OSError` or `ValueError`."""
    with opened_file(path, max_size) as (file, size):
        content = file.read(min(size, PIECE))
        if size <= PIECE:
            return content
        hashed = sha256(content)
        while content := file.read(PIECE):
            hashed.update(content)
        return hashed.digest()


class Copies(NamedTuple):
    """Files that are the same: how many, and the names of the first of them."""

    files: int
    first: tuple[str, ...]


class CopiesFound(NamedTuple):
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
            self._database.execute(
                "CREATE TABLE same (place INTEGER PRIMARY KEY, content BLOB, real BLOB UNIQUE)"
            )
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

    def compare(
        self, *, max_size: int, each_once: bool, most_contents: int, most_files: int
    ) -> CopiesFound:
        """Read the files that may be the same, and tell which are: so many at most by their names.

        A file that is larger than `max_size` by now, is no plain file, or is gone is not read. One
        that is there twice, by any name, is no copy of itself: that is not looked into where there
        is none, `each_once`.
        """
        with _as_os_error():
            self._store()
            unread = self._read(max_size, each_once)
            counted = f"SELECT count(*), coalesce(sum(files), 0) FROM ({GROUPED})"
            contents, files = self._database.execute(counted).fetchone()
            ordered = f"{GROUPED} ORDER BY files DESC, first LIMIT ?"
            most = self._database.execute(ordered, (most_contents,)).fetchall()
            first = self._first([content for content, _, _ in most], most_files)
        copies = (Copies(times, tuple(first[content])) for content, times, _ in most)
        return CopiesFound(contents, files, unread, tuple(copies))

    def _store(self) -> None:
        self._database.executemany("INSERT INTO seen VALUES (?, ?)", self._waiting)
        self._waiting.clear()

    def _read(self, max_size: int, each_once: bool) -> int:
        """Read the files that may be the same as another; returns how many that failed for."""
        unread = 0
        hashes = [OF_PARTS] if each_once else [OF_ALL, OF_PARTS]

        def rows() -> Iterator[tuple[int, bytes, bytes]]:
            nonlocal unread
            compared, first = b"", b""
            for place, fingerprint, file in self._candidates(hashes):
                path, same = os.fsdecode(file), fingerprint
                real = file if each_once else os.fsencode(_real(path))
                if fingerprint.startswith(OF_PARTS):
                    if not each_once and self._is_read(real):
                        continue
                    try:
                        content = _content(path, max_size)
                    except (OSError, ValueError):
                        unread += 1
                        continue
                    if compared != fingerprint:
                        compared, first = fingerprint, content
                    if content != first:
                        same += sha256(content).digest()
                yield place, same, real

        if each_once:
            # A third of the time that it takes to have them here. There may be a name twice all the
            # same, where a folder is replaced while it is gone through.
            self._database.execute(f"INSERT OR IGNORE INTO same {CANDIDATES}", (OF_ALL,))
        self._database.executemany("INSERT OR IGNORE INTO same VALUES (?, ?, ?)", rows())
        return unread

    def _is_read(self, real: bytes) -> bool:
        found = self._database.execute("SELECT 1 FROM same WHERE real = ?", (real,))
        return found.fetchone() is not None

    def _candidates(self, hashes: Iterable[bytes]) -> Iterator[tuple[int, bytes, bytes]]:
        """The place, fingerprint and name of each file that has the fingerprint of another."""
        for of in hashes:
            yield from self._database.execute(f"{CANDIDATES} ORDER BY fingerprint, place", (of,))

    def _first(self, contents: list[bytes], most_files: int) -> dict[bytes, list[str]]:
        """The names of the files that have these contents and came first."""
        names: dict[bytes, list[str]] = {content: [] for content in contents}
        query = (
            "SELECT content, file FROM same JOIN seen ON seen.rowid = place"
            f" WHERE content IN ({', '.join('?' * len(contents))}) ORDER BY place"
        )
        for content, file in self._database.execute(query, contents):
            if len(names[content]) < most_files:
                names[content].append(os.fsdecode(file))
        return names


def _real(path: str) -> str:
    """A path without links; to ask for that of each folder once takes a fifth of the time."""
    folder, name = os.path.split(path)
    real = os.path.join(_real_folder(folder), name)
    return os.path.realpath(real) if os.path.islink(real) else real


@lru_cache(FOLDERS_AT_ONCE)
def _real_folder(path: str) -> str:
    return os.path.realpath(path)


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(None, f"no room for what tells copies apart: {error}") from None
