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
        path = os.fsdecode(entry)
        line = number if has_lines else None
        if "\0" in path:
            reason = "a path cannot contain NUL: use --null if NUL separates the paths."
            raise PathListError(name, reason, line)
        if path == STANDARD_INPUT:
            reason = "- is not a file: write ./- for a file with this name."
            raise PathListError(name, reason, line)
        if len(path) > MAX_NAME_CHARACTERS:
            reason = f"a path has more than {MAX_NAME_CHARACTERS:,} characters."
            raise PathListError(name, reason, line)
        yield path
