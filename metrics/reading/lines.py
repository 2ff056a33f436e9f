"""Reads lines of bounded length."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import MAX_NAME_CHARACTERS, PIECE

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES_SKIPPED: Final = 1024 * 1024 * 1024


class Line(NamedTuple):
    """A line; `number` counts from 1. One that is too long has its beginning as `content`."""

    number: int
    content: bytes
    is_too_long: bool


def read_lines(stream: BinaryIO, max_bytes: int) -> Iterator[Line]:
    """Yield the lines that are not blank, without a byte order mark at the start.

    A line of more than `max_bytes` is cut, and its rest is skipped when the next line is requested.
    Raises `DocumentError` if the rest has more than 1 GB, and `OSError` if reading fails.
    """
    number = 0
    while content := stream.readline(max_bytes + 1):
        number += 1
        content = content.removeprefix(BOM_UTF8) if number == 1 else content
        if content.isspace():
            continue
        is_too_long = len(content) > max_bytes
        yield Line(number, content, is_too_long)
        if is_too_long and not (content.endswith(b"\n") or _skip_rest_of_line(stream)):
            size = f"the line has more than {MAX_BYTES_SKIPPED:,} bytes"
            message = f"{size}; the rest of the input is not read"
            raise DocumentError(ErrorType.TOO_LARGE, message, number)


def line_too_long(max_bytes: int, number: int) -> DocumentError:
    """The error for a line of more than `max_bytes`."""
    reason = f"the line has more than {max_bytes:,} bytes"
    return DocumentError(ErrorType.TOO_LARGE, reason, number)


def name_too_long(number: int) -> DocumentError:
    """The error for a line whose name of a file is too long."""
    size = f"more than {MAX_NAME_CHARACTERS:,} characters"
    return DocumentError(ErrorType.TOO_LARGE, f"the name of the file has {size}", number)


def _skip_rest_of_line(stream: BinaryIO) -> bool:
    """Skip the rest of a line; returns False if the line may never end, as on some devices."""
    left = MAX_BYTES_SKIPPED
    while left > 0:
        piece = stream.readline(PIECE)
        if not piece or piece.endswith(b"\n"):
            return True
        left -= len(piece)
    return False
