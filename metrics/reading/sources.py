"""Reads the bytes of diagrams and other files, up to a limit."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, TypeVar

from metrics.reading.errors import DocumentError, ErrorType

if TYPE_CHECKING:
    from collections.abc import Iterable

Item = TypeVar("Item")


class DiscoveredFile(str):
    """The path of a regular file that was found in a folder.

    If a pipe or a device has replaced it when it is read, reading fails instead of blocking.
    """

    __slots__ = ()


class NamedContent(NamedTuple):
    """The bytes of a diagram that is not a file, and its name."""

    name: str
    content: bytes


class FileError(Exception):
    """A file other than a diagram that cannot be used; `line` counts from 1."""

    def __init__(self, path: str, message: str, line: int | None = None) -> None:
        super().__init__(path, message, line)
        self.path = path
        self.message = message
        self.line = line

    def __str__(self) -> str:
        line = "" if self.line is None else f":{self.line}"
        return f"{self.path}{line}: {self.message}"


DEFAULT_MAX_SIZE: Final = 256 * 1024 * 1024
"""The default number of bytes above which a file is refused as too large."""

STANDARD_INPUT: Final = "-"
"""The path that stands for standard input, and its name in output."""

MAX_NAME_CHARACTERS: Final = 4096
"""The maximum length of a path in saved scans, lists and output for people.

Linux and macOS open no file with a longer path.
"""

ESCAPED: Final = re.compile(r"\\x([89a-f][0-9a-f])")

READ: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0)
READ_AT_ONCE: Final = READ | getattr(os, "O_NONBLOCK", 0)

MAX_DEVICE_BYTES: Final = 1024 * 1024
"""The size above which a device is refused, except as a diagram."""

PIECE: Final = 1024 * 1024
"""The maximum number of bytes that are read from a stream at once."""


def content(source: str | os.PathLike[str] | bytes | BinaryIO, max_size: int) -> bytes:
    """The content of the file at a path or of an open binary file; bytes are returned unchanged.

    Raises `DocumentError`: `unreadable` with the operating system's reason, `too-large` for more
    than `max_size` bytes. Raises `TypeError` for any other source, and for a file that was opened
    as text.
    """
    if isinstance(source, bytes):
        data = source
    elif isinstance(source, str | os.PathLike):
        data = _read_file(source, max_size)
    elif hasattr(source, "read"):
        data = _read_stream(source, max_size)
    else:
        raise TypeError(f"not a path, bytes or an open binary file: {source!r:.80}")
    if len(data) > max_size:
        raise too_large(max_size)
    return data


def too_large(max_size: int) -> DocumentError:
    """The error for a diagram of more than `max_size` bytes."""
    return DocumentError(ErrorType.TOO_LARGE, f"larger than {max_size:,} bytes")


def content_beside(
    path: str, max_size: int, error: type[FileError], stream: BinaryIO | None = None
) -> bytes:
    """The bytes of a file other than a diagram; raises `error` if it cannot be read.

    `stream` is the file, if it is already open. A pipe is read up to the limit, like a file. So is
    a device, such as a terminal or `/dev/null`, but with a limit of 1 MB at most: it may not end.
    """
    is_device = stream is None and _is_device(path)
    if is_device:
        max_size = min(max_size, MAX_DEVICE_BYTES)
    try:
        return content(path if stream is None else stream, max_size)
    except DocumentError as reason:
        if reason.type is not ErrorType.TOO_LARGE:
            raise error(path, reason.message) from None
        if is_device:
            raise error(path, f"more than {max_size:,} bytes from a device.") from None
        raise error(path, f"it is {reason.message}.") from None


def open_regular_file(path: str) -> BinaryIO | None:
    """Open a file for reading; None if it is not a regular file.

    Never waits for the writer of a pipe. Raises `OSError` and `ValueError`.
    """
    descriptor = os.open(path, READ_AT_ONCE)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    return open(descriptor, "rb")


def path_text(path: str | os.PathLike[str]) -> str:
    """A path as text; raises `TypeError` for bytes, and for anything that is not a path."""
    text = os.fspath(path)
    if not isinstance(text, str):
        raise TypeError(f"a path is a str or an os.PathLike of one, not bytes: {text!r:.80}")
    return text


def require_iterable(paths: Iterable[Item]) -> Iterable[Item]:
    """Return the paths; raises `TypeError` for a single path, whose letters would be read."""
    if isinstance(paths, str | bytes | os.PathLike):
        raise TypeError(f"expected an iterable of paths, not one path: {paths!r:.80}")
    return paths


def printable(text: str) -> str:
    """A text with a path in it, for output: bytes that are not valid UTF-8 are escaped."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text


def unescaped(text: str) -> str:
    """The reverse of `printable`: everything that looks like an escaped byte becomes one."""
    return ESCAPED.sub(lambda byte: chr(0xDC00 + int(byte[1], 16)), text)


def absolute(path: str | os.PathLike[str]) -> str:
    """An absolute path, or the normalized path if the current folder no longer exists."""
    try:
        return os.path.abspath(path)
    except OSError:
        return os.path.normpath(path)


def _is_device(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        # Opening the file reports the reason.
        return False
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)


def _read_file(path: str | os.PathLike[str], max_size: int) -> bytes:
    try:
        # A file object would take one and a half times as long to open.
        must_be_plain = isinstance(path, DiscoveredFile)
        descriptor = os.open(path, READ_AT_ONCE if must_be_plain else READ)
        try:
            status = os.fstat(descriptor)
            is_plain = stat.S_ISREG(status.st_mode)
            if must_be_plain and not is_plain:
                raise OSError(None, "it is no longer a file")
            # A pipe has no size, and a file may grow during reading.
            size = status.st_size if is_plain else 0
            if size > max_size:
                raise too_large(max_size)
            data = os.read(descriptor, size + 1)
            if len(data) == size > 0 or not (more := os.read(descriptor, 1)):
                return data
            with open(descriptor, "rb", closefd=False) as file:
                return data + more + _read_stream(file, max_size - len(data) - len(more))
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = error.strerror or str(error)
    except ValueError as error:
        reason = str(error)
    raise DocumentError(ErrorType.UNREADABLE, reason)


def _read_stream(stream: BinaryIO, max_size: int) -> bytes:
    # In pieces, since a stream allocates as many bytes as are requested.
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
