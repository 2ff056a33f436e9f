"""Finds files with the same content, or diagrams with the same fingerprint, in bounded memory."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from metrics.reading.fingerprint import OF_ALL, OF_PARTS, opened_file
from metrics.reading.sources import PIECE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILES_PER_INSERT: Final = 1000
MAX_FOLDERS_REMEMBERED: Final = 4096

# `seen` holds the fingerprint of every file. `compared` holds files that share their fingerprint:
# `number` is the row in `seen`, `content` identifies the content, `real` is the path without links.
GROUPS: Final = (
    "SELECT content, count(*) AS files, min(number) AS first FROM compared"
    " GROUP BY content HAVING files > 1"
)
CANDIDATES: Final = (
    "SELECT min(rowid) AS number, fingerprint, file FROM seen WHERE fingerprint IN"
    " (SELECT fingerprint FROM seen GROUP BY fingerprint HAVING count(*) > 1)"
    " AND substr(fingerprint, 1, 1) = ? GROUP BY fingerprint, file"
)


class Copies(NamedTuple):
    """Files with the same content: its fingerprint, their number, and the paths of the first."""

    fingerprint: str
    files: int
    first: tuple[str, ...]


class Comparison(NamedTuple):
    """The result of a comparison.

    `groups` is the number of groups of files with the same content, and `files` the number of files
    in groups. `not_compared` counts the files that could not be read again. `largest` are the
    largest groups; ties keep the order in which they were added.
    """

    groups: int
    files: int
    not_compared: int
    largest: tuple[Copies, ...]


class CopyFinder:
    """Collects fingerprints of files, then compares the files whose fingerprints are equal.

    The fingerprints are kept in a temporary SQLite database, which moves to the disk as it grows.
    All methods raise `OSError` when there is no room for it.
    """

    def __init__(self) -> None:
        with _as_os_error():
            # An empty name is a temporary database, which is deleted with the connection.
            self._database = sqlite3.connect("", isolation_level=None)
            self._database.execute("PRAGMA journal_mode = OFF")
            self._database.execute("CREATE TABLE seen (fingerprint BLOB, file BLOB)")
            self._database.execute(
                "CREATE TABLE compared (number INTEGER PRIMARY KEY, content BLOB, real BLOB UNIQUE)"
            )
            self._database.execute("BEGIN")
        self._waiting: list[tuple[bytes, bytes]] = []

    def close(self) -> None:
        """Delete the database."""
        self._database.close()

    def add(self, fingerprint: bytes, file: str) -> None:
        """Add a file."""
        self._waiting.append((fingerprint, os.fsencode(file)))
        if len(self._waiting) == FILES_PER_INSERT:
            with _as_os_error():
                self._store()

    def add_diagram(self, fingerprint: str, file: str) -> None:
        """Add a file with a fingerprint of its diagram, which is compared in place of the file."""
        self.add(OF_ALL + fingerprint.encode(), file)

    def compare(
        self, *, max_size: int, each_once: bool, max_groups: int, max_files: int
    ) -> Comparison:
        """Compare the files whose fingerprints are equal.

        Returns at most `max_groups` groups, with at most `max_files` paths each. A file that has
        more than `max_size` bytes by now, is not a regular file, or was deleted is not compared.
        A file that was added twice, under any path, is not a copy of itself; `each_once` says that
        there is no such file, which saves looking for it.
        """
        with _as_os_error():
            self._store()
            not_compared = self._compare(max_size, each_once)
            total = f"SELECT count(*), coalesce(sum(files), 0) FROM ({GROUPS})"
            groups, files = self._database.execute(total).fetchone()
            ordered = f"{GROUPS} ORDER BY files DESC, first LIMIT ?"
            largest = self._database.execute(ordered, (max_groups,)).fetchall()
            first = self._first_paths([content for content, _, _ in largest], max_files)
        copies = (
            Copies(content[1:].decode(errors="replace"), count, tuple(first[content]))
            for content, count, _ in largest
        )
        return Comparison(groups, files, not_compared, tuple(copies))

    def _store(self) -> None:
        self._database.executemany("INSERT INTO seen VALUES (?, ?)", self._waiting)
        self._waiting.clear()

    def _compare(self, max_size: int, each_once: bool) -> int:
        """Fill the table `compared`; returns how many files could not be read again."""
        not_compared = 0
        kinds = [OF_PARTS] if each_once else [OF_ALL, OF_PARTS]

        def rows() -> Iterator[tuple[int, bytes, bytes]]:
            nonlocal not_compared
            last_fingerprint, first_content = b"", b""
            for number, fingerprint, file in self._candidates(kinds):
                path, identity = os.fsdecode(file), fingerprint
                real = file if each_once else os.fsencode(_real(path))
                if fingerprint.startswith(OF_PARTS):
                    if not each_once and self._is_compared(real):
                        continue
                    try:
                        content = _content(path, max_size)
                    except (OSError, ValueError):
                        not_compared += 1
                        continue
                    if fingerprint != last_fingerprint:
                        last_fingerprint, first_content = fingerprint, content
                    if content != first_content:
                        identity += sha256(content).digest()
                yield number, identity, real

        if each_once:
            # SQLite alone takes a third of the time. A path may still come twice, when a folder is
            # replaced while it is discovered.
            self._database.execute(f"INSERT OR IGNORE INTO compared {CANDIDATES}", (OF_ALL,))
        self._database.executemany("INSERT OR IGNORE INTO compared VALUES (?, ?, ?)", rows())
        return not_compared

    def _is_compared(self, real: bytes) -> bool:
        rows = self._database.execute("SELECT 1 FROM compared WHERE real = ?", (real,))
        return rows.fetchone() is not None

    def _candidates(self, kinds: Iterable[bytes]) -> Iterator[tuple[int, bytes, bytes]]:
        """The number, fingerprint and path of each file that shares its fingerprint."""
        for kind in kinds:
            yield from self._database.execute(f"{CANDIDATES} ORDER BY fingerprint, number", (kind,))

    def _first_paths(self, contents: list[bytes], max_files: int) -> dict[bytes, list[str]]:
        """The paths of the files that were added first, by their content."""
        paths: dict[bytes, list[str]] = {content: [] for content in contents}
        query = (
            "SELECT content, file FROM compared JOIN seen ON seen.rowid = number"
            f" WHERE content IN ({', '.join('?' * len(contents))}) ORDER BY number"
        )
        for content, file in self._database.execute(query, contents):
            if len(paths[content]) < max_files:
                paths[content].append(os.fsdecode(file))
        return paths


def _content(path: str, max_size: int) -> bytes:
    """The content of a file, or its hash if it is large; raises `OSError` or `ValueError`."""
    with opened_file(path, max_size) as (file, size):
        content = file.read(min(size, PIECE))
        if size <= PIECE:
            return content
        hashed = sha256(content)
        while content := file.read(PIECE):
            hashed.update(content)
        return hashed.digest()


def _real(path: str) -> str:
    """A path without links; resolving each folder only once takes a fifth of the time."""
    folder, name = os.path.split(path)
    real = os.path.join(_real_folder(folder), name)
    return os.path.realpath(real) if os.path.islink(real) else real


@lru_cache(MAX_FOLDERS_REMEMBERED)
def _real_folder(path: str) -> str:
    return os.path.realpath(path)


@contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(None, f"no room for the table of copies: {error}") from None
