"""From where a diagram or a definition is to its bytes, bounded, with the reason where it fails."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, TypeVar

from metrics.reading.errors import DocumentError, ErrorType

if TYPE_CHECKING:
    from collections.abc import Iterable

Item = TypeVar("Item")


class Listed(str):
    """The path of a plain file that was found in a folder.

    A pipe or a device that has come in its place by the time it is read is not waited for.
    """

    __slots__ = ()


class NamedContent(NamedTuple):
    """The bytes of a diagram that is no file, and what it is called."""

    name: str
    content: bytes


class FileError(Exception):
    """A file beside the diagrams that cannot be used: which, why, and in which line, from 1."""

    def __init__(self, path: str, message: str, line: int | None = None) -> None:
        super().__init__(path, message, line)
        self.path = path
        self.message = message
        self.line = line

    def __str__(self) -> str:
        place = "" if self.line is None else f":{self.line}"
        return f"{self.path}{place}: {self.message}"


STANDARD_INPUT: Final = "-"
"""The path that means standard input."""

DEFAULT_MAX_SIZE: Final = 256 * 1024 * 1024
"""Bytes above which a file is refused as too large, unless the caller says otherwise."""

ESCAPED: Final = re.compile(r"\\x([89a-f][0-9a-f])")

READ: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0)
READ_AT_ONCE: Final = READ | getattr(os, "O_NONBLOCK", 0)

PIECE: Final = 1024 * 1024
"""Bytes that a stream is asked for at once."""


def content(source: str | os.PathLike[str] | bytes | BinaryIO, max_size: int) -> bytes:
    """The bytes at a path or in an open binary file; bytes are given back.

    Raises `DocumentError`: `unreadable` with the operating system's reason, `too-large` where there
    are more than `max_size` bytes; `TypeError` for a file that was opened as text, or what
    is none of these.
    """
    if isinstance(source, bytes):
        found = source
    elif isinstance(source, str | os.PathLike):
        found = _read_file(source, max_size)
    elif hasattr(source, "read"):
        found = _read_stream(source, max_size)
    else:
        raise TypeError(f"no path, bytes or open binary file: {source!r:.80}")
    if len(found) > max_size:
        raise _too_large(max_size)
    return found


def content_beside(path: str, max_size: int, error: type[FileError]) -> bytes:
    """The bytes of a file beside the diagrams; raises an `error` where they cannot be had."""
    try:
        return content(path, max_size)
    except DocumentError as reason:
        is_large = reason.type is ErrorType.TOO_LARGE
        raise error(path, f"it is {reason.message}." if is_large else reason.message) from None


def as_text(path: str | os.PathLike[str]) -> str:
    """A path as text; raises `TypeError` for what is no path, bytes among that."""
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"a path is a str or an os.PathLike of one, not bytes: {text!r:.80}")
    return text


def each(paths: Iterable[Item]) -> Iterable[Item]:
    """Paths as they are; raises `TypeError` for a single one, which would go letter by letter."""
    if isinstance(paths, str | bytes | os.PathLike):
        raise TypeError(f"an iterable of paths is needed, not one path: {paths!r:.80}")
    return paths


def printable(text: str) -> str:
    """A text with a path in it, for output: bytes that are no valid UTF-8 are escaped."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text


def unescaped(text: str) -> str:
    """A path as it was before `printable`: what looks like an escaped byte is one again."""
    return ESCAPED.sub(lambda byte: chr(0xDC00 + int(byte[1], 16)), text)


def absolute(path: str | os.PathLike[str]) -> str:
    """A path from the root, or as it is where the current folder is gone."""
    try:
        return os.path.abspath(path)
    except OSError:
        return os.path.normpath(path)


def _read_file(path: str | os.PathLike[str], max_size: int) -> bytes:
    try:
        # To open it as a file object would take half as long again.
        must_be_plain = isinstance(path, Listed)
        descriptor = os.open(path, READ_AT_ONCE if must_be_plain else READ)
        try:
            status = os.fstat(descriptor)
            is_plain = stat.S_ISREG(status.st_mode)
            if must_be_plain and not is_plain:
                raise OSError(None, "it is no file any more")
            # A pipe has no size, and a file may grow while it is read.
            size = status.st_size if is_plain else 0
            if size > max_size:
                raise _too_large(max_size)
            found = os.read(descriptor, size + 1)
            if len(found) == size > 0 or not (more := os.read(descriptor, 1)):
                return found
            with open(descriptor, "rb", closefd=False) as file:
                return found + more + _read_stream(file, max_size - len(found) - len(more))
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError as error:
        reason = str(error)
    raise DocumentError(ErrorType.UNREADABLE, reason)


def _read_stream(stream: BinaryIO, max_size: int) -> bytes:
    # In pieces: a stream sets aside as many bytes as it is asked for.
    pieces = []
    left = max_size + 1
    try:
        while left > 0 and (piece := stream.read(min(left, PIECE))):
            if not isinstance(piece, bytes):
                raise TypeError("a diagram is read from bytes: open the file in binary mode")
            pieces.append(piece)
            left -= len(piece)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DocumentError(ErrorType.UNREADABLE, reason) from None
    return b"".join(pieces)


def _too_large(max_size: int) -> DocumentError:
    return DocumentError(ErrorType.TOO_LARGE, f"larger than {max_size} bytes")
