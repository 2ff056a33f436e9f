"""Lists of paths in a file, for runs that read more paths than a command line can hold."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from typing import TYPE_CHECKING, BinaryIO, Final

from metrics.reading.sources import (
    MAX_NAME_CHARACTERS,
    STANDARD_INPUT,
    FileError,
    content_beside,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LIST_BYTES: Final = 64 * 1024 * 1024


class PathListError(FileError):
    """A list of paths that cannot be read, or a line in it that is not a path."""


def read_path_list(
    name: str, stream: BinaryIO | None = None, *, is_null_separated: bool = False
) -> tuple[str, ...]:
    """The paths in a file: one per line, or with a NUL character after each.

    `stream` is the file, if it is already open. Empty lines are skipped. Raises `PathListError`.
    """
    data = content_beside(name, MAX_LIST_BYTES, PathListError, stream)
    if is_null_separated:
        return tuple(_paths(name, data.split(b"\0"), has_lines=False))
    lines = data.removeprefix(BOM_UTF8).split(b"\n")
    return tuple(_paths(name, [line.removesuffix(b"\r") for line in lines], has_lines=True))


def _paths(name: str, entries: list[bytes], *, has_lines: bool) -> Iterator[str]:
    for number, entry in enumerate(entries, start=1):
        if not entry:
            continue
        try:
            path = checked_path(os.fsdecode(entry))
        except ValueError as error:
            raise PathListError(name, str(error), number if has_lines else None) from None
        yield path


def checked_path(path: str) -> str:
    """Return a path in a list; raises `ValueError` with the reason if no file can have it."""
    if "\0" in path:
        raise ValueError("a path cannot contain NUL: use --null if NUL separates the paths.")
    if path == STANDARD_INPUT:
        raise ValueError("- is not a file: write ./- for a file with this name.")
    if len(path) > MAX_NAME_CHARACTERS:
        raise ValueError(f"a path has more than {MAX_NAME_CHARACTERS:,} characters.")
    return path
