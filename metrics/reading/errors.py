"""Why a diagram cannot be measured, and what was unusual in one that was."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from lxml import etree

if TYPE_CHECKING:
    from lxml import etree


# The parser quotes names, however long.
MAX_CHARACTERS_OF_A_MESSAGE: Final = 1000

# Why a document is forbidden.
ENTITIES: Final = "it declares entities, which are never expanded"
EXTERNAL_TYPE: Final = "it refers to an external document type, which is never fetched"


class ErrorType(StrEnum):
    """Why a diagram could not be measured."""

    MALFORMED = "malformed"
    FORBIDDEN = "forbidden"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too-large"
    UNREADABLE = "unreadable"
    TIMEOUT = "timeout"
    CRASHED = "crashed"


def truncated(text: str, most: int) -> str:
    """A text for people; of one with more characters than `most` the beginning, and an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


class DocumentError(Exception):
    """A diagram that cannot be measured.

    `message` is for people, and of a long one the beginning; `line` and `column` count from 1, and
    are None where the fault has no place.
    """

    def __init__(
        self,
        type: ErrorType,
        message: str,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        message = truncated(message, MAX_CHARACTERS_OF_A_MESSAGE)
        super().__init__(type, message, line, column)
        self.type = type
        self.message = message
        self.line = line
        self.column = column

    def __str__(self) -> str:
        return f"{self.type}: {self.message}"


class DiagramWarning(NamedTuple):
    """Something untidy in a diagram that was measured all the same; `line` counts from 1."""

    message: str
    line: int | None = None


# A hostile file could ask for a million.
MAX_WARNINGS_PER_KIND: Final = 100
BYTE_ORDER_MARK_WARNING: Final = DiagramWarning("a byte order mark before the XML declaration", 1)


def malformed(error: etree.XMLSyntaxError) -> DocumentError:
    """The error for what libxml2 says of a document."""
    line, column = error.position
    message = re.sub(r",? line \d+, column \d+.*$", "", error.msg or "", flags=re.DOTALL)
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in error.error_log):
        return DocumentError(
            ErrorType.TOO_LARGE, f"beyond a limit of the parser: {message}", line, column
        )
    return DocumentError(ErrorType.MALFORMED, f"not well-formed XML: {message}", line, column)
