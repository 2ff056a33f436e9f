"""Reads diagrams from lines of JSON: `{"name": "order.bpmn", "content": "<definitions …"}`."""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import orjson

from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.lines import line_too_long, name_too_long, read_lines
from metrics.reading.sources import MAX_NAME_CHARACTERS, NamedContent, too_large
from metrics.report import Report, failed

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = "name"
CONTENT: Final = "content"
BASE64: Final = "base64"

MAX_BYTES_BESIDE_CONTENT: Final = 1024 * 1024
WITHOUT_LINE_BREAKS: Final = {ord("\n"): None, ord("\r"): None}
MULTILINE_JSON: Final = "JSON over several lines is not read; write one object per line"


def read_contents(stream: BinaryIO, name: str, *, max_size: int) -> Iterator[NamedContent | Report]:
    """Yield the content of each line, or a report of why there is none.

    A line is an object with a `name` and either `content`, a text, or `base64`. Other keys are
    ignored. Several lines may have the same name. A line that is wrong yields an error under
    `name`, with its number. A content that is null, or has more than `max_size` bytes, yields one
    under its own name. A line may have twice `max_size` and 1 MB; the rest of a longer one is
    skipped.
    """
    max_line_bytes = 2 * max_size + MAX_BYTES_BESIDE_CONTENT
    is_first = True
    try:
        for number, line, is_too_long in read_lines(stream, max_line_bytes):
            if is_first and (line.startswith(b"[") or line.strip() == b"{"):
                raise _malformed(MULTILINE_JSON, number)
            is_first = False
            if is_too_long:
                yield failed(name, line_too_long(max_line_bytes, number))
                continue
            try:
                yield _content(line, number, max_size)
            except (DocumentError, MemoryError) as error:
                yield failed(name, error)
    except (DocumentError, MemoryError) as error:
        yield failed(name, error)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        yield failed(name, DocumentError(ErrorType.UNREADABLE, reason))


def _content(line: bytes, number: int, max_size: int) -> NamedContent | Report:
    """The content of a line; raises `DocumentError` if the line is wrong."""
    record = _record(line, number)
    name = record.get(NAME)
    if name is None or name == "":
        raise _malformed("it has no name", number)
    if not isinstance(name, str):
        raise _malformed("its name is not a text", number)
    if len(name) > MAX_NAME_CHARACTERS:
        raise name_too_long(number)
    if CONTENT in record and BASE64 in record:
        raise _malformed(f"it has both {CONTENT} and {BASE64}", number)
    if CONTENT not in record and BASE64 not in record:
        raise _malformed(f"it has neither {CONTENT} nor {BASE64}", number)
    key = CONTENT if CONTENT in record else BASE64
    text = record[key]
    if text is None:
        return failed(name, DocumentError(ErrorType.UNREADABLE, f"its {key} is null"))
    if not isinstance(text, str):
        raise _malformed(f"{key} is not a text", number)
    content = text.encode() if key == CONTENT else _decoded(text, number)
    if len(content) > max_size:
        return failed(name, too_large(max_size))
    return NamedContent(name, content)


def _record(line: bytes, number: int) -> dict[str, Any]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise _malformed(f"not valid JSON: {error.msg}", number) from None
    except SystemError:
        # orjson raises it when it gets no memory.
        raise MemoryError from None
    if not isinstance(record, dict):
        raise _malformed("it is not an object", number)
    return record


def _decoded(text: str, number: int) -> bytes:
    """The bytes of a text in base64; databases break it into lines."""
    try:
        return binascii.a2b_base64(text.translate(WITHOUT_LINE_BREAKS), strict_mode=True)
    except ValueError as error:
        raise _malformed(f"{BASE64} is not valid: {error}", number) from None


def _malformed(reason: str, number: int) -> DocumentError:
    message = f'not a line such as {{"name": "a.bpmn", "content": "…"}}: {reason}'
    return DocumentError(ErrorType.MALFORMED, message, number)
