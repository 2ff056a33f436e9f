"""Diagrams in lines of JSON, such as the rows of a database."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, BinaryIO

import orjson

from metrics.reading.errors import DocumentError, ErrorType
from metrics.reading.sources import NamedContent
from metrics.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator


def read_contents(stream: BinaryIO, name: str, *, max_size: int) -> Iterator[NamedContent | Report]:
    """Yield the content of each line, or a report of why it has none."""
    for number, line in enumerate(stream, start=1):
        try:
            record = orjson.loads(line)
            content = (
                b64decode(record["base64"]) if "base64" in record else record["content"].encode()
            )
            yield NamedContent(record["name"], content)
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            yield Report(name, error=DocumentError(ErrorType.MALFORMED, str(error), number))
